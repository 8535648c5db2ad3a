"""Wrong labels are found by a probe that has not seen them, and its curve says how much more would help."""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import average_precision_score

from tlcore.health.curve import _fit, learning_curve
from tlcore.health.labels import label_findings, label_quality
from tlcore.tasks.linear_probe import cross_validate


@pytest.fixture(scope="module")
def clouds():
    """Three clouds in 32 dimensions: features and labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=240)
    return (rng.normal(size=(240, 32)) + 1.2 * rng.normal(size=(3, 32))[labels]).astype(np.float32), labels


def test_wrong_labels_are_ranked_as_cleanlab_ranks_them(clouds):
    import pandas as pd

    features, labels = clouds
    rng = np.random.default_rng(5)
    wrong = rng.permutation(len(labels))[:12]
    given = labels.copy()
    given[wrong] = (given[wrong] + 1) % 3
    planted = np.isin(np.arange(len(labels)), wrong)
    asked = cross_validate(features, given, classes=4)
    ours = average_precision_score(planted, 1 - label_quality(asked.predictions, given))
    theirs = average_precision_score(planted, 1 - get_label_quality_scores(given, asked.predictions[:, :3]))
    assert ours >= theirs
    items = pd.DataFrame({"sha256": [f"{row}" for row in range(240)], "source": [f"{row}.png" for row in range(240)]})
    findings = label_findings(items, asked.predictions, given, ("a", "b", "c", "never"))
    found = {int(finding.items[0]) for finding in findings}
    assert len(found & set(wrong)) >= 10
    best = max(findings, key=lambda finding: finding.score)
    row = int(best.items[0])
    assert best.suggested == {str(row): "abc"[labels[row]]}


def test_the_curve_finds_the_law_that_made_it():
    sizes = np.array([20.0, 40, 80, 160, 320])
    floor, drop, rate = _fit(sizes, np.array([0.1 + 2 * sizes**-0.7, 3 * sizes**-0.5]))
    assert np.allclose([floor[0], drop[0], rate[0]], [0.1, 2, 0.7], atol=0.02)
    assert np.allclose([floor[1], drop[1], rate[1]], [0, 3, 0.5], atol=0.02)


def test_a_curve_promises_more_where_more_helps(clouds):
    features, labels = clouds
    curve = learning_curve(features, labels, ("a", "b", "c"), strength=0.01, groups=None)
    assert set(curve.classes) == {"a", "b", "c"}
    assert [point.items for point in curve.whole.points] == sorted(point.items for point in curve.whole.points)
    assert all(at.low <= at.accuracy <= at.high for at in curve.whole.fitted)
    assert max(at.items for at in curve.whole.fitted) == 4 * len(labels)
    chance = np.random.default_rng(9).integers(3, size=len(labels))
    hopeless = learning_curve(features, chance, ("a", "b", "c"), strength=0.01, groups=None)
    assert hopeless.whole.points[-1].accuracy < 0.5
    assert "hardly help" in hopeless.whole.says or hopeless.whole.fitted[-1].low < 0.5


def test_few_pictures_say_nothing_about_more():
    rng = np.random.default_rng(0)
    assert learning_curve(rng.normal(size=(12, 4)), np.arange(12) % 2, ("a", "b"), strength=0.1, groups=None) is None
