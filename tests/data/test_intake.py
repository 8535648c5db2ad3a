from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.data.conftest import SUFFIX_OF_FORMAT, photo, write_classes, write_picture
from tlcore import disk
from tlcore.data import examine, staging
from tlcore.data.archive import Limits
from tlcore.data.dataset import list_datasets
from tlcore.data.examine import Room
from tlcore.data.import_plan import ImportChoices
from tlcore.data.import_preview import needs_label
from tlcore.data.intake import ingest, sample
from tlcore.errors import ArchiveError, DataError, WorkspaceError
from tlcore.files import sha256
from tlcore.progress import Progress, drain


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def reasons(report) -> dict[str, str]:
    return {one.source: one.reason for one in report.left_out}


def left_behind(workspace) -> list[str]:
    return [path.name for path in workspace.datasets.iterdir()]


# === What is made ===


@pytest.mark.parametrize("pack", [lambda folder: folder, zipped], ids=["folder", "zip"])
def test_a_folder_for_each_class_becomes_a_dataset(tmp_path, take_in, pack):
    folder = write_classes(tmp_path / "pets", "cats", "dogs", count=3)
    report = take_in(pack(folder))
    dataset = report.dataset
    assert (report.kept, report.fixed, report.left_out) == (6, 0, ())
    assert dataset.info.name == "pets"
    assert dataset.info.classes == ("cats", "dogs")
    assert dataset.counts() == {"cats": 3, "dogs": 3}
    items = dataset.items()
    assert set(items["width"]) == {48}
    assert set(items["height"]) == {32}
    for row in items.itertuples():
        assert sha256(dataset.image_path(row.file)) == row.sha256 == row.file.removesuffix(".png")
    assert set(dataset.triage()["outcome"]) == {"kept"}


def test_a_folder_and_a_zip_of_it_have_one_fingerprint(tmp_path, take_in):
    folder = write_classes(tmp_path / "pets", "cats", "dogs")
    assert take_in(folder).dataset.info.fingerprint == take_in(zipped(folder)).dataset.info.fingerprint


@pytest.mark.parametrize("kind", SUFFIX_OF_FORMAT)
def test_every_format_is_taken_and_its_suffix_follows_the_content(tmp_path, take_in, kind):
    write_picture(tmp_path / "p" / "a" / "picture.dat", kind=kind)
    report = take_in(tmp_path / "p")
    assert (report.kept, report.fixed) == (1, 1)
    assert report.dataset.items()["file"][0].endswith(SUFFIX_OF_FORMAT[kind])


def test_a_wrong_suffix_is_fixed_and_said(tmp_path, take_in):
    write_picture(tmp_path / "p" / "a" / "picture.jpg", kind="PNG")
    triage = take_in(tmp_path / "p").dataset.triage()
    assert triage["outcome"].tolist() == ["fixed"]
    assert "The name says .jpg, the content is PNG" in triage["reason"][0]


@pytest.mark.parametrize("suffix", [".jpeg", ".JPG", ".jfif"])
def test_other_spellings_of_a_suffix_are_not_wrong(tmp_path, take_in, suffix):
    write_picture(tmp_path / "p" / "a" / f"picture{suffix}", kind="JPEG")
    assert take_in(tmp_path / "p").fixed == 0


def test_names_in_any_script_are_kept(tmp_path, take_in):
    write_classes(tmp_path / "p", "猫", "собаки", "كلب", "Žralok bílý")
    assert set(take_in(tmp_path / "p").dataset.info.classes) == {"猫", "собаки", "كلب", "Žralok bílý"}


def test_equal_names_in_different_folders_are_different_pictures(tmp_path, take_in):
    write_classes(tmp_path / "p", "a", "b", "c/a")
    assert take_in(tmp_path / "p").dataset.counts() == {"a": 2, "b": 2, "c": 2}


def test_the_upright_size_is_what_is_noted(tmp_path, take_in):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "p" / "a").mkdir(parents=True)
    photo().save(tmp_path / "p" / "a" / "1.jpg", exif=exif.tobytes())
    items = take_in(tmp_path / "p").dataset.items()
    assert (items["width"][0], items["height"][0], items["flags"][0]) == (32, 48, "turned")


