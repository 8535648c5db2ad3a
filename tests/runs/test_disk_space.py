"""A run that the disk cannot hold is refused before it starts, with the numbers."""

from __future__ import annotations

import re
import shutil
from typing import NamedTuple

import pytest

from tlcore.backbones.catalogue import find
from tlcore.errors import ConfigError, RunError
from tlcore.progress import drain
from tlcore.runs import disk_space
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.disk_space import check_room, needed
from tlcore.runs.items import decode
from tlcore.runs.problems import problems


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def disk(monkeypatch):
    """Let the disk have so many bytes free."""

    def have(free):
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12 - free, free))

    return have


def test_what_a_run_takes_follows_from_pictures_size_and_what_is_trained():
    lite = find("efficientnet_lite0")
    frozen = needed(TrainingConfig(dataset="d"), items=50_000, classes=3)
    assert frozen.arrays == 50_000 * 224 * 224 * 3
    assert frozen.features == 50_000 * lite.feature_length * 2
    assert frozen.model > 5 * 4 * lite.parameters
    deep = needed(TrainingConfig(dataset="d", mode="fine-tune", blocks=9), items=50_000, classes=3)
    assert deep.checkpoint > 10 * 4 * lite.parameters > frozen.checkpoint


def test_a_disk_with_too_little_room_is_a_problem_with_its_numbers(workspace, tiny_dataset, disk):
    config = TrainingConfig(dataset=tiny_dataset.id)
    disk(400 * 10**6)
    assert problems(config, tiny_dataset) == ()
    disk(150 * 10**6)
    (problem,) = problems(config, tiny_dataset)
    assert problem.field == "disk"
    needed, *parts, free = map(int, re.findall(r"(\d+) MB", problem.message))
    assert needed == sum(parts) == 290
    assert "6 MB for decoded pictures" in problem.message
    assert free == 150
    assert "150 MB are free" in problem.message
    with pytest.raises(ConfigError, match="150 MB are free"):
        create_run(workspace, tiny_dataset, config)


def test_caches_that_nobody_uses_count_as_room_and_make_it(workspace, tiny_dataset, disk, monkeypatch):
    run = create_run(workspace, tiny_dataset, TrainingConfig(dataset=tiny_dataset.id))
    old = workspace.cache / "trunk-old"
    old.mkdir()
    (old / "view.npy").write_bytes(bytes(1000))
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 0)
    size = needed(run.config, items=36, classes=3)
    disk(size.caches + size.own - 500)
    check_room(run, workspace)
    assert not old.exists()
    with pytest.raises(RunError, match="Make room there"):
        check_room(run, workspace)


def test_pictures_that_are_decoded_already_need_no_room_and_do_not_make_it(workspace, tiny_dataset, disk, monkeypatch):
    run = create_run(workspace, tiny_dataset, TrainingConfig(dataset=tiny_dataset.id))
    drain(decode(run, workspace), lambda progress: None)
    monkeypatch.setattr(disk_space, "RESERVE_BYTES", 0)
    size = needed(run.config, items=36, classes=3)
    disk(size.features + size.own + 10)
    check_room(run, workspace)
    assert [path.name[:7] for path in workspace.cache.iterdir()] == ["pixels-"]
