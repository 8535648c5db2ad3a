"""Intervals agree with worked examples and hold what they promise in simulations."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from tlcore.evaluation.scores import scoring, share
from tlcore.evaluation.statistics import bootstrap_t, grouped_wilson, mean_of_shares, percentiles, student, wilson

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
    scores = found.scores()
    assert scores.accuracy.value == pytest.approx(reference.accuracy_score(true, said))
    assert scores.balanced_accuracy.value == pytest.approx(reference.balanced_accuracy_score(true, said))
    assert scores.macro_f1.value == pytest.approx(reference.f1_score(true, said, average="macro"))
    assert scores.log_loss.value == pytest.approx(reference.log_loss(true, chances))
    assert scores.brier.value == pytest.approx(reference.brier_score_loss(true, chances, scale_by_half=False))
    assert [top.k for top in scores.top_k] == [2]
    assert scores.top_k[0].value == pytest.approx(reference.top_k_accuracy_score(true, chances, k=2))
    assert [found.f1(index).value for index in range(3)] == pytest.approx(reference.f1_score(true, said, average=None))
    assert (scores.units, scores.grouped) == (200, False)
    for name in FIGURES:
        figure = getattr(scores, name)
        assert figure.low < figure.value < figure.high


@pytest.mark.parametrize("together", [1, 4])
def test_intervals_hold_the_true_figure_as_often_as_they_promise(together):
    rng, repeats = np.random.default_rng(1), 150
    true, said, chances, _ = draw(rng, 100_000, together=together)
    truth = {name: getattr(scoring(true, said, chances).seen, name)[0] for name in FIGURES[:3]}
    truth |= dict(zip(FIGURES[3:], scoring(true, said, chances).seen.means[0], strict=False))
    held = dict.fromkeys(FIGURES, 0)
    for _ in range(repeats):
        true, said, chances, groups = draw(rng, 60, together=together)
        scores = scoring(true, said, chances, groups).scores()
        for name in FIGURES:
            held[name] += getattr(scores, name).low <= truth[name] <= getattr(scores, name).high
    # 95 % of 150 has a standard error of 1.8 points.
    assert min(held.values()) >= 0.90 * repeats, held


def test_pictures_that_belong_together_make_intervals_wider():
    true, said, chances, groups = draw(np.random.default_rng(2), 400, together=4)
    alone, grouped = scoring(true, said, chances).scores(), scoring(true, said, chances, groups).scores()
    assert (grouped.units, grouped.grouped) == (100, True)
    for name in FIGURES:
        one, other = getattr(alone, name), getattr(grouped, name)
        assert one.value == pytest.approx(other.value)
        assert other.high - other.low > 1.2 * (one.high - one.low)


def test_a_picture_shown_four_times_is_as_sure_as_shown_once():
    true, said, chances, _ = draw(np.random.default_rng(3), 100)
    once = scoring(true, said, chances).scores()
    often = scoring(*(np.repeat(each, 4, axis=0) for each in (true, said, chances)), np.repeat(np.arange(100), 4))
    four = often.scores()
    for name in FIGURES:
        one, other = getattr(once, name), getattr(four, name)
        assert (other.low, other.high) == pytest.approx((one.low, one.high), abs=0.03)


def test_where_all_are_right_nothing_pretends_to_be_sure():
    true = np.repeat([0, 1], 10)
    chances = np.where(np.eye(2)[true] == 1, 0.9, 0.1)
    scores = scoring(true, true, chances).scores()
    assert scores.accuracy.low == pytest.approx(wilson(20, 20)[0])
    assert 0.7 < scores.balanced_accuracy.low < 0.9
    assert 0.5 < scores.macro_f1.low < 0.9
    assert scores.macro_f1.high == scores.balanced_accuracy.high == 1.0
    grouped = scoring(true, true, chances, np.repeat(np.arange(4), 5)).scores()
    assert grouped.accuracy.low < wilson(4, 4)[0] + 1e-9


def test_one_group_alone_knows_nothing():
    true, said, chances, _ = draw(np.random.default_rng(4), 30)
    scores = scoring(true, said, chances, np.zeros(30, np.int64)).scores()
    assert (scores.accuracy.low, scores.accuracy.high) == (0.0, 1.0)
    assert (scores.brier.low, scores.brier.high) == (0.0, 2.0)


def test_a_share_of_groups_that_tell_no_less_is_wilsons_but_for_students_t():
    low, high = grouped_wilson(0.8, 100, variance=0.8 * 0.2 / 100, units=100)
    assert (low, high) == pytest.approx(wilson(80, 100), abs=0.002)
    # Twice the variance is half the pictures.
    effective = 50 * (1.959964 / student(100)) ** 2
    assert grouped_wilson(0.8, 100, variance=2 * 0.8 * 0.2 / 100, units=100) == pytest.approx(
        wilson(0.8 * effective, effective)
    )


def test_a_share_for_which_nothing_was_counted_is_anything():
    assert share(np.empty(0, bool)).model_dump() == {"value": 0.0, "low": 0.0, "high": 1.0}
    assert share(np.array([True] * 8 + [False] * 2)).model_dump() == pytest.approx(
        {"value": 0.8, "low": wilson(8, 10)[0], "high": wilson(8, 10)[1]}
    )


def test_intervals_of_the_mean_of_normal_numbers_are_students():
    rng = np.random.default_rng(5)
    numbers = rng.normal(10, 2, 15)
    rows = numbers[rng.integers(0, 15, (20_000, 15))]
    error = numbers.std(ddof=1) / np.sqrt(15)
    students = (numbers.mean() - 2.1448 * error, numbers.mean() + 2.1448 * error)
    assert percentiles(rows.mean(axis=1), 15) == pytest.approx(students, abs=0.1 * error)
    found = bootstrap_t(
        (numbers.mean(), numbers.std() / np.sqrt(15)), rows.mean(axis=1), rows.std(axis=1) / np.sqrt(15)
    )
    assert found == pytest.approx(students, abs=0.5 * error)


def test_the_interval_of_a_mean_of_shares_adds_up_distances_as_errors_are():
    shares, drawn = np.array([0.8, 0.6]), np.random.default_rng(6).normal(size=(50_000, 2))
    found = mean_of_shares(shares, shares - 0.03, shares + 0.04, drawn)
    assert found == pytest.approx((0.7 - 0.03 / np.sqrt(2), 0.7 + 0.04 / np.sqrt(2)), abs=5e-4)
    # Shares that rise and fall together are no surer than one of them.
    same = mean_of_shares(shares, shares - 0.03, shares + 0.04, drawn[:, [0, 0]])
    assert same == pytest.approx((0.67, 0.74))
