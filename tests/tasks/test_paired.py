"""Two models on the same pictures: the tests agree with the binomial distribution, and promise what they keep."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from tlcore.tasks.paired import corrected, difference, mcnemar, paired_test


def answers(both, only_first, only_second, neither):
    """Two models' right answers, by how often which of them is right."""
    counts = (both, only_first, only_second, neither)
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def test_mcnemar_is_the_binomial_test():
    # The worked example of statsmodels' documentation of mcnemar(exact=True): 121 and 59, two-sided.
    assert mcnemar(121, 59) == pytest.approx(4.4344e-06, rel=1e-4)
    for few, many in [(0, 0), (3, 3), (1, 8), (0, 5), (12, 20)]:
        expected = binomtest(few, few + many).pvalue if few + many else 1.0
        assert mcnemar(few, many) == mcnemar(many, few) == pytest.approx(expected)


def test_each_picture_alone_is_mcnemars_test():
    first, second = answers(50, 9, 2, 10)
    assert paired_test(first, second, np.arange(71)) == pytest.approx(mcnemar(9, 2))


@pytest.mark.parametrize("groups", [8, 20])
def test_groups_of_one_opinion_count_once(groups):
    # Each group has five pictures, and all of them go to one of the models; two groups go to the first.
    side = np.arange(groups) < 2
    first, second = np.repeat(side, 5), np.repeat(~side, 5)
    units = np.repeat(np.arange(groups), 5)
    assert paired_test(first, second, units) == pytest.approx(mcnemar(2, groups - 2), rel=0.3)
    assert paired_test(first, second, np.arange(5 * groups)) < 0.01 * paired_test(first, second, units)


def test_models_that_agree_are_not_told_apart():
    first, _ = answers(30, 0, 0, 10)
    assert paired_test(first, first, np.repeat(np.arange(20), 2)) == 1.0
    assert paired_test(first, first, np.arange(40)) == 1.0


def test_the_difference_is_bonett_and_prices():
    first, second = answers(40, 8, 20, 32)
    found = difference(first, second, np.arange(100))
    # By hand: (21 − 9) / 102 ± 1.96 √((30/102 − (12/102)²) / 102) = 0.117647 ± 1.959964 · 0.0524196
    assert found.value == pytest.approx(0.12)
    assert (found.low, found.high) == pytest.approx((0.0149065, 0.2203877), abs=1e-6)


def test_the_interval_of_the_difference_holds_it_with_and_without_groups():
    rng, held = np.random.default_rng(0), np.zeros(2)
    for _ in range(400):
        for which, together in enumerate((1, 5)):
            kinds = rng.choice(4, 100 // together, p=(0.6, 0.05, 0.15, 0.2)).repeat(together)
            first, second = np.isin(kinds, (0, 1)), np.isin(kinds, (0, 2))
            found = difference(first, second, np.arange(100) // together)
            held[which] += found.low <= 0.1 <= found.high
    assert (held / 400 > 0.92).all(), held / 400


def test_equal_models_are_called_different_no_more_often_than_promised():
    rng, called = np.random.default_rng(1), 0
    for _ in range(400):
        groups = rng.choice(4, 13, p=(0.4, 0.25, 0.25, 0.1)).repeat(4)
        first, second = np.isin(groups, (0, 1)), np.isin(groups, (0, 2))
        called += paired_test(first, second, np.arange(52) // 4) < 0.05
    assert called <= 0.07 * 400


def test_many_tests_are_corrected_as_benjamini_and_hochberg_do():
    # Their example of 1995 (section 3.2): four of these fifteen stay below 0.05.
    small = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    probabilities = np.array([*small, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0])
    assert int((corrected(probabilities) < 0.05).sum()) == 4
    assert len(corrected(np.empty(0))) == 0
