"""What mistakes cost: tables of costs, what a run's answers cost with them, and the command."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.graphs import make_answerable_run
from tlcore.__main__ import main
from tlcore.errors import DataError, RunError
from tlcore.evaluation.costs import weigh_run
from tlcore.evaluation.run import evaluate_run
from tlcore.tasks.classification.calibration_fit import Answered
from tlcore.tasks.classification.costs import cost_table, weigh

CLASSES = ("ok", "scratch", "hole")


def test_a_mistake_costs_one_unless_something_else_is_said():
    assert cost_table(("a", "b")).tolist() == [[0, 1], [1, 0]]
    costs = cost_table(CLASSES, missed={"hole": 10}, pairs={("hole", "scratch"): 2, ("ok", "scratch"): 0.5})
    assert costs.tolist() == [[0, 0.5, 1], [1, 0, 1], [10, 2, 0]]
    with pytest.raises(DataError, match="'dent' is not one"):
        cost_table(CLASSES, pairs={("ok", "dent"): 2})


def test_a_hand_worked_bill():
    test = Answered(np.array([[0.8, 0.1, 0.1], [0.95, 0.03, 0.02], [0.3, 0.6, 0.1]]), np.array([2, 0, 1]))
    found = weigh(test, test, CLASSES, cost_table(CLASSES, missed={"hole": 10}))
    # The first picture is called ok, which costs 10. Expected cost of "hole" there: 0.9, of "ok": 1.1.
    assert (found.likeliest, found.cheapest) == (pytest.approx(10 / 3), pytest.approx(1 / 3))
    # The third, rightly called a scratch (expected cost 1.3), is called a hole (0.9), too.
    assert found.changed == pytest.approx(2 / 3)
    ratios = {each.label: each.ratio for each in found.thresholds}
    assert ratios == {"ok": pytest.approx(1 / 5.5), "scratch": pytest.approx(1 / 5.5), "hole": pytest.approx(10)}
    asked = weigh(test, test, CLASSES, cost_table(CLASSES, missed={"hole": 10}), asking=0.5)
    assert asked.not_sure == pytest.approx(2 / 3)
    assert asked.cheapest == pytest.approx(2 * 0.5 / 3)


def test_the_command_weighs_a_run(workspace, tiny_dataset, capsys):
    run = make_answerable_run(workspace, tiny_dataset)
    with pytest.raises(RunError, match="Evaluate it"):
        weigh_run(run.path, cost_table(("circle", "square", "triangle")))
    evaluate_run(run, lambda step: None)
    asked = ["costs", run.id, "--missed", "circle=10", "--mistake", "square:triangle=3", "--asking", "0.4"]
    assert main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n"] == len(run.split().query("split == 'test'"))
    assert {each["label"] for each in found["thresholds"]} == {"circle", "square", "triangle"}
    assert found["likeliest"] == 0  # all are answered right,
    assert found["not_sure"] > 0  # but none surely
    assert found["cheapest"] == pytest.approx(0.4 * found["not_sure"])
    assert main(asked) == 0
    assert "left to a person" in capsys.readouterr().out
    assert main(["costs", run.id, "--mistake", "square:dent=3"]) == 1
    assert "two classes of the run" in capsys.readouterr().err
    assert main(["costs", run.id, "--missed", "circle"]) == 1
    assert "NAME=COST" in capsys.readouterr().err
