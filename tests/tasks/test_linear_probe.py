"""The linear probe answers with a class, several labels or a number, and is asked about what it has not learnt from."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tlcore.tasks.linear_probe import STRENGTHS, LinearProbe, cross_validate, deal, principal_axes


def accuracy(found, labels) -> float:
    return float((found.outputs.argmax(axis=1) == labels).mean())


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
    assert accuracy(cross_validate(features, labels, classes=2), labels) < 0.62


def test_copies_do_not_let_the_probe_look():
    rng = np.random.default_rng(2)
    features, labels = rng.normal(size=(120, 200)), rng.integers(2, size=120)
    twice, both = np.concatenate([features] * 2), np.concatenate([labels] * 2)
    assert accuracy(cross_validate(twice, both, classes=2), both) > 0.75
    groups = np.tile(np.arange(120), 2)
    assert accuracy(cross_validate(twice, both, classes=2, groups=groups), both) < 0.65


def test_a_class_without_pictures_is_never_the_answer(clouds):
    features, labels = clouds
    turned = principal_axes(features)(features)
    chances = LinearProbe.fit(turned, np.where(labels == 2, 3, labels), classes=5).predict(turned)
    assert chances[:, [2, 4]].max() == 0
    assert np.allclose(chances.sum(axis=1), 1)
    assert (chances.argmax(axis=1) == np.where(labels == 2, 3, labels)).mean() > 0.9


def test_one_picture_of_each_class_is_too_few_to_ask():
    assert cross_validate(np.eye(4, dtype=np.float32), np.arange(4), classes=4) is None


def test_axes_keep_the_distances(clouds):
    features, _ = clouds
    turned = principal_axes(features)(features)
    before = np.linalg.norm(features[:1] - features[1:], axis=1)
    after = np.linalg.norm(turned[:1] - turned[1:], axis=1)
    assert np.allclose(after / after[0], before / before[0], rtol=1e-3)


def test_several_labels_are_learnt_each_for_itself(clouds):
    features, labels = clouds
    turned = principal_axes(features)(features)
    targets = np.column_stack([labels == 0, labels != 1, np.zeros(240), np.ones(240)]).astype(int)
    found = cross_validate(turned, targets, answers="labels").predictions
    assert found.shape == (240, 4)
    assert ((found[:, :2] > 0.5) == targets[:, :2]).mean(axis=0).min() > 0.9
    # Nothing but the share is known of a label that all or none have.
    assert found[:, 2].max() < 0.01
    assert found[:, 3].min() > 0.99


def test_rows_of_a_rare_label_are_shared_out_among_the_folds():
    targets = np.zeros((50, 2), int)
    targets[:, 0], targets[:2, 1] = 1, 1
    near = np.zeros((50, 3))
    near[:2, 0] = 5
    for seed in range(12):
        found = cross_validate(near, targets, answers="labels", seed=seed).predictions
        assert found[:2, 1].min() > found[2:, 1].max()  # each was judged by a probe that knew the other one


def test_a_number_is_scikit_learns_ridge_in_its_own_unit(clouds):
    features, _ = clouds
    turned = principal_axes(features)(features)
    numbers = 500 + 20.0 * features[:, 0] + np.random.default_rng(1).normal(size=240)
    found = LinearProbe.fit(turned, numbers, answers="number", strength=0.1).predict(turned)
    np.testing.assert_allclose(found, Ridge(alpha=10).fit(turned, numbers).predict(turned), rtol=1e-4)
    asked = cross_validate(turned, numbers, answers="number")
    assert asked.strength == STRENGTHS[-1]
    assert asked.predictions.shape == (240,)
    assert np.abs(asked.predictions - numbers).mean() < 0.3 * np.abs(numbers - np.median(numbers)).mean()
    chance = np.random.default_rng(2).normal(size=240)
    asked = cross_validate(turned, chance, answers="number")
    assert asked.strength == STRENGTHS[0]
    assert ((asked.predictions - chance) ** 2).mean() > 0.9 * chance.var()
