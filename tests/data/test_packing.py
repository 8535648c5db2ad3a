"""A dataset as one zip: nothing is lost on the way, and nothing hostile comes in."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tests.data.conftest import write_picture
from tlcore.data.archive import Limits
from tlcore.data.dataset import list_datasets
from tlcore.data.edits.operations import apply, undo
from tlcore.data.edits.types import Relabel
from tlcore.data.inbox import Inbox
from tlcore.data.intake import ingest
from tlcore.data.packing import MANIFEST, pack_dataset, packed_kind
from tlcore.data.unpacking import unpack_dataset
from tlcore.errors import ArchiveError, DataError
from tlcore.progress import drain
from tlcore.workspace import Workspace


def packed(dataset, path: Path) -> Path:
    return drain(pack_dataset(dataset, path), lambda step: None).path


def unpacked(workspace, path: Path, **options):
    return drain(unpack_dataset(workspace, path, **options), lambda step: None)


def rewritten(source: Path, target: Path, change) -> Path:
    """The same zip, each entry as `change(name, content)` says; None leaves it out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


@pytest.fixture
def elsewhere(tmp_path):
    other = Workspace(tmp_path / "elsewhere")
    other.datasets.mkdir(parents=True)
    return other


@pytest.fixture(scope="module")
def whole(tiny_folder, tmp_path_factory) -> Path:
    """The shapes, packed once. Only read it."""
    home = tmp_path_factory.mktemp("packing")
    workspace = Workspace(home / "workspace")
    dataset = drain(ingest(workspace, tiny_folder), lambda step: None).dataset
    return packed(dataset, home / "shapes.zip")


@pytest.fixture
def archive(whole, tmp_path) -> Path:
    """The same, to spoil."""
    return Path(shutil.copy(whole, tmp_path / "shapes.zip"))


def identity(archive: Path) -> str:
    with zipfile.ZipFile(archive) as found:
        return json.loads(found.read(MANIFEST))["id"]


def test_a_dataset_comes_back_with_its_history_its_inbox_and_its_id(workspace, tiny_dataset, elsewhere, tmp_path):
    first = tiny_dataset.items()["sha256"][0]
    apply(tiny_dataset, Relabel(labels={first: "square"}))
    write_picture(tmp_path / "new" / "one.png", seed=5)
    drain(Inbox(tiny_dataset).put(workspace, tmp_path / "new"), lambda step: None)
    there = unpacked(elsewhere, packed(tiny_dataset, tmp_path / "whole.zip"))
    assert there.id == tiny_dataset.id
    assert there.info == tiny_dataset.info
    pd.testing.assert_frame_equal(there.items(), tiny_dataset.items())
    assert len(Inbox(there).items()) == 1
    undo(there)
    assert there.items().set_index("sha256")["label"][first] == "circle"
    assert there.image_path(there.items()["file"][0]).read_bytes()


def test_what_is_of_the_moment_stays(tiny_dataset, tmp_path):
    tiny_dataset.thumbnail(tiny_dataset.items()["file"][0])
    with zipfile.ZipFile(packed(tiny_dataset, tmp_path / "a.zip")) as found:
        assert not [name for name in found.namelist() if "thumbnails" in name or "/." in name or "lock" in name]


def test_an_id_that_is_taken_is_told_and_a_copy_gets_its_own(workspace, tiny_dataset, tmp_path):
    archive = packed(tiny_dataset, tmp_path / "shapes.zip")
    with pytest.raises(DataError, match="is here already"):
        unpacked(workspace, archive)
    copy = unpacked(workspace, archive, copy=True)
    assert copy.id != tiny_dataset.id
    assert copy.info.id == copy.id
    assert copy.info.fingerprint == tiny_dataset.info.fingerprint
    assert len(list_datasets(workspace)) == 2


def test_a_zip_of_pictures_is_no_packed_dataset(elsewhere, tiny_zip, archive):
    assert packed_kind(tiny_zip) is None
    assert packed_kind(archive) == "dataset"
    with pytest.raises(DataError, match="data add"):
        unpacked(elsewhere, tiny_zip)


