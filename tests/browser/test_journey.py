"""The whole way as a person goes it: a zip in, a proven model out, in a real browser on real pictures."""

from __future__ import annotations

import re
import time

import conformal_clip_data
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ITEMS_PER_CLASS, Server, python

pytestmark = pytest.mark.slow

EPOCHS = 16  # so many that one can see them arrive
TRAINING_SECONDS = 480_000  # milliseconds for Playwright: two slow cores, shared, and a cold import
expect.set_options(timeout=30_000)  # the default of five seconds is less than a cold start on a busy machine


def points(page: Page, chart: int, trace: str) -> int:
    """How many points a trace of a Plotly chart has, as the browser holds them."""
    return page.evaluate(
        """([chart, name]) => {
            const plots = document.querySelectorAll('.js-plotly-plot');
            const trace = (plots[chart]?.data ?? []).find((trace) => trace.name === name);
            return trace ? trace.x.length : 0;
        }""",
        [chart, trace],
    )


def settled(page: Page) -> None:
    """Wait until the script of the page has run to its end."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def test_from_a_zip_to_a_model_that_works_in_a_fresh_python(server: Server, page: Page, photographs, tmp_path):
    # Upload, triage.
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Zip").click()
    page.locator("input[type=file]").first.set_input_files(photographs)
    expect(page.get_by_role("heading", name="Import preview")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text(str(3 * ITEMS_PER_CLASS), exact=True).first).to_be_visible()
    expect(page.get_by_text("Import report")).to_be_visible()

    # Choose, toggle, start.
    settled(page)
    page.get_by_role("button", name="Train a model").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible()
    start = page.locator(".st-key-start button")
    expect(start).to_be_enabled()
    page.get_by_role("radio", name="Fine-tune").click()
    depth = page.get_by_role("slider").first
    depth.focus()
    depth.press("End")  # what lies below the last blocks is computed once: many epochs in the time of a few
    depth.press("ArrowLeft")
    settled(page)
    epochs = page.get_by_label("Epochs", exact=True)
    epochs.fill(str(EPOCHS))
    epochs.press("Enter")
    page.get_by_text("Advanced", exact=True).click()
    patience = page.get_by_label("Early stopping: patience (epochs)", exact=True)
    patience.fill("0")
    patience.press("Enter")
    expect(page.locator(".st-key-start-bar")).to_contain_text(f"fine-tune, 2 blocks · {EPOCHS} epochs")
    expect(start).to_be_enabled()
    start.click()
    expect(page).to_have_url(re.compile(r"/runs\?.*run="))

    # Epochs arrive; the tab is closed and opened again in the middle.
    run = page.url
    seen = watch_epochs(page, at_least=3)
    assert seen == sorted(seen), "epochs never go back"
    page.goto("about:blank")
    page.goto(run)
    expect(page.get_by_role("button", name="Evaluate it")).to_be_enabled(timeout=TRAINING_SECONDS)
    assert points(page, 0, "validation") >= 3

    # The evaluation.
    page.get_by_role("button", name="Evaluate it").click()
    expect(page.get_by_role("heading", name="Evaluate", exact=True)).to_be_visible()
    expect(page.get_by_text("Test accuracy").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()

    # Try a picture that the model has never seen.
    page.goto(run.replace("/runs", "/try"))
    unseen = sorted((conformal_clip_data.textile_simulated_root() / "global").glob("*.jpg"))[-1]
    page.locator("input[type=file]").first.set_input_files(unseen)
    expect(page.get_by_text(re.compile(r"\d+(\.\d+)?\sms")).first).to_be_visible()

    # Download, and load it where nobody knows Graft.
    page.goto(run.replace("/runs", "/export"))
    with page.expect_download(timeout=120_000) as waiting:
        page.get_by_role("button", name=re.compile(r"model\.keras")).first.click(timeout=120_000)  # once it is checked
    model = tmp_path / "model.keras"
    waiting.value.save_as(model)
    loaded = python(
        "-c",
        "import sys, numpy, keras; model = keras.saving.load_model(sys.argv[1], safe_mode=True);"
        "answer = model.predict(numpy.zeros((2, 224, 224, 3), 'uint8'), verbose=0);"
        "print(answer.shape, abs(answer.sum(axis=1) - 1).max() < 1e-4)",
        str(model),
    )
    assert loaded.stdout.splitlines()[-1] == "(2, 3) True", loaded.stderr


def watch_epochs(page: Page, at_least: int) -> list[int]:
    """Watch the chart grow: the numbers of points, in the order in which they were seen."""
    seen: list[int] = []
    deadline = time.monotonic() + TRAINING_SECONDS / 1000
    while len([count for count in seen if count]) < at_least and time.monotonic() < deadline:
        count = points(page, 0, "validation")
        if not seen or count != seen[-1]:
            seen.append(count)
        time.sleep(0.05)
    assert len([count for count in seen if count]) >= at_least, f"epochs did not arrive one after the other: {seen}"
    return seen
