"""What is said of probabilities agrees with scikit-learn and hand-worked examples, and intervals hold what they say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn import metrics as reference

from tlcore.errors import RunError
from tlcore.evaluation.files import read_calibration
from tlcore.evaluation.predictions import predictions_table
from tlcore.files import write_json
from tlcore.tasks.classification.calibration_fit import Answered, calibrate, read_answers
from tlcore.tasks.classification.calibration_schema import Calibration
from tlcore.tasks.classification.conformal import METHODS, fit_sets, judge_sets, sets
from tlcore.tasks.classification.reliability import BINS, bin_of, coverage, reliability

CLASSES = ("bird", "cat", "dog")


def answers(n: int, seed: int, *, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and right answers; with a sharpness of 1 the probabilities are what they say."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=1.5, size=(n, 3))
    labels = (rng.random((n, 1)) > softmax(logits, axis=1).cumsum(axis=1)).sum(axis=1)
    return softmax(sharpness * logits, axis=1), labels


def two(confidences: list[float]) -> np.ndarray:
    """Probabilities of two classes that answer the first with these confidences."""
    return np.array([[value, 1 - value] for value in confidences])


def test_a_hand_worked_calibration_error():
    # Two pictures at 0.95 (bin 15), one right: |1.9 − 1|; two at 0.55 (bin 9), both right: |1.1 − 2|; over 4 pictures.
    found = reliability(two([0.95, 0.95, 0.55, 0.55]), np.array([0, 1, 0, 0]))
    assert found.ece.value == pytest.approx((0.9 + 0.9) / 4)
    assert [(each.n, each.confidence, each.accuracy.value) for each in found.bins] == [
        (2, pytest.approx(0.55), 1.0),
        (2, pytest.approx(0.95), 0.5),
    ]
    assert [(each.low, each.high) for each in found.bins] == [(8 / BINS, 9 / BINS), (14 / BINS, 1.0)]


def test_bins_are_open_below_and_closed_above():
    assert bin_of(np.array([0.0, 1 / BINS, 1 / BINS + 1e-9, 1.0])).tolist() == [0, 0, 1, BINS - 1]


def test_log_loss_and_brier_are_scikit_learns():
    chances, labels = answers(80, 0)
    found = reliability(chances, labels)
    assert found.log_loss == pytest.approx(reference.log_loss(labels, chances))
    assert found.brier == pytest.approx(reference.brier_score_loss(labels, chances, scale_by_half=False))


@pytest.mark.parametrize("sharpness", [1.0, 2.0])
def test_the_interval_of_the_calibration_error_holds_the_true_one(sharpness):
    many = reliability(*answers(100_000, 999, sharpness=sharpness), units=np.zeros(100_000, np.int64))
    held = [
        found.low <= (0 if sharpness == 1 else many.ece.value) <= found.high
        for found in (reliability(*answers(150, seed, sharpness=sharpness)).ece for seed in range(30))
    ]
    assert np.mean(held) >= 0.9


def test_pictures_that_belong_together_make_the_calibration_error_less_sure():
    chances, labels = answers(40, 1, sharpness=3)
    alone = reliability(np.repeat(chances, 5, axis=0), np.repeat(labels, 5)).ece
    grouped = reliability(np.repeat(chances, 5, axis=0), np.repeat(labels, 5), np.repeat(np.arange(40), 5)).ece
    assert grouped.value == pytest.approx(alone.value)
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)


def test_a_hand_worked_curve_of_coverage():
    # Sorted by confidence: right; wrong and right, which are equally sure; right.
    found = coverage(two([0.9, 0.8, 0.8, 0.6]), np.array([0, 1, 0, 0]))
    assert [(point.confidence, point.coverage, point.accuracy.value) for point in found] == [
        (0.6, 1.0, 0.75),
        (0.8, 0.75, pytest.approx(2 / 3)),
        (0.9, 0.25, 1.0),
    ]
    assert coverage(np.empty((0, 2)), np.empty(0, np.int64)) == ()


def test_hand_worked_sets():
    # Five validation pictures; 0.6 · 6 = 3.6, so the fourth smallest score decides.
    chances = np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1]])
    labels = np.array([0, 1, 0, 0, 1])
    assert fit_sets(chances, labels, wanted=0.6, method="lac") == pytest.approx(0.3)
    # Sums down to the right class: 0.5, 0.9, 0.7, 0.8 (a tie: the first of the equals), 0.8.
    assert fit_sets(chances, labels, wanted=0.6, method="aps") == pytest.approx(0.8)
    assert sets(np.array([[0.45, 0.35, 0.2]]), 0.3, "lac").tolist() == [[True, True, False]]
    assert sets(np.array([[0.45, 0.35, 0.2], [0.9, 0.06, 0.04]]), 0.8, "aps").tolist() == [
        [True, True, False],
        [True, False, False],
    ]


@pytest.mark.parametrize("method", METHODS)
def test_sets_hold_the_right_class_as_often_as_was_wanted(method):
    held = [
        judge_sets(answers(60, seed, sharpness=2), answers(400, 1000 + seed, sharpness=2), wanted=0.9, method=method)
        for seed in range(80)
    ]
    shares = [found.coverage.value for found in held]
    assert np.mean(shares) > 0.89
    if method == "lac":
        assert np.mean(shares) < 0.93
    assert all(sum(found.sizes) == 400 for found in held)
    assert held[0].mean_size == pytest.approx(np.average(np.arange(4), weights=held[0].sizes))


def test_too_few_pictures_to_promise_anything_make_full_sets():
    chances, labels = answers(5, 0)
    for method in METHODS:
        assert sets(chances, fit_sets(chances, labels, wanted=0.9, method=method), method).all()
        assert math.isfinite(judge_sets((chances, labels), (chances, labels), wanted=0.9, method=method).threshold)


def test_what_comes_after_is_better_and_what_was_before_is_restored():
    overconfident = Answered(*answers(600, 0, sharpness=2.5))
    judged = Answered(*answers(600, 1, sharpness=2.5))
    found = calibrate(overconfident, judged, CLASSES, temperature=None)
    assert found.temperature == pytest.approx(2.5, rel=0.15)
    assert not found.in_model
    assert found.after.ece.value < found.before.ece.value / 2
    assert found.after.log_loss < found.before.log_loss
    # The same model with the temperature in its files: other probabilities, the same before and after.
    within = [Answered(*answers(600, seed, sharpness=2.5 / found.temperature)) for seed in (0, 1)]
    inside = calibrate(*within, CLASSES, temperature=found.temperature)
    assert inside.in_model
    assert inside.before.ece.value == pytest.approx(found.before.ece.value)
    assert inside.after.log_loss == pytest.approx(found.after.log_loss)
    assert any("Train again" in note for note in found.notes)
    assert not any("temperature is not part" in note for note in inside.notes)


def test_nothing_to_learn_from_and_nothing_to_judge_is_said_and_not_a_fault():
    nothing = Answered(np.empty((0, 3), np.float32), np.empty(0, np.int64))
    found = calibrate(nothing, nothing, CLASSES, temperature=1.3, items="pictures")
    assert (found.validation, found.test) == (0, 0)
    assert "0 validation pictures" in found.notes[0]


def test_the_file_holds_what_was_written(tmp_path):
    part = Answered(*answers(30, 0))
    found = calibrate(part, part, CLASSES, temperature=None)
    assert read_calibration(tmp_path) is None
    write_json(tmp_path / "calibration.json", found)
    assert read_calibration(tmp_path) == found
    (tmp_path / "calibration.json").write_text('{"schema_version": 1')
    with pytest.raises(RunError, match="calibration"):
        read_calibration(tmp_path)
    newer = found.model_dump(mode="json") | {"something": "new"}
    assert Calibration.model_validate(newer) == found


def test_a_table_of_predictions_is_taken_apart_with_its_units():
    rows = pd.DataFrame({"sha256": list("abcd"), "file": list("abcd"), "label": ["cat", "dog", "cat", "bird"]})
    table = predictions_table(rows, answers(4, 0)[0].astype(np.float32), CLASSES)
    plain = read_answers(table, CLASSES)
    assert plain.labels.tolist() == [1, 2, 1, 0]
    assert plain.units is None
    full = read_answers(table, CLASSES, np.array([0, 1, 0, 2]))
    assert full.units.tolist() == [0, 1, 0, 2]
