"""What the rest of the house asks of every modality: one battery, run over the table and a fake modality beside it."""

from __future__ import annotations

import ast
from contextlib import nullcontext

import numpy as np
import pytest

from tlcore.data.info import item_columns
from tlcore.errors import ItemError
from tlcore.items import count, take
from tlcore.modalities import MODALITIES, find_modality, modality_of, read_input
from tlcore.modalities.modality import Before
from tlcore.progress import drain

HOUSE_COLUMNS = {"sha256", "file", "label", "split", "group", "source", "flags", "state"}


def examined(example, path):
    return example.modality.examine(path.read_bytes(), path.suffix, lambda amount: nullcontext())


def decoded(example, paths):
    """The arrays of some files, `(n, …)` each."""
    each = [example.modality.decode(path, example.settings) for path in paths]
    return {name: np.stack([arrays[name] for arrays in each]) for name in each[0]}


def equal(one, other) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_every_modality_of_the_table_has_a_line_here():
    from tests.modalities.conftest import EXAMPLES

    assert {*EXAMPLES} >= {*MODALITIES}


def test_it_is_found_by_its_key_and_its_files_by_their_names(example, tmp_path):
    modality = example.modality
    assert find_modality(modality.key) is modality
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in modality.suffixes)
    assert modality_of([example.write(tmp_path, 0), tmp_path / "notes.xyz"]) is modality
    assert (modality.noun.counted(1), modality.noun.counted(1200)) == (
        f"1 {modality.noun.one}",
        f"1,200 {modality.noun.many}",
    )


def test_its_facts_are_columns_of_their_own(example, tmp_path):
    assert not HOUSE_COLUMNS & set(example.modality.facts)
    found = examined(example, example.write(tmp_path, 0))
    assert {*found.facts} == {*example.modality.facts}
    assert all(isinstance(value, int) for value in found.facts.values())
    assert found.suffix in example.modality.suffixes
    assert {*item_columns(example.modality)} == (HOUSE_COLUMNS - {"state"}) | {*example.modality.facts}


def test_a_file_of_another_kind_is_refused_with_a_reason(example, tmp_path):
    head = example.write(tmp_path, 0).read_bytes()[:512]
    assert example.modality.fault(head, "") == ""
    assert example.modality.fault(b"#!/bin/sh\nrm", "").endswith(".")
    assert example.modality.fault(b"#!/bin/sh\nrm", "A program.") == "A program."
    broken = tmp_path / f"broken{sorted(example.modality.suffixes)[0]}"
    broken.write_bytes(head[:20] + b"\0broken")
    with pytest.raises(ItemError, match=r"\.$"):
        examined(example, broken)
    with pytest.raises(ValueError, match=r"."):
        example.modality.decode(broken, example.settings)


def test_arrays_are_what_the_spec_says_from_a_path_and_from_bytes(example, tmp_path):
    path = example.write(tmp_path, 3)
    arrays = example.modality.decode(path, example.settings)
    spec = example.modality.spec(example.settings)
    assert [(field.name, field.shape, field.dtype) for field in spec] == [
        (name, array.shape, str(array.dtype)) for name, array in arrays.items()
    ]
    assert equal(arrays, example.modality.decode(path.read_bytes(), example.settings))
    assert not equal(arrays, example.modality.decode(example.write(tmp_path, 4), example.settings))


def test_the_decoder_needs_nothing_of_grafts(example):
    program = ast.parse(example.modality.decoder())
    named = {alias.name for node in ast.walk(program) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(program) if isinstance(node, ast.ImportFrom)}
    assert not any(name.split(".")[0] == "tlcore" for name in named)
    assert any(isinstance(node, ast.FunctionDef) for node in program.body)


def test_settings_are_told_apart_and_come_back_from_a_file(example):
    modality, settings = example.modality, example.settings
    assert modality.identity(settings) == modality.identity(settings.model_copy())
    assert modality.identity(settings) != modality.identity(example.other)
    assert read_input(settings.model_dump(mode="json")) == settings
    assert settings.modality == modality.key
    assert modality.described(settings) != ""


def test_the_sizes_that_a_backbone_was_made_for_are_read_from_its_shape(example):
    spec = example.modality.spec(example.settings)
    told = example.modality.told_by_shape(spec[0].shape)
    assert type(example.settings).model_validate({"modality": example.modality.key, **told}) is not None
    assert {*told} == {*example.modality.made_for(16)}


def test_views_depend_on_the_item_and_the_number_alone(example, tmp_path):
    modality = example.modality
    arrays, keys = decoded(example, [example.write(tmp_path, seed) for seed in range(3)]), np.arange(3)
    assert equal(modality.view(arrays, modality.augmentations, number=0, keys=keys), arrays)
    assert modality.view_name(modality.augmentations, 0) == "plain"
    for names in [(name,) for name in modality.augmentations] or [()]:
        view = modality.view(arrays, names, number=1, keys=keys)
        assert {name: (array.shape, array.dtype) for name, array in view.items()} == {
            name: (array.shape, array.dtype) for name, array in arrays.items()
        }
        alone = modality.view(take(arrays, [2]), names, number=1, keys=keys[2:])
        assert equal(take(view, [2]), alone)
        many = modality.different_views(names)
        assert many is None or many >= 1
        if many != 1:
            assert modality.view_name(names, 1) != "plain"


def test_chance_of_a_batch_depends_on_seed_item_and_epoch_alone(example, tmp_path):
    modality = example.modality
    arrays = decoded(example, [example.write(tmp_path, seed) for seed in range(3)])
    for names in [(name,) for name in modality.augmentations] or [()]:
        once = modality.augmented(arrays, names, seed=1, keys=[0, 1, 2], epoch=2)
        assert equal(once, modality.augmented(arrays, names, seed=1, keys=[0, 1, 2], epoch=2))
        assert equal(take(once, [1]), modality.augmented(take(arrays, [1]), names, seed=1, keys=[1], epoch=2))
        assert count(once) == 3


def test_a_preview_is_small_and_says_when_the_item_is_gone(example, tmp_path):
    path = example.write(tmp_path, 0)
    assert len(example.modality.preview(path, 8, {})) > 0
    assert example.modality.preview_suffix.startswith(".")
    path.unlink()
    with pytest.raises(ItemError, match=r"\.$"):
        example.modality.preview(path, 8, {})


def test_what_all_items_decide_are_settings_of_the_input(example, tmp_path):
    settling = example.modality.settling
    if settling is None:
        return
    paths, samples = [example.write(tmp_path, seed) for seed in range(3)], settling.samples()
    for path in paths:
        if (sample := examined(example, path).sample) is not None:
            samples.add(sample)
    reading, _ = settling.settle(samples, [""] * 3, Before())
    assert drain(settling.measure(paths), lambda step: None) == reading
    settings = example.settings.model_copy(update=reading)
    assert type(settings).model_validate(settings.model_dump()) == settings
    if reading:
        assert settling.checked(reading) == reading
        assert settling.told(reading).endswith(".")
        assert example.modality.identity(settings) != example.modality.identity(example.settings)


def test_records_have_a_text_for_each_name(example, tmp_path):
    for records in example.modality.records.values():
        found = records.read(example.write(tmp_path, 0))
        assert len(found) == len(records.says)
        assert all(isinstance(text, str) for text in found)
        assert records.advice.endswith(".")


def test_files_that_few_programs_read_become_others(example, tmp_path):
    for suffix, other in example.modality.other_suffixes.items():
        assert suffix in example.modality.suffixes
        assert suffix != other
        assert example.modality.convert is not None
