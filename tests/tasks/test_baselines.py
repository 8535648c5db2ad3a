"""What needs no training of the backbone answers as scikit-learn's classifiers do, from training pictures alone."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.neighbors import NearestCentroid

from tests.graphs import make_answerable_run
from tlcore.backbones.catalogue import find
from tlcore.backbones.weights import weights_path
from tlcore.evaluation.files import read_features
from tlcore.evaluation.frozen_features import frozen_features
from tlcore.evaluation.run import NO_FEATURES, evaluate_run
from tlcore.files import sha256
from tlcore.inference.trunk import trunk_identity
from tlcore.items import Field
from tlcore.progress import drain
from tlcore.runs.items import decode
from tlcore.tasks.classification import LARGEST_CLASS, LINEAR_PROBE, NEAREST_MEAN
from tlcore.tasks.classification.baselines import guess
from tlcore.training.trunk_cache import TrunkCache


def blobs(rng, n, spread=1.0):
    labels = rng.integers(0, 4, n)
    middles = np.random.default_rng(9).normal(size=(4, 20))
    return (middles[labels] + spread * rng.normal(size=(n, 20))).astype(np.float16), labels


def test_the_nearest_mean_is_scikit_learns_nearest_centroid():
    rng = np.random.default_rng(0)
    train, labels = blobs(rng, 300, spread=2.0)
    test, true = blobs(rng, 200, spread=2.0)
    found = guess(train, labels, test, classes=4)
    reference = NearestCentroid().fit(train.astype(np.float64), labels).predict(test.astype(np.float64))
    assert (found.nearest_mean == reference).mean() > 0.99
    assert (found.linear_probe == true).mean() > 0.6
    assert found.learned_from == 300


def test_one_core_is_enough_for_the_baselines():
    features = np.random.default_rng(0).normal(size=(900, 600)).astype(np.float16)
    labels = np.arange(900) % 3
    guess(features, labels, features[:100], classes=3)  # what it imports is not meant
    of_all, of_this = time.process_time(), time.thread_time()
    guess(features, labels, features[:100], classes=3)
    of_all, of_this = time.process_time() - of_all, time.thread_time() - of_this
    assert of_all < 1.3 * of_this + 0.05, "threads that wait for each other spin"


def test_a_class_that_was_not_learnt_is_never_answered():
    rng = np.random.default_rng(1)
    train, labels = blobs(rng, 200)
    test, _ = blobs(rng, 100)
    kept = labels != 2
    found = guess(train[kept], labels[kept], test, classes=4)
    assert 2 not in found.nearest_mean
    assert 2 not in found.linear_probe
    alone = guess(train[labels == 1], labels[labels == 1], test, classes=4)
    assert alone.nearest_mean is None
    assert "two classes" in alone.note


@pytest.fixture
def run(workspace, tiny_dataset):
    return make_answerable_run(workspace, tiny_dataset)


def put_features(run, workspace):
    """Put features into the cache as training would have: the mean colour of each picture, spread over all numbers."""
    decoded, backbone = drain(decode(run, workspace), lambda step: None), find(run.config.backbone)
    colours = decoded.store.arrays["pixels"].mean(axis=(1, 2)) / 100
    features = colours @ np.random.default_rng(0).normal(size=(3, backbone.feature_length))
    weights = sha256(weights_path(backbone, workspace))
    identity = trunk_identity(backbone, weights, cut=len(backbone.blocks), input=run.config.input)
    boundary = (Field("features", features.shape[1:]),)
    cache = TrunkCache(workspace.cache, {**identity, "pictures": decoded.store.key}, len(features), boundary)
    drain(cache.build("plain", lambda rows: {"features": features[rows]}, at_once=8, threads=1), lambda step: None)
    return decoded, cache.read("plain")["features"]


def test_features_of_training_are_found_and_kept_with_the_run(run, workspace):
    decoded, rows = put_features(run, workspace)
    judged = evaluate_run(run, lambda step: None)
    kept, split = read_features(run.path), run.split()
    assert sorted(kept.items["sha256"]) == sorted(split.loc[split["split"] != "", "sha256"])
    places = [decoded.shas.index(sha) for sha in kept.items["sha256"]]
    assert np.array_equal(kept.rows, rows[places])
    assert judged.learned_from == int((split["split"] == "train").sum())
    assert judged.baseline(LINEAR_PROBE).value > judged.baseline(LARGEST_CLASS).value
    assert judged.baseline(NEAREST_MEAN).low < judged.baseline(NEAREST_MEAN).value
    assert NO_FEATURES not in judged.notes
    gain = judged.above_baselines[LINEAR_PROBE]
    assert gain.value == pytest.approx(judged.headline.value - judged.baseline(LINEAR_PROBE).value)
    assert gain.low <= gain.value <= gain.high
    # Judged again with an empty cache, it is the same.
    for path in workspace.cache.glob("trunk-*/*"):
        path.unlink()
    assert evaluate_run(run, lambda step: None) == judged


def test_where_there_are_no_features_it_is_said_and_the_rest_is_judged(run, workspace):
    assert drain(frozen_features(run, workspace), lambda step: None) is None
    judged = evaluate_run(run, lambda step: None)
    assert set(judged.baselines) == {LARGEST_CLASS}
    assert judged.notes[-1] == NO_FEATURES
