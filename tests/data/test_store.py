from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.data.conftest import write_picture
from tlcore.data.store import ArrayStore, store_key
from tlcore.errors import DataError
from tlcore.files import sha256
from tlcore.modalities.image.pixels import read_pixels
from tlcore.modalities.image.settings import ImageInput
from tlcore.progress import Progress, drain


@pytest.fixture
def items(tmp_path: Path) -> list[Path]:
    return [write_picture(tmp_path / "pictures" / f"{seed}.png", seed=seed) for seed in range(20)]


def build(paths, cache, size=16, policy="crop", show=lambda progress: None) -> ArrayStore:
    settings = ImageInput(size=size, resize=policy)
    return drain(ArrayStore.open_or_build(paths, [sha256(p) for p in paths], settings, cache), show)


@pytest.mark.parametrize("policy", ["crop", "letterbox", "stretch"])
def test_a_store_holds_what_the_one_way_gives_in_the_order_asked_for(items, tmp_path, policy):
    store = build(items[::-1], tmp_path / "cache", policy=policy)
    assert store.arrays["pixels"].shape == (20, 16, 16, 3)
    assert store.arrays["pixels"].dtype == np.uint8
    for row, path in enumerate(items[::-1]):
        assert (store.arrays["pixels"][row] == read_pixels(path, 16, policy)).all()


def test_a_store_is_found_again_without_the_pictures(items, tmp_path):
    first = build(items, tmp_path / "cache")
    shas = [sha256(path) for path in items]
    for path in items:
        path.unlink()
    again = drain(
        ArrayStore.open_or_build(items, shas, ImageInput(size=16), tmp_path / "cache"),
        lambda progress: None,
    )
    assert again.path == first.path
    assert (again.arrays["pixels"] == first.arrays["pixels"]).all()


def test_keys_tell_apart_what_differs():
    keys = {
        store_key(["a", "b"], ImageInput(size=16, resize="crop")),
        store_key(["b", "a"], ImageInput(size=16, resize="crop")),
        store_key(["a", "b"], ImageInput(size=17, resize="crop")),
        store_key(["a", "b"], ImageInput(size=16, resize="stretch")),
        store_key(["ab"], ImageInput(size=16, resize="crop")),
    }
    assert len(keys) == 5


def test_a_store_cannot_be_written_to(items, tmp_path):
    with pytest.raises(ValueError, match="read-only"):
        build(items, tmp_path / "cache").arrays["pixels"][0] = 0


@pytest.mark.parametrize("damage", ["store.json", "pixels.bin"])
def test_a_damaged_store_is_built_anew(items, tmp_path, damage):
    store = build(items, tmp_path / "cache")
    (store.path / damage).write_bytes(b"{")
    assert (build(items, tmp_path / "cache").arrays["pixels"][3] == read_pixels(items[3], 16)).all()


def test_a_picture_that_is_gone_is_named_and_nothing_is_left_behind(items, tmp_path):
    shas = [sha256(path) for path in items]
    items[7].write_bytes(b"no longer a picture")
    steps = ArrayStore.open_or_build(items, shas, ImageInput(size=16), tmp_path / "cache")
    with pytest.raises(DataError, match=r"7\.png can no longer be read"):
        drain(steps, lambda progress: None)
    assert list((tmp_path / "cache").iterdir()) == []


def test_no_pictures_make_an_empty_store(tmp_path):
    assert build([], tmp_path / "cache").arrays["pixels"].shape == (0, 16, 16, 3)


def test_progress_ends_with_every_picture(items, tmp_path):
    seen: list[Progress] = []
    build(items, tmp_path / "cache", show=seen.append)
    assert (seen[-1].done, seen[-1].total) == (20, 20)
