"""The error analysis of runs that give several labels or a number: slices and map, and no heat maps of a class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.pages.opening import open_page, words
from tlcore.__main__ import main
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.evaluation.error_analysis.run import understand
from tlcore.evaluation.slices import Trait, find_slices
from tlcore.progress import drain

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
def test_slices_and_the_map_are_made_and_shown(name, request, workspace):
    run = request.getfixturevalue(name)
    understanding = Understanding(run)
    assert "Error analysis" in words(open_page("evaluate", run=run.id, view="failures"))
    understanding.prepare()
    assert drain(understand(run, workspace), lambda progress: None) == ()
    assert understanding.slices().n == len(understanding.traits())
    assert understanding.attention() is understanding.robustness() is None
    (understanding.path / "understanding.json").write_text("{}")
    text = words(open_page("evaluate", run=run.id, view="failures"))
    assert f"Slices with low {SAID[run.dataset.task]}" in text
    app = open_page("evaluate", run=run.id, view="map")
    assert not app.error
    assert app.selectbox(key="map-colour").options[-2:] == ["errors", "part"]
    for choice in app.selectbox(key="map-colour").options:
        app.selectbox(key="map-colour").select(choice).run()
        assert not app.exception


@pytest.mark.slow
def test_heat_maps_and_costs_of_a_number_are_refused_in_a_sentence(regression_run, tmp_path, capsys):
    item = next((regression_run.path.parents[1] / "datasets").rglob("images/*"))
    assert main(["explain", regression_run.id, str(item), "--out", str(tmp_path / "maps")]) == 1
    assert "This one predicts a number" in capsys.readouterr().err
    assert main(["costs", regression_run.id, "--missed", "a=2"]) == 1
    assert "A run of a classification is needed" in capsys.readouterr().err
