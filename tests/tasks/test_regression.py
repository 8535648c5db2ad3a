"""A number: metrics are scikit-learn's and SciPy's, and prediction intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score

from tlcore.tasks import find_task
from tlcore.tasks.regression.measures import figures as of_values


def test_metrics_of_numbers_are_scikit_learns_and_scipys():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(4)
    true = rng.normal(size=50).round(1)
    predicted = true + rng.normal(size=50)
    found = of_values(predicted, true)
    assert found["mae"] == pytest.approx(mean_absolute_error(true, predicted))
    assert found["r2"] == pytest.approx(r2_score(true, predicted))
    assert found["spearman"] == pytest.approx(spearmanr(true, predicted).statistic)


def test_prediction_intervals_hold_as_many_true_values_as_they_promise():
    rng, task = np.random.default_rng(5), find_task("regression")
    shares = []
    for _ in range(200):
        true, noise = rng.normal(size=(60, 1)), rng.normal(size=(60, 1))
        decision = task.decide(true[:30] + noise[:30], true[:30])
        answered = task.answers(true[30:] + noise[30:], (), decision)
        shares.append(task.right([repr(float(value)) for value in true[30:, 0]], answered).mean())
    assert np.mean(shares) == pytest.approx(0.9, abs=0.03)
