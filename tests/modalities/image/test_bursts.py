"""Frames of a camera come into a class by the way of all pictures, near-identical ones in one group."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.data.conftest import photo, write_classes
from tests.task_datasets import with_numbers, with_several_labels
from tlcore.data.edits.operations import undo
from tlcore.data.intake import ingest
from tlcore.data.split.locked import draw_parts
from tlcore.errors import DataError
from tlcore.modalities.image.bursts import MOST_FRAMES, groups_of, take_burst
from tlcore.progress import drain


def frame(seed: int, *, shift: int = 0, noise: int = 0, quality: int = 90) -> bytes:
    """A picture as a camera sees it a moment later: shifted, noisy, packed again."""
    item = np.asarray(photo(seed, (160, 120)), np.int16)
    item = np.roll(item, shift, axis=1)
    item = item + np.random.default_rng(shift + noise).integers(-noise, noise + 1, item.shape)
    stream = BytesIO()
    Image.fromarray(item.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def test_frames_that_look_alike_are_one_group_and_others_are_not():
    alike = [frame(1), frame(1, noise=6), frame(1, shift=1, noise=3), frame(1, quality=60)]
    other = [frame(2), frame(2, noise=6)]
    assert groups_of([*alike, *other, frame(1, noise=4)], "b")[0] == ["b-1"] * 4 + ["b-2"] * 2 + ["b-1"]


def test_a_small_thing_before_a_still_ground_is_one_group():
    frames = []
    for place in (10, 60, 100):
        item = Image.new("RGB", (160, 120), (0, 120, 0))
        item.paste((240, 240, 60), (place, 40, place + 24, 64))
        stream = BytesIO()
        item.save(stream, "JPEG")
        frames.append(stream.getvalue())
    assert groups_of(frames, "b")[0] == ["b-1"] * 3


def test_a_slow_turn_of_the_camera_is_one_group_though_its_ends_differ():
    turn = [frame(3, shift=shift) for shift in range(0, 80, 2)]
    assert set(groups_of(turn, "b")[0]) == {"b-1"}
    assert set(groups_of([turn[0], turn[-1]], "b")[0]) == {"b-1", "b-2"}


def test_a_burst_joins_a_class_as_one_edit_and_never_straddles_a_split(workspace, tmp_path):
    animals = write_classes(tmp_path / "animals", "cat", "dog", count=8)
    dataset = drain(ingest(workspace, animals), lambda progress: None).dataset
    before = dataset.items()
    frames = [frame(seed, noise=number + 1) for seed in (1, 2, 4) for number in range(4)]
    report = drain(take_burst(workspace, frames, "fox, red", into=dataset), lambda progress: None)
    assert (report.kept, report.dataset) == (12, dataset)
    new = dataset.items()[lambda items: items["label"] == "fox, red"]
    assert sorted(new["group"].value_counts()) == [4, 4, 4]
    assert list((workspace.root / "staging").iterdir()) == []
    parts = draw_parts(dataset).table.set_index("sha256")["split"]
    assert (new.assign(part=new["sha256"].map(parts)).groupby("group")["part"].nunique() == 1).all()
    undo(dataset)
    assert dataset.items().equals(before)


def test_what_was_recorded_again_joins_the_group_that_it_looks_like(workspace):
    def burst(*frames, into=None):
        return drain(take_burst(workspace, frames, "cup", into=into), lambda progress: None).dataset

    turn = [frame(3, shift=shift, noise=2) for shift in range(0, 80, 2)]
    dataset = burst(*turn[:3])
    burst(*turn[-3:], frame(9), into=dataset)
    assert sorted(dataset.items()["group"].value_counts()) == [1, 3, 3]
    burst(*turn[3:-3], into=dataset)  # what lies between binds both ends
    assert sorted(dataset.items()["group"].value_counts()) == [1, 40]


def test_the_first_burst_makes_the_dataset(workspace):
    report = drain(take_burst(workspace, [frame(1), frame(2)], "cup", name="Desk"), lambda progress: None)
    assert report.dataset.info.name == "Desk"
    assert report.dataset.counts() == {"cup": 2}


@pytest.mark.parametrize(
    ("frames", "label", "message"),
    [
        ([], "cup", "Received 0"),
        ([b"x"] * (MOST_FRAMES + 1), "cup", "Record for a shorter time"),
        ([b"<svg/>"], "cup", "is no picture"),
        ([b"x"], " ", "needs a name"),
    ],
)
def test_what_is_no_burst_is_refused(workspace, frames, label, message):
    with pytest.raises(DataError, match=message):
        drain(take_burst(workspace, frames, label), lambda progress: None)
    assert not (workspace.root / "staging").exists()


@pytest.mark.parametrize("label", ["big|square", "circle", "", "a\\|b", "fox, red"])
def test_a_burst_gets_several_labels_or_none(tiny_dataset, workspace, label):
    dataset = with_several_labels(tiny_dataset)
    report = drain(take_burst(workspace, [frame(1), frame(2)], label, into=dataset), lambda progress: None)
    assert (report.kept, report.left_out) == (2, ())
    assert list(dataset.items()["label"].tail(2)) == [label, label]


@pytest.mark.parametrize("label", ["12.5", "-3.0", "0.0"])
def test_a_burst_gets_a_number(tiny_dataset, workspace, label):
    dataset = with_numbers(tiny_dataset)
    report = drain(take_burst(workspace, [frame(1), frame(2)], label, into=dataset), lambda progress: None)
    assert (report.kept, report.left_out) == (2, ())
    assert list(dataset.items()["label"].tail(2)) == [label, label]
    assert (dataset.info.task, dataset.info.unit) == ("regression", "kg")
