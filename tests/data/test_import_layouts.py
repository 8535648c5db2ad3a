"""What an import makes of the layouts of well-known sets: splits by longer names, masks, lists, names of classes."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest

from tests.data.test_import_evidence import ITEMS, N, options, read, table


def in_folders(*folders: str, count: int = 6) -> list[str]:
    return [f"{folder}/{folder.replace('/', ' ')} {number}.jpg" for folder in folders for number in range(count)]


# === Parts of a split by longer names ===


@pytest.mark.parametrize(
    "parts",
    [
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train2017", "val2017"),
        ("asl_alphabet_train/asl_alphabet_train", "asl_alphabet_test/asl_alphabet_test"),
        ("archive/train/train", "archive/test/test"),
        ("TrainImages", "TestImages"),
    ],
)
def test_folders_whose_longer_names_say_a_part_are_parts(parts):
    found = read(in_folders(*(f"{part}/{label}" for part in parts for label in ("cat", "dog"))))
    assert found.sure
    assert found.counts() == {"cat": 12, "dog": 12}
    assert len(found.parts()) == 2


@pytest.mark.parametrize(
    "folders",
    [
        ("train_cat", "train_dog", "test_cat", "test_dog"),
        ("cats_train", "cats_test", "dogs_train", "dogs_test"),
        ("cat", "dog", "images"),
        ("cat", "dog", "masks"),
        ("cat", "dog", "jpg"),
        ("cat", "dog", "test"),
        ("New folder", "New folder (2)"),
        ("Untitled folder", "untitled folder 2"),
        ("January", "February", "March"),
        ("2022/05", "2022/06", "2023/05"),
        ("2023-05-01_12-30-15", "2023-05-02_08-11-59"),
        ("train/good", "test/good", "test/bent"),
    ],
)
def test_folders_that_hardly_name_classes_are_asked_about(folders):
    found = read(in_folders(*folders))
    assert len(found.questions) == 1
    assert not found.sure


@pytest.mark.parametrize(
    "classes", [("train station", "airport"), ("test tube", "flask"), ("raw", "cooked"), ("may", "rose")]
)
def test_words_of_parts_and_dates_are_classes_in_the_company_of_others(classes):
    assert read(in_folders(*classes)).sure


@pytest.mark.parametrize("unlabelled", ["unlabeled", "Unlabelled", "unsorted", "no label"])
def test_a_folder_of_pictures_without_a_class_yet_is_no_class(unlabelled):
    for folders in (["cat", "dog", unlabelled], ["labeled/cat", "labeled/dog", unlabelled]):
        found = read(in_folders(*folders))
        assert found.sure
        assert set(found.counts()) == {"cat", "dog"}


def test_pictures_in_a_plain_folder_of_the_test_part_have_no_class():
    found = read([*in_folders("train/cat/images", "train/dog/images"), *in_folders("test/images", "val/images")])
    assert found.sure
    assert set(found.counts()) == {"cat", "dog"}


def test_spellings_of_one_name_in_different_parts_are_one_class():
    found = read(in_folders("train/Cat", "train/Dog", "test/cat", "test/dog"))
    assert found.counts() == {"Cat": 12, "Dog": 12}
    assert any("'Cat' and 'cat' are one class" in note for note in found.notes)


def test_a_class_that_is_only_tested_is_pointed_out():
    found = read(in_folders("train/a", "train/b", "test/a", "test/b", "test/c"))
    assert found.sure
    assert any("(c) have no pictures in the training set" in note for note in found.notes)


# === Masks ===

CLASSES = ("benign", "malignant")


@pytest.mark.parametrize(
    ("items", "masks"),
    [
        ([f"{c}/{c} ({n}).png" for c in CLASSES for n in range(6)], ["{}_mask", "{}_mask_1"]),
        ([f"{c}/{n}.png" for c in CLASSES for n in range(6)], ["{}_segmentation"]),
        ([f"{c}/{n}.png" for c in CLASSES for n in range(6)], ["{}_superpixels"]),
    ],
)
def test_a_mask_beside_its_picture_is_no_example(items, masks):
    companions = [f"{mask.format(name[:-4])}.png" for name in items for mask in masks]
    found = read([*items, *companions])
    assert found.sure
    assert found.counts() == {"benign": 6, "malignant": 6}
    assert {path for path, _ in found.skipped} == set(companions)
    assert any("are masks" in note for note in found.notes)


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        ("{c}/images/{n}.png", "{c}/masks/{n}.png"),
        ("images/{c}/{n}.jpg", "masks/{c}/{n}.png"),
        ("data/{c}/{n}.jpg", "gt/{c}/{n}.png"),
    ],
)
def test_a_folder_of_masks_has_no_examples(images, masks):
    names = [form.format(c=c, n=f"{c}{n}") for form in (images, masks) for c in CLASSES for n in range(6)]
    found = read(names)
    assert found.sure
    assert found.counts() == {"benign": 6, "malignant": 6}


@pytest.mark.parametrize(
    "folders", [("images", "masks"), ("train", "train_labels"), ("JPEGImages", "SegmentationClass")]
)
def test_a_set_of_pictures_and_masks_has_no_classes_and_is_named(folders):
    found = read([f"{folder}/{number}.png" for folder in folders for number in range(6)])
    assert found.loose
    assert "masks" in " ".join(found.seen)


@pytest.mark.parametrize("classes", [("mask", "no_mask"), ("with_mask", "without_mask"), ("label", "no label found")])
def test_people_with_masks_are_classes(classes):
    assert set(read([f"{folder}/{number}.png" for folder in classes for number in range(6)]).counts()) == set(classes)


# === Names of numbered classes ===

NUMBERED = table("file,class", [0, 1, 2])
NAMES = ("pug", "golden retriever", "beagle")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.txt", "pug\ngolden retriever\nbeagle\n"),
        ("labels.txt", "0 pug\n1 golden retriever\n2 beagle\n"),
        ("class_names.csv", "ClassId,Name\n0,pug\n1,golden retriever\n2,beagle\n"),
        ("map.csv", "label_name,label\npug,0\ngolden retriever,1\nbeagle,2\n"),
        ("label_map.json", '{"0": "pug", "1": "golden retriever", "2": "beagle"}'),
        ("label_map.json", '{"pug": 0, "golden retriever": 1, "beagle": 2}'),
        ("categories.json", json.dumps([{"id": number, "name": name} for number, name in enumerate(NAMES)])),
    ],
)
def test_numbered_classes_get_the_names_that_another_file_gives_them(name, text):
    for found in (read(ITEMS, {"t.csv": NUMBERED, name: text}), read(in_folders("0", "1", "2"), {name: text})):
        assert found.sure
        assert set(found.counts()) == set(NAMES)
        assert any(f"come from {name}: 0 is pug" in note for note in found.notes)


def test_names_of_classes_settle_whether_numbers_are_classes():
    rows = "".join(f"{name} {n % 3 + 1}\n" for n, name in enumerate(ITEMS))
    assert not read(ITEMS, {"list.txt": rows}).sure
    found = read(ITEMS, {"list.txt": rows, "classes.txt": "1 pug\n2 golden retriever\n3 beagle\n"})
    assert found.sure
    assert set(found.counts()) == set(NAMES)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.txt", "pug\nbeagle\n"),  # too few
        ("classes.txt", "pug\npug\nbeagle\n"),
        ("notes.txt", "bought\nfrom\nJoe\n"),
        ("names.csv", "id,name\n7,pug\n8,beagle\n9,husky\n"),
    ],
)
def test_other_lists_name_no_classes(name, text):
    assert set(read(ITEMS, {"t.csv": NUMBERED, name: text}).counts()) == {"0", "1", "2"}


# === Lists of the parts ===


@pytest.mark.parametrize("suffix", [True, False])
def test_lists_of_files_named_after_parts_give_the_split(suffix):
    items = [f"images/{label}/{number}.jpg" for label in ("cat", "dog") for number in range(10, 20)]
    listed = [name.removeprefix("images/") if suffix else name.removeprefix("images/")[:-4] for name in items]
    lists = {"meta/train.txt": "\n".join(listed[::2]), "meta/test.txt": "\n".join(listed[1::2])}
    found = read(items, lists)
    assert found.sure
    assert found.counts() == {"cat": 10, "dog": 10}
    assert found.parts() == {"train": 10, "test": 10}


@pytest.mark.parametrize(("train", "test"), [("train_labels", "test_labels"), ("labels_train", "labels_val")])
def test_the_part_may_stand_anywhere_in_the_name_of_a_table(train, test):
    rows = {f"{train}.csv": table("file,label", ["a", "b"], names=ITEMS[:30])}
    found = read(ITEMS, {**rows, f"{test}.csv": table("file,label", ["a", "b"], names=ITEMS[30:])})
    assert found.parts() == {"train": 30, "test": 10}


# === Which file ===


def test_of_files_of_one_name_the_one_in_the_part_of_the_tables_name_counts():
    items = [f"{part}/{number}.png" for part in ("train", "test") for number in range(20)]
    found = read(items, {"trainLabels.csv": table("id,label", ["a", "b"], names=[str(n) for n in range(20)])})
    assert found.counts() == {"a": 10, "b": 10}
    assert {path.parts[0] for path, place in found.places.items() if place.label} == {"train"}


def test_a_column_of_folders_tells_files_of_one_name_apart():
    items = [f"{site}/{number}.png" for site in ("north", "south") for number in range(20)]
    rows = "".join(f"north,1,{n}.png,owl\nsouth,2,{n}.png,{('owl', 'jay')[n % 2]}\n" for n in range(20))
    found = read(items, {"t.csv": "site,visitors,file,species\n" + rows})
    assert found.counts() == {"owl": 30, "jay": 10}


# === Other kinds of tables ===

KINDS = ("owl", "jay", "tit")
FILES = [PurePosixPath(name).name for name in ITEMS]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", json.dumps({file: KINDS[n % 3] for n, file in enumerate(FILES)})),
        ("a.json", json.dumps({kind: FILES[n::3] for n, kind in enumerate(KINDS)})),
        ("a.json", json.dumps({file: {"bird": KINDS[n % 3], "width": 640 + n} for n, file in enumerate(FILES)})),
        ("a.json", json.dumps([{"img": file, "bird": KINDS[n % 3], "w": n} for n, file in enumerate(FILES)])),
        (
            "a.json",
            json.dumps({"info": {}, "rows": [{"img": file, "bird": KINDS[n % 3]} for n, file in enumerate(FILES)]}),
        ),
        (
            "output.manifest",
            "\n".join(
                json.dumps({"source-ref": f"s3://b/{file}", "job": n % 3, "job-metadata": {"class-name": KINDS[n % 3]}})
                for n, file in enumerate(FILES)
            ),
        ),
        ("train.lst", "".join(f"{n}\t{KINDS[n % 3]}\t{file}\n" for n, file in enumerate(FILES))),
    ],
)
def test_plain_json_manifests_and_lists_are_tables(name, text):
    found = read(ITEMS, {name: text})
    assert found.sure
    assert set(found.counts()) == set(KINDS)


def test_boxes_without_titles_say_which_classes_occur():
    text = "".join(f"{file},{n + 1},{n + 2},{n + 50},{n + 60},cat\n" for n, file in enumerate(FILES))
    assert options(read(ITEMS, {"a.csv": text})) == [["--task multilabel", "--task regression"]]


@pytest.mark.parametrize(
    ("name", "text", "labels"),
    [
        ("a.csv", table("file,tags", ["clear water", "cloudy", "clear road", "haze"]), 5),
        ("a.json", json.dumps({file: ["a", "b"] for file in FILES}), 2),
    ],
)
def test_lists_of_tags_are_several_labels(name, text, labels):
    found = read(ITEMS, {name: text})
    assert found.task == "multilabel"
    assert len(found.counts()) == labels


@pytest.mark.parametrize(
    ("items", "files", "told"),
    [
        (
            [f"coco/{part}2017/{n}.jpg" for part in ("train", "val") for n in range(5)],
            {"coco/annotations/instances_train2017.json": '{"images": [], "annotations": [{"bbox": [1]}]}'},
            "COCO",
        ),
        (
            [f"VOC2012/JPEGImages/{n:06d}.jpg" for n in range(N)],
            {
                "VOC2012/Annotations/000000.xml": "<annotation><object><bndbox/></object></annotation>",
                "VOC2012/ImageSets/Main/cat_train.txt": "".join(f"{n:06d} {n % 2 * 2 - 1:2d}\n" for n in range(N)),
            },
            "Pascal VOC",
        ),
    ],
)
def test_sets_with_boxes_are_known_in_their_own_folders(items, files, told):
    assert told in read(items, files).refusal


def test_a_yolo_set_beside_its_pictures_says_which_classes_occur():
    files = {f"boxes/{n}.txt": "" if n else "0 0.5 0.5 0.2 0.2\n1 0.5 0.5 0.2 0.2\n" for n in range(5)}
    found = read([f"boxes/{n}.jpg" for n in range(5)], {**files, "boxes/classes.txt": "cat\ndog\n"})
    assert "YOLO" in found.questions[0].sentence
    assert options(found) == [["--task multilabel", "--task regression"]]
    assert found.counts() == {"cat": 1, "dog": 1}
    assert found.places[PurePosixPath("boxes/3.jpg")].none, "a text without lines says that there is no object"


def test_many_classes_of_few_pictures_in_a_table_are_asked_about():
    whales = ["new", *(f"w_{n // 2}" for n in range(N - 1))]
    assert options(read(ITEMS, {"t.csv": table("Image,Id", whales)})) == [["--label-column Id"]]


def test_texts_that_name_no_picture_are_told_of_in_the_refusal():
    found = read(ITEMS, {"image_class_labels.txt": "a 1\nb 2\n", "config.json": '{"a": 1}'})
    assert found.loose
    assert "config.json, image_class_labels.txt" in " ".join(found.seen)
