"""The probe is asked only about what it has not learnt from, and its curve says how much more would help."""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import average_precision_score

from tlcore.health.curve import _fit, learning_curve
from tlcore.health.labels import label_findings, label_quality
from tlcore.health.probe import deal, learn, principal_axes, probe


@pytest.fixture(scope="module")
def clouds():
    """Three clouds in 32 dimensions: features and labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=240)
    return (rng.normal(size=(240, 32)) + 1.2 * rng.normal(size=(3, 32))[labels]).astype(np.float32), labels


def test_a_group_is_never_on_two_sides_of_a_fold():
    rng = np.random.default_rng(1)
    labels, groups = rng.integers(3, size=200), rng.integers(40, size=200)
    folds = deal(labels, seed=0, groups=groups)
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    assert set(folds) == set(range(5))


def test_each_fold_has_its_share_of_each_class():
    labels = np.repeat([0, 1], [50, 10])
    folds = deal(labels, seed=0)
    assert all((labels[folds == fold] == 1).sum() == 2 for fold in range(5))


def test_a_probe_knows_nothing_of_labels_that_are_chance(clouds):
    features, _ = clouds
    labels = np.random.default_rng(2).integers(2, size=len(features))
    assert probe(features, labels, classes=2).accuracy < 0.62


def test_copies_do_not_let_the_probe_look():
    rng = np.random.default_rng(2)
    features, labels = rng.normal(size=(120, 200)), rng.integers(2, size=120)
    twice, both = np.concatenate([features] * 2), np.concatenate([labels] * 2)
    assert probe(twice, both, classes=2).accuracy > 0.75
    assert probe(twice, both, classes=2, groups=np.tile(np.arange(120), 2)).accuracy < 0.65


def test_a_class_without_pictures_is_never_the_answer(clouds):
    features, labels = clouds
    head = learn(features, np.where(labels == 2, 3, labels), classes=5)
    chances = head.probabilities(features)
    assert chances[:, [2, 4]].max() == 0
    assert np.allclose(chances.sum(axis=1), 1)
    assert (chances.argmax(axis=1) == np.where(labels == 2, 3, labels)).mean() > 0.9


def test_one_picture_of_each_class_is_too_few_to_ask():
    assert probe(np.eye(4, dtype=np.float32), np.arange(4), classes=4) is None


def test_axes_keep_the_distances(clouds):
    features, _ = clouds
    turned = principal_axes(features)(features)
    before = np.linalg.norm(features[:1] - features[1:], axis=1)
    after = np.linalg.norm(turned[:1] - turned[1:], axis=1)
    assert np.allclose(after / after[0], before / before[0], rtol=1e-3)


def test_wrong_labels_are_ranked_as_cleanlab_ranks_them(clouds):
    import pandas as pd

    features, labels = clouds
    rng = np.random.default_rng(5)
    wrong = rng.permutation(len(labels))[:12]
    given = labels.copy()
    given[wrong] = (given[wrong] + 1) % 3
    planted = np.isin(np.arange(len(labels)), wrong)
    asked = probe(features, given, classes=4)
    ours = average_precision_score(planted, 1 - label_quality(asked.probabilities, given))
    theirs = average_precision_score(planted, 1 - get_label_quality_scores(given, asked.probabilities[:, :3]))
    assert ours >= theirs
    items = pd.DataFrame({"sha256": [f"{row}" for row in range(240)], "source": [f"{row}.png" for row in range(240)]})
    findings = label_findings(items, asked.probabilities, given, ("a", "b", "c", "never"))
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
    assert [point.pictures for point in curve.whole.points] == sorted(point.pictures for point in curve.whole.points)
    assert all(at.low <= at.accuracy <= at.high for at in curve.whole.fitted)
    assert max(at.pictures for at in curve.whole.fitted) == 4 * len(labels)
    chance = np.random.default_rng(9).integers(3, size=len(labels))
    hopeless = learning_curve(features, chance, ("a", "b", "c"), strength=0.01, groups=None)
    assert hopeless.whole.points[-1].accuracy < 0.5
    assert "hardly help" in hopeless.whole.says or hopeless.whole.fitted[-1].low < 0.5


def test_few_pictures_say_nothing_about_more():
    rng = np.random.default_rng(0)
    assert learning_curve(rng.normal(size=(12, 4)), np.arange(12) % 2, ("a", "b"), strength=0.1, groups=None) is None