def test_a_given_split_is_in_the_table(tmp_path, take_in):
    write_classes(tmp_path / "p", "train/a", "train/b", "val/a", "val/b", "test/a", "test/b")
    items = take_in(tmp_path / "p").dataset.items()
    assert items["split"].value_counts().to_dict() == {"train": 4, "val": 4, "test": 4}


def test_a_table_of_classes_is_used_and_noted(tmp_path, take_in):
    write_classes(tmp_path / "p", "images", count=4)
    rows = "".join(f"{number}.png,{'ab'[number % 2]}\n" for number in range(4))
    (tmp_path / "p" / "labels.csv").write_text(f"picture,answer\n{rows}")
    report = take_in(zipped(tmp_path / "p"))
    assert report.dataset.counts() == {"a": 2, "b": 2}
    assert "'picture' names the file, column 'answer' the class" in report.dataset.info.notes[0]


def test_progress_goes_up_to_the_end(tmp_path, workspace):
    write_classes(tmp_path / "p", "a", "b", count=30)
    seen: list[Progress] = []
    drain(ingest(workspace, tmp_path / "p"), seen.append)
    counted = [progress.done for progress in seen if progress.total]
    assert counted == sorted(counted)
    assert counted[-1] == 60
    assert any(progress.rate > 0 for progress in seen)


def test_the_second_dataset_of_a_name_gets_another_one(tmp_path, take_in):
    write_classes(tmp_path / "p", "a", "b")
    names = [take_in(tmp_path / "p").dataset.info.name for _ in range(3)]
    assert names == ["p", "p 2", "p 3"]


@pytest.mark.slow
def test_the_sample_is_taken_in_whole(workspace):
    report = drain(sample(workspace), lambda progress: None)
    assert report.dataset.counts() == {"global": 500, "local": 500, "nominal": 1000}
    assert not report.left_out


# === What is left out ===


