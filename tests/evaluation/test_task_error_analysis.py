"""The error analysis of runs that give several labels or a number: slices, map, robustness; no heat maps of a class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.pages.opening import open_page, words
from tlcore.__main__ import main
from tlcore.evaluation.error_analysis import run as steps
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.evaluation.error_analysis.run import understand
from tlcore.evaluation.files import read_ood
from tlcore.evaluation.slices import Trait, find_slices
from tlcore.modalities.image.explain.corruptions import CORRUPTIONS
from tlcore.progress import drain
from tlcore.tasks import find_task

SAID = {"multilabel": "exact-match ratio", "regression": "coverage"}


def test_slices_of_a_task_without_classes_are_told_in_its_own_words():
    correct = np.repeat([True, False], [60, 20])
    names = [f"{number}" for number in range(80)]
    predictions = pd.DataFrame({"sha256": names, "label": names, "correct": correct})
    trait = Trait("light", np.where(correct, "bright", "dark"), "that are {value}")
    found = find_slices(predictions, [trait], right="have all labels right", by_class=False)
    assert "have all labels right" in found.worse[0].says
    assert "classes" not in found.worse[0].says


@pytest.mark.slow
@pytest.mark.parametrize("name", ["multilabel_run", "regression_run"])
def test_slices_the_map_and_robustness_are_made_and_shown(name, request, workspace, monkeypatch):
    monkeypatch.setattr(steps, "CORRUPTED", 8)
    run = request.getfixturevalue(name)
    understanding = Understanding(run)
    assert "Error analysis" in words(open_page("evaluate", run=run.id, view="failures"))
    understanding.prepare()
    assert drain(understand(run, workspace), lambda progress: None) == ()
    assert understanding.slices().n == len(understanding.traits())
    assert understanding.attention() is None
    robustness, metric = understanding.robustness(), find_task(run.dataset.task).metrics[0]
    assert (robustness.n, robustness.metric) == (8, metric.key)
    assert len(robustness.curves) == len(CORRUPTIONS)
    assert all(curve.model[-1].low <= curve.model[-1].value <= curve.model[-1].high for curve in robustness.curves)
    (understanding.path / "understanding.json").write_text("{}")
    text = words(open_page("evaluate", run=run.id, view="failures"))
    assert f"Slices with low {SAID[run.dataset.task]}" in text
    text = words(open_page("evaluate", run=run.id, view="robustness"))
    assert f"{metric.title} on 8 test pictures, corrupted at five severities" in text
    app = open_page("evaluate", run=run.id, view="map")
    assert not app.error
    assert app.selectbox(key="map-colour").options[-2:] == ["errors", "part"]
    for choice in app.selectbox(key="map-colour").options:
        app.selectbox(key="map-colour").select(choice).run()
        assert not app.exception


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "view", "says"),
    [
        ("multilabel_run", "probabilities", "a probability to each of its labels whatever it is shown"),
        ("regression_run", "residuals", "a value whatever it is shown"),
    ],
)
def test_inputs_that_are_unlike_training_are_told_of_every_task(name, view, says, request):
    run = request.getfixturevalue(name)
    found = read_ood(run.path)
    assert 0 <= found.test.low <= found.test.value <= found.test.high <= 1
    text = words(open_page("evaluate", run=run.id, view=view))
    assert "Out-of-distribution inputs" in text
    assert says in text
    assert "Add another dataset to this workspace" in text
    (run.path / "evaluation" / "ood.json").unlink()
    assert "has no second output" in words(open_page("evaluate", run=run.id, view=view))


@pytest.mark.slow
def test_heat_maps_and_costs_of_a_number_are_refused_in_a_sentence(regression_run, tmp_path, capsys):
    item = next((regression_run.path.parents[1] / "datasets").rglob("images/*"))
    assert main(["explain", regression_run.id, str(item), "--out", str(tmp_path / "maps")]) == 1
    assert "This one predicts a number" in capsys.readouterr().err
    assert main(["costs", regression_run.id, "--missed", "a=2"]) == 1
    assert "A run of a classification is needed" in capsys.readouterr().err
