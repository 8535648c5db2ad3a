"""Files that systems and programs made are left out by name; a class may begin with a dot."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.conftest import write_picture
from tlcore.commands.paths import items_in
from tlcore.data.system_files import made_by_system, system_files


def left_out(*names: str) -> set[str]:
    return {str(path) for path in system_files([PurePosixPath(name) for name in names])}


@pytest.mark.parametrize(
    "name",
    [
        "cats/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", ".thumbnails/normal/1.png", ".Trash-1000/files/1.jpg",
        "__MACOSX/cats/._1.jpg", "#recycle/1.jpg", "#snapshot/cats/1.jpg", "@Recycle/1.jpg", "@tmp/1.jpg",
        "$RECYCLE.BIN/S-1-5/1.jpg", "System Volume Information/1.jpg", "lost+found/1.jpg", ".git/HEAD", ".svn/1.jpg",
        "cats/.ipynb_checkpoints/1-checkpoint.jpg", "__pycache__/1.jpg", "cats/.DS_Store", "cats/._1.jpg", "Thumbs.db",
        "ehthumbs.db", "Desktop.INI", "Icon\r", ".picasa.ini", ".picasaoriginals/1.jpg", ".dropbox.cache/1.jpg",
        ".stfolder/1.jpg", ".nomedia", ".Spotlight-V100/1.jpg", ".fseventsd/1.jpg", ".AppleDouble/1.jpg",
        ".TemporaryItems/1.jpg", "@SynoResource/1.jpg", "SYNOPHOTO_THUMB_XL.jpg", ".@__thumb/1.jpg", "~$labels.xlsx",
        ".~lock.labels.csv#", ".trashed-1700000000-1.jpg", "@EADIR/1.jpg",
    ],
)  # fmt: skip
def test_what_systems_make_is_left_out_by_name(name):
    own = [f"{label}/{number}.jpg" for label in ("cats", "dogs") for number in range(3)]
    assert made_by_system(PurePosixPath(name))
    assert left_out(*own, name) == {name}


@pytest.mark.parametrize("name", ["cats/1.jpg", "git/1.jpg", "recycle/1.jpg", "icon/1.jpg", "tmp/1.jpg", "@home/1.jpg"])
def test_ordinary_names_are_a_persons_own(name):
    assert not made_by_system(PurePosixPath(name))
    assert left_out(name) == set()


def test_hidden_files_and_folders_are_left_out():
    own = ["cats/1.jpg", "dogs/1.jpg"]
    hidden = ["cats/.2.jpg", ".settings/app.json", ".old/2019/cats/1.jpg"]
    assert left_out(*own, *hidden) == set(hidden)


@pytest.mark.parametrize("top", ["", "train/", "set/pictures/"])
def test_a_class_that_begins_with_a_dot_is_a_class(top):
    own = [f"{top}{label}/{number}.jpg" for label in (".NET", ".308 Winchester", "Java") for number in range(3)]
    assert left_out(*own, f"{top}.NET/.DS_Store", f"{top}.git/1.jpg") == {f"{top}.NET/.DS_Store", f"{top}.git/1.jpg"}


def test_classes_may_all_begin_with_a_dot():
    assert left_out(*(f"{label}/1.jpg" for label in (".22 LR", ".45 ACP", ".308 Winchester"))) == set()


def test_a_lone_folder_that_begins_with_a_dot_is_hidden():
    assert left_out(".mine/1.jpg", "1.jpg") == {".mine/1.jpg"}


def test_small_copies_beside_the_pictures_are_no_class():
    own = [f"{number}.jpg" for number in range(4)] + ["more/9.jpg"]
    copies = [f".small/{number}.png" for number in range(4)]
    assert left_out(*own, *copies) == set(copies)


@given(st.lists(st.lists(st.sampled_from(["a", ".b", "@eaDir", ".NET", "c.jpg", ".d.jpg"]), min_size=1, max_size=4)))
def test_what_is_left_out_is_always_some_of_what_is_there(parts):
    paths = [PurePosixPath(*each) for each in parts]
    systems = system_files(paths)
    assert systems <= set(paths)
    assert {path for path in paths if made_by_system(path) or path.name.startswith(".")} <= systems


def test_the_command_line_passes_over_them_too(tmp_path):
    kept = write_picture(tmp_path / "cats" / "1.png")
    write_picture(tmp_path / "cats" / "@eaDir" / "1.png" / "SYNOPHOTO_THUMB_M.png")
    write_picture(tmp_path / "__MACOSX" / "1.png")
    assert list(items_in([tmp_path])) == [kept]
