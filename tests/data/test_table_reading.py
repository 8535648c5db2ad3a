"""Tables are read with the same cells whatever their encoding, delimiter, quotes and line ends; workbooks too."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date, datetime
from pathlib import PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.conftest import write_picture
from tests.data.test_encodings import WORDS
from tests.data.workbook_files import sheet_xml, workbook
from tlcore import spreadsheet
from tlcore.data import workbooks
from tlcore.data.annotations import as_tables
from tlcore.data.metadata import read_columns
from tlcore.data.tables import Table, read_table, read_tables

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
LINE_ENDS = {"windows": "\r\n", "unix": "\n", "mac": "\r"}


def cells(table: Table) -> list[tuple[str, ...]]:
    return [table.header, *table.rows]


def written(rows: list[tuple[str, ...]], delimiter: str, quoting: int = csv.QUOTE_MINIMAL, end: str = "\r\n") -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    return stream.getvalue()


PLAIN = "ab1 ,;\t|.:'\"#=äß犬"
CELLS = {
    csv.QUOTE_MINIMAL: st.text(st.sampled_from(PLAIN), max_size=6),  # the writer leaves some line ends without quotes
    csv.QUOTE_ALL: st.text(st.sampled_from(PLAIN + "\n\r"), max_size=6),
}


@settings(max_examples=150, deadline=None)
@given(
    width=st.integers(2, 4),
    data=st.data(),
    delimiter=st.sampled_from(sorted(DELIMITERS.values())),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(sorted(LINE_ENDS.values())),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_any_cells_come_back_from_any_csv(width, data, delimiter, quoting, end, codec):
    header = ("file", "label", "split", "note")[:width]
    row = st.tuples(*[CELLS[quoting]] * width).filter(any)
    rows = [header, *data.draw(st.lists(row, min_size=2, max_size=6))]
    table = read_table(written(rows, delimiter, quoting, end).encode(codec))
    # An apostrophe that only keeps a spreadsheet from running a cell is no part of it.
    assert cells(table) == [tuple(map(spreadsheet.text_of, row)) for row in rows]
    assert table.delimiter == delimiter


@pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS)
@pytest.mark.parametrize("delimiter", DELIMITERS.values(), ids=DELIMITERS)
@pytest.mark.parametrize("codec", WORDS)
def test_words_come_back_in_any_encoding(codec, delimiter, end):
    rows = [("file", "label"), *((f"Bild {n}, vorn.jpg", word) for n, word in enumerate(WORDS[codec] * 4))]
    table = read_table(written(rows, delimiter, end=end).encode(codec))
    assert cells(table) == rows
    assert (table.codec, table.guessed, table.delimiter) == (codec, True, delimiter)
    assert cells(read_table(written(rows, delimiter, end=end).encode(codec), codec)) == rows


# === What programs do to a CSV ===


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
def test_the_separator_that_excel_states_is_taken(line):
    table = read_table(f"{line}\r\nfile;label\r\n1,5.jpg;a,b\r\n2,5.jpg;c,d\r\n".encode())
    assert cells(table) == [("file", "label"), ("1,5.jpg", "a,b"), ("2,5.jpg", "c,d")]
    assert table.delimiter == ";"


def test_decimal_commas_and_lists_of_labels_are_no_delimiters():
    numbers = "file;width;height\n" + "".join(f"{n}.jpg;3,25;1,5\n" for n in range(2000))
    lists = "file,labels\n" + "".join(f"{n}.jpg,cat;black\n" for n in range(2000))
    assert read_table(numbers.encode()).rows[5] == ("5.jpg", "3,25", "1,5")
    assert read_table(lists.encode()).rows[5] == ("5.jpg", "cat;black")


@pytest.mark.parametrize(
    "above",
    [
        "# made by a program\n",
        "# made by a program, on a day\n# two lines\n\n",
        "My labels\n",
        "\n\n",
        "Labels;;\n",
        ";;\n",
    ],
)
def test_titles_and_comments_above_a_table_are_left_out(above):
    table = read_table((above + "file;label;split\n1.jpg;cat;train\n2.jpg;dog;test\n3.jpg;dog;test\n").encode())
    assert table.header == ("file", "label", "split")
    assert len(table.rows) == 3


def test_nothing_is_taken_for_a_title_that_may_be_a_row():
    rows = [("1.jpg", ""), ("2.jpg", "cat"), ("3.jpg", "dog"), ("4.jpg", "dog")]
    assert cells(read_table(written(rows, ";").encode())) == rows
    lines = b"just\nsome\nlines\n"
    assert cells(read_table(lines)) == [("just",), ("some",), ("lines",)]


def test_a_header_without_the_name_of_its_first_column_is_moved_over_the_right_one():
    assert read_table(b"label,split\n1.jpg,cat,train\n2.jpg,dog,test\n").header == ("", "label", "split")
    assert read_table(b"file,label\n1.jpg,cat,\n2.jpg,dog,\n").header == ("file", "label")


def test_rows_of_different_lengths_are_kept():
    assert read_table(b"file,label\n1.jpg\n2.jpg,cat,black\n3.jpg,dog\n").rows == (
        ("1.jpg",),
        ("2.jpg", "cat", "black"),
        ("3.jpg", "dog"),
    )


def test_blanks_delimit_where_rows_begin_with_a_file():
    assert cells(read_table(b"a/1.jpg  0\na/2.jpg 1\nb/3.jpg 12\n"))[2] == ("b/3.jpg", "12")
    assert cells(read_table(b"IMG 1.jpg\nIMG 2.jpg\n")) == [("IMG 1.jpg",), ("IMG 2.jpg",)]
    assert cells(read_table(b"C:\\1.jpg\nC:\\2.jpg\n")) == [("C:\\1.jpg",), ("C:\\2.jpg",)]


def test_cells_of_any_length_zeros_and_lone_quotes_do_not_spoil_a_table():
    long = "x" * 300_000
    assert read_table(f"file,note\n1.jpg,{long}\n".encode()).rows[0][1] == long
    assert read_table(b"file,label\n1\0.jpg,cat\0\n").rows == (("1.jpg", "cat"),)
    inches = b'file,size\n1.jpg,"5 inch\n2.jpg,6 inch\n3.jpg,7 inch\n'
    assert read_table(inches).rows == (("1.jpg", '"5 inch'), ("2.jpg", "6 inch"), ("3.jpg", "7 inch"))


def test_single_quotes_are_taken_off_where_every_line_has_them():
    assert cells(read_table(b"'file','label'\n'1, a.jpg','cat'\n")) == [("file", "label"), ("1, a.jpg", "cat")]
    assert cells(read_table(b"file,label\n'1.jpg',cat\n"))[1] == ("'1.jpg'", "cat")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\0\0", b"\xff\xfe", b"sep=;"])
def test_what_has_no_cells_has_no_rows(content):
    assert read_table(content).rows == ()


def test_a_table_that_is_too_large_says_so(monkeypatch):
    monkeypatch.setattr("tlcore.data.tables.MOST_BYTES", 10)
    assert "larger than" in read_table(b"file,label\n1.jpg,cat\n").fault


def test_an_encoding_that_does_not_fit_is_the_fault():
    assert "Shift-JIS (cp932) cannot read this text" in read_table(b"file,label\n1.jpg,\x81\n", "cp932").fault


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_have_a_fault(content):
    for table in read_tables(content):
        assert isinstance(table.rows, tuple)
        assert not (table.fault and table.rows)


# === Workbooks ===

ROWS: list[tuple[object, ...]] = [
    ("file", "label", "age", "good", "day", "seen"),
    (7, "Kätzchen", 3.0, True, date(2026, 5, 31), datetime(2026, 5, 31, 12, 30)),
    ("0008.jpg", "犬", 2.5, False, None, ""),
]
AS_TYPED = [
    ("file", "label", "age", "good", "day", "seen"),
    ("7", "Kätzchen", "3", "true", "2026-05-31", "2026-05-31 12:30:00"),
    ("0008.jpg", "犬", "2.5", "false", "", ""),
]


@pytest.mark.parametrize("suffix", [".xlsx", ".xlsm"])
def test_a_workbook_is_read_as_a_person_would_type_it(suffix):
    (table,) = as_tables(PurePosixPath(f"labels{suffix}"), workbook({"Sheet1": ROWS}))
    assert table is not None
    assert cells(table) == AS_TYPED
    assert (table.fault, table.sheet, table.encoding) == ("", "", "")


def test_every_sheet_with_cells_is_a_table_the_hidden_last():
    book = workbook({"old": [("a", "b")], "empty": [], "one": ROWS, "two": [("x",), (1,)]}, hidden=["old"])
    tables = as_tables(PurePosixPath("labels.xlsx"), book)
    assert [table.sheet for table in tables] == ["one", "two", "old"]
    assert read_table(book).header == AS_TYPED[0]


def test_titles_above_the_table_of_a_sheet_are_left_out():
    book = workbook({"s": [("My labels", "", ""), ("", "", ""), *(row[:3] for row in ROWS)]})
    assert read_table(book).header == ("file", "label", "age")


def test_a_workbook_beside_pictures_names_their_classes(take_in, tmp_path):
    folder = tmp_path / "given"
    for number in range(4):
        write_picture(folder / f"{number}.png", seed=number)
    rows = [("file", "label", "day"), *((f"{n}.png", ("cat", "dog")[n % 2], date(2026, 5, 1 + n)) for n in range(4))]
    (folder / "labels.xlsx").write_bytes(workbook({"Sheet1": rows}))
    dataset = take_in(folder).dataset
    assert dataset.info.classes == ("cat", "dog")
    assert set(read_columns(dataset)["day"]) == {f"2026-05-0{n}" for n in range(1, 5)}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (workbook({"s": []}), "No sheet of this workbook has cells"),
        (workbook({"s": ROWS})[:-40], "damaged"),
        (workbook({"s": "<worksheet"}), "damaged"),
        (workbook({"s": ROWS}, **{"xl/workbook.xml": b"not xml"}), "damaged|No sheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
    ],
)
def test_a_workbook_that_cannot_be_read_says_why(content, fault):
    table = read_table(content)
    assert table.rows == ()
    assert re.search(fault, table.fault)


def test_a_zip_that_is_no_workbook_is_none():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    assert "no Excel workbook that can be read" in read_table(stream.getvalue()).fault


@pytest.mark.parametrize("far", ["XFD1048576", "A1048576", "XFD3"])
def test_a_cell_in_the_farthest_corner_does_not_fill_the_memory(far):
    xml = sheet_xml(ROWS).replace("</row></sheetData>", f'</row><row><c r="{far}"><v>1</v></c></row></sheetData>')
    table = read_table(workbook({"s": xml}))
    assert ("more than can be read" in table.fault) == (far != "XFD3")


def test_empty_cells_far_from_the_table_do_no_harm():
    xml = sheet_xml(ROWS).replace(
        "</sheetData>", '<row r="1048576" ht="15"><c r="XFD1048576" s="1"/></row></sheetData>'
    )
    assert cells(read_table(workbook({"s": xml}))) == AS_TYPED


def test_cells_that_do_not_tell_their_place_are_read_and_counted():
    xml = sheet_xml([("file", "label"), ("1.jpg", "cat")])
    for place in ("A1", "B1", "A2", "B2"):
        xml = xml.replace(f' r="{place}"', "")
    assert cells(read_table(workbook({"s": xml}))) == [("file", "label"), ("1.jpg", "cat")]


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(workbooks, "_MOST_UNPACKED_BYTES", 100_000)
    book = workbook({"s": ROWS}, **{"xl/styles2.xml": b" " * 200_000})
    assert "unpacks to more than" in read_table(book).fault


def test_a_long_text_that_many_cells_share_is_refused(monkeypatch):
    shared = "<si><t>" + "x" * 30_000 + "</t></si>"
    xml = sheet_xml([(1,)]).replace("<v>1</v>", "<v>0</v>").replace('<c r="A1">', '<c r="A1" t="s">')
    many = xml.replace("</row>", '</row><row><c t="s"><v>0</v></c></row>' * 50)
    parts = {
        "xl/sharedStrings.xml": f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{shared}</sst>'
    }
    assert read_table(workbook({"s": xml}, **parts)).header == ("x" * 30_000,)
    monkeypatch.setattr(workbooks, "_MOST_UNPACKED_BYTES", 1_000_000)
    assert "larger than can be read" in read_table(workbook({"s": many}, **parts)).fault


VALUES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=8).map(str.strip),
    st.integers(-(10**9), 10**9),
    st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6))
def test_any_values_come_back_from_a_workbook(rows):
    typed = [tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in row) for row in rows]
    table = read_table(workbook({"s": [("a", "b"), *rows]}))
    assert cells(table)[1:] == [row for row in typed if any(row)]


# === JSON lines ===


def test_booleans_numbers_and_lists_of_json_lines_are_texts():
    lines = '{"file_name": "1.jpg", "good": true, "n": 3, "tags": ["a", "b"], "box": [[1, 2]], '
    lines += '"o": {"x": 1}, "none": null}\n'
    lines += '{"file_name": "2\u2028.jpg", "good": false, "n": 0.5, "tags": [], "late": "yes"}\n'
    (table,) = as_tables(PurePosixPath("metadata.jsonl"), lines.encode())
    assert table is not None
    assert table.header == ("file_name", "good", "n", "tags", "box", "o", "none", "late")
    assert table.rows == (
        ("1.jpg", "true", "3", "a|b", "[[1, 2]]", '{"x": 1}', "", ""),
        ("2\u2028.jpg", "false", "0.5", "[]", "", "", "", "yes"),
    )
    assert table.lists == {3, 4}


def test_json_lines_may_be_utf_16():
    (table,) = as_tables(PurePosixPath("metadata.jsonl"), '{"file_name": "1.jpg", "label": "犬"}\n'.encode("utf-16"))
    assert table is not None
    assert table.rows == (("1.jpg", "犬"),)
