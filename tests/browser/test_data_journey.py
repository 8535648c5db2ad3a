"""From pictures with planted faults to pictures that can be trusted, as a person goes it in a real browser."""

from __future__ import annotations

import io
import re
import time
import zipfile
from pathlib import Path

import conformal_clip_data
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.test_journey import settled
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.data.split.locked import read_parts
from tlcore.data.split.stratify import PARTS
from tlcore.runs.run import Run, list_runs
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow

# So few that the exact head is recommended.
EACH, WRONG, COPIES = 30, 5, 6
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of textiles: some of `global` lie in the folder `nominal`, some of `local` are there twice."""
    path = tmp_path_factory.mktemp("planted") / "textile.zip"
    root = conformal_clip_data.textile_simulated_root()
    with zipfile.ZipFile(path, "w") as archive:
        for label in ("nominal", "local", "global"):
            for item in sorted((root / label).glob("*.jpg"))[:EACH]:
                archive.write(item, f"textile/{label}/{item.name}")
        for number, item in enumerate(sorted((root / "global").glob("*.jpg"))[EACH : EACH + WRONG]):
            archive.write(item, f"textile/nominal/wrong {number}.jpg")
        for number, item in enumerate(sorted((root / "local").glob("*.jpg"))[:COPIES]):
            archive.writestr(f"textile/local/copy {number}.jpg", _saved_again(item))
    return path


def _saved_again(item: Path) -> bytes:
    """Three quarters of the size, and JPEG at 40."""
    image = Image.open(item).convert("RGB")
    small = image.resize((round(0.75 * image.width), round(0.75 * image.height)))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=40)
    return stream.getvalue()


def named(dataset: Dataset, word: str) -> list[str]:
    """The labels, or the state where it is not in use, of the pictures whose file is called so."""
    table = dataset.all_items()
    rows = table[table["source"].str.contains(f"/{word} ")]
    return [state or label for state, label in zip(rows["state"], rows["label"], strict=True)]


def train(page: Page, url: str, dataset: Dataset, workspace: Workspace) -> Run:
    """Start what the Train page recommends, with little time to look for a better model, and wait for it."""
    there = {run.id for run in list_runs(workspace)}
    page.goto(f"{url}/train?dataset={dataset.id}")
    start = page.locator(".st-key-start button")
    settled(page)
    limit = page.get_by_label("Time limit (minutes)", exact=True)
    limit.fill("0.1")
    limit.press("Enter")
    expect(page.locator(".st-key-start-bar")).to_contain_text("auto, 6")
    expect(start).to_be_enabled()
    start.click()
    expect(page).to_have_url(re.compile(r"/runs\?.*run="))
    expect(page.get_by_role("button", name="Evaluate it")).to_be_enabled(timeout=240_000)
    (run,) = [run for run in list_runs(workspace) if run.id not in there]
    return run


def test_planted_faults_are_found_mended_and_trained_without(server: Server, page: Page, planted: Path):
    workspace = Workspace(server.home / "workspace")
    page.goto(server.url)
    page.get_by_role("tab", name="Zip").click()
    page.locator("input[type=file]").first.set_input_files(planted)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Import report")).to_be_visible()
    (dataset,) = list_datasets(workspace)
    settled(page)
    before = train(page, server.url, dataset, workspace)

    # The check finds what was planted.
    page.goto(f"{server.url}/check?dataset={dataset.id}")
    page.get_by_role("button", name="Check the pictures").click()
    expect(page.get_by_role("heading", name="Findings")).to_be_visible(timeout=240_000)
    settled(page)
    page.screenshot(path=str(server.home / "found.png"), full_page=True)

    # Wrong labels: all suggestions are taken.
    page.goto(f"{server.url}/check?dataset={dataset.id}&kind=label_suspect")
    page.get_by_role("button", name=re.compile("^Accept .* suggestions")).click()
    expect(page.get_by_text(re.compile("Moved .* pictures")).first).to_be_visible()
    assert named(dataset, "wrong").count("global") >= WRONG - 1

    # Copies: one of each set stays.
    page.goto(f"{server.url}/check?dataset={dataset.id}&kind=near_duplicate")
    settled(page)
    page.get_by_role("button", name=re.compile("^Keep the largest of each")).click()
    expect(page.get_by_text(re.compile("Excluded .* pictures")).first).to_be_visible()
    assert named(dataset, "copy").count("excluded") >= COPIES - 1, "the copies are smaller than what they were made of"

    # The split anew.
    page.goto(f"{server.url}/?dataset={dataset.id}")
    settled(page)
    first = read_parts(dataset)
    page.get_by_text("Change the groups, or split again").click()
    page.get_by_role("button", name="Split again …").click()
    page.get_by_role("button", name="Split again", exact=True).click()
    deadline = time.monotonic() + 60
    while read_parts(dataset).draw.draw == first.draw.draw:
        assert time.monotonic() < deadline, "the split was not drawn anew"
        time.sleep(0.1)
    settled(page)
    after = train(page, server.url, dataset, workspace)

    # Both accuracies, before and after, on one page.
    page.goto(f"{server.url}/runs")
    for run in (before, after):
        found = run.state().test
        assert found is not None
        row = page.locator(f".st-key-row-{run.id}")
        expect(row).to_contain_text(f"{100 * found.value:.1f}")
    expect(row).to_contain_text(f"version {dataset.info.version}")
    # What is looked at stands in the URL, there and back.
    page.locator(f".st-key-open-{after.id}").get_by_role("button").click()
    expect(page).to_have_url(re.compile(f"run={after.id}"))
    page.get_by_role("button", name="All runs").click()
    expect(page).to_have_url(re.compile("/runs$"))
    assert set(PARTS) == set(after.split()["split"])
    assert not after.split()["sha256"].isin(dataset.all_items().query("state != ''")["sha256"]).any()
