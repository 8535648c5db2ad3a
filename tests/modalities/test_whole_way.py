"""The whole way of items of any modality: imported, edited, split, decoded, looked at, grouped, handed out."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.modalities.conftest import EXAMPLES
from tlcore.data.caches import list_caches
from tlcore.data.edits.operations import apply, compare, history, reading_at, undo
from tlcore.data.edits.types import Exclude, Relabel, SetReading
from tlcore.data.export import hand_out
from tlcore.data.inbox import Inbox
from tlcore.data.intake import ingest
from tlcore.data.packing import pack_dataset
from tlcore.data.records import read_records
from tlcore.data.split.grouping import group, parse
from tlcore.data.split.locked import draw_parts
from tlcore.data.store import ArrayStore
from tlcore.data.unpacking import unpack_dataset
from tlcore.errors import DataError
from tlcore.progress import drain


def done(steps):
    return drain(steps, lambda step: None)


@pytest.fixture
def source(example, tmp_path):
    """Two classes of ten items, a table that names them, and a file of no kind."""
    for place, label in enumerate(("a", "b")):
        for seed in range(10):
            example.write(tmp_path / "given" / label, 10 * place + seed)
    (tmp_path / "given" / "a" / "notes.bin").write_bytes(b"\x7fELF")
    return tmp_path / "given"


@pytest.fixture
def dataset(workspace, source):
    return done(ingest(workspace, source)).dataset


def test_an_import_finds_the_modality_and_keeps_its_facts(example, workspace, source):
    report = done(ingest(workspace, source))
    info, items = report.dataset.info, report.dataset.items()
    assert (info.modality, info.classes, report.kept) == (example.modality.key, ("a", "b"), 20)
    assert [one.source for one in report.left_out] == ["a/notes.bin"]
    assert tuple(items.columns) == info.columns
    assert (items[list(example.modality.facts)] > 0).all().all()
    assert set(items["file"].str[64:]) <= example.modality.suffixes


def test_files_of_another_modality_are_left_out_with_the_reason(example, workspace, source):
    (other,) = (each for each in EXAMPLES.values() if each is not example)
    strange = other.write(source / "a", 99)
    report = done(ingest(workspace, source))
    assert (report.dataset.info.modality, report.kept) == (example.modality.key, 20)
    (reason,) = [left.reason for left in report.left_out if left.source == f"a/{strange.name}"]
    assert reason.endswith(".")


def test_edits_are_told_by_the_noun_and_undone(example, dataset):
    noun, shas = example.modality.noun, list(dataset.items()["sha256"])
    assert apply(dataset, Exclude(shas=(shas[0],))).says == f"Excluded 1 {noun.one}."
    assert apply(dataset, Relabel(labels=dict.fromkeys(shas[1:3], "new"))).says == f"Moved 2 {noun.many} to 'new'."
    assert dataset.size() == 19
    undo(dataset)
    undo(dataset)
    assert dataset.size() == 20
    assert history(dataset)[0].says == f"Took in the first {noun.many}."
    assert compare(dataset, 1, dataset.info.version).empty


def test_what_all_items_decide_is_kept_set_and_undone(example, dataset):
    if not dataset.info.reading:
        return
    first, settling = dataset.info.reading, example.modality.settling
    other = {name: 2 * value for name, value in first.items()}
    assert apply(dataset, SetReading(reading=other)).says == settling.told(other)
    assert (dataset.info.reading, reading_at(dataset, 1)) == (other, first)
    with pytest.raises(DataError, match="read already"):
        apply(dataset, SetReading(reading=other))
    undo(dataset)
    assert dataset.info.reading == first


def test_items_are_split_and_grouped_by_what_their_files_record(example, dataset):
    parts, items = draw_parts(dataset), dataset.items()
    assert sum(parts.sizes().values()) == 20
    for kind, records in example.modality.records.items():
        found = read_records(dataset, items, records)
        assert (dataset.path / records.table).exists()
        for name, says in records.says.items():
            rule = parse(f"{kind}:{name}")
            assert rule.says(example.modality) == says
            if (found[name] == "").all():
                with pytest.raises(DataError, match=re.escape(records.advice)):
                    group(dataset, items, [rule])
            else:
                units = group(dataset, items, [rule]).units
                assert len(set(units)) == found[name].nunique()


def test_items_become_a_store_of_arrays_that_is_found_again(example, workspace, dataset):
    items, modality = dataset.items(), example.modality
    settings = example.settings.model_copy(update=dataset.info.reading)
    paths, shas = [dataset.image_path(file) for file in items["file"]], tuple(items["sha256"])
    store = done(ArrayStore.open_or_build(paths, shas, settings, workspace.cache))
    assert ArrayStore.find(shas, settings, workspace.cache).path == store.path
    assert ArrayStore.find(shas, example.other, workspace.cache) is None
    arrays = store.inputs[:]
    for row, path in enumerate(paths):
        for name, array in modality.decode(path, settings).items():
            assert np.array_equal(arrays[name][row], array)
    (cache,) = list_caches(workspace.cache)
    assert (cache.kind, cache.holds()) == ("items", f"20 {modality.noun.many} {modality.described(settings)}")
    view = modality.view(arrays, (), number=0, keys=np.arange(20))
    assert {name: array.shape for name, array in view.items()} == {name: array.shape for name, array in arrays.items()}


def test_previews_are_kept_beside_the_items(example, dataset):
    file = dataset.items()["file"].iloc[0]
    first = dataset.thumbnail(file, 8)
    assert first == example.modality.preview(dataset.image_path(file), 8, dataset.info.reading)
    (kept,) = (dataset.path / "thumbnails").iterdir()
    assert kept.suffix == example.modality.preview_suffix
    kept.write_bytes(b"kept")
    assert dataset.thumbnail(file, 8) == b"kept"


def test_the_inbox_takes_items_without_a_label_and_lets_them_join(example, workspace, dataset, tmp_path):
    example.write(tmp_path / "more", 77)
    inbox = Inbox(dataset)
    assert done(inbox.put(workspace, tmp_path / "more")).kept == 1
    (row,) = inbox.items().to_dict("records")
    assert all(row[name] > 0 for name in example.modality.facts)
    assert len(inbox.thumbnail(row["file"], 8)) > 0
    inbox.label(row["sha256"], "a")
    assert inbox.join(workspace).kept == 1
    assert dataset.counts() == {"a": 11, "b": 10}


def test_a_dataset_is_handed_out_and_taken_in_again(example, workspace, dataset, tmp_path):
    found = done(hand_out(dataset, "zip", tmp_path / "out.zip"))
    assert found.manifest.reading == dataset.info.reading
    again = done(ingest(workspace, tmp_path / "out.zip")).dataset
    assert (again.info.fingerprint, again.info.modality) == (dataset.info.fingerprint, example.modality.key)
    done(hand_out(dataset, "imagefolder", tmp_path / "folder"))
    lines = (tmp_path / "folder" / "train" / "metadata.jsonl").read_text().splitlines()
    names = {json.loads(line)["file_name"] for line in lines}
    assert all((tmp_path / "folder" / "train" / name).is_file() for name in names)


def test_a_packed_dataset_comes_back_as_it_was(example, workspace, dataset, tmp_path):
    done(pack_dataset(dataset, tmp_path / "packed.zip"))
    before = dataset.info
    dataset.delete()
    again = done(unpack_dataset(workspace, tmp_path / "packed.zip"))
    assert again.info == before
    assert len(again.items()) == 20
