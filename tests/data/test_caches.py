"""Caches are bounded, the least recently used go first, and none goes while a living process uses it."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.data.conftest import write_picture
from tlcore.data import caches
from tlcore.data.caches import clear, evict, hold, limit_bytes, list_caches, make_room, spare_bytes, using
from tlcore.data.store import ArrayStore
from tlcore.errors import WorkspaceError
from tlcore.files import remove_tree, sha256
from tlcore.modalities.image.settings import ImageInput
from tlcore.progress import drain

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def items(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return [write_picture(folder / f"{seed}.png", seed=seed) for seed in range(6)]


def build(paths, cache):
    steps = ArrayStore.open_or_build(paths, [sha256(path) for path in paths], ImageInput(size=16), cache)
    return drain(steps, lambda progress: None)


def folder_of(cache: Path, name: str, size: int, age: int) -> Path:
    folder = cache / name
    folder.mkdir(parents=True)
    (folder / "x").write_bytes(bytes(size))
    os.utime(folder, (10**9 - age, 10**9 - age))
    return folder


def test_what_was_used_least_recently_goes_first(tmp_path):
    old, middle, new = (folder_of(tmp_path, name, 100, age) for name, age in (("o", 30), ("m", 20), ("n", 10)))
    assert evict(tmp_path, 250) == 100
    assert [path.exists() for path in (old, middle, new)] == [False, True, True]


def test_what_is_in_use_is_kept(tmp_path):
    old, new = folder_of(tmp_path, "o", 100, 30), folder_of(tmp_path, "n", 100, 10)
    assert evict(tmp_path, 100, keep=[old]) == 100
    assert [path.exists() for path in (old, new)] == [True, False]


def test_what_is_being_made_is_kept_unless_it_is_old(tmp_path):
    old = folder_of(tmp_path, ".making-old", 100, 0)
    new = folder_of(tmp_path, ".making-new", 100, 0)
    os.utime(new)
    evict(tmp_path, 0)
    assert [path.exists() for path in (old, new)] == [False, True]


def test_a_cache_that_is_not_there_is_empty(tmp_path):
    assert evict(tmp_path / "none") == 0
    assert list_caches(tmp_path / "none") == []


def test_the_bound_is_that_of_the_environment(tmp_path, monkeypatch):
    assert limit_bytes() == 20 * 10**9
    old, new = folder_of(tmp_path, "o", 1000, 30), folder_of(tmp_path, "n", 1000, 10)
    monkeypatch.setenv("GRAFT_CACHE_GB", "0.0000015")
    assert evict(tmp_path) == 1000
    assert [path.exists() for path in (old, new)] == [False, True]


@pytest.mark.parametrize("said", ["much", "-1", "nan", "inf"])
def test_a_bound_that_is_no_size_is_told(monkeypatch, said):
    monkeypatch.setenv("GRAFT_CACHE_GB", said)
    with pytest.raises(WorkspaceError, match=f"Received '{said}'"):
        limit_bytes()


# === In use ===


def test_a_store_is_kept_as_long_as_a_slice_of_it_is_there(items, tmp_path):
    store = build(items, tmp_path)
    some = np.asarray(store.arrays["pixels"])[2:4]
    del store
    gc.collect()
    assert evict(tmp_path, 0) == 0
    assert [cache.in_use for cache in list_caches(tmp_path)] == [True]
    del some
    gc.collect()
    assert evict(tmp_path, 0) > 0
    assert list_caches(tmp_path) == []


def test_opening_a_store_counts_as_using_it(items, tmp_path):
    first, second = build(items[:3], tmp_path).path, build(items[3:], tmp_path).path
    for path, age in ((first, 100), (second, 50)):
        os.utime(path, (10**9 - age, 10**9 - age))
    build(items[:3], tmp_path)
    evict(tmp_path, 3_000)
    assert [path.exists() for path in (first, second)] == [True, False]


def test_building_a_store_makes_the_others_fit_the_bound(items, tmp_path, monkeypatch):
    old = folder_of(tmp_path, "old", 5000, 30)
    monkeypatch.setenv("GRAFT_CACHE_GB", "0.000006")
    new = build(items, tmp_path)
    assert [path.exists() for path in (old, new.path)] == [False, True]


def test_a_store_is_in_use_while_it_is_made(items, tmp_path):
    steps = ArrayStore.open_or_build(items, [sha256(path) for path in items], ImageInput(size=16), tmp_path / "cache")
    next(steps)
    (making,) = list_caches(tmp_path / "cache")
    assert (making.kind, making.in_use) == ("unfinished", True)
    os.utime(making.path, (10**9, 10**9))
    assert evict(tmp_path / "cache", 0) == 0
    assert drain(steps, lambda progress: None).arrays["pixels"].shape == (6, 16, 16, 3)


def test_using_says_whether_the_cache_is_there(tmp_path):
    there = folder_of(tmp_path, "there", 100, 0)
    with using(tmp_path / "gone") as found:
        assert not found
    with using(there) as found:
        assert found
        assert clear(tmp_path)[0] == []
    assert [cache.name for cache in clear(tmp_path)[0]] == ["there"]


def test_a_cache_that_is_deleted_while_one_waits_for_it_is_not_there(tmp_path, monkeypatch):
    path = folder_of(tmp_path, "doomed", 100, 0)
    mapped = np.memmap(path / "x", mode="r")
    lock = caches.fcntl.flock

    def delete_first(descriptor, how):
        remove_tree(path)
        lock(descriptor, how)

    monkeypatch.setattr(caches.fcntl, "flock", delete_first)
    assert not hold(path, mapped)


@pytest.mark.slow
def test_another_process_keeps_its_cache_until_it_is_killed(tmp_path):
    path = folder_of(tmp_path, "theirs", 100, 10)
    program = (
        "import sys, time, numpy as np\n"
        "from pathlib import Path\n"
        "from tlcore.data.caches import hold\n"
        "mapped = np.memmap(Path(sys.argv[1]) / 'x', mode='r')\n"
        "print(hold(Path(sys.argv[1]), mapped), flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"True\n"
    assert evict(tmp_path, 0) == 0
    gone, kept = clear(tmp_path)
    assert ([cache.name for cache in gone], [cache.name for cache in kept]) == ([], ["theirs"])
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert evict(tmp_path, 0) == 100


# === Looking at them, and clearing them ===


def test_the_list_says_what_each_cache_holds(items, tmp_path):
    build(items, tmp_path)
    features = folder_of(tmp_path, "trunk-0123", 0, 50)
    for view in ("plain", "mirrored"):
        np.save(features / f"view-{view}.npy", np.zeros((6, 1280), np.float16))
    folder_of(tmp_path, "graph-0123", 10, 60)
    (tmp_path / "engines.json").write_text("{}")
    told = {cache.kind: (cache.holds(), cache.bytes) for cache in list_caches(tmp_path)}
    assert told["items"][0] == "6 pictures of 16 pixels, crop"
    assert told["items"][1] > 6 * 16 * 16 * 3
    assert told["features"][0] == "1280 features of 6 pictures, 2 views of each"
    assert told["graph"] == ("", 10)
    assert told["other"] == ("", 2)


def test_a_damaged_cache_is_listed_all_the_same(tmp_path):
    for name in ("pixels-1", "trunk-1"):
        folder_of(tmp_path, name, 10, 10)
    (tmp_path / "pixels-1" / "store.json").write_text("[")
    (tmp_path / "trunk-1" / "view.npy").write_text("no array")
    assert [cache.holds() for cache in list_caches(tmp_path)] == ["", ""]


def test_clearing_takes_the_named_ones_or_all(tmp_path):
    for name in "abc":
        folder_of(tmp_path, name, 100, 10)
    with pytest.raises(WorkspaceError, match="'z'"):
        clear(tmp_path, ["a", "z"])
    assert [cache.name for cache in clear(tmp_path, ["a"])[0]] == ["a"]
    assert sorted(cache.name for cache in clear(tmp_path)[0]) == ["b", "c"]
    assert list(tmp_path.iterdir()) == []


def test_clearing_takes_what_a_killed_maker_left_but_not_what_has_just_begun(tmp_path):
    old, new = folder_of(tmp_path, ".making-a", 100, 0), folder_of(tmp_path, ".making-b", 100, 0)
    os.utime(new, (time.time() - 5, time.time() - 5))
    clear(tmp_path)
    assert [path.exists() for path in (old, new)] == [False, True]


def test_room_is_made_by_what_nobody_uses(tmp_path, monkeypatch):
    old, used, new = (folder_of(tmp_path, name, 100, age) for name, age in (("o", 30), ("u", 20), ("n", 10)))
    monkeypatch.setattr(caches.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6 - 1000, 1000))
    with using(used):
        assert spare_bytes(tmp_path) == 1200
        assert make_room(tmp_path, 900) == 0
        assert make_room(tmp_path, 1050) == 100
        assert [path.exists() for path in (old, used, new)] == [False, True, True]