@pytest.mark.parametrize(
    ("column", "value"),
    [("file", "../../../outside.png"), ("file", "/etc/hostname"), ("file", "..\\outside.png"), ("file", "..")],
)
def test_a_table_that_names_files_elsewhere_is_refused(elsewhere, archive, tmp_path, column, value):
    def change(name, content):
        if not name.endswith("/items.parquet"):
            return content
        table = pd.read_parquet(_written(tmp_path / "items.parquet", content))
        table.loc[0, column] = value
        table.to_parquet(tmp_path / "changed.parquet", index=False)
        return (tmp_path / "changed.parquet").read_bytes()

    with pytest.raises(ArchiveError, match="names the file"):
        unpacked(elsewhere, rewritten(archive, tmp_path / "hostile.zip", change))
    assert not list(elsewhere.datasets.iterdir())


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_picture_that_is_another_one_is_refused(elsewhere, archive, tmp_path):
    swapped = rewritten(archive, tmp_path / "s.zip", lambda name, content: b"x" if "/images/" in name else content)
    with pytest.raises(ArchiveError, match="not the file"):
        unpacked(elsewhere, swapped)
    assert not list(elsewhere.datasets.iterdir())


def test_a_missing_picture_is_told(elsewhere, archive, tmp_path):
    left = []

    def change(name, content):
        if "/images/" in name and not left:
            left.append(name)
            return None
        return content

    with pytest.raises(ArchiveError, match="Every picture"):
        unpacked(elsewhere, rewritten(archive, tmp_path / "m.zip", change))


@pytest.mark.parametrize(
    "name",
    [
        "{id}/../../evil",
        "/evil",
        "{id}/.hidden",
        "elsewhere/evil",
        "{id}/lock",
        "{id}/images/evil.py",
        "{id}/ITEMS.parquet",
    ],
)
def test_files_in_strange_places_are_refused(elsewhere, archive, tmp_path, name):
    key = identity(archive)
    with zipfile.ZipFile(archive, "a") as found:
        found.writestr(name.format(id=key), b"evil")
    with pytest.raises(ArchiveError, match="refused"):
        unpacked(elsewhere, archive)
    assert not list(elsewhere.datasets.iterdir())
    assert not list(tmp_path.rglob("evil*"))


def test_a_link_in_the_zip_is_refused(elsewhere, archive):
    link = zipfile.ZipInfo(f"{identity(archive)}/notes")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as found:
        found.writestr(link, "/etc/passwd")
    with pytest.raises(ArchiveError, match="symbolic link"):
        unpacked(elsewhere, archive)


@pytest.mark.parametrize("id_", ["../up", ".hidden", "a/b", ""])
def test_an_id_that_is_no_name_is_refused(elsewhere, archive, tmp_path, id_):
    key = identity(archive)

    def change(name, content):
        return content.replace(key.encode(), id_.encode()) if name == MANIFEST else content

    with pytest.raises(ArchiveError, match="cannot be the name"):
        unpacked(elsewhere, rewritten(archive, tmp_path / "i.zip", change))


def test_too_much_and_torn_zips_are_refused_and_leave_nothing(elsewhere, archive, tmp_path):
    with pytest.raises(ArchiveError, match="more than 5 files"):
        unpacked(elsewhere, archive, limits=Limits(files=5))
    content = bytearray(archive.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = b"\0" * 64
    with pytest.raises(ArchiveError):
        unpacked(elsewhere, _written(tmp_path / "torn.zip", bytes(content)))
    assert not list(elsewhere.datasets.iterdir())


def test_a_place_that_is_taken_is_not_overwritten(tiny_dataset, tmp_path):
    (tmp_path / "there.zip").write_text("mine")
    with pytest.raises(DataError, match="new place"):
        packed(tiny_dataset, tmp_path / "there.zip")
    assert (tmp_path / "there.zip").read_text() == "mine"
