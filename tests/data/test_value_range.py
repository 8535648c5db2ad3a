"""Grey pictures of more than 8 bits: one range for a whole dataset, found, kept, changed and told."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from tests.data.conftest import photo
from tlcore.data.dataset import Dataset
from tlcore.data.edits import operations
from tlcore.data.edits.types import SetReading
from tlcore.data.inbox import Inbox
from tlcore.data.intake import ingest
from tlcore.data.store import store_key
from tlcore.errors import DataError
from tlcore.modalities.image.battery_bytes import png
from tlcore.modalities.image.pixels import VERSION, open_picture, read_pixels
from tlcore.modalities.image.settings import ImageInput
from tlcore.modalities.image.value_counts import ValueCounts, measure_range, sample_values
from tlcore.modalities.image.value_range import range_of
from tlcore.progress import drain

SOME = {"a": 0, "b": 1}


def encoded(values: np.ndarray, form: str = "TIFF", **options) -> bytes:
    stream = BytesIO()
    Image.fromarray(values).save(stream, form, **options)
    return stream.getvalue()


def write(folder: Path, items: dict[str, np.ndarray | bytes]) -> Path:
    for name, content in items.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            content if isinstance(content, bytes) else encoded(content, path.suffix[1:].replace("tif", "tiff"))
        )
    return folder


def noise(seed: int, low: float, high: float, kind: type = np.uint16, side: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, (side, side)).astype(kind)


def two_classes(
    low: float = 300, high: float = 3000, kind: type = np.uint16, suffix: str = "png", first: int = 0
) -> dict:
    return {
        f"{label}/{seed}.{suffix}": noise(first + 100 * code + seed, low, high, kind)
        for label, code in SOME.items()
        for seed in range(4)
    }


def sixteen_bit_colour(seed: int) -> bytes:
    """A PNG of a kind that Pillow reads, but does not write."""
    return png(np.random.default_rng(seed).integers(0, 65536, (20, 30, 3), np.uint16), 16, 2)


def without_range(dataset: Dataset) -> Dataset:
    """As a Graft left it that knew no range: no field, no note."""
    path = dataset.path / "dataset.json"
    known = json.loads(path.read_text())
    del known["reading"]
    path.write_text(json.dumps(known | {"notes": []}))
    return dataset


def grey(dataset: Dataset, source: str) -> np.ndarray:
    items = dataset.items()
    file = items.loc[items["source"].str.endswith(source), "file"].item()
    return np.asarray(open_picture(dataset.image_path(file), value_range=range_of(dataset.info.reading)))[..., 0]


# === From values to greys ===

KINDS = {
    "uint16": arrays.arrays(np.uint16, (5, 7)),
    "int32": arrays.arrays(np.int32, (5, 7)),
    "float32": arrays.arrays(np.float32, (5, 7), elements=st.floats(width=32)),
}


@given(st.sampled_from(list(KINDS)).flatmap(KINDS.get), st.data())
def test_a_value_has_the_same_grey_whatever_else_is_in_its_file(values, data):
    alone = data.draw(st.sampled_from(values.ravel().tolist()))
    low = data.draw(st.floats(-1e6, 1e6))
    value_range = (low, low + data.draw(st.floats(1e-3, 1e6)))
    among = np.asarray(open_picture(encoded(values), value_range=value_range))
    single = np.asarray(open_picture(encoded(np.full((2, 2), alone, values.dtype)), value_range=value_range))
    same = (values == alone) | (np.isnan(values) & np.isnan(alone))
    assert (among[same] == single[0, 0]).all()


def test_the_ends_of_the_range_are_black_and_white_and_what_lies_outside_is_clipped():
    values = np.array([[0, 100, 150, 200, 65535]], np.uint16)
    found = np.asarray(open_picture(encoded(values, "PNG"), value_range=(100, 200)))
    assert found[0, :, 0].tolist() == [0, 0, 128, 255, 255]
    odd = np.array([[np.nan, -np.inf, np.inf, 0.5]], np.float32)
    assert np.asarray(open_picture(encoded(odd), value_range=(0, 1)))[0, :, 0].tolist() == [0, 0, 255, 128]


def test_the_range_touches_no_picture_of_eight_bits():
    stream = BytesIO()
    photo().save(stream, "PNG")
    assert (read_pixels(stream.getvalue(), 16) == read_pixels(stream.getvalue(), 16, value_range=(5, 9))).all()
    sixteen = sixteen_bit_colour(0)
    assert (read_pixels(sixteen, 16) == read_pixels(sixteen, 16, value_range=(5, 9))).all()


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_a_tiff_whose_smallest_value_is_white_is_turned_round_as_one_of_eight_bits_is(kind):
    ramp = np.arange(256, dtype=kind).reshape(16, 16)
    white_first = np.asarray(open_picture(encoded(ramp, tiffinfo={262: 0}), value_range=(0, 255)))
    assert (white_first[..., 0] == 255 - ramp).all()
    assert (np.asarray(open_picture(encoded(ramp), value_range=(0, 255)))[..., 0] == ramp).all()


def test_a_turned_picture_is_ranged_and_turned():
    values = np.arange(12, dtype=np.uint16).reshape(3, 4)
    exif = Image.Exif()
    exif[0x0112] = 6
    found = np.asarray(open_picture(encoded(values, "PNG", exif=exif), value_range=(0, 255)))
    assert (found[..., 0] == np.rot90(values, -1)).all()


def test_without_a_range_pixels_are_what_they_were_and_stores_are_found_again():
    assert np.asarray(open_picture(encoded(np.full((8, 8), 1000, np.uint16), "PNG"))).max() == 4
    old = hashlib.sha256(f"pixels {VERSION} 16 crop\nsha\n".encode()).hexdigest()
    assert store_key(["sha"], ImageInput(size=16)) == old
    keys = {store_key(["sha"], ImageInput(size=16, value_range=each)) for each in (None, (0, 1), (0, 2), (1, 2))}
    assert len(keys) == 4


# === Found in the data ===


def counted(*items: np.ndarray) -> ValueCounts:
    return ValueCounts(sample_values(Image.fromarray(item)) for item in items)


@given(st.permutations(range(5)), st.sampled_from([np.uint16, np.int32, np.float32]))
def test_the_order_of_the_pictures_does_not_matter(order, kind):
    items = [noise(seed, -50 * seed if kind is not np.uint16 else 0, 1000 * seed + 7, kind) for seed in range(5)]
    assert counted(*items).range() == counted(*(items[place] for place in order)).range()


@pytest.mark.parametrize("threads", [1, 3])
def test_the_range_of_an_intake_is_that_of_all_its_pictures_on_any_number_of_threads(tmp_path, take_in, threads):
    report = take_in(write(tmp_path / "scans", two_classes()), threads=threads)
    info = report.dataset.info
    assert info.reading
    low, high = info.reading["value_range"]
    assert 300 <= low < 310
    assert 2980 < high <= 3000
    assert (
        report.notes[-1]
        == f"The pictures have more than 8 bits: values from {low:,.0f} to {high:,.0f} are shown as black to white."
    )
    assert info.notes == report.notes
    assert drain(measure_range(report.dataset.settling_paths()), lambda step: None) == (low, high)


def test_classes_that_differ_in_brightness_alone_stay_different(tmp_path, take_in):
    items = {f"{label}/{seed}.png": noise(seed, *ends) for seed in range(4) for label, ends in
                {"dim": (400, 800), "bright": (3000, 3400)}.items()}  # fmt: skip
    dataset = take_in(write(tmp_path / "scans", items)).dataset
    assert grey(dataset, "bright/0.png").mean() - grey(dataset, "dim/0.png").mean() > 150


def test_one_hot_pixel_does_not_darken_the_rest(tmp_path, take_in):
    items = two_classes()
    items["a/0.png"][3, 3] = 65535
    dataset = take_in(write(tmp_path / "scans", items)).dataset
    assert dataset.info.reading["value_range"][1] <= 3000


def test_floating_point_pictures_on_both_sides_of_255_share_one_range(tmp_path, take_in):
    items = {f"{label}/{seed}.tif": noise(seed + 10 * code, 0, 200 + 20 * seed, np.float32)
                for label, code in SOME.items() for seed in range(6)}  # fmt: skip
    items["a/0.tif"][0, 0] = items["a/5.tif"][0, 0] = 100
    dataset = take_in(write(tmp_path / "scans", items)).dataset
    assert grey(dataset, "a/0.tif")[0, 0] == grey(dataset, "a/5.tif")[0, 0]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([np.array([[0, 65535]], np.uint16)], (0, 65535)),
        ([np.array([[0.0, 0.25, 1.0]], np.float32)], (0, 1)),
        ([np.array([[-700, 3, 650]], np.int32)], (-700, 650)),
        ([np.array([[np.nan, 2, np.inf, 5]], np.float32)], (2, 5)),
        ([np.array([[-2_000_000, 3_000_000]], np.int32)], (-2_000_000, 3_000_000)),
        ([np.full((4, 4), 900, np.uint16)], (0, 900)),
        ([np.full((4, 4), -0.5, np.float32)], (-0.5, 0)),
        ([np.zeros((4, 4), np.uint16)], (0, 1)),
        ([np.full((4, 4), np.nan, np.float32)], None),
        ([], None),
    ],
    ids=["16 bits", "0 to 1", "signed", "no numbers", "large", "constant", "below zero", "zero", "all NaN", "none"],
)  # fmt: skip
def test_ranges_of_all_kinds_of_values(items, expected):
    assert counted(*items).range() == expected


def test_pictures_that_are_nearly_all_ground_keep_what_stands_out():
    counts = np.zeros((100, 100), np.uint16)
    counts[50, 50:55] = (3, 7, 9, 7, 3)
    assert counted(counts).range() == (0, 7)  # but for one value in ten thousand


def test_a_large_picture_counts_as_much_as_a_small_one_and_takes_no_more_memory():
    large, small = np.full((900, 900), 1000, np.uint16), np.full((20, 20), 2000, np.uint16)
    sample = sample_values(Image.fromarray(large))
    assert sample.counts.sum() == 65536
    share = counted(large, small).share_outside((1500, 2500))
    assert share == pytest.approx(0.5, abs=0.01)


@given(arrays.arrays(np.float32, (40,), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_a_found_range_never_goes_beyond_the_values(values):
    found = counted(values[None]).range()
    assert found[0] < found[1]
    if values.min() < values.max():
        assert values.min() <= found[0]
        assert found[1] <= values.max()


def test_pictures_of_both_kinds_are_told(tmp_path, take_in):
    items = two_classes() | {
        "b/photo.png": np.full((9, 9, 3), 50, np.uint8),
        "a/colour.png": sixteen_bit_colour(1),
    }
    report = take_in(write(tmp_path / "scans", items))
    said = "\n".join(report.notes)
    assert "8 of the 10 pictures have more than 8 bits" in said
    assert "make sure that this difference does not give a class away" in said
    assert "1 picture has colour or transparency in 16 bits for each channel: the upper 8 of them are used" in said


def test_a_dataset_of_eight_bits_has_no_range(tiny_dataset):
    assert not tiny_dataset.info.reading
    assert tiny_dataset.info.notes == ()
    with pytest.raises(DataError, match="has none of them"):
        operations.apply(tiny_dataset, SetReading(reading={"value_range": (0, 5)}))


# === Kept, and changed ===


@pytest.fixture
def scans(tmp_path: Path, take_in) -> Dataset:
    return take_in(write(tmp_path / "scans", two_classes())).dataset


def test_later_pictures_keep_the_range_and_say_how_much_of_them_lies_outside(tmp_path, scans, take_in):
    before = scans.info.reading["value_range"]
    same = take_in(write(tmp_path / "same", two_classes(first=1000)), into=scans)
    assert (same.notes, scans.info.reading["value_range"]) == ((), before)
    brighter = take_in(write(tmp_path / "brighter", two_classes(5000, 9000, first=2000)), into=scans)
    assert scans.info.reading["value_range"] == before
    assert brighter.notes[0].startswith(
        "100% of the values of pictures that were added lay outside of the dataset's range"
    )
    assert brighter.notes[0] in scans.info.notes


def test_the_first_deep_pictures_bring_a_range_and_undo_takes_it_away(tmp_path, tiny_dataset, take_in):
    report = take_in(write(tmp_path / "scans", two_classes()), into=tiny_dataset)
    found = tiny_dataset.info.reading["value_range"]
    assert found is not None
    assert "8 of the 44 pictures have more than 8 bits" in report.notes[0]
    operations.undo(tiny_dataset)
    assert not tiny_dataset.info.reading
    operations.redo(tiny_dataset)
    assert tiny_dataset.info.reading["value_range"] == found


def test_a_dataset_of_long_ago_keeps_its_pixels_until_somebody_sets_a_range(tmp_path, scans, take_in):
    old = without_range(scans)
    assert old.info.reading == {}
    report = take_in(write(tmp_path / "more", two_classes(first=1000)), into=old)
    assert old.info.reading == {}
    assert "Set a range on the Data page" in report.notes[0]
    operations.apply(old, SetReading(reading={"value_range": (0, 4095)}))
    assert old.info.reading["value_range"] == (0, 4095)
    assert old.info.notes == (
        "The pictures have more than 8 bits: values from 0 to 4,095 are shown as black to white.",
    )
    operations.undo(old)
    assert old.info.reading == {}


def test_another_range_is_an_edit_with_its_note_and_its_thumbnails(scans):
    file = scans.items()["file"][0]
    first, found = scans.info, scans.thumbnail(file)
    entry = operations.apply(scans, SetReading(reading={"value_range": (0, 60000)}))
    assert entry.says == "Set the range: values from 0 to 60,000 are shown as black to white."
    assert scans.info.notes == (
        "The pictures have more than 8 bits: values from 0 to 60,000 are shown as black to white.",
    )
    darker = scans.thumbnail(file)
    assert np.asarray(Image.open(BytesIO(darker))).mean() < np.asarray(Image.open(BytesIO(found))).mean() / 4
    assert scans.thumbnail(file, reading=first.reading) == found
    operations.undo(scans)
    assert (scans.info.reading["value_range"], scans.info.notes) == (first.reading["value_range"], first.notes)
    assert scans.thumbnail(file) == found
    operations.redo(scans)
    assert scans.info.reading["value_range"] == (0, 60000)
    assert scans.thumbnail(file) == darker


@pytest.mark.parametrize(("low", "high"), [(5, 5), (6, 5), (float("nan"), 5), (0, float("inf"))])
def test_a_range_has_two_ends_in_their_order(scans, low, high):
    with pytest.raises(DataError, match="lower end, black, is below its upper end"):
        operations.apply(scans, SetReading(reading={"value_range": (low, high)}))


def test_the_same_range_again_is_no_edit(scans):
    low, high = scans.info.reading["value_range"]
    with pytest.raises(DataError, match="An edit must change something"):
        operations.apply(scans, SetReading(reading={"value_range": (low, high)}))


def test_pictures_of_the_inbox_are_shown_in_the_range_and_bring_one_when_they_join(tmp_path, workspace, tiny_dataset):
    inbox = Inbox(tiny_dataset)
    drain(inbox.put(workspace, write(tmp_path / "scans", two_classes())), lambda step: None)
    assert inbox.thumbnail(inbox.items()["file"][0], 32)
    for sha in inbox.items()["sha256"]:
        inbox.label(sha, "scan")
    inbox.join(workspace)
    low, high = tiny_dataset.info.reading["value_range"]
    assert 300 <= low < high <= 3000


def test_a_dataset_that_was_packed_keeps_its_range(tmp_path, workspace, scans):
    from tlcore.data.packing import pack_dataset
    from tlcore.data.unpacking import unpack_dataset

    packed = drain(pack_dataset(scans, tmp_path / "scans.zip"), lambda step: None)
    copy = drain(unpack_dataset(workspace, packed.path, copy=True), lambda step: None)
    assert copy.info.reading["value_range"] == scans.info.reading["value_range"]


def test_ingest_is_the_way_of_the_library(tmp_path, workspace):
    report = drain(
        ingest(workspace, write(tmp_path / "scans", two_classes(-900, 900, np.int32, "tif"))), lambda step: None
    )
    assert report.dataset.info.reading["value_range"][0] < -850


def test_pictures_on_another_scale_than_the_rest_are_told(tmp_path, take_in):
    items = {f"a/{seed}.tif": noise(seed, 0, 60000) for seed in range(4)}
    items |= {f"b/{seed}.tif": noise(seed, 0, 1, np.float32) for seed in range(3)} | {
        "b/plain.tif": np.zeros((9, 9), np.uint16)
    }
    report = take_in(write(tmp_path / "scans", items))
    assert report.notes[-1].startswith("3 pictures use less than 2% of the range of values and show next to nothing.")


def test_a_huge_picture_takes_hardly_more_memory_than_it_has_pixels(monkeypatch):
    from tlcore.modalities.image import pixels

    values = noise(3, 0, 4000, side=61)
    whole = np.asarray(open_picture(encoded(values), value_range=(100, 3900)))
    monkeypatch.setattr(pixels, "_AT_ONCE", 150)  # a few rows at a time give the same
    assert (np.asarray(open_picture(encoded(values), value_range=(100, 3900))) == whole).all()


@pytest.mark.parametrize("pattern", ["a dark tenth", "every other column", "every other row"])
def test_the_values_of_a_large_picture_are_taken_from_all_over_it(pattern):
    large = np.full((1000, 1000), 1000, np.uint16)
    part = {"a dark tenth": np.s_[900:], "every other column": np.s_[:, ::2], "every other row": np.s_[::2]}[pattern]
    large[part] = 0
    expected = 0.1 if pattern == "a dark tenth" else 0.5
    assert counted(large).share_outside((500, 1500)) == pytest.approx(expected, abs=0.01)
