"""The exported web page, as somebody opens it: by a double click, with pictures, with a camera, on a phone."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.conftest import CLASSES, draw_shape
from tests.contracts import image_contract
from tests.graphs import make_answerable_run, write_knowing_model, write_task_model
from tlcore.contract import write_contract
from tlcore.data.dataset import Dataset
from tlcore.evaluation.files import read_calibration
from tlcore.evaluation.run import evaluate_run
from tlcore.export.run import export_run
from tlcore.files import write_json
from tlcore.inference.predictor import Predictor
from tlcore.modalities.image.formats.web import VENDOR, WEB
from tlcore.runs.manifest import artefact
from tlcore.runs.run import Run
from tlcore.tasks import Decision
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow
expect.set_options(timeout=30_000)  # the default of five seconds is less than a cold start on a busy machine
ROOT = Path(__file__).resolve().parents[2]
PHONE = {"width": 390, "height": 800}


@pytest.fixture
def run(workspace, tiny_dataset) -> Run:
    made = make_answerable_run(workspace, tiny_dataset)
    write_knowing_model(made, workspace, temperature=1.0)
    evaluate_run(made, lambda step: None)
    return made


def unpacked(run: Run, folder: Path) -> str:
    """Make the page and lay it out; its address on the disk."""
    WEB.export(run, folder)
    with zipfile.ZipFile(folder / WEB.file) as archive:
        for name in archive.namelist():
            (folder / name).write_bytes(archive.read(name))
    return (folder / "index.html").as_uri()


def test_a_page_is_proven_in_a_browser_without_a_window(run: Run):
    (manifest,) = export_run(run, lambda step: None, ["web"])
    assert manifest.agrees, manifest.reason
    assert manifest.largest_difference <= 1e-5
    assert manifest.versions["browser"].startswith("Chrome/")
    assert manifest.awkward.differing == ()
    assert [each.split()[0] for each in manifest.awkward.unread] == ["TIFF", "HEIC"]
    assert artefact(run.path, "web").stat().st_size == manifest.bytes


def test_a_page_from_the_disk_answers_as_the_app_does(run: Run, browser: Browser, tmp_path: Path):
    address = unpacked(run, tmp_path)
    rng = np.random.default_rng(3)
    items = [tmp_path / f"{label}.png" for label in CLASSES]
    for label, path in zip(CLASSES, items, strict=True):
        draw_shape(label, rng, 97).save(path)
    strange, broken = tmp_path / "strange.png", tmp_path / "broken.jpg"
    Image.new("RGB", (60, 40), (10, 0, 60)).save(strange)
    broken.write_bytes(b"no picture")

    page = browser.new_context(viewport=PHONE, offline=True, color_scheme="dark").new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("shapes")
    expect(page.locator("#drop")).to_be_visible()  # not before the model is there
    page.locator("#files").set_input_files([*items, strange, broken])
    cards = page.locator("#answers .card")
    expect(cards).to_have_count(5)
    expect(cards.first.get_by_role("heading")).to_have_text("Cannot be used")
    expect(cards.nth(1).get_by_role("heading")).to_have_text("None of these?")
    model = Predictor.from_run(run.path)
    for place, path in enumerate(reversed(items), start=2):  # the latest stands first
        shares = dict(zip(model.labels.labels, model.predict([model.decode(path)])[0], strict=True))
        best = max(shares, key=lambda label: shares[label])
        expect(cards.nth(place).get_by_role("heading")).to_have_text(best)
        first = cards.nth(place).locator("li").first
        expect(first.locator(".label")).to_have_text(best)
        expect(first.locator(".share")).to_have_text(f"{100 * shares[best]:.1f} %")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 25, 27)"

    # The camera shows green: it is answered again and again, and given back when it is stopped.
    page.get_by_role("button", name="Use the camera").click()
    live = page.get_by_role("region", name="Camera")
    expect(live.locator("li").first.locator(".label")).to_have_text("triangle")
    page.evaluate(
        "window.answers = 0; new MutationObserver(() => answers++).observe(\
        document.querySelector('#live .said'), { childList: true })"
    )
    page.wait_for_function("answers >= 3")
    page.get_by_role("button", name="Stop the camera").click()
    expect(live).to_be_hidden()
    assert page.evaluate("document.querySelector('video').srcObject.getTracks().every((t) => t.readyState === 'ended')")
    assert not faults
    page.context.close()


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_a_page_of_another_task_answers_with_its_labels_or_its_value(
    task: str, workspace: Workspace, tiny_dataset: Dataset, page: Page, tmp_path: Path
):
    run, classes = (
        make_answerable_run(workspace, tiny_dataset),
        ("blue", "green", "red") if task == "multilabel" else (),
    )
    decision = Decision(thresholds=(0.9, 0.9, 0.25)) if classes else Decision(margin=1.5)
    contract = image_contract(
        classes, 32, task=task, unfamiliarity=False, decision=decision, dataset="lamps", value_name="redness", unit="lm"
    )
    write_task_model(run.model_onnx, task, max(1, len(classes)))
    write_contract(run.path, contract)
    for name, colour in {"red": (200, 10, 10), "dark": (0, 0, 0)}.items():
        Image.new("RGB", (40, 40), colour).save(tmp_path / f"{name}.png")
    page.goto(unpacked(run, tmp_path))
    expect(page.locator("#drop")).to_be_visible()
    page.locator("#files").set_input_files([tmp_path / "red.png", tmp_path / "dark.png"])
    expect(page.locator("#answers .time")).to_have_count(2)  # both are answered
    dark, red = page.locator("#answers .card").all()
    if task == "multilabel":
        expect(page.locator("#classes")).to_have_text("Gives any number of 3 labels: blue, green, red.")
        expect(red.get_by_role("heading")).to_have_text("red")
        expect(dark.get_by_role("heading")).to_have_text("No label")
        assert red.locator(".mark").last.get_attribute("title").startswith("Threshold")
        expect(red.locator(".bars li")).to_have_count(3)
    else:
        expect(page.locator("#classes")).to_have_text("Predicts redness in lm.")
        expect(red.get_by_role("heading")).to_have_text("200.0 lm")
        expect(red).to_contain_text("90 % prediction interval: 198.5 to 201.5 lm")
        expect(red.locator(".bars")).to_have_count(0)


def test_the_page_of_ones_own_that_the_docs_show_works(run: Run, page: Page, tmp_path: Path):
    address = unpacked(run, tmp_path)
    shown = re.search(r"```html\n(.*?)```", (ROOT / "docs/formats/web.md").read_text(), re.DOTALL)[1]
    (tmp_path / "own.html").write_text(shown)
    draw_shape("circle", np.random.default_rng(1)).save(tmp_path / "circle.png")
    Image.new("RGB", (60, 40), (10, 0, 60)).save(tmp_path / "strange.png")
    page.goto(address.replace("index.html", "own.html"))
    for name, said in (("circle", "circle"), ("strange", "none of these")):
        page.locator("#file").set_input_files(tmp_path / f"{name}.png")
        expect(page.locator("#answer")).to_have_text(said)


def test_what_is_bad_to_miss_is_answered_from_the_threshold_that_the_run_has_learnt(
    run: Run, page: Page, tmp_path: Path
):
    calibration = read_calibration(run.path)
    learnt = {("square", 10.0): 0.0001, ("triangle", 10.0): 0.2}
    thresholds = tuple(
        each.model_copy(update={"threshold": learnt.get((each.label, each.ratio), 0.5)})
        for each in calibration.thresholds
    )
    write_json(run.path / "calibration.json", calibration.model_copy(update={"thresholds": thresholds}))
    draw_shape("circle", np.random.default_rng(1)).save(tmp_path / "circle.png")
    page.goto(unpacked(run, tmp_path))
    expect(page.locator("#drop")).to_be_visible()

    def said(*chances: float, unfamiliarity: float = 0.5) -> str:
        answer = {"probabilities": chances, "unfamiliarity": unfamiliarity}
        return page.evaluate("(answer) => verdict(answer)[0]", answer)

    assert run.dataset.classes == ("circle", "square", "triangle")
    # Until something is said to be bad to miss, as the app and the server answer.
    assert [said(0.49, 0.26, 0.25), said(0.51, 0.24, 0.25), said(0.2, 0.55, 0.25)] == ["Not sure", "circle", "square"]
    page.locator("#missed").select_option("Missing triangle is 10 × worse")
    assert [said(0.75, 0.0, 0.25), said(0.81, 0.0, 0.19)] == ["triangle", "circle"]
    assert said(0.75, 0.0, 0.25, unfamiliarity=1.5) == "None of these?"
    # What was said before is said anew.
    page.locator("#files").set_input_files(tmp_path / "circle.png")
    heading = page.locator("#answers").get_by_role("heading")
    expect(heading).not_to_have_text("square")
    page.locator("#missed").select_option("Missing square is 10 × worse")
    expect(heading).to_have_text("square")


def test_a_page_whose_files_are_not_beside_it_says_so(run: Run, page: Page, tmp_path: Path):
    address = unpacked(run, tmp_path)
    (tmp_path / "model.js").unlink()
    page.goto(address)
    expect(page.get_by_role("status")).to_contain_text("model.js is not beside this page")


def test_without_a_browser_the_page_is_kept_and_said_to_be_unproven(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GRAFT_CHROMIUM", "/nowhere/chromium")
    (manifest,) = export_run(run, lambda step: None, ["web"])
    assert not manifest.agrees
    assert manifest.n == 0
    assert "not proven here" in manifest.reason
    assert (run.exports / "web" / "web.zip").stat().st_size == manifest.bytes


def test_what_is_vendored_is_what_was_published():
    said = json.loads((VENDOR / "onnxruntime-web.json").read_text())
    for name, file in said["files"].items():
        content = (VENDOR / name).read_bytes()
        content = gzip.decompress(content) if file.get("packed") == "gzip" else content
        assert hashlib.sha256(content).hexdigest() == file["sha256"], name
