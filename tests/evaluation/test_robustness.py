"""Distortions grow with their strength, and what they cost is counted for the model and the frozen backbone alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.preprocessing import normalize

from tlcore.evaluation.embedding_map import choose, draw_map
from tlcore.evaluation.robustness import Asked, try_corruptions
from tlcore.intervals import wilson
from tlcore.modalities.analysis import Corruption, mosaic_across
from tlcore.modalities.image.explain.corruptions import CORRUPTIONS
from tlcore.modalities.image.explain.mosaic import TILE, write_mosaic
from tlcore.modalities.modality import Noun
from tlcore.progress import drain
from tlcore.tasks import find_task

SIDE = 112


def _dim(item, percent, seed):
    return (item * (percent / 100)).astype(np.uint8)


@pytest.fixture(scope="module")
def scene():
    """A smooth picture with an edge, neither dark nor bright."""
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    waves = 110 + 50 * np.sin(7 * down + 3 * across) + 30 * (across > 0.6)
    return np.stack([waves, waves * 0.8, waves * 0.6], axis=-1).round().astype(np.uint8)


@pytest.mark.parametrize("kind", CORRUPTIONS, ids=lambda kind: kind.key)
def test_every_corruption_has_five_strengths_that_grow(kind, scene):
    assert len(kind.strengths) == 5
    farther = [np.abs(kind.corrupt(scene, strength, 1).astype(int) - scene).mean() for strength in kind.strengths]
    assert farther[0] > 0
    assert farther == sorted(farther)
    made = kind.corrupt(scene, kind.strengths[-1], 1)
    assert made.shape == scene.shape
    assert made.dtype == np.uint8
    assert np.array_equal(made, kind.corrupt(scene, kind.strengths[-1], 1))


def test_a_corruption_of_nothing_changes_nothing(scene):
    kinds = {kind.key: kind for kind in CORRUPTIONS}
    for key, nothing in {"rotation": 0, "larger": 100, "smaller": 100, "darker": 100, "noise": 0, "blur": 0}.items():
        assert np.array_equal(kinds[key].corrupt(scene, nothing, 0), scene), key


def test_turned_and_smaller_pictures_have_no_black_corners(scene):
    kinds = {kind.key: kind for kind in CORRUPTIONS}
    for key in ("rotation", "smaller"):
        for strength in kinds[key].strengths:
            assert kinds[key].corrupt(scene, strength, 0).min() > 0.5 * scene.min()


def test_a_smaller_picture_is_itself_in_the_middle(scene):
    (smaller,) = (kind for kind in CORRUPTIONS if kind.key == "smaller")
    made = smaller.corrupt(scene, 50, 0)
    middle = made[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4].astype(int)
    assert np.abs(middle - scene.reshape(SIDE // 2, 2, SIDE // 2, 2, 3).mean(axis=(1, 3))).mean() < 4


PICTURES = Noun("picture", "pictures")


def test_what_a_corruption_costs_is_counted():
    # The model calls a picture 1 where it is bright; the baseline never is wrong. Half of the pictures are bright.
    pixels = np.stack([np.full((8, 8, 3), value, np.uint8) for value in [60] * 6 + [200] * 6])
    labels = np.array([0] * 6 + [1] * 6)
    dimmer = Corruption("dim", "Less light", "%", (80, 40), _dim)

    def both(items):
        for place, item in enumerate(items):
            yield np.eye(2)[int(item.mean() > 120)], np.eye(2)[labels[place % 12]]

    asked = Asked(pixels, labels, None, find_task("classification"), PICTURES)
    found = drain(try_corruptions(asked, both, [dimmer], baseline_says="…"), lambda step: None)
    (curve,) = found.curves
    assert (found.n, found.metric) == (12, "accuracy")
    assert (found.model.value, found.baseline.value) == (1.0, 1.0)
    assert [share.value for share in curve.model] == [1.0, 0.5]
    assert [share.value for share in curve.baseline] == [1.0, 1.0]
    assert (curve.model[1].low, curve.model[1].high) == wilson(6, 12)
    assert "Less light at 40 %: accuracy 50.0 % instead of 100.0 %" in found.says[0]
    assert "lean on what this corruption takes away" in found.says[0]


def test_what_a_corruption_costs_a_number_is_told_in_its_unit():
    # The model reads the brightness; the baseline is always off by 5.
    values = np.linspace(50, 150, 12)
    pixels = np.stack([np.full((8, 8, 3), round(value), np.uint8) for value in values])

    def both(items):
        for place, item in enumerate(items):
            yield np.array([item.mean()]), np.array([values[place % 12] + 5])

    asked = Asked(pixels, values[:, None], None, find_task("regression"), PICTURES, "lux")
    dimmer = Corruption("dim", "Less light", "%", (80, 50), _dim)
    found = drain(try_corruptions(asked, both, [dimmer], baseline_says="…"), lambda step: None)
    (curve,) = found.curves
    assert (found.task, found.metric, found.unit) == ("regression", "mae", "lux")
    assert found.model.value < 0.5
    assert curve.model[1].value == pytest.approx(50, abs=0.5)
    assert [figure.value for figure in curve.baseline] == pytest.approx([5, 5])
    assert "MAE" in found.says[0]
    assert "lux" in found.says[0]
    assert "lean on" in found.says[0]


def test_several_labels_are_measured_by_their_ranking():
    rng = np.random.default_rng(0)
    true = (rng.random((12, 3)) < 0.5).astype(int)
    pixels = np.stack([np.full((8, 8, 3), place, np.uint8) for place in range(12)])
    blank = Corruption("blank", "Nothing left", "%", (50, 100), lambda item, strength, seed: item * 0)

    def both(items):
        for place, item in enumerate(items):
            seen = true[place % 12] if item.any() or place % 12 == 0 else 1 - true[place % 12]
            yield 0.1 + 0.8 * seen, 0.1 + 0.8 * true[place % 12]

    asked = Asked(pixels, true, np.arange(12) // 2, find_task("multilabel"), PICTURES)
    found = drain(try_corruptions(asked, both, [blank], baseline_says="…"), lambda step: None)
    assert found.metric == "mean_average_precision"
    assert found.model.value == found.baseline.value == 1.0
    assert found.curves[0].model[0].value < 0.7


def test_a_model_that_stands_everything_is_said_to():
    pixels, labels = np.zeros((4, 8, 8, 3), np.uint8), np.zeros(4, np.int64)
    asked = Asked(pixels, labels, None, find_task("classification"), PICTURES)
    sure = np.array([1.0, 0.0])
    steps = try_corruptions(asked, lambda items: ((sure, sure) for _ in items), CORRUPTIONS[:1], baseline_says="…")
    assert drain(steps, lambda step: None).says == (
        "At middle strength no corruption changes the accuracy beyond what so few pictures can tell from chance.",
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


def test_the_mosaic_has_a_tile_for_each_picture_in_its_order(tmp_path):
    pictures = [np.full((60, 60, 3), 10 * place, np.uint8) for place in range(7)]
    assert list(write_mosaic(tmp_path / "map.jpg", 7, pictures)) == list(range(7))
    mosaic = Image.open(tmp_path / "map.jpg")
    assert mosaic.size == (3 * TILE, 3 * TILE)
    assert mosaic_across(7) == 3
    tiles = [mosaic.getpixel((place % 3 * TILE + 24, place // 3 * TILE + 24))[0] for place in range(7)]
    assert tiles == pytest.approx([10 * place for place in range(7)], abs=2)


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
