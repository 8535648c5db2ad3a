"""A picture unlike the training pictures is told by its distance to the nearest of them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from tlcore.inference.ood import MOST_KNOWN, learn_known, some_known


def clouds(n: int, seed: int, *, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Features of two classes, and where `shift` is not 0, of things that neither of them shows."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    features = rng.normal(scale=0.4, size=(n, 16)) + 1
    features[:, 0] += 2 * labels
    features[:, 5] += shift
    return features, labels


def test_the_score_is_scikit_learns_distance_to_the_nearest_over_the_limit():
    (train, _), (validation, _) = clouds(200, 0), clouds(100, 1)
    known = learn_known(train, validation)
    reference = NearestNeighbors(n_neighbors=1, metric="cosine").fit(train)
    distances = reference.kneighbors(clouds(50, 2)[0])[0][:, 0]
    limit = np.sort(reference.kneighbors(validation)[0][:, 0])[95]  # the 96th of 100: 0.95 * 101 is 95.95
    assert known.limit == pytest.approx(limit, abs=2e-4)
    assert np.allclose(known.unfamiliarity(clouds(50, 2)[0]) * known.limit, distances, atol=2e-4)


def test_a_familiar_picture_is_called_unfamiliar_in_at_most_one_of_twenty_cases():
    shares = []
    for seed in range(60):
        known = learn_known(clouds(100, 3 * seed)[0], clouds(39, 3 * seed + 1)[0])
        shares.append((known.unfamiliarity(clouds(200, 3 * seed + 2)[0]) > 1).mean())
    assert 0.02 < np.mean(shares) < 0.06


def test_what_was_never_shown_scores_higher():
    known = learn_known(clouds(200, 0)[0], clouds(100, 1)[0])
    own, strange = (known.unfamiliarity(clouds(100, 2, shift=shift)[0]) for shift in (0.0, 4.0))
    assert roc_auc_score(np.repeat([0, 1], 100), np.concatenate([own, strange])) > 0.99
    assert (strange > 1).mean() > 0.95


def test_of_many_pictures_each_class_keeps_its_share_and_a_rare_one_at_least_one():
    labels = np.array([0] * 3000 + [1] * 1000 + [2] * 2)
    rows = some_known(labels, seed=0)
    assert len(np.unique(rows)) == MOST_KNOWN
    kept = np.bincount(labels[rows], minlength=3)
    assert kept[2] >= 1
    assert kept[0] == pytest.approx(3 * kept[1], rel=0.02)


def test_copies_in_the_validation_part_do_not_make_the_limit_nothing():
    train, _ = clouds(30, 0)
    known = learn_known(train, train)
    assert known.limit > 0
    assert np.isfinite(known.unfamiliarity(np.zeros((1, 16)))).all()


def test_of_few_pictures_all_are_kept():
    assert some_known(np.arange(7) % 2, seed=3).tolist() == list(range(7))
