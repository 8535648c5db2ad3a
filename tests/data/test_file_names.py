"""The file that a cell of a table names, however it is spelt; nothing where that is not clear."""

from __future__ import annotations

from pathlib import PurePosixPath
from unicodedata import normalize
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tlcore.data.file_names import FileIndex
from tlcore.data.path_spellings import number_of


def index(*names: str) -> FileIndex:
    return FileIndex([PurePosixPath(name) for name in names])


def found(text: str, *names: str, folder: str = "") -> tuple[str, str]:
    match = index(*names).find(text, PurePosixPath(folder))
    return str(match.file or ""), match.how


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("Café 1.jpg", "exact"),
        (" ./Café 1.jpg ", "exact"),
        ('"Café 1.jpg"', "exact"),
        ("pics/Café 1.jpg", "exact"),
        ("C:\\Users\\me\\pics\\Café 1.jpg", "exact"),
        ("\\\\nas\\share\\pics\\CAFÉ 1.JPG", "case"),
        ("\\\\?\\C:\\pics\\Café 1.jpg", "exact"),
        ("\\\\?\\UNC\\nas\\pics\\Café 1.jpg", "exact"),
        ("Cafe\u0301 1.jpg", "form"),
        ("Ｃａｆé 1.jpg", "form"),
        ("Caf%C3%A9%201.jpg", "percent-encoded"),
        ("Caf%C3%A9+1.jpg", "percent-encoded"),
        ("Caf%E9%201.jpg", "percent-encoded"),
        ("Caf%25C3%25A9%25201.jpg", "percent-encoded"),
        ("file:///home/me/pics/Caf%C3%A9%201.jpg", "percent-encoded"),
        ("file:///C:/pics/Caf%C3%A9%201.jpg", "percent-encoded"),
        ("file://server/pics/Café 1.jpg", "exact"),
        ("https://example.org/pics/Caf%C3%A9%201.jpg?sig=abc%3D&x=1#top", "percent-encoded"),
        ("https://example.org/pics/Café 1.jpg?sig=1", "url"),
        ("gs://bucket/pics/Café 1.jpg", "exact"),
        ("s3://bucket/pics/Café 1.jpg", "exact"),
        ("az://account/pics/Café 1.jpg", "exact"),
        ("dbfs:/mnt/pics/Café 1.jpg", "exact"),
        ("/data/local-files/?d=Caf%C3%A9%201.jpg", "query"),
        ("/data/upload/3/1a2b3c4d-Café 1.jpg", "upload mark"),
        ("Café 1", "suffix"),
        ("Café 1.png", "suffix"),
        ("1a2b3c4d-Café 1.png", "suffix"),
    ],
)
def test_a_place_has_many_spellings(text, how):
    assert found(text, "pics/Café 1.jpg", "pics/Café 2.jpg") == ("pics/Café 1.jpg", how)


@pytest.mark.parametrize(
    "text", ["", " ", ".", "..", "/", "\\", "https://", "?", "#", "%", "C:", "cat", "Café 1.csv", "3.jpg"]
)
def test_what_names_no_file_finds_none(text):
    assert found(text, "pics/Café 1.jpg") == ("", "none")


def test_a_file_that_is_really_called_so_goes_before_what_its_name_would_mean():
    names = ("50%25.jpg", "50%.jpg", "a+b.jpg", "a b.jpg", "x?y=1.jpg", "1a2b3c4d-cat.jpg", "cat.jpg", "c#1.jpg")
    for name in names:
        assert found(name, *names) == (name, "exact")
    assert found("50%25.jpg", "50%.jpg") == ("50%.jpg", "percent-encoded")


def test_another_suffix_is_taken_only_where_it_is_clear():
    assert found("1.png", "1.jpg", "1.webp") == ("", "several")
    assert found("1", "1.jpg", "1.png") == ("", "several")
    assert found("1.png", "a/1.jpg", "a/1.txt") == ("a/1.jpg", "suffix")
    assert found("Dr. Who", "Dr. Who.jpg") == ("Dr. Who.jpg", "suffix")


def test_equal_names_are_told_apart_by_their_folders_in_any_spelling():
    names = [f"images/{place}/{number}.jpg" for place in ("a", "é") for number in range(3)]
    assert found("Images/A/1.jpg", *names) == ("images/a/1.jpg", "exact")
    assert found("pics\\E\u0301\\1.JPG", *names) == ("images/é/1.jpg", "case")
    assert found("1.jpg", *names) == ("", "several")
    assert found("1.jpg", *names, folder="images/a") == ("images/a/1.jpg", "exact")
    assert found("https://x.org/%C3%A9/1.jpg?s=1", *names) == ("images/é/1.jpg", "percent-encoded")


def test_a_place_is_meant_from_where_the_table_lies_or_else_from_the_top():
    assert found("1.jpg", "1.jpg", "a/1.jpg", folder="a") == ("a/1.jpg", "exact")
    assert found("1.jpg", "1.jpg", "a/1.jpg") == ("1.jpg", "exact")
    assert found("1.jpg", "1.jpg", "a/1.jpg", folder="tables") == ("1.jpg", "exact")


def test_names_that_differ_in_case_or_form_only_are_told_apart_by_what_is_exact():
    names = ("A.jpg", "a.jpg", "é.jpg", "e\u0301.jpg")
    for name in names:
        assert found(name, *names) == (name, "exact")
    assert found("a.JPG", *names) == ("", "several")


