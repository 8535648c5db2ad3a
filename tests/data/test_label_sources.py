from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tlcore.data.import_plan import ImportChoices
from tlcore.data.import_plan import ImportPlan as Plan
from tlcore.data.label_sources import plan
from tlcore.data.value_kinds import part_of


def planned(*names: str, label: str | None = None, **tables: str) -> Plan:
    """Plan for these files; a keyword such as `labels_csv` is a table's content, `__` in it a slash."""
    content = {key.replace("__", "/").replace("_csv", ".csv"): text.encode() for key, text in tables.items()}
    paths = [PurePosixPath(name) for name in (*names, *content)]
    return plan(paths, lambda path: content.get(str(path), b""), ImportChoices(label=label))


def placed(found: Plan) -> dict[str, tuple[str, str]]:
    return {str(path): (place.label, place.split) for path, place in found.places.items() if place.label}


# === Folders ===


@pytest.mark.parametrize("wrapping", ["", "pictures/", "a/b/c/"])
def test_the_folder_that_holds_a_picture_names_its_class(wrapping):
    found = planned(f"{wrapping}cats/1.png", f"{wrapping}dogs/1.png")
    assert placed(found) == {f"{wrapping}cats/1.png": ("cats", ""), f"{wrapping}dogs/1.png": ("dogs", "")}
    assert not found.loose
    assert not found.notes


@pytest.mark.parametrize("wrapping", ["", "pictures/", "a/b/"])
def test_a_given_split_above_the_classes_is_kept(wrapping):
    found = planned(*(f"{wrapping}{part}/{label}/1.png" for part in ("train", "val", "test") for label in "ab"))
    assert placed(found)[f"{wrapping}val/b/1.png"] == ("b", "val")
    assert {split for _, split in placed(found).values()} == {"train", "val", "test"}
    assert any("split" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "part"),
    [("Training", "train"), ("validation", "val"), ("VALID", "val"), ("test_set", "test"), ("train-images", "train")],
)
def test_the_parts_have_many_names(name, part):
    assert part_of(name) == part


@pytest.mark.parametrize("name", ["trainer", "testament", "cat", "", "protest", "values"])
def test_other_words_are_no_parts(name):
    assert part_of(name) == ""


def test_a_validation_part_without_a_test_part_is_the_test_and_is_said_to_be():
    found = planned("train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png")
    assert placed(found)["val/a/2.png"] == ("a", "test")
    assert any("validation set is used as the test set" in note for note in found.notes)


def test_train_alone_is_a_wrapping_folder_not_a_split():
    assert placed(planned("train/a/1.png", "train/b/1.png")) == {"train/a/1.png": ("a", ""), "train/b/1.png": ("b", "")}


def test_train_beside_other_vehicles_is_a_class():
    found = planned("bus/1.png", "car/1.png", "train/1.png", "test/1.png")
    assert {label for label, _ in placed(found).values()} == {"bus", "car", "train", "test"}


def test_a_split_inside_the_classes_is_kept_too():
    found = planned(*(f"top/{label}/{part}/1.png" for part in ("train", "test") for label in ("cats", "dogs")))
    assert placed(found)["top/cats/test/1.png"] == ("cats", "test")
    assert placed(found)["top/dogs/train/1.png"] == ("dogs", "train")


def test_pictures_in_a_part_without_a_class_have_a_reason():
    found = planned("train/a/1.png", "train/b/1.png", "test/1.png")
    assert "test/1.png" not in placed(found)
    assert "class" in found.places[PurePosixPath("test/1.png")].reason


def test_loose_pictures_need_a_class():
    found = planned("1.png", "2.png")
    assert found.loose
    assert placed(planned("1.png", "2.png", label="cats")) == {"1.png": ("cats", ""), "2.png": ("cats", "")}


def test_a_given_class_is_for_loose_pictures_only():
    found = planned("1.png", "dogs/2.png", label="cats")
    assert placed(found) == {"1.png": ("cats", ""), "dogs/2.png": ("dogs", "")}


def test_loose_pictures_beside_class_folders_are_left_with_a_reason():
    found = planned("1.png", "cats/2.png")
    assert not found.loose
    assert "outside the class folders" in found.places[PurePosixPath("1.png")].reason


def test_a_text_file_in_a_folder_does_not_make_pictures_less_loose():
    assert planned("1.png", "notes/readme.txt").loose


@pytest.mark.parametrize(
    "name", ["__MACOSX/cats/._1.png", "cats/.DS_Store", "cats/Thumbs.db", ".git/HEAD", "cats/._1.png", "desktop.ini"]
)
def test_files_of_the_operating_system_are_listed_and_skipped(name):
    found = planned("cats/1.png", name)
    assert [source for source, _ in found.skipped] == [name]
    assert list(placed(found)) == ["cats/1.png"]


# === Tables ===


