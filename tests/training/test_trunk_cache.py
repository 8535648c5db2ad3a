from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tlcore.errors import WorkspaceError
from tlcore.items import Field
from tlcore.progress import drain
from tlcore.training.trunk_cache import TrunkCache

PIXELS = np.random.default_rng(0).integers(0, 256, (21, 4, 4, 3), dtype=np.uint8)
COLOURS = (Field("features", (3,)),)
ROOT = Path(__file__).parents[2]


def means(rows):
    return {"features": mean_colours(rows)}


def mean_colours(rows):
    return PIXELS[rows].astype(np.float32).mean(axis=(1, 2))


def cache_in(folder, **identity):
    return TrunkCache(folder, identity, 21, COLOURS)


def build(cache, answer=means, view="plain"):
    seen = []
    drain(cache.build(view, answer, at_once=2, threads=1), seen.append)
    return cache.read(view)["features"], seen


def test_a_view_of_every_picture_is_computed_once_and_kept(tmp_path):
    cache = cache_in(tmp_path, cut=1)
    assert cache.read("plain") is None
    features, seen = build(cache)
    assert features.dtype == np.float16
    np.testing.assert_allclose(features, mean_colours(np.arange(21)), rtol=1e-3)
    assert (seen[-1].done, seen[-1].total) == (21, 21)
    again, seen = build(cache_in(tmp_path, cut=1), answer=None)
    np.testing.assert_array_equal(again, features)
    assert not seen
    assert cache.read("flip_left_right") is None


def test_another_trunk_has_another_cache(tmp_path):
    build(cache_in(tmp_path, cut=1))
    assert cache_in(tmp_path, cut=2).read("plain") is None


@pytest.mark.parametrize(("end", "kept"), [(MemoryError, 16), (None, 4)], ids=["the trunk fails", "the reader stops"])
def test_what_was_handed_out_before_an_end_is_not_computed_again(tmp_path, end, kept):
    cache, asked = cache_in(tmp_path), []

    def fails_late(rows):
        if end and rows[0] >= 16:
            raise end
        return means(rows)

    steps = cache.build("plain", fails_late, at_once=2, threads=1)
    if end:
        with pytest.raises(end):
            drain(steps, lambda step: None)
    else:
        next(steps), next(steps)
        steps.close()
    assert cache.read("plain") is None

    def listens(rows):
        asked.extend(rows)
        return means(rows)

    features, seen = build(cache, listens)
    assert asked == list(range(kept, 21))
    np.testing.assert_allclose(features, mean_colours(np.arange(21)), rtol=1e-3)
    assert seen[-1].done == 21
    assert {path.name for path in cache.path.iterdir()} == {"view-plain.npy", "lock"}


def test_a_killed_process_leaves_what_it_had_computed(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; import numpy as np\n"
        "from tlcore.training import trunk_cache\n"
        "trunk_cache.SECONDS_BETWEEN_NOTES = 0.0\n"
        "from tlcore.items import Field\n"
        "def answer(rows): time.sleep(0.05); return {'features': np.ones((len(rows), 3), np.float32)}\n"
        "cache = trunk_cache.TrunkCache(Path(sys.argv[1]), {}, 1000, (Field('features', (3,)),))\n"
        "for step in cache.build('plain', answer, at_once=1, threads=1): pass\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT)
    cache = TrunkCache(tmp_path, {}, 1000, COLOURS)
    until = time.monotonic() + 30
    while not list(tmp_path.rglob(".making-*.json")) and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    features, _ = build(cache, lambda rows: {"features": np.zeros((len(rows), 3), np.float32)})
    kept = int(features[:, 0].sum())
    assert 0 < kept < 1000
    assert (features[:kept] == 1).all()
    assert (features[kept:] == 0).all()


def test_a_damaged_beginning_is_begun_again(tmp_path):
    cache = cache_in(tmp_path)
    steps = cache.build("plain", means, at_once=2, threads=1)
    next(steps)
    steps.close()
    next(cache.path.glob(".making-*.npy")).write_bytes(b"torn")
    features, _ = build(cache)
    np.testing.assert_allclose(features, mean_colours(np.arange(21)), rtol=1e-3)


def test_a_full_disk_is_said_before_anything_is_computed(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        build(cache_in(tmp_path), answer=None)


def test_features_too_large_for_half_precision_stay_finite(tmp_path):
    features, _ = build(cache_in(tmp_path), answer=lambda rows: {"features": mean_colours(rows) * 1e6})
    assert np.isfinite(features).all()


def test_several_tensors_that_cross_a_cut_are_kept_each_as_it_is(tmp_path):
    boundary = (Field("features", (3,)), Field("padding_mask", (5,), "bool"))
    cache = TrunkCache(tmp_path, {}, 21, boundary)
    masks = np.random.default_rng(1).random((21, 5)) < 0.5

    def both(rows):
        return {**means(rows), "padding_mask": masks[rows]}

    steps = cache.build("plain", both, at_once=2, threads=1)
    next(steps), next(steps)
    steps.close()
    build(cache, both)
    kept = cache.read("plain")
    assert kept["features"].dtype == np.float16
    assert (kept["padding_mask"] == masks).all()
    assert cache.view_bytes == 21 * (3 * 2 + 5)
    assert {path.name for path in cache.path.glob("view-*")} == {
        "view-plain-features.npy",
        "view-plain-padding_mask.npy",
    }
