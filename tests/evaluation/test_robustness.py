"""Distortions grow with their strength, and what they cost is counted for the model and the frozen backbone alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import normalize

from tlcore.evaluation.embedding_map import choose, draw_map
from tlcore.evaluation.frozen_baseline import NearestMean
from tlcore.evaluation.robustness import try_distortions
from tlcore.intervals import wilson
from tlcore.modalities.image.atlas import TILE, atlas_across, blank_atlas, put_tile
from tlcore.modalities.image.corruptions import DISTORTIONS, Distortion
from tlcore.progress import drain

SIDE = 112


def _dim(item, percent, seed):
    return (item * (percent / 100)).astype(np.uint8)


@pytest.fixture(scope="module")
def scene():
    """A smooth picture with an edge, neither dark nor bright."""
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    waves = 110 + 50 * np.sin(7 * down + 3 * across) + 30 * (across > 0.6)
    return np.stack([waves, waves * 0.8, waves * 0.6], axis=-1).round().astype(np.uint8)


@pytest.mark.parametrize("kind", DISTORTIONS, ids=lambda kind: kind.key)
def test_every_distortion_has_five_strengths_that_grow(kind, scene):
    assert len(kind.strengths) == 5
    farther = [np.abs(kind.distort(scene, strength, 1).astype(int) - scene).mean() for strength in kind.strengths]
    assert farther[0] > 0
    assert farther == sorted(farther)
    made = kind.distort(scene, kind.strengths[-1], 1)
    assert made.shape == scene.shape
    assert made.dtype == np.uint8
    assert np.array_equal(made, kind.distort(scene, kind.strengths[-1], 1))


def test_a_distortion_of_nothing_changes_nothing(scene):
    kinds = {kind.key: kind for kind in DISTORTIONS}
    for key, nothing in {"rotation": 0, "larger": 100, "smaller": 100, "darker": 100, "noise": 0, "blur": 0}.items():
        assert np.array_equal(kinds[key].distort(scene, nothing, 0), scene), key


def test_turned_and_smaller_pictures_have_no_black_corners(scene):
    kinds = {kind.key: kind for kind in DISTORTIONS}
    for key in ("rotation", "smaller"):
        for strength in kinds[key].strengths:
            assert kinds[key].distort(scene, strength, 0).min() > 0.5 * scene.min()


def test_a_smaller_picture_is_itself_in_the_middle(scene):
    (smaller,) = (kind for kind in DISTORTIONS if kind.key == "smaller")
    made = smaller.distort(scene, 50, 0)
    middle = made[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4].astype(int)
    assert np.abs(middle - scene.reshape(SIDE // 2, 2, SIDE // 2, 2, 3).mean(axis=(1, 3))).mean() < 4


def test_the_nearest_mean_answers_as_scikit_learn_does():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 80)
    features = (rng.normal(size=(80, 12)) + np.eye(12)[labels] * 2).astype(np.float32)
    asked = rng.normal(size=(40, 12)).astype(np.float32)
    reference = NearestCentroid().fit(normalize(features), labels)
    ours = NearestMean.of(features, labels, classes=4)
    assert np.array_equal(ours.answer(asked), reference.predict(normalize(asked)))


def test_a_class_without_training_pictures_is_never_answered():
    features = np.eye(3, dtype=np.float32)[[0, 2, 0, 2]]
    means = NearestMean.of(features, np.array([0, 2, 0, 2]), classes=3)
    assert set(means.answer(np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32))) <= {0, 2}


def test_what_a_distortion_costs_is_counted():
    # The model calls a picture 1 where it is bright; the rival never is wrong. Half of the pictures are bright.
    pixels = np.stack([np.full((8, 8, 3), value, np.uint8) for value in [60] * 6 + [200] * 6])
    labels = np.array([0] * 6 + [1] * 6)
    dimmer = Distortion("dim", "Less light", "%", (80, 40), _dim)

    def both(items):
        for place, item in enumerate(items):
            yield int(item.mean() > 120), int(labels[place % 12])

    steps = []
    found = drain(try_distortions(pixels, labels, both, baseline_says="…", kinds=[dimmer]), steps.append)
    (curve,) = found.curves
    assert found.n == 12
    assert (found.model.value, found.baseline.value) == (1.0, 1.0)
    assert [share.value for share in curve.model] == [1.0, 0.5]
    assert [share.value for share in curve.baseline] == [1.0, 1.0]
    assert (curve.model[1].low, curve.model[1].high) == wilson(6, 12)
    assert "Less light at 40 %: 50% right instead of 100%" in found.says[0]
    assert "lean on what this distortion takes away" in found.says[0]


def test_a_model_that_stands_everything_is_said_to():
    pixels, labels = np.zeros((4, 8, 8, 3), np.uint8), np.zeros(4, np.int64)
    found = drain(
        try_distortions(
            pixels, labels, lambda items: ((0, 0) for _ in items), baseline_says="…", kinds=DISTORTIONS[:1]
        ),
        lambda step: None,
    )
    assert found.says == (
        "At middle strength no distortion lowers the accuracy beyond what so few pictures can tell from chance.",
    )


def test_the_map_keeps_heaps_apart_and_is_always_the_same():
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2], 15)
    features = (np.eye(20)[kind] * 3 + rng.normal(0, 0.2, (45, 20))).astype(np.float32)
    drawn = draw_map(features)
    middles = drawn.groupby(kind)[["x", "y"]].mean().to_numpy()
    away = np.linalg.norm(drawn[["x", "y"]].to_numpy()[:, None] - middles[None], axis=2)
    assert np.array_equal(away.argmin(axis=1), kind)
    pd.testing.assert_frame_equal(drawn, draw_map(features))
    reference = PCA(2, random_state=0).fit_transform(normalize(features))
    assert np.allclose(np.abs(drawn[["pca_x", "pca_y"]].to_numpy()), np.abs(reference), atol=1e-4)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_a_map_of_hardly_any_pictures_is_drawn(n):
    drawn = draw_map(np.random.default_rng(0).normal(size=(n, 6)).astype(np.float32))
    assert len(drawn) == n
    assert np.isfinite(drawn.to_numpy()).all()


def test_the_atlas_has_a_tile_for_each_picture_in_its_order():
    atlas = blank_atlas(7)
    for place in range(7):
        put_tile(atlas, place, np.full((60, 60, 3), 10 * place, np.uint8))
    assert atlas.size == (3 * TILE, 3 * TILE)
    assert atlas_across(7) == 3
    tiles = [atlas.getpixel((place % 3 * TILE + 5, place // 3 * TILE + 5))[0] for place in range(7)]
    assert tiles == [10 * place for place in range(7)]


def test_pictures_that_are_all_alike_make_a_map():
    assert np.isfinite(draw_map(np.ones((8, 5), np.float32)).to_numpy()).all()


def test_the_map_leaves_out_what_is_no_test_picture_first():
    split = pd.DataFrame({"sha256": [f"{n:03d}" for n in range(100)], "split": ["train"] * 80 + ["test"] * 20})
    for most, tested in ((30, 20), (10, 8), (90, 20)):
        some = choose(split, most=most)
        assert len(set(some["sha256"])) == len(some) == most
        assert (some["split"] == "test").sum() == tested
    assert (choose(split[split["split"] == "test"], most=15)["split"] == "test").sum() == 15
    assert list(choose(split)["sha256"]) == list(split["sha256"])
