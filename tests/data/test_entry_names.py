"""Names in zips and folders whose encoding nobody states: never cut, never merged, and a guess that can be changed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.conftest import write_picture
from tests.data.test_encodings import WORDS
from tests.data.zips import unicode_path, unmarked_zip
from tlcore.data.archive import opening
from tlcore.errors import ArchiveError, DataError


def names(source: Path, encoding: str | None = None) -> list[str]:
    with opening(source, encoding=encoding) as opened:
        return [entry.name for entry in opened.entries]


def content_of(source: Path) -> dict[str, bytes]:
    with opening(source) as opened:
        found = {}
        for entry in opened.entries:
            with opened.open(entry) as stream:
                found[entry.name] = stream.read()
        return found


@pytest.mark.parametrize("codec", WORDS)
def test_the_names_in_a_zip_are_read_as_they_were_written(tmp_path, codec):
    wanted = {f"{word}/{number}.jpg": f"{word}{number}".encode() for word in WORDS[codec] for number in range(2)}
    path = unmarked_zip(tmp_path / "a.zip", ((name.encode(codec), content) for name, content in wanted.items()))
    assert content_of(path) == wanted
    with opening(path) as opened:
        assert opened.encoding is not None
        assert (opened.encoding.codec, opened.encoding.guessed) == (codec, True)
        assert set(opened.encoding.text.splitlines()) <= set(wanted)


def test_a_guess_can_be_changed(tmp_path):
    path = unmarked_zip(tmp_path / "a.zip", [("ёж/1.jpg".encode("cp1251"), b"1")])
    assert names(path, "cp1251") == ["ёж/1.jpg"]
    assert names(path, "koi8-r") == ["ёж/1.jpg".encode("cp1251").decode("koi8-r")]
    with opening(path, encoding="cp1251") as opened:
        assert opened.encoding is not None
        assert not opened.encoding.guessed
        assert "koi8_r" in opened.encoding.alternatives
    with pytest.raises(DataError, match="name of a text encoding is needed"):
        names(path, "klingon")


def test_a_chosen_encoding_that_does_not_fit_is_refused(tmp_path):
    path = unmarked_zip(tmp_path / "a.zip", [("Gänse/1.jpg".encode("cp1252"), b"1")])
    with pytest.raises(DataError, match="UTF-8 cannot read"):
        names(path, "utf-8")


def test_names_that_are_certain_are_no_guess(tmp_path):
    with opening(unmarked_zip(tmp_path / "a.zip", [(b"cats/1.jpg", b"1"), ("猫/2.jpg".encode(), b"2")])) as opened:
        assert [entry.name for entry in opened.entries] == ["cats/1.jpg", "猫/2.jpg"]
        assert opened.encoding is None


def test_the_unicode_path_of_info_zip_counts_for_the_name_it_was_made_for(tmp_path):
    raw, other = "ёж.jpg".encode("cp866"), "ель.jpg".encode("cp866")
    extra = {raw: unicode_path(raw, "ёж.jpg"), other: unicode_path(b"another name", "../../evil.jpg")}
    assert names(unmarked_zip(tmp_path / "a.zip", [(raw, b"1"), (other, b"2")], extra=extra)) == ["ель.jpg", "ёж.jpg"]


def test_a_unicode_path_that_leads_outside_is_refused(tmp_path):
    path = unmarked_zip(tmp_path / "a.zip", [(b"a.jpg", b"1")], extra={b"a.jpg": unicode_path(b"a.jpg", "../evil.jpg")})
    with pytest.raises(ArchiveError, match="outside its folder"):
        names(path)


def test_a_name_that_ends_with_half_a_letter_is_no_folder(tmp_path):
    files = [(f"{name}/ソ".encode("cp932"), b"1") for name in ("ソファ", "表示")]
    assert names(unmarked_zip(tmp_path / "a.zip", files)) == ["ソファ/ソ", "表示/ソ"]


@pytest.mark.parametrize("encoding", ["cp866", "cp850", "koi8-r"])
def test_a_wrong_encoding_cuts_no_names(tmp_path, encoding):
    files = [(f"{name}/{number}.jpg".encode("cp932"), b"1") for name in ("ソファ", "表示") for number in range(2)]
    found = names(unmarked_zip(tmp_path / "a.zip", files), encoding)
    assert [len(Path(name).parts) for name in found] == [2] * 4
    assert {name.split("/")[0].encode(encoding) for name in found} == {"ソファ".encode("cp932"), "表示".encode("cp932")}


def test_backslashes_of_windows_are_separators_also_where_names_are_a_guess(tmp_path):
    files = [(f"{word}\\{number}.jpg".encode("cp866"), b"1") for word in ("кошки", "собаки") for number in range(2)]
    assert names(unmarked_zip(tmp_path / "a.zip", files))[0] == "кошки/0.jpg"


@pytest.mark.parametrize(
    "name", [b"..\\evil\x81.jpg", b"a/..\\..\\\x82.jpg", b"\\\x81.jpg", b"C:\\\x81.jpg", b"\\\\h\\\x81"]
)
def test_names_that_are_a_guess_lead_nowhere_either(tmp_path, name):
    with pytest.raises(ArchiveError, match="outside its folder"):
        names(unmarked_zip(tmp_path / "a.zip", [(b"cats/1.jpg", b"1"), (name, b"2")]))


@settings(max_examples=60, deadline=None)
@given(
    raw=st.lists(
        st.lists(
            st.binary(min_size=1, max_size=6).filter(lambda part: not set(part) & set(b"/\\\0.:\n")),
            min_size=1,
            max_size=3,
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda parts: b"/".join(parts),
    )
)
def test_no_two_files_of_a_zip_become_one(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    unmarked_zip(path, ((b"/".join(parts), str(number).encode()) for number, parts in enumerate(raw)))
    assert sorted(content_of(path).values()) == sorted(str(number).encode() for number in range(len(raw)))


# === A folder ===


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have only names in Unicode")
@pytest.mark.parametrize("codec", ["cp932", "gbk", "cp1251", "cp1252"])
def test_the_names_on_a_disk_are_read_as_they_were_written(tmp_path, codec):
    for word in WORDS[codec]:
        folder = os.fsencode(tmp_path) + b"/" + word.encode(codec)
        Path(os.fsdecode(folder)).mkdir()
        (Path(os.fsdecode(folder)) / "ü.jpg").write_bytes(word.encode())
    assert content_of(tmp_path) == {f"{word}/ü.jpg": word.encode() for word in WORDS[codec]}
    with opening(tmp_path) as opened:
        assert opened.encoding is not None
        assert opened.encoding.codec == codec
        assert set(opened.encoding.text.splitlines()) == set(WORDS[codec])


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_two_names_that_differ_in_their_form_stay_two(tmp_path, forms):
    for number, form in enumerate(forms):
        write_picture(tmp_path / normalize(form, "é") / "1.png", seed=number)
        write_picture(tmp_path / normalize(form, "é") / f"{form}.png", seed=number + 10)
    found = names(tmp_path)
    assert len(set(found)) == 4
    assert {name.split("/")[0] for name in found} == {normalize("NFC", "é"), normalize("NFD", "é")}


def test_a_link_with_a_name_that_is_not_utf_8_is_left_out_under_a_readable_name(tmp_path):
    write_picture(tmp_path / "cats" / "1.png")
    Path(os.fsdecode(os.fsencode(tmp_path) + "/Gänse und Möwen".encode("cp1252"))).symlink_to(tmp_path / "cats")
    with opening(tmp_path) as opened:
        assert [name for name, _ in opened.left_out] == ["Gänse und Möwen"]
