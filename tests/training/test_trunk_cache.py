from __future__ import annotations

import numpy as np
import pytest

from tlcore.data.progress import drain
from tlcore.training.trunk_cache import Part, TrunkCache

PIXELS = np.random.default_rng(0).integers(0, 256, (21, 4, 4, 3), dtype=np.uint8)


def means(pixels):
    return pixels.astype(np.float32).mean(axis=(1, 2))


def build(cache, answer=means, views=2):
    parts = {"train": Part(PIXELS, ("flip_left_right",), views), "val": Part(PIXELS[:4], ("flip_left_right",), 1)}
    seen = []
    features = drain(cache.build(parts, answer, (3,), seed=0, at_once=2, threads=2), seen.append)
    return features, seen


def test_every_view_of_every_picture_is_computed_once_and_kept(tmp_path):
    cache = TrunkCache(tmp_path, {"cut": 1})
    assert cache.read("train") is None
    features, seen = build(cache)
    assert features["train"].shape == (21, 2, 3)
    assert features["train"].dtype == np.float16
    np.testing.assert_allclose(features["train"][:, 0], means(PIXELS), rtol=1e-3)
    assert (seen[-1].done, seen[-1].total) == (46, 46)
    np.testing.assert_array_equal(TrunkCache(tmp_path, {"cut": 1}).read("val"), features["val"])


def test_another_trunk_has_another_cache(tmp_path):
    build(TrunkCache(tmp_path, {"cut": 1}))
    assert TrunkCache(tmp_path, {"cut": 2}).read("train") is None


def test_a_trunk_that_fails_half_way_leaves_nothing_behind(tmp_path):
    def fails(pixels):
        raise MemoryError

    with pytest.raises(MemoryError):
        build(TrunkCache(tmp_path, {}), answer=fails)
    assert not list(tmp_path.iterdir())


def test_a_reader_that_stops_half_way_leaves_nothing_behind(tmp_path):
    steps = TrunkCache(tmp_path, {}).build({"train": Part(PIXELS, (), 1)}, means, (3,), seed=0, at_once=1, threads=2)
    next(steps)
    steps.close()
    assert not list(tmp_path.iterdir())


def test_features_too_large_for_half_precision_stay_finite(tmp_path):
    features, _ = build(TrunkCache(tmp_path, {}), answer=lambda pixels: means(pixels) * 1e6)
    assert np.isfinite(features["train"]).all()
