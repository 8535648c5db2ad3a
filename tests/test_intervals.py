"""Intervals agree with worked examples and hold what they promise in simulations."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, mean_absolute_error

from tlcore.intervals import (
    bootstrap_t,
    grouped_wilson,
    interval,
    interval_of_mean_share,
    interval_of_means,
    percentiles,
    student,
    wilson,
)


def test_a_share_of_groups_that_tell_no_less_is_wilsons_but_for_students_t():
    low, high = grouped_wilson(0.8, 100, variance=0.8 * 0.2 / 100, groups=100)
    assert (low, high) == pytest.approx(wilson(80, 100), abs=0.002)
    # Twice the variance is half the pictures.
    effective = 50 * (1.959964 / student(100)) ** 2
    assert grouped_wilson(0.8, 100, variance=2 * 0.8 * 0.2 / 100, groups=100) == pytest.approx(
        wilson(0.8 * effective, effective)
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
    found = interval_of_mean_share(shares, shares - 0.03, shares + 0.04, drawn)
    assert found == pytest.approx((0.7 - 0.03 / np.sqrt(2), 0.7 + 0.04 / np.sqrt(2)), abs=5e-4)
    # Shares that rise and fall together are no surer than one of them.
    same = interval_of_mean_share(shares, shares - 0.03, shares + 0.04, drawn[:, [0, 0]])
    assert same == pytest.approx((0.67, 0.74))


def errors(rng, n, *, together=1):
    """True numbers and answers; of each group all answers are wrong by nearly the same."""
    groups = np.repeat(np.arange(n // together), together)
    true = rng.normal(size=n)
    return true, true + rng.normal(size=n // together)[groups] + 0.1 * rng.normal(size=n), groups


@pytest.mark.parametrize("together", [1, 4])
def test_the_bootstrap_of_any_metric_holds_the_true_value_as_often_as_it_promises(together):
    rng, held, repeats = np.random.default_rng(0), 0, 150
    truth = np.sqrt(1 + 0.1**2)
    for _ in range(repeats):
        true, said, groups = errors(rng, 60 * together, together=together)
        squares = (true - said) ** 2
        low, high = interval(lambda drawn, each=squares: np.sqrt(drawn @ each / drawn.sum(axis=1)), groups, counts=True)
        held += low <= truth <= high
    # 95 % of 150 has a standard error of 1.8 points.
    assert held >= 0.90 * repeats


def test_a_metric_of_rows_and_one_of_counts_have_the_same_interval():
    true, said, groups = errors(np.random.default_rng(1), 80, together=4)
    gaps = np.abs(true - said)
    by_rows = interval(lambda rows: mean_absolute_error(true[rows], said[rows]), groups, resamples=200)
    by_counts = interval(lambda drawn: drawn @ gaps / drawn.sum(axis=1), groups, counts=True, resamples=200)
    assert by_rows == pytest.approx(by_counts)
    assert by_rows[0] < gaps.mean() < by_rows[1]
    assert interval(lambda rows: gaps[rows].mean(), groups, resamples=200, seed=1) != pytest.approx(by_rows)


def test_items_that_belong_together_make_the_interval_wider_and_a_lower_level_narrower():
    true, said, groups = errors(np.random.default_rng(2), 80, together=4)
    gaps = np.abs(true - said)

    def width(groups, **more):
        low, high = interval(lambda rows: gaps[rows].mean(), groups, **more)
        return high - low

    assert width(groups) > 1.5 * width(80)
    assert width(80, level=0.8) < 0.8 * width(80)
    # The names of groups do not matter.
    assert width(np.array([f"{group:03}" for group in groups])) == width(groups)


def test_a_resample_without_a_value_is_left_out():
    true = np.array([1, 1, 0, 0, 0, 0, 0, 0])
    scores = np.array([0.9, 0.4, 0.5, 0.3, 0.3, 0.2, 0.2, 0.1])

    def precision(rows):
        return average_precision_score(true[rows], scores[rows]) if true[rows].any() else np.nan

    low, high = interval(precision, 8, within=(0.0, 1.0), resamples=200)
    assert 0 < low < 0.9
    assert high == 1.0
    assert interval(lambda rows: np.nan, 8, within=(0.0, 1.0), resamples=20) == (0.0, 1.0)


def test_one_group_alone_says_nothing_of_any_metric():
    assert interval(lambda rows: 0.5, np.zeros(9, int), within=(0.0, 1.0)) == (0.0, 1.0)
    lows, highs = interval_of_means(np.ones((9, 2)), np.zeros(9, int), within=(0.0, 2.0))
    assert lows.tolist() == [0, 0]
    assert highs.tolist() == [2, 2]


def test_a_mean_with_a_long_tail_reaches_further_up_than_down():
    rng = np.random.default_rng(3)
    values = np.column_stack([rng.exponential(size=60) ** 2, rng.normal(size=60)])
    lows, highs = interval_of_means(values, 60, within=(-10.0, 100.0))
    up, down = highs - values.mean(axis=0), values.mean(axis=0) - lows
    assert up[0] > 1.5 * down[0]
    assert up[1] == pytest.approx(down[1], rel=0.2)
