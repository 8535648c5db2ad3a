"""CSV for people: nothing in it is run by a spreadsheet, and it comes back exactly."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.contracts import image_contract
from tlcore.data.edits.operations import apply
from tlcore.data.edits.relabel_csv import label_changes, relabelling
from tlcore.data.edits.types import RenameClass
from tlcore.data.tables import read_table
from tlcore.inference.predictions_csv import AnswerTable
from tlcore.inference.predictor import Answer
from tlcore.spreadsheet import MARK, Writer, as_file, cell, table_as_csv, text_of

HOSTILE = ("=1+1", "+49 name", "-dash", "@mention", "'quoted", "'=1", "''=1", '=cmd|"x"!A1', "plain", "-1.5", "＝1")
TEXT = st.text(st.characters(exclude_categories=("Cs",)))


@given(TEXT | st.sampled_from(HOSTILE) | TEXT.map("='{}".format) | TEXT.map("'{}".format))
@example("'=")
@example("\t=1")
def test_a_cell_comes_back_and_begins_no_formula(text):
    written = cell(text)
    assert text_of(written) == text
    if written[:1] in set("=+-@\t\r"):
        float(written)


def test_numbers_stay_numbers():
    assert [cell(value) for value in (-1.5, -3, "-1.5", "+2e-3", np.float32(-2), None)] == [
        *(-1.5, -3, "-1.5", "+2e-3", np.float32(-2), None)
    ]


def test_a_table_has_the_mark_and_is_read_back_as_it_was():
    table = pd.DataFrame({"=name": list(HOSTILE), "n": np.arange(len(HOSTILE)) - 1.5})
    content = as_file(table_as_csv(table))
    assert content.startswith(MARK)
    assert not content.startswith(MARK * 2)
    back = read_table(content)
    assert back.header == ("=name", "n")
    assert [row[0] for row in back.rows] == list(HOSTILE)
    assert [float(row[1]) for row in back.rows] == table["n"].tolist()


def test_a_writer_marks_every_cell():
    stream = io.StringIO()
    Writer(stream, lineterminator="\n").writerows([["=a", 1], ["b", -2]])
    assert stream.getvalue() == "'=a,1\nb,-2\n"


def test_label_changes_of_hostile_names_come_back_exactly(tiny_dataset):
    apply(tiny_dataset, RenameClass(old="circle", new="=HYPERLINK(1)"))
    out = as_file(table_as_csv(label_changes(tiny_dataset)))
    assert b"\n=" not in out
    assert b",=" not in out
    assert set(relabelling(tiny_dataset, out).labels.values()) == {"=HYPERLINK(1)"}


def test_a_table_of_answers_with_hostile_names_is_taken_up_again(tmp_path):
    contract, path = image_contract(("=1+1", "@b", "ünï"), 32), tmp_path / "answers.csv"
    with AnswerTable(path, contract) as table:
        table.write(Answer(Path("-first.png"), np.array([0.7, 0.2, 0.1], np.float32), None, ""))
    with AnswerTable(path, contract, resume=True) as table:
        table.write(Answer(Path("+second.png"), np.array([0.1, 0.8, 0.1], np.float32), None, ""))
        rows = list(table.rows())
    assert [(row.path, row.reply.label) for row in rows] == [("-first.png", "=1+1"), ("+second.png", "@b")]
    assert path.read_bytes().count(MARK) == 1
    written = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert [row[:2] for row in written[1:]] == [["'-first.png", "'=1+1"], ["'+second.png", "'@b"]]


@pytest.mark.parametrize("length", [1, 2, 3, 7, 20])
def test_a_table_that_was_killed_with_its_first_letters_is_begun_anew(tmp_path, length):
    path = tmp_path / "answers.csv"
    with AnswerTable(path, image_contract(("a", "b"), 32)):
        pass
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    with AnswerTable(path, image_contract(("a", "b"), 32), resume=True):
        pass
    assert path.read_bytes() == whole