def test_everything_that_is_no_picture_is_listed_with_its_reason(tmp_path, take_in):
    folder = write_classes(tmp_path / "p", "a", "b")
    for name, content in {
        "a/.DS_Store": b"\0\0\0\1Bud1",
        "a/Thumbs.db": b"\xd0\xcf\x11\xe0",
        "__MACOSX/a/._0.png": b"\0\5\x16\7",
        "a/readme.txt": b"These are cats.",
        "a/empty.jpg": b"",
        "a/cut.png": (folder / "a" / "0.png").read_bytes()[:200],
        "LICENSE": b"Do what you like.",
        "a/words.jpg": b"not a picture at all",
        "a/paper.pdf": b"%PDF-1.7 ...",
        "a/more.zip": b"PK\x03\x04....",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for source in (folder, zipped(folder)):
        report = take_in(source)
        assert report.kept == 4
        said = reasons(report)
        assert "operating system" in said["a/.DS_Store"]
        assert "operating system" in said["a/Thumbs.db"]
        assert "operating system" in said["__MACOSX/a/._0.png"]
        assert "not a picture" in said["a/readme.txt"]
        assert said["a/empty.jpg"] == "The file is empty."
        assert "cut short" in said["a/cut.png"]
        assert "not a picture" in said["LICENSE"]
        assert "not a picture" in said["a/words.jpg"]
        assert "PDF" in said["a/paper.pdf"]
        assert "archive inside" in said["a/more.zip"]
        assert len(report.dataset.triage()) == 4 + len(said) == 14


def test_the_same_bytes_twice_in_a_class_are_kept_once(tmp_path, take_in):
    folder = write_classes(tmp_path / "p", "a", "b")
    (folder / "a" / "copy.png").write_bytes((folder / "a" / "0.png").read_bytes())
    report = take_in(folder)
    assert report.kept == 4
    assert reasons(report) == {"a/copy.png": "The very same picture as a/0.png, which is kept."}


def test_the_same_bytes_in_two_classes_are_both_left_out_and_shown(tmp_path, take_in):
    folder = write_classes(tmp_path / "p", "a", "b")
    (folder / "b" / "copy.png").write_bytes((folder / "a" / "0.png").read_bytes())
    report = take_in(folder, choices=ImportChoices(task="classification"))
    assert report.dataset.counts() == {"a": 1, "b": 2}
    assert set(reasons(report)) == {"a/0.png", "b/copy.png"}
    assert "'b' (b/copy.png)" in reasons(report)["a/0.png"]
    assert len(list((report.dataset.path / "images").iterdir())) == 3


def test_the_same_bytes_in_two_parts_stay_with_the_test(tmp_path, take_in):
    folder = write_classes(tmp_path / "p", "train/a", "train/b", "test/a", "test/b")
    shared = write_picture(folder / "train" / "a" / "shared.png", seed=5).read_bytes()
    (folder / "test" / "a" / "shared.png").write_bytes(shared)
    report = take_in(folder)
    items = report.dataset.items().set_index("source")
    assert "train/a/shared.png" not in items.index
    assert items.loc["test/a/shared.png", "split"] == "test"
    assert any("more than one part" in note for note in report.notes)


def test_a_picture_of_50000_by_50000_pixels_is_left_out_unread(tmp_path, take_in):
    folder = write_classes(tmp_path / "p", "a", "b")
    from tests.modalities.image.test_pixels import with_right_checksum

    content = bytearray((folder / "a" / "0.png").read_bytes())
    content[16:24] = (50_000).to_bytes(4, "big") * 2
    (folder / "a" / "huge.png").write_bytes(with_right_checksum(content))
    assert "more than 120,000,000 pixels" in reasons(take_in(folder))["a/huge.png"]


def test_a_film_named_like_a_picture_is_not_read_whole(tmp_path, take_in, monkeypatch):
    folder = write_classes(tmp_path / "p", "a", "b")
    with (folder / "a" / "film.jpg").open("wb") as stream:
        stream.write(b"\0\0\0\x18ftypmp42")
        stream.truncate(3 * 10**9)
    monkeypatch.setattr(disk, "RESERVE_BYTES", -(10**10))
    assert "not a picture" in reasons(take_in(folder))["a/film.jpg"]


def test_a_file_larger_than_the_limit_is_left_out(tmp_path, take_in):
    folder = write_classes(tmp_path / "p", "a", "b")
    (folder / "a" / "0.png").write_bytes((folder / "a" / "0.png").read_bytes() + bytes(3 * 10**6))
    assert "larger than 2 MB" in reasons(take_in(folder, limits=Limits(file_bytes=2 * 10**6)))["a/0.png"]


def test_a_link_is_listed(tmp_path, take_in):
    folder = write_classes(tmp_path / "p", "a", "b")
    (folder / "a" / "link.png").symlink_to(folder / "b" / "0.png")
    assert "link" in reasons(take_in(folder))["a/link.png"]


# === Classes for loose pictures ===


def test_loose_pictures_need_a_class_and_take_the_one_given(tmp_path, take_in, workspace):
    write_classes(tmp_path, "p", count=3)
    assert needs_label(tmp_path / "p")
    with pytest.raises(DataError, match="A class is needed"):
        take_in(tmp_path / "p")
    assert left_behind(workspace) == []
    assert take_in(tmp_path / "p", label=" cats ").dataset.counts() == {"cats": 3}


def test_pictures_with_folders_or_a_table_need_no_class(tmp_path):
    write_classes(tmp_path / "p", "a", "b")
    assert not needs_label(tmp_path / "p")
    write_classes(tmp_path, "q", count=2)
    (tmp_path / "q" / "l.csv").write_text("f,label\n0.png,a\n1.png,b\n")
    assert not needs_label(tmp_path / "q")


def test_a_dataset_can_grow_class_by_class(tmp_path, take_in):
    dataset = take_in(write_classes(tmp_path / "1", ".", count=3), label="cats").dataset
    before = dataset.info
    report = take_in(write_classes(tmp_path / "2", ".", count=2, first_seed=50), label="dogs", into=dataset)
    assert report.dataset == dataset
    assert report.kept == 2
    assert dataset.counts() == {"cats": 3, "dogs": 2}
    assert dataset.info.version == before.version + 1
    assert dataset.info.fingerprint != before.fingerprint
    assert len(dataset.triage()) == 5
    (line,) = (dataset.path / "edits.jsonl").read_text().splitlines()
    edit = json.loads(line)
    assert (edit["change"]["kind"], edit["version"], edit["change"]["items"]) == ("add", 2, 2)


def test_adding_what_is_there_already_adds_nothing_and_says_so(tmp_path, take_in):
    folder = write_classes(tmp_path / "p", "a", "b")
    dataset = take_in(folder).dataset
    before = dataset.info
    with pytest.raises(DataError, match="already has this very picture"):
        take_in(folder, into=dataset)
    assert dataset.info == before


def test_adding_a_known_picture_to_another_class_takes_it_from_both(tmp_path, take_in):
    folder = write_classes(tmp_path / "p", "a", "b")
    dataset = take_in(folder).dataset
    other = tmp_path / "q"
    other.mkdir()
    (other / "x.png").write_bytes((folder / "a" / "0.png").read_bytes())
    report = take_in(other, label="b", into=dataset)
    assert dataset.counts() == {"a": 1, "b": 2}
    assert "in the dataset already" in reasons(report)["x.png"]
    assert "a/0.png" in set(dataset.triage().query("outcome == 'left out'")["source"])


# === Refusals leave nothing behind ===


def test_a_source_without_pictures_is_refused_with_the_reasons(tmp_path, take_in, workspace):
    (tmp_path / "p" / "a").mkdir(parents=True)
    (tmp_path / "p" / "a" / "x.txt").write_text("hello")
    with pytest.raises(DataError, match="none can"):
        take_in(tmp_path / "p")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no files"):
        take_in(tmp_path / "empty")
    assert left_behind(workspace) == []


def test_a_hostile_archive_leaves_nothing_behind(tmp_path, take_in, workspace):
    path = zipped(write_classes(tmp_path / "p", "a", "b"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil.png", b"evil")
    with pytest.raises(ArchiveError, match="outside its folder"):
        take_in(path)
    assert left_behind(workspace) == []


def test_our_own_folder_is_not_taken_in_again(tmp_path, take_in, workspace):
    dataset = take_in(write_classes(tmp_path / "p", "a", "b")).dataset
    for source in (workspace.root, workspace.datasets, dataset.path / "images", tmp_path):
        with pytest.raises(DataError, match="own copies"):
            take_in(source)


def test_a_full_disk_is_said_before_it_is_full(tmp_path, take_in, workspace, monkeypatch):
    monkeypatch.setattr(disk, "RESERVE_BYTES", 10**18)
    with pytest.raises(DataError, match=r"for the copies, 1000000 TB that stay free\). \S+ TB are free\."):
        take_in(write_classes(tmp_path / "p", "a", "b"))
    assert left_behind(workspace) == []


def test_a_disk_that_cannot_be_written_is_said(tmp_path, take_in, workspace, monkeypatch):
    def full(self: staging.Staging, file: str, content: bytes) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging.Staging, "keep", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        take_in(write_classes(tmp_path / "p", "a", "b"))
    assert left_behind(workspace) == []


def test_a_reader_that_goes_away_leaves_nothing_behind(tmp_path, workspace):
    steps = ingest(workspace, write_classes(tmp_path / "p", "a", "b", count=20))
    next(steps)
    next(steps)
    steps.close()
    assert left_behind(workspace) == []


def test_what_a_killed_intake_left_is_swept_by_the_next(tmp_path, take_in, workspace):
    (workspace.datasets / ".intake-dead" / "images").mkdir(parents=True)
    (workspace.datasets / ".intake-dead.lock").touch()
    report = take_in(write_classes(tmp_path / "p", "a", "b"))
    assert left_behind(workspace) == [report.dataset.id]


def test_a_dataset_is_not_listed_before_it_is_whole(tmp_path, workspace):
    steps = ingest(workspace, write_classes(tmp_path / "p", "a", "b"))
    for _ in steps:
        assert list_datasets(workspace) == []
    assert len(list_datasets(workspace)) == 1


def test_threads_that_need_much_memory_wait_for_each_other():
    room = Room(10)
    with room.taking(4), room.taking(6):
        assert room._free == 0
    with room.taking(1000):
        assert room._free == 0
    assert room._free == 10
    assert examine.HEAD_BYTES >= 12
