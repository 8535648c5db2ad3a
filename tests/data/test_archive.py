from __future__ import annotations

import os
import re
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.conftest import write_classes, write_picture
from tlcore.data.archive import Limits, opening, read
from tlcore.errors import ArchiveError, DataError, GraftError, ItemError
from tlcore.workspace import Workspace


def names(source: Path, limits: Limits | None = None) -> list[str]:
    with opening(source, limits) as opened:
        return [entry.name for entry in opened.entries]


def zip_with(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def symlink(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


def everything_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.name.endswith(".lock")}


# === What is listed ===


def test_a_zip_and_a_folder_list_the_same(tmp_path):
    folder = write_classes(tmp_path / "given", "cats", "dogs/big")
    with zipfile.ZipFile(tmp_path / "given.zip", "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, path.relative_to(folder))
    assert names(folder) == names(tmp_path / "given.zip")
    assert names(folder) == ["cats/0.png", "cats/1.png", "dogs/big/0.png", "dogs/big/1.png"]


def test_names_in_any_script_and_with_any_program_are_read(tmp_path):
    unsaid = "猫/三毛.png".encode()
    path = zip_with(
        tmp_path / "a.zip", ("Katzen/große.png", b"1"), ("u" * len(unsaid), b"2"), ("win\\dir\\3.png", b"3")
    )
    # `zipfile` marks every name that is not ASCII as UTF-8; the program of macOS does not.
    path.write_bytes(path.read_bytes().replace(b"u" * len(unsaid), unsaid))
    assert set(names(path)) == {"Katzen/große.png", "猫/三毛.png", "win/dir/3.png"}


def test_letters_taken_apart_are_put_together(tmp_path):
    (tmp_path / "e\u0301te\u0301").mkdir()
    (tmp_path / "e\u0301te\u0301" / "1.png").write_bytes(b"1")
    assert names(tmp_path) == ["\u00e9t\u00e9/1.png"]


def test_a_link_in_a_folder_is_left_out_and_shown(tmp_path):
    outside = write_picture(tmp_path / "outside" / "secret.png")
    folder = write_classes(tmp_path / "given", "cats")
    (folder / "cats" / "link.png").symlink_to(outside)
    (folder / "all").symlink_to(tmp_path)
    with opening(folder) as opened:
        assert len(opened.entries) == 2
        assert {source for source, _ in opened.left_out} == {"cats/link.png", "all"}
        assert all("link" in reason for _, reason in opened.left_out)


def test_a_pipe_in_a_folder_does_not_hang(tmp_path):
    write_classes(tmp_path, "cats")
    os.mkfifo(tmp_path / "cats" / "pipe.png")
    with opening(tmp_path) as opened:
        assert [source for source, _ in opened.left_out] == ["cats/pipe.png"]


# === What is refused ===

OUTSIDE = ["../evil.png", "cats/../../evil.png", "/etc/evil.png", "..\\evil.png", "C:/evil.png", "C:\\evil.png"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_archive_that_writes_outside_its_folder_is_refused(tmp_path, name):
    path = zip_with(tmp_path / "evil.zip", ("cats/1.png", b"1"), (name, b"2"))
    with pytest.raises(ArchiveError, match="outside its folder"):
        names(path)


def test_an_archive_with_a_symbolic_link_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="symbolic link"):
        names(zip_with(tmp_path / "link.zip", symlink("cats", "/etc"), ("cats/1.png", b"1")))


def test_a_bomb_by_size_is_refused(tmp_path):
    path = zip_with(tmp_path / "big.zip", *((f"{number}.png", os.urandom(600)) for number in range(10)))
    with pytest.raises(ArchiveError, match="GB"):
        names(path, Limits(bytes=5_000))


def test_a_bomb_by_count_is_refused(tmp_path):
    path = zip_with(tmp_path / "many.zip", *((f"{number}.png", b"") for number in range(101)))
    with pytest.raises(ArchiveError, match="more than 100 files"):
        names(path, Limits(files=100))


@pytest.mark.parametrize("count", [300, 70_000])
def test_a_bomb_by_count_is_refused_before_its_list_is_read(tmp_path, monkeypatch, count):
    path = zip_with(tmp_path / "many.zip", *((f"{number}", b"") for number in range(count)))
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(ArchiveError, match="more than 100 files"):
        names(path, Limits(files=100))


def test_a_folder_of_too_many_files_is_refused(tmp_path):
    write_classes(tmp_path, "a", count=4)
    with pytest.raises(ArchiveError, match="more than 3 files"):
        names(tmp_path, Limits(files=3))


def test_a_bomb_by_ratio_is_refused_with_the_limits_that_are_used(tmp_path):
    path = zip_with(tmp_path / "bomb.zip", ("a/1.bmp", bytes(60 * 10**6)), method=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 100_000
    with pytest.raises(ArchiveError, match="zip bomb"):
        names(path)


def test_a_bomb_of_many_small_files_is_refused(tmp_path):
    entries = ((f"a/{number}.bmp", bytes(100_000)) for number in range(20))
    path = zip_with(tmp_path / "bomb.zip", *entries, method=zipfile.ZIP_DEFLATED)
    with pytest.raises(ArchiveError, match="zip bomb"):
        names(path, Limits(ratio_from_bytes=10**6))


def test_small_pictures_of_one_colour_are_no_bomb(tmp_path):
    path = zip_with(tmp_path / "flat.zip", ("a/1.bmp", bytes(500_000)), method=zipfile.ZIP_DEFLATED)
    assert names(path) == ["a/1.bmp"]


def test_a_file_that_unpacks_to_more_than_it_says_gives_no_more_than_that(tmp_path):
    path = zip_with(tmp_path / "liar.zip", ("a/1.png", bytes(100_000)), method=zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    # The size stands in the file's own header and in the list at the end.
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + offset
        content[at : at + 4] = struct.pack("<I", 1000)
    path.write_bytes(content)
    with opening(path) as opened, pytest.raises(ItemError, match="cannot be unpacked"):
        read(opened, opened.entries[0], most=10**9)


def test_a_file_larger_than_a_picture_may_be_is_not_read(tmp_path):
    path = zip_with(tmp_path / "film.zip", ("a/1.png", bytes(2 * 10**6)))
    with opening(path) as opened, pytest.raises(ItemError, match="larger than 1 MB"):
        read(opened, opened.entries[0], most=10**6)


def test_an_encrypted_archive_is_refused(tmp_path):
    path = zip_with(tmp_path / "secret.zip", ("a/1.png", b"1"))
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="password"):
        names(path)


def test_an_unknown_packing_is_refused(tmp_path):
    path = zip_with(tmp_path / "odd.zip", ("a/1.png", b"1"))
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 10
    content[at : at + 2] = struct.pack("<H", 97)
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="not known"):
        names(path)


def test_a_damaged_file_inside_is_the_only_one_lost(tmp_path):
    path = zip_with(tmp_path / "scratched.zip", ("a/1.png", b"A" * 500), ("a/2.png", b"B" * 500))
    path.write_bytes(path.read_bytes().replace(b"A" * 500, b"A" * 499 + b"!"))
    with opening(path) as opened:
        with pytest.raises(ItemError, match="cannot be unpacked"):
            read(opened, opened.entries[0], most=10**6)
        assert read(opened, opened.entries[1], most=10**6) == b"B" * 500


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"hello", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_archive_is_refused_in_a_sentence(tmp_path, content):
    path = tmp_path / "no.zip"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"no\.zip"):
        names(path)


def test_a_missing_source_is_said_to_be_missing(tmp_path):
    with pytest.raises(DataError, match="is not there"):
        names(tmp_path / "gone.zip")


@pytest.mark.parametrize("cut", range(1, 60, 6))
def test_an_archive_that_is_cut_short_is_refused(tmp_path, cut):
    path = zip_with(tmp_path / "cut.zip", ("a/1.png", b"A" * 500))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(DataError):
        names(path)


# === Nothing ever leaves its folder ===

PIECES = st.sampled_from(
    ["..", ".", "", "a", "b\\..", "~", "C:", "\\\\host", "\0", "con", "cats", "é", "x" * 300, "1.png"]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.lists(st.lists(PIECES, min_size=1, max_size=5).map("/".join), min_size=1, max_size=4))
def test_whatever_an_archive_says_nothing_is_written_outside_the_dataset(tmp_path_factory, take_in, paths):
    folder = tmp_path_factory.mktemp("hostile")
    item = write_picture(folder / "real.png").read_bytes()
    with zipfile.ZipFile(folder / "given.zip", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # equal names are part of the game
        for number, name in enumerate(paths):
            info = zipfile.ZipInfo()
            info.filename = name  # the constructor would clean it
            archive.writestr(info, item + bytes(number))
    root = Workspace.default().root

    def outside() -> set[Path]:
        """As far up as five names lead, from the deepest folder of the workspace or from the archive's own."""
        near = everything_below(folder) | everything_below(root.parent)
        return {path for path in near if root not in path.parents} | set(folder.parent.iterdir())

    before = outside()
    try:
        dataset = take_in(folder / "given.zip", label="any").dataset
    except GraftError:
        assert not any(path for path in (root / "datasets").iterdir() if path.suffix != ".lock")
    else:
        written = {path.relative_to(dataset.path).parts for path in everything_below(dataset.path)}
        assert {parts[0] for parts in written if len(parts) > 1} <= {"images"}
        assert all(re.fullmatch(r"[0-9a-f]{64}\.png", parts[1]) for parts in written if len(parts) > 1)
        dataset.delete()
    assert outside() == before
