"""`evaluate` of runs that give several labels or a number, by their own models."""

from __future__ import annotations

import json

import pytest

from tlcore.__main__ import main
from tlcore.evaluation.files import read_evaluation
from tlcore.evaluation.task_answers import read_task_answers
from tlcore.tasks.evaluation import figures

pytestmark = pytest.mark.slow


def test_labels_are_printed_with_their_figures_and_the_use_of_the_test_set(multilabel_run, capsys):
    assert main(["evaluate", multilabel_run.id]) == 0
    printed = capsys.readouterr().out
    for label in multilabel_run.dataset.classes:
        assert label in printed
    for title in ("Mean average precision (mAP)", "threshold", "less that of label frequencies", "test set"):
        assert title in printed


def test_a_value_is_printed_in_its_unit_with_the_coverage_of_its_intervals(regression_run, capsys):
    assert main(["evaluate", regression_run.id, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["unit"] == "mm"
    assert found["looks"] == 2
    assert found["above_baselines"]["Always the median"]["high"] < 0
    assert 0 <= found["coverage"]["low"] <= found["coverage"]["value"] <= 1


@pytest.mark.parametrize("name", ["multilabel_run", "regression_run"])
def test_stored_answers_give_the_stored_figures(name, request):
    run = request.getfixturevalue(name)
    answers, evaluation = read_task_answers(run), read_evaluation(run.path)
    measures = answers.task.measures(answers.labels, answers.outputs, answers.classes, answers.decision)
    metric = evaluation.metric
    again = figures({metric: measures[metric]}, answers.groups)[metric]
    assert again.value == pytest.approx(evaluation.headline.value)
