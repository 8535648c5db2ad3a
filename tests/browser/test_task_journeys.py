"""Several labels and a number, the whole way in a real browser: a table of labels in, a proven model out."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, python
from tests.browser.test_journey import TRAINING_SECONDS, settled
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow

ITEMS = 48
LABELS = ("bar", "disc", "stripe")
LOAD = """
import sys, numpy, keras
model = keras.saving.load_model(sys.argv[1], safe_mode=True)
answer = model.predict(numpy.zeros((2, 224, 224, 3), "uint8"), verbose=0)
print(answer.shape, bool(numpy.isfinite(answer).all()))
"""


@dataclass(frozen=True)
class Journey:
    """What a task says on the way.

    Attributes:
        found: What the import says of the table.
        metric: The headline of the evaluation.
        answer: What the Try page answers with.
        shape: Of the model's answers for two pictures.
    """

    found: str
    metric: str
    answer: str
    shape: tuple[int, int]


JOURNEYS = {
    "multilabel": Journey(
        "Multi-label classification", "Test mAP", r"Gives each picture any number of 3 labels", (2, 3)
    ),
    "regression": Journey("Regression, diameter in mm", "Test MAE", r"\d+(\.\d+)? mm", (2, 1)),
}


def items(task: str, folder: Path) -> Path:
    """Draw pictures with a table of what is in them: a column for each label, or a size with a decimal comma."""
    rng, rows = np.random.default_rng(0), []
    folder.mkdir()
    for number in range(ITEMS):
        size = float(rng.uniform(10, 80))
        shown = [rng.random() < 0.5 for _ in LABELS] if task == "multilabel" else [False, True, False]
        item = Image.new("RGB", (96, 96), tuple(int(value) for value in rng.integers(200, 256, 3)))
        draw = ImageDraw.Draw(item)
        shapes = ((60, 10, 75, 86), (8, 8, 8 + size, 8 + size), (5, 70, 90, 80))
        for name, box, here in zip(LABELS, shapes, shown, strict=True):
            colour = {"bar": (40, 60, 200), "disc": (200, 40, 40), "stripe": (40, 160, 60)}[name]
            if here:
                (draw.ellipse if name == "disc" else draw.rectangle)(box, fill=colour)
        item.save(folder / f"{number:03d}.png")
        cells = [str(int(here)) for here in shown] if task == "multilabel" else [f"{size:.1f}".replace(".", ",")]
        rows.append(";".join([f"{number:03d}.png", *cells]))
    columns = LABELS if task == "multilabel" else ("diameter [mm]",)
    (folder / "labels.csv").write_text("\n".join([";".join(["file", *columns]), *rows]), encoding="utf-8")
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return folder.with_suffix(".zip")


@pytest.mark.parametrize("task", list(JOURNEYS))
def test_from_a_table_to_a_model_that_works_in_a_fresh_python(server: Server, page: Page, tmp_path, task):
    journey, source = JOURNEYS[task], items(task, tmp_path / task)
    # The table decides the task, and the preview says it.
    page.goto(f"{server.url}/?new=1")
    page.get_by_role("tab", name="Zip").click()
    page.locator("input[type=file]").first.set_input_files(source)
    expect(page.get_by_role("heading", name="Import preview")).to_be_visible()
    expect(page.get_by_text(journey.found).first).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Import report")).to_be_visible()

    settled(page)
    page.get_by_role("button", name="Train a model").click()
    start = page.locator(".st-key-start button")
    expect(start).to_be_enabled()
    start.click()
    expect(page).to_have_url(re.compile(r"/runs\?.*run="))
    run = page.url
    # Auto shows its candidates; whoever is content with the best so far takes it.
    expect(page.get_by_role("heading", name="Leaderboard")).to_be_visible(timeout=TRAINING_SECONDS)
    page.get_by_role("button", name="Take this one").click(timeout=TRAINING_SECONDS)
    expect(page.get_by_role("button", name="Evaluate it")).to_be_enabled(timeout=TRAINING_SECONDS)
    candidates = (
        Run(Workspace(server.home / "workspace").runs / run.partition("run=")[2].partition("&")[0]).state().candidates
    )
    assert next(each.outcome for each in candidates if each.value is not None) == "leads"
    assert all(each.value is None for each in candidates if each.name.startswith("fine-tune-9"))

    page.get_by_role("button", name="Evaluate it").click()
    expect(page.get_by_text(journey.metric).first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()

    page.goto(run.replace("/runs", "/try"))
    page.locator("input[type=file]").first.set_input_files(tmp_path / task / "003.png")
    expect(page.get_by_text(re.compile(journey.answer)).first).to_be_visible()
    settled(page)
    assert page.locator("[data-testid=stException]").count() == 0

    page.goto(run.replace("/runs", "/export"))
    with page.expect_download(timeout=120_000) as waiting:
        page.get_by_role("button", name=re.compile(r"model\.keras")).first.click(timeout=120_000)  # once it is checked
    model = tmp_path / "model.keras"
    waiting.value.save_as(model)
    loaded = python("-c", LOAD, str(model))
    assert loaded.stdout.splitlines()[-1] == f"{journey.shape} True", loaded.stderr
