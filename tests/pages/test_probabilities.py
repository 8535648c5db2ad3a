"""What probabilities are worth, and what mistakes cost, as parts of a page."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.graphs import make_answerable_run, write_knowing_model
from tlcore.evaluation.run import evaluate_run


@pytest.fixture
def run(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset)
    write_knowing_model(run, workspace, temperature=1.7)
    evaluate_run(run, lambda step: None)
    return run


def page(path: str) -> None:
    from pathlib import Path

    from pages.components.evaluate import calibration, misclassification_costs, ood
    from tlcore.runs.run import Run

    calibration.show(Run(Path(path)))
    ood.show(Run(Path(path)))
    misclassification_costs.show(Run(Path(path)), ("circle", "square", "triangle"))


def test_every_part_is_drawn_and_answers_to_its_fields(run):
    app = AppTest.from_function(page, args=(str(run.path),)).run()
    assert not app.exception
    assert {"Calibration: is the confidence right?", "Out-of-distribution inputs", "Misclassification costs"} <= {
        each.value for each in app.subheader
    }
    metrics = {each.label: each.value for each in app.metric}
    assert metrics["Temperature"] == "1.70"
    app.number_input(key=f"cost-price-{run.id}").set_value(20.0)
    app.toggle(key=f"cost-asks-{run.id}").set_value(True)
    app.select_slider(key=f"sets-{run.id}-wanted").set_value(0.99)
    app.run()
    assert not app.exception
    changed = {each.label: each.value for each in app.metric}
    assert "left to a person" in changed["Predictions that change"]


def test_what_has_not_been_computed_is_said(run):
    (run.path / "calibration.json").unlink()
    (run.path / "validation.parquet").unlink()
    app = AppTest.from_function(page, args=(str(run.path),)).run()
    assert not app.exception
    said = " ".join(each.value for each in app.caption)
    assert "has not been computed" in said
    assert "Evaluate it" in said