def test_the_fit_is_the_number_of_folders_that_agree():
    files = index("set/images/a/1.jpg")
    assert files.find("images/A/1.jpg").fit == 2
    assert files.find("other/a/1.jpg").fit == 1
    assert files.find("1.jpg").fit == 0


# === Any spelling ===

NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"], exclude_characters="/\\:\"'`“”„‘’«»?"),
    min_size=1,
    max_size=8,
)
NAMES = NAMES.map(lambda text: normalize("NFC", text)).filter(
    lambda text: text.strip() == text != "" and text.strip(".") != ""
)
SPELLINGS = {
    "plain": lambda path: path,
    "windows": lambda path: "D:\\x\\" + path.replace("/", "\\"),
    "unc": lambda path: "\\\\nas\\x\\" + path.replace("/", "\\"),
    "taken apart": lambda path: normalize("NFD", path),
    "quoted": lambda path: f' "{path}" ',
    "percent": quote,
    "file": lambda path: "file:///x/" + quote(path),
    "url": lambda path: "https://example.org/x/" + quote(path) + "?sig=a%2Fb#top",
    "cloud": lambda path: "gs://bucket/" + path,
    "below": lambda path: "./" + path,
}


@settings(max_examples=150, deadline=None)
@given(
    folders=st.lists(NAMES, max_size=2),
    names=st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold),
    data=st.data(),
)
def test_a_file_is_found_in_any_spelling_or_not_at_all(folders, names, data):
    paths = [PurePosixPath(*folders, f"{name}.jpg") for name in names]
    assume(len({normalize("NFKC", str(path)).casefold() for path in paths}) == len(paths))
    files = FileIndex(paths)
    for path in paths:
        how = data.draw(st.sampled_from(sorted(SPELLINGS)))
        spelt = SPELLINGS[how](str(path))
        match = files.find(spelt)
        assume(
            how not in {"cloud", "plain", "below", "windows", "unc", "quoted", "taken apart"}
            or not set("%+#") & set(spelt)
        )
        assert match.file == path, (how, spelt)


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=30), names=st.lists(NAMES, max_size=5))
def test_any_text_finds_a_file_that_is_there_or_says_why_not(text, names):
    paths = [PurePosixPath(name) for name in names]
    match = FileIndex(paths).find(text)
    assert match.file in paths if match.file else match.how in {"none", "several"}


# === What a spreadsheet does to names ===


@pytest.mark.parametrize("write", [str, lambda number: f"{number}.0", lambda number: f"{number}.00"])
def test_zeros_that_a_spreadsheet_dropped_are_put_back(write):
    files = index(*(f"cats/{number:04d}.jpg" for number in range(1, 1200)))
    column = files.match_column([write(number) for number in range(1, 1200)])
    assert len(column.files) == 1199
    assert column.find(write(7)).file == PurePosixPath("cats/0007.jpg")
    assert column.find(write(7)).how == "leading zeros"
    assert f"'{write(1)}' for 0001.jpg" in column.note()
    assert "into numbers" in column.note()


def test_a_number_with_a_point_is_the_name_without():
    column = index("7.jpg", "8.jpg").match_column(["7.0", "8.0"])
    assert [column.find(cell).how for cell in ("7.0", "8.0")] == ["number", "number"]


def test_powers_of_ten_are_matched_where_they_stand_for_one_name():
    assert len(index("120000.jpg", "0000007.jpg").match_column(["1.2E+05"]).files) == 1
    assert len(index("120000.jpg").match_column(["1.2E+05", "1.2E+05"]).files) == 0


@pytest.mark.parametrize(
    "cells",
    [["7", "0008"], ["7", "cat"], ["7", "8", "9", "10", "11", "12"], ["7.5", "8"], ["7", "7.0"]],
    ids=["zeros kept", "not all numbers", "mostly other numbers", "fractions", "twice"],
)
def test_zeros_are_not_put_back_where_the_column_says_otherwise(cells):
    assert index("0007.jpg", "0008.jpg").match_column(cells).find("7").file is None


def test_zeros_are_not_put_back_where_several_names_fit():
    assert index("0007.jpg", "007.jpg", "0008.jpg").match_column(["7", "8"]).find("7").file is None
    column = index("a/0007.jpg", "b/0007.jpg").match_column(["7"], PurePosixPath("b"))
    assert column.find("7").file == PurePosixPath("b/0007.jpg")


def test_zeros_are_not_put_back_for_a_single_cell():
    assert found("7", "0007.jpg") == ("", "none")


def test_other_suffixes_are_noted():
    column = index("1.jpg", "2.jpg").match_column(["1.png", "2.png", ""])
    assert column.note() == "2 names have another suffix or none, such as '1.png' for 1.jpg."
    assert index("1.jpg").match_column(["1.jpg"]).note() == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("7", 7), ("0007", 7), (" 7.0 ", 7), ("1.2E+05", 120_000), ("1e3", 1000), ("1.25E+01", None), ("7.5", None)],
        *[("cat", None), ("", None), ("1e99", None), ("-7", None), ("9" * 99, None), ("²", None)],
    ],
)
def test_the_numbers_of_a_spreadsheet(text, number):
    assert number_of(text) == number
