"""With hundreds of classes a page opens on what matters; each class is still found."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pages.components.evaluate import class_summary
from pages.components.shell import class_counts
from tests.judging import evaluate
from tests.pages.made_runs import finished
from tests.pages.opening import open_page, words
from tlcore.data.import_plan import ImportChoices
from tlcore.data.intake import ingest
from tlcore.evaluation.files import read_evaluation
from tlcore.evaluation.predictions import predictions_table
from tlcore.progress import drain

CLASSES = 90


@pytest.fixture
def run(workspace, tmp_path):
    """A judged run of many classes with few pictures each; half the answers are one class further."""
    for label in range(CLASSES):
        folder = tmp_path / "many" / f"class {label:04d}"
        folder.mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (8, 8), (label, 10 * number, 200)).save(folder / f"{number}.png")
    dataset = drain(
        ingest(workspace, tmp_path / "many", choices=ImportChoices(confirmed=True)), lambda step: None
    ).dataset
    return finished(workspace, dataset, right=0.5)


def names(app) -> set[str]:
    return set(re.findall(r"class \d{4}", words(app)))


def test_evaluate_opens_on_a_summary_and_not_on_every_name(run):
    app = open_page("evaluate", run=run.id)
    assert f"{CLASSES} classes at a glance" in words(app)
    assert len(names(app)) < 20
    weakest, pairs = (table.value for table in app.dataframe[:2])
    assert len(weakest) == len(pairs) == class_summary.MOST
    assert (weakest["recall"] == 0).all()
    evaluation = read_evaluation(run.path)
    first = pairs.iloc[0]
    true, answer = (evaluation.labels.index(first[name]) for name in ("true", "answer"))
    assert evaluation.confusion[true][answer] == first["pictures"] > 0


def test_a_class_is_looked_for_by_its_name_and_the_url_keeps_it(run):
    app = open_page("evaluate", run=run.id)
    search = next(box for box in app.selectbox if box.label == "Find a class")
    search.set_value(41).run()
    assert app.query_params["class"] == "41"
    assert "**class 0041**" in words(app)
    again = open_page("evaluate", **{"run": run.id, "class": "41"})
    assert "**class 0041**" in words(again)
    for nonsense in ("x", "-1", "9999", "²"):
        open_page("evaluate", **{"run": run.id, "class": nonsense})


def test_few_classes_need_no_summary(workspace, tiny_dataset):
    app = open_page("evaluate", run=finished(workspace, tiny_dataset).id)
    assert "classes at a glance" not in words(app)


def test_a_note_names_some_classes_and_counts_the_others():
    classes = [f"class {label:04d}" for label in range(CLASSES)]
    rows = pd.DataFrame({"sha256": classes, "file": classes, "label": classes})
    chances = np.zeros((CLASSES, CLASSES), np.float32)
    chances[:, 0] = 1.0
    notes = evaluate(predictions_table(rows, chances, classes), classes, {}).notes
    (never,) = (note for note in notes if "never answers" in note)
    assert len(re.findall(r"class \d{4}", never)) == 8
    assert f"and {CLASSES - 9} more classes" in never


def test_charts_of_many_classes_show_the_largest_and_the_smallest(run):
    counts = {f"class {label}": 1 + label % 50 for label in range(200)}
    shown, said = class_counts.shown(counts)
    assert len(shown) == class_counts.MOST_BARS
    assert "200 classes" in said.replace("\u202f", " ")
    assert {max(counts, key=counts.get), min(counts, key=counts.get)} <= set(shown)
    assert list(shown) == [label for label in counts if label in shown]
    app = open_page("data", dataset=run.config.dataset)
    assert "The 30 largest and the 30 smallest" in words(app)
    assert CLASSES in [len(table.value) for table in app.dataframe]
