"""Runs of the tasks beside classification, by the real worker."""

from __future__ import annotations

import pytest

from tlcore.contract import read_contract
from tlcore.evaluation.files import read_evaluation

pytestmark = pytest.mark.slow


def test_a_multilabel_run_is_trained_and_evaluated(multilabel_run):
    test = multilabel_run.state().test
    assert (test.task, test.metric) == ("multilabel", "mean_average_precision")
    assert 0.5 < test.value <= 1
    assert len(read_contract(multilabel_run.path).decision.thresholds) == 3
    assert read_evaluation(multilabel_run.path).n == test.n


def test_a_regression_run_is_trained_and_evaluated_in_the_users_unit(regression_run):
    test = regression_run.state().test
    assert (test.task, test.metric, test.unit) == ("regression", "mae", "mm")
    evaluation = read_evaluation(regression_run.path)
    assert test.value < evaluation.baselines["Always the median"]["mae"].value
    assert read_contract(regression_run.path).decision.margin > 0