@pytest.mark.parametrize(
    "table",
    [
        "file,label\n1.png,cat\n2.png,dog\n",
        "label,file\ncat,1.png\ndog,2.png\n",
        "id;was ist das;Bild\n7;cat;1.png\n8;dog;2.png\n",
        "a\tb\n1\tcat\n2\tdog\n",
        "\ufefffile,label\r\n1.png,cat\r\n2.png,dog\r\n",
        "1.png,cat\n2.png,dog\n",
        "path,species\n/home/me/pictures/1.png,cat\n/home/me/pictures/2.png,dog\n",
        "path,species\npictures\\1.png,cat\npictures\\2.png,dog\n",
        'file,note,label\n"1.png","hello, you",cat\n"2.png","bye",dog\n',
        "file,label\n1.PNG,cat\n2.PNG,dog\n",
    ],
    ids=[
        "plain",
        "other order",
        "other names",
        "tabs",
        "byte order mark",
        "no header",
        "absolute",
        "windows",
        "quotes",
        "case",
    ],
)
def test_a_table_with_any_columns_names_the_classes(table):
    found = planned("pictures/1.png", "pictures/2.png", labels_csv=table)
    assert placed(found) == {"pictures/1.png": ("cat", ""), "pictures/2.png": ("dog", "")}
    assert any("labels.csv" in note for note in found.notes)


def test_the_note_says_which_columns_were_taken():
    found = planned("1.png", "2.png", l_csv="image,sender,kind,kids\n1.png,77,cat,False\n2.png,78,dog,True\n")
    assert found.notes == ["The classes come from l.csv: column 'image' names the file, column 'kind' the class."]


def test_a_table_of_other_encodings_is_read():
    for encoding in ("utf-16", "cp1252"):
        text = "file,label\n1.png,Bär\n2.png,Möwe\n".encode(encoding)
        paths = [PurePosixPath(name) for name in ("1.png", "2.png", "l.csv")]
        assert placed(plan(paths, lambda path, text=text: text))["1.png"] == ("Bär", "")


def test_classes_that_are_numbers_are_not_taken_for_file_names():
    rows = "".join(f"{number}.png,{number % 2}\n" for number in range(10))
    found = planned(*(f"{number}.png" for number in range(10)), l_csv=f"what,is\n{rows}")
    assert placed(found)["3.png"] == ("1", "")


def test_without_a_known_name_words_that_come_back_are_the_class():
    rows = "".join(
        f"{number},{number}.png,{0.1 * number},{'even' if number % 2 == 0 else 'odd'},{number * 7}\n"
        for number in range(20)
    )
    found = planned(*(f"{number}.png" for number in range(20)), l_csv=f"c1,c2,c3,c4,c5\n{rows}")
    assert placed(found)["3.png"] == ("odd", "")


def test_a_column_of_parts_is_the_split():
    found = planned("1.png", "2.png", l_csv="f,set,label\n1.png,train,a\n2.png,test,b\n")
    assert placed(found) == {"1.png": ("a", "train"), "2.png": ("b", "test")}
    assert "'set' the part of the split" in found.notes[0]


def test_tables_named_like_parts_are_the_split():
    found = planned("i/1.png", "i/2.png", train_csv="f,label\n1.png,a\n", test_csv="f,label\n2.png,b\n")
    assert placed(found) == {"i/1.png": ("a", "train"), "i/2.png": ("b", "test")}


def test_a_table_goes_before_folders_that_are_not_classes():
    found = planned("part_1/1.png", "part_2/2.png", l_csv="image_id,dx\n1,mel\n2,nv\n")
    assert placed(found) == {"part_1/1.png": ("mel", ""), "part_2/2.png": ("nv", "")}


def test_a_table_of_other_things_does_not_go_before_the_folders():
    found = planned("cats/1.png", "dogs/2.png", sizes_csv="file,width\n1.png,100\n2.png,200\n")
    assert placed(found) == {"cats/1.png": ("cats", ""), "dogs/2.png": ("dogs", "")}
    assert [source for source, _ in found.skipped] == ["sizes.csv"]


def test_equal_names_in_different_folders_are_told_apart_by_their_path():
    found = planned("a/1.png", "b/1.png", l_csv="f,label\na/1.png,x\nb/1.png,y\n")
    assert placed(found) == {"a/1.png": ("x", ""), "b/1.png": ("y", "")}


def test_what_a_table_names_and_is_not_there_is_listed():
    found = planned("1.png", "2.png", l_csv="f,label\n1.png,a\n2.png,b\n3.png,b\n")
    assert found.skipped == [("l.csv: 3.png", "The table names this file, but it is not there.")]


def test_what_a_table_does_not_name_has_a_reason():
    found = planned("1.png", "2.png", "3.png", l_csv="f,label\n1.png,a\n2.png,b\n")
    assert "does not name" in found.places[PurePosixPath("3.png")].reason


def test_two_classes_for_one_file_are_a_reason_to_leave_it_out():
    found = planned("1.png", "2.png", l_csv="f,label\n1.png,a\n1.png,b\n2.png,b\n")
    assert "more than one class: a, b" in found.places[PurePosixPath("1.png")].reason
    assert placed(found) == {"2.png": ("b", "")}


def test_a_row_without_a_class_is_a_reason_to_leave_the_file_out():
    found = planned("1.png", "2.png", "3.png", l_csv="f,label\n1.png,a\n2.png,b\n3.png,\n")
    assert "no class" in found.places[PurePosixPath("3.png")].reason


@pytest.mark.parametrize("table", ["", "\n\n", "just words", "a,b\nc,d\n", '"never closed', "\0\0\0"])
def test_a_table_that_says_nothing_is_listed_and_harmless(table):
    found = planned("cats/1.png", "dogs/2.png", odd_csv=table)
    assert len(placed(found)) == 2
    assert [source for source, _ in found.skipped] == ["odd.csv"]
