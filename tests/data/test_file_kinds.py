"""What is no zip and no folder is named for what it is, with what to do about it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.conftest import write_classes, write_picture
from tlcore.data.archive import opening
from tlcore.data.file_kinds import why_no_item
from tlcore.errors import DataError, GraftError


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught, opening(path):
        pass
    return str(caught.value)


def packed(name: str = "cats/1.png", content: bytes = b"1" * 300, *more: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for each in (name, *more):
            archive.writestr(each, content)
    return stream.getvalue()


def tar(mode: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        archive.addfile(tarfile.TarInfo("cats/1.png"), io.BytesIO(b""))
    return stream.getvalue()


def split_end() -> bytes:
    content = bytearray(packed())
    at = content.rindex(b"PK\x05\x06")
    content[at + 4 : at + 6] = b"\x02\x00"
    return bytes(content)


CASES = {
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(90), "is a 7z archive. Unpack it"),
    "a.rar": (b"Rar!\x1a\x07\x01\x00" + bytes(90), r"is a RAR archive \(version 5\)"),
    "old.rar": (b"Rar!\x1a\x07\x00" + bytes(90), r"is a RAR archive \(version 4\)"),
    "wrongly-named.zip": (b"Rar!\x1a\x07\x00" + bytes(90), "is a RAR archive"),
    "a.tar": (tar("w"), "is a tar archive"),
    "a.tar.gz": (tar("w:gz"), r"is a tar archive \(a file packed by gzip\)"),
    "a.tgz.zip": (tar("w:gz"), "is a tar archive"),
    "a.tar.bz2": (tar("w:bz2"), r"is a tar archive \(a file packed by bzip2\)"),
    "a.tar.xz": (tar("w:xz"), r"is a tar archive \(a file packed by xz\)"),
    "a.tar.zst": (b"\x28\xb5\x2f\xfd" + bytes(90), r"is a tar archive \(a file packed by Zstandard\)"),
    "labels.csv.gz": (gzip.compress(b"file,label\n"), "is a file packed by gzip"),
    "one.bz2": (bz2.compress(b"picture"), "is a file packed by bzip2"),
    "one.xz": (lzma.compress(b"picture"), "is a file packed by xz"),
    "torn.gz": (b"\x1f\x8b" + bytes(90), "and damaged"),
    "a.exe": (b"MZ" + bytes(90) + packed(), "archive that unpacks itself"),
    "a.zip.001": (packed()[:200], "one part of a split archive"),
    "a.zip.002": (bytes(range(200)), "one part of a split archive"),
    "a.z01": (b"PK\x07\x08" + packed(), "one part of a split archive"),
    "half.zip": (split_end(), "last of 3 parts of a split zip; the others are called half.z01"),
    "short.zip": (packed()[:-60], "is cut short: its end is missing"),
    "empty.zip": (b"", "is empty"),
    "a.zip.crdownload": (packed()[:50], "download that has not ended"),
    "page.zip": (b"\n<!DOCTYPE html><html><head>", "is a web page"),
    "pointer.zip": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS"),
    "labels.csv": (b"file,label\n1.jpg,cat\n", "is a table or a list alone, without pictures"),
    "notes.txt": (b"hello", "is a text"),
    "letter.docx": (packed("word/document.xml", b"1", "[Content_Types].xml"), "is a Word document"),
    "table.xlsx": (packed("xl/workbook.xml", b"1", "[Content_Types].xml"), "is an Excel workbook. A table alone"),
    "renamed.zip": (packed("xl/workbook.xml", b"1", "[Content_Types].xml"), "is an Excel workbook"),
    "table.ods": (packed("mimetype", b"1", "content.xml"), "is an OpenDocument file"),
    "model.keras": (packed("metadata.json", b"1", "config.json", "model.weights.h5"), "is a Keras model"),
    "app.apk": (packed("AndroidManifest.xml", b"1", "META-INF/MANIFEST.MF"), "is an Android app"),
    "arrays.npz": (packed("x.npy", b"1", "y.npy"), "holds NumPy arrays"),
    "model.pt": (packed("model/data.pkl", b"1", "model/version"), "is a PyTorch model"),
    "report.pdf": (b"%PDF-1.7" + bytes(90), "is a PDF"),
    "table.xls": (b"\xd0\xcf\x11\xe0" + bytes(90), "Office file of the old kind"),
    "data.pkl": (b"\x80\x04" + bytes(90), "is a Python pickle"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_named_for_what_it_is(tmp_path, name):
    content, said = CASES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught, opening(path):
        pass
    assert str(caught.value).startswith(
        f"A zip or a folder with pictures is needed. {'The zip ' * (name == 'short.zip')}{name} "
    )
    assert not str(caught.value).endswith(":")


@pytest.mark.parametrize("name", ["1.jpg", "1.png", "1.gif", "1.bmp", "1.tif", "1.webp", "1.heic"])
def test_a_lone_picture_is_named(tmp_path, name):
    assert "is a single picture" in refusal(write_picture(tmp_path / name))


def test_a_zip_with_a_zip_in_it_is_said_to_be_packed_twice(tmp_path):
    path = tmp_path / "outer.zip"
    path.write_bytes(packed("data/inner.zip", packed(), "__MACOSX/data/._inner.zip"))
    assert "outer.zip holds only another archive, inner.zip. Pack the pictures once" in refusal(path)


def test_a_folder_of_archives_is_said_to_be_one(tmp_path):
    for name in ("train.zip", "test.zip"):
        (tmp_path / name).write_bytes(packed())
    (tmp_path / "README.md").write_text("Pictures of cats")
    assert "holds only archives: test.zip, train.zip. Unpack these" in refusal(tmp_path)


def test_an_archive_beside_pictures_is_left_out_by_name(take_in, tmp_path):
    folder = write_classes(tmp_path / "given", "cats", "dogs")
    (folder / "cats" / "more.zip").write_bytes(packed())
    (folder / "dogs" / "more.tar").write_bytes(tar("w"))
    (folder / "rest.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(90))
    reasons = {left.source: left.reason for left in take_in(folder).left_out}
    for name, kind in {"cats/more.zip": "a zip", "dogs/more.tar": "a tar archive", "rest.7z": "a 7z archive"}.items():
        assert reasons[name].startswith(f"This is {kind}: an archive inside the archive or folder. Unpack it first")


def test_a_zip_with_its_beginning_missing_is_damaged(tmp_path):
    (tmp_path / "a.zip").write_bytes(packed()[50:])
    assert "damaged" in refusal(tmp_path / "a.zip")


@settings(max_examples=60, deadline=None)
@given(head=st.sampled_from([content[:12] for content, _ in CASES.values()]), rest=st.binary(max_size=200))
def test_damaged_beginnings_give_a_sentence_and_no_trace(tmp_path_factory, head, rest):
    path = tmp_path_factory.mktemp("odd") / "a.zip"
    path.write_bytes(head + rest)
    with suppress(GraftError), opening(path):
        pass
    assert isinstance(why_no_item(head + rest), str)
