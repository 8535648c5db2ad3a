"""What survives a crash, and what a reader can see while a file is written."""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from tlcore.data.info import write_table
from tlcore.errors import WorkspaceError
from tlcore.files import (
    append_line,
    read_json,
    read_lines,
    read_parquet,
    remove_tree,
    replacing,
    tree_bytes,
    write_bytes,
    write_json,
)


class Colour(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


def test_a_fault_while_writing_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.json"
    write_bytes(path, b"old")
    with suppress(ZeroDivisionError), replacing(path) as beside:
        beside.write_bytes(b"half of the n")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_sees_a_whole_file_at_any_moment(tmp_path):
    path = tmp_path / "progress.json"
    write_json(path, {"text": "x"})
    done = threading.Event()

    def write() -> None:
        for size in range(1, 200):
            write_json(path, {"text": "x" * size * 100})
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert path.read_bytes().endswith(b"}\n")
    writer.join()


def test_a_table_is_read_whole_while_others_take_its_place(tmp_path):
    path = tmp_path / "items.parquet"
    tables = [pd.DataFrame({"sha256": [f"{row:064x}" for row in range(rows)]}) for rows in (10, 300)]
    write_table(path, tables[0])
    done = threading.Event()

    def write() -> None:
        for turn in itertools.count():
            write_table(path, tables[turn % 2])
            if done.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(400):
            assert len(read_parquet(path)) in {10, 300}
    finally:
        done.set()
        writer.join()


def test_a_table_that_is_missing_or_damaged_is_told_from_an_empty_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_parquet(tmp_path / "items.parquet")
    (tmp_path / "items.parquet").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="Parquet"):
        read_parquet(tmp_path / "items.parquet")


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n", codec="utf-8"), min_size=1), min_size=1))
def test_a_torn_last_line_is_ignored(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("lines") / "events.jsonl"
    for line in lines:
        append_line(path, line)
    assert read_lines(path) == lines
    path.write_bytes(path.read_bytes()[:-1])
    assert read_lines(path) == lines[:-1]


def test_a_file_that_does_not_follow_its_schema_is_named_in_a_sentence(tmp_path):
    path = tmp_path / "colour.json"
    with pytest.raises(WorkspaceError, match=r"colour\.json is needed"):
        read_json(path, Colour)
    path.write_text('{"name": "red", "shade": 3}')
    with pytest.raises(WorkspaceError, match=r"should follow the schema Colour.*shade: Extra inputs") as caught:
        read_json(path, Colour)
    assert "http" not in str(caught.value)


def test_a_written_schema_reads_back_equal(tmp_path):
    write_json(tmp_path / "c.json", Colour(name="blått"))
    assert read_json(tmp_path / "c.json", Colour) == Colour(name="blått")


def test_a_removed_folder_is_gone_at_once_and_removing_it_again_is_no_fault(tmp_path):
    folder = tmp_path / "run"
    (folder / "deep").mkdir(parents=True)
    write_bytes(folder / "deep" / "a", b"12345")
    assert tree_bytes(folder) == 5
    remove_tree(folder)
    remove_tree(folder)
    assert list(tmp_path.iterdir()) == []
