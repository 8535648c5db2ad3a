"""Several labels: metrics are scikit-learn's, texts survive, curves and errors count what they say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, hamming_loss

from tlcore.tasks import find_task
from tlcore.tasks.multilabel import labels as multilabel
from tlcore.tasks.multilabel.curves import at_threshold, label_calibration_error, reliability, threshold_curve
from tlcore.tasks.multilabel.errors import label_errors
from tlcore.tasks.multilabel.measures import measures as of_labels
from tlcore.tasks.task import Decision


def test_metrics_of_several_labels_are_scikit_learns():
    rng = np.random.default_rng(3)
    true, shares = rng.random((60, 4)) < 0.4, rng.random((60, 4)).round(1)
    given = shares >= 0.5
    found = {key: float(measure(np.ones((1, 60)))[0]) for key, (measure, *_) in of_labels(shares, given, true).items()}
    assert found["mean_average_precision"] == pytest.approx(average_precision_score(true, shares, average="macro"))
    assert found["micro_f1"] == pytest.approx(f1_score(true, given, average="micro"))
    assert found["macro_f1"] == pytest.approx(f1_score(true, given, average="macro"))
    assert found["hamming_loss"] == pytest.approx(hamming_loss(true, given))
    assert found["exact_match"] == pytest.approx((true == given).all(axis=1).mean())


def test_names_with_bars_and_backslashes_survive_being_joined():
    names = ("a|b", "c\\", "\\|", "d")
    assert set(multilabel.split(multilabel.join(names))) == set(names)
    assert multilabel.split("") == ()


def test_probabilities_that_are_what_they_say_have_no_calibration_error_and_reach_down_to_none():
    rng = np.random.default_rng(7)
    shares = rng.random(4000)
    true = rng.random(4000) < shares
    found = label_calibration_error(shares, true, np.arange(4000))
    assert found.low == 0
    assert found.value < 0.03
    off = label_calibration_error(shares**3, true, np.arange(4000))
    assert off.low > 0.1
    assert sum(each.n for each in reliability(shares, true)) == 4000


def test_a_curve_of_thresholds_counts_what_each_of_them_does():
    shares, true = np.array([0.9, 0.8, 0.8, 0.3]), np.array([True, False, True, True])
    curve = threshold_curve(shares, true)
    for threshold, precision, recall, answered in zip(
        curve.thresholds, curve.precision, curve.recall, curve.answered, strict=True
    ):
        at = at_threshold(shares, true, threshold)
        assert (at.precision, at.recall) == pytest.approx((precision, recall))
        assert at.right + at.wrong == answered
    assert at_threshold(shares, true, 0.95).precision is None


def test_wrong_decisions_are_listed_the_most_confident_first():
    outputs = np.array([[0.9, 0.2], [0.6, 0.05]], np.float32)
    found = label_errors(["b", "a|b"], outputs, ("a", "b"), Decision())
    assert list(found["kind"]) == ["missing", "wrong", "missing"]
    assert list(found["item"]) == [1, 0, 0]
    assert list(find_task("multilabel").item_errors(["b", "a|b"], outputs, ("a", "b"), Decision())) == [2, 1]
