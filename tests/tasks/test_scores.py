"""Figures are scikit-learn's, and their intervals hold what they promise in simulations."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from tlcore.intervals import wilson
from tlcore.tasks.classification.scores import scoring, share

PRIOR = (0.6, 0.3, 0.1)
FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier")


def draw(rng, n, *, together=1):
    """Answers about `n` pictures of three uneven classes; `together` of each kind are alike, and so is their fault."""
    groups = np.repeat(np.arange(n // together), together)
    true = rng.choice(3, n // together, p=PRIOR)[groups]
    scores = rng.normal(size=(n, 3)) + (together > 1) * rng.normal(size=(n // together, 3))[groups]
    scores[np.arange(n), true] += 1.6
    chances = np.exp(1.5 * scores)
    chances /= chances.sum(axis=1, keepdims=True)
    return true, chances.argmax(axis=1), chances, groups


def test_figures_are_scikit_learns():
    true, said, chances, _ = draw(np.random.default_rng(0), 200)
    found = scoring(true, said, chances)
    scores = found.figures()
    assert scores["accuracy"].value == pytest.approx(reference.accuracy_score(true, said))
    assert scores["balanced_accuracy"].value == pytest.approx(reference.balanced_accuracy_score(true, said))
    assert scores["macro_f1"].value == pytest.approx(reference.f1_score(true, said, average="macro"))
    assert scores["log_loss"].value == pytest.approx(reference.log_loss(true, chances))
    assert scores["brier"].value == pytest.approx(reference.brier_score_loss(true, chances, scale_by_half=False))
    assert set(scores) == {*FIGURES, "top_2"}
    assert scores["top_2"].value == pytest.approx(reference.top_k_accuracy_score(true, chances, k=2))
    assert [found.f1(index).value for index in range(3)] == pytest.approx(reference.f1_score(true, said, average=None))
    assert (found.answers.number_of_units, found.answers.grouped) == (200, False)
    for name in FIGURES:
        figure = scores[name]
        assert figure.low < figure.value < figure.high


@pytest.mark.parametrize("together", [1, 4])
def test_intervals_hold_the_true_figure_as_often_as_they_promise(together):
    rng, repeats = np.random.default_rng(1), 150
    true, said, chances, _ = draw(rng, 100_000, together=together)
    truth = {
        "accuracy": reference.accuracy_score(true, said),
        "balanced_accuracy": reference.balanced_accuracy_score(true, said),
        "macro_f1": reference.f1_score(true, said, average="macro"),
        "log_loss": reference.log_loss(true, chances),
        "brier": reference.brier_score_loss(true, chances, scale_by_half=False),
    }
    held = dict.fromkeys(FIGURES, 0)
    for _ in range(repeats):
        true, said, chances, groups = draw(rng, 60, together=together)
        scores = scoring(true, said, chances, groups).figures()
        for name in FIGURES:
            held[name] += scores[name].low <= truth[name] <= scores[name].high
    # 95 % of 150 has a standard error of 1.8 points.
    assert min(held.values()) >= 0.90 * repeats, held


def test_pictures_that_belong_together_make_intervals_wider():
    true, said, chances, groups = draw(np.random.default_rng(2), 400, together=4)
    of_groups = scoring(true, said, chances, groups)
    alone, grouped = scoring(true, said, chances).figures(), of_groups.figures()
    assert (of_groups.answers.number_of_units, of_groups.answers.grouped) == (100, True)
    for name in FIGURES:
        one, other = alone[name], grouped[name]
        assert one.value == pytest.approx(other.value)
        assert other.high - other.low > 1.2 * (one.high - one.low)


def test_a_picture_shown_four_times_is_as_sure_as_shown_once():
    true, said, chances, _ = draw(np.random.default_rng(3), 100)
    once = scoring(true, said, chances).figures()
    often = scoring(*(np.repeat(each, 4, axis=0) for each in (true, said, chances)), np.repeat(np.arange(100), 4))
    four = often.figures()
    for name in FIGURES:
        one, other = once[name], four[name]
        assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=0.03)


def test_where_all_are_right_nothing_pretends_to_be_sure():
    true = np.repeat([0, 1], 10)
    chances = np.where(np.eye(2)[true] == 1, 0.9, 0.1)
    scores = scoring(true, true, chances).figures()
    assert scores["accuracy"].low == pytest.approx(wilson(20, 20)[0])
    assert 0.7 < scores["balanced_accuracy"].low < 0.9
    assert 0.5 < scores["macro_f1"].low < 0.9
    assert scores["macro_f1"].high == scores["balanced_accuracy"].high == 1.0
    grouped = scoring(true, true, chances, np.repeat(np.arange(4), 5)).figures()
    assert grouped["accuracy"].low < wilson(4, 4)[0] + 1e-9


def test_one_group_alone_knows_nothing():
    true, said, chances, _ = draw(np.random.default_rng(4), 30)
    scores = scoring(true, said, chances, np.zeros(30, np.int64)).figures()
    assert (scores["accuracy"].low, scores["accuracy"].high) == (0.0, 1.0)
    assert (scores["brier"].low, scores["brier"].high) == (0.0, 2.0)


def test_a_share_for_which_nothing_was_counted_is_anything():
    assert share(np.empty(0, bool)).model_dump() == {"value": 0.0, "low": 0.0, "high": 1.0}
    assert share(np.array([True] * 8 + [False] * 2)).model_dump() == pytest.approx(
        {"value": 0.8, "low": wilson(8, 10)[0], "high": wilson(8, 10)[1]}
    )
