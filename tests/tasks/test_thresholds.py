"""Thresholds and answers that cost the least, against hand-worked examples and trying every one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlcore.errors import DataError
from tlcore.tasks.classification.thresholds import (
    NOT_SURE,
    best_threshold,
    cheapest,
    class_thresholds,
    mean_cost,
    outcome,
)


def cost(threshold: float, chances: np.ndarray, of_class: np.ndarray, ratio: float) -> float:
    found = outcome(chances >= threshold, of_class)
    return ratio * found.misses + found.alarms


def test_a_hand_worked_threshold():
    chances = np.array([0.9, 0.6, 0.4, 0.3, 0.2, 0.1])
    defect = np.array([True, False, False, True, False, False])
    # A miss that costs one alarm: only the first counts (cost 1), so between 0.6 and 0.9; 0.75 is in the middle.
    assert best_threshold(chances, defect, ratio=1) == pytest.approx(0.75)
    # A miss that costs ten: the fourth must count too, for two alarms; from 0.2 to 0.3, the middle as 1/11 is outside.
    assert best_threshold(chances, defect, ratio=10) == pytest.approx(0.25)
    # Where the theory's threshold is as good as any, it is taken.
    assert best_threshold(np.array([0.9, 0.02]), np.array([True, False]), ratio=4) == pytest.approx(1 / 5)
    # One miss (from 0.3 to 0.6) or one alarm (from 0.1 to 0.25): as cheap, and 0.5 is what theory says.
    chances, defect = np.array([0.6, 0.3, 0.25, 0.1]), np.array([True, False, True, False])
    assert best_threshold(chances, defect, ratio=1) == pytest.approx(0.5)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.8, 1.0]), st.booleans()), min_size=1, max_size=12),
    st.sampled_from([0.2, 1.0, 10.0]),
)
def test_no_other_threshold_is_cheaper(items, ratio):
    chances = np.array([chance for chance, _ in items])
    of_class = np.array([is_one for _, is_one in items])
    found = best_threshold(chances, of_class, ratio=ratio)
    if of_class.any() and not of_class.all():
        every = [0.0, *(np.array([0.0, 0.1, 0.25, 0.5, 0.8, 1.0]) + 1e-6)]
        least = min(cost(threshold, chances, of_class, ratio) for threshold in every)
        assert cost(found, chances, of_class, ratio) == pytest.approx(least)
    else:
        assert found == pytest.approx(1 / (1 + ratio))


def test_every_class_has_its_thresholds_and_what_they_do_to_the_test_pictures():
    validation = (np.array([[0.8, 0.2], [0.7, 0.3], [0.4, 0.6], [0.35, 0.65]]), np.array([0, 1, 0, 1]))
    test = (np.array([[0.9, 0.1], [0.32, 0.68], [0.45, 0.55], [0.1, 0.9]]), np.array([0, 1, 0, 1]))
    found = {(each.label, each.ratio): each for each in class_thresholds(validation, test, ("ok", "defect"))}
    defect = found["defect", 10.0]
    # All from 0.3 on count: no defect is missed, one alarm on validation; on test the one at 0.55.
    assert 0.2 < defect.threshold <= 0.3
    assert (defect.validation.misses, defect.validation.alarms) == (0, 1)
    assert (defect.test.misses, defect.test.alarms) == (0, 1)
    assert (defect.usual.misses, defect.usual.alarms, defect.usual.n) == (0, 1, 4)
    assert set(found) == {(label, ratio) for label in ("ok", "defect") for ratio in (1.0, 10.0)}


def test_the_cheapest_answer_and_when_it_is_cheaper_to_ask():
    chances = np.array([[0.95, 0.05], [0.85, 0.15], [0.5, 0.5]])
    costs = np.array([[0.0, 1.0], [10.0, 0.0]])  # a missed defect costs ten false alarms
    assert cheapest(chances, costs).tolist() == [0, 1, 1]
    # Expected: 0.5 (say ok), 0.85 and 0.5 (say defect).
    assert cheapest(chances, costs, asking=0.6).tolist() == [0, NOT_SURE, 1]
    labels = np.array([1, 0, 0])
    assert mean_cost(cheapest(chances, costs), labels, costs) == pytest.approx((10 + 1 + 1) / 3)
    assert mean_cost(np.array([NOT_SURE, 0, 0]), labels, costs, asking=0.6) == pytest.approx(0.2)
    assert mean_cost(np.empty(0, int), np.empty(0, int), costs) == 0


@pytest.mark.parametrize("costs", [np.zeros((3, 3)), np.array([[0.0, -1.0], [1.0, 0.0]]), np.full((2, 2), np.nan)])
def test_costs_that_are_none_are_refused_in_a_sentence(costs):
    with pytest.raises(DataError, match="A cost of 0 or more is needed for each of 2 true classes"):
        cheapest(np.array([[0.5, 0.5]]), costs)
