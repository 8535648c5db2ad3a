"""What an import makes of the tables and folders that people bring: the right classes, a question, or a refusal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.workbook_files import workbook
from tlcore.data.import_plan import ImportChoices, ImportPlan
from tlcore.data.label_sources import plan
from tlcore.errors import DataError

N = 40
ITEMS = [f"pics/p{number:02d}.jpg" for number in range(N)]


def read(names: Sequence[str], tables: dict[str, str] | None = None, **choices: object) -> ImportPlan:
    content = {name: text.encode() for name, text in (tables or {}).items()}
    paths = [PurePosixPath(name) for name in (*names, *content)]
    return plan(paths, lambda path: content.get(str(path), b""), ImportChoices(**choices))  # type: ignore[arg-type]


def table(head: str, *columns: Sequence[object], names: Sequence[str] = ITEMS) -> str:
    """Write a CSV: the names of the pictures, then the columns, each repeated from its beginning."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(head.split(","))
    for row, name in enumerate(names):
        writer.writerow([PurePosixPath(name).name, *(column[row % len(column)] for column in columns)])
    return stream.getvalue()


def options(found: ImportPlan) -> list[list[str]]:
    return [[reading.option() for reading in question.readings] for question in found.questions]


# === The class is the column whose values come back ===

DAYS = [f"2024-03-{day:02d}" for day in range(1, 29)]
AMOUNTS = [f"{number * 3.75:.2f}" for number in range(N)]


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        ("file,x,y,bird", [AMOUNTS, [n % 7 * 2.25 for n in range(N)], ["heron", "crane"]]),
        ("file,name,state", [[f"Patient {n // 2}" for n in range(N)], ["heron", "crane"]]),
        ("file,type,state", [["JPEG", "JFIF"], ["heron", "heron", "crane"]]),
        ("file,date,state", [DAYS, ["heron", "crane"]]),
        ("file,set,state", [["TRAIN", "VALIDATION", "TEST", "UNASSIGNED"], ["heron", "crane", "crane"]]),
        ("file,id,state", [list(range(N)), ["heron", "crane"]]),
        ("file,caption,state", [[f"a bird, number {n}" for n in range(N)], ["heron", "crane"]]),
        ("file,width,height,state", [[640, 800], [480, 600], ["heron", "crane"]]),
        ("file,label_id,label_name", [[0, 1], ["heron", "crane"]]),
        ("file,target,fold", [["heron", "crane"], [0, 1, 2, 3, 4]]),
        ("file,sex,age,dx", [["m", "f", "m"], [40, 50, 60], ["heron", "crane"]]),
    ],
)
def test_values_that_come_back_are_the_class_whatever_the_columns_are_called(head, columns):
    found = read(ITEMS, {"table.csv": table(head, *columns)})
    assert found.sure
    assert set(found.counts()) == {"heron", "crane"}


@pytest.mark.parametrize("yes_no", [("1", "0"), ("1.0", "0.0"), ("true", "false"), ("yes", "no"), ("1", "-1")])
@pytest.mark.parametrize("number_of_classes", [2, 3, 7])
def test_one_column_for_each_label_with_one_yes_in_a_row_is_sure_however_yes_is_written(yes_no, number_of_classes):
    titles = [f"kind {place}" for place in range(number_of_classes)]
    columns = [[yes_no[place != one] for one in range(number_of_classes)] for place in range(number_of_classes)]
    found = read(ITEMS, {"_classes.csv": table(",".join(["filename", *titles]), *columns)})
    assert found.sure
    assert found.task == "multilabel"
    assert set(found.counts()) == set(titles)
    assert found.places[PurePosixPath("pics/p01.jpg")].label == "kind 1"


def test_of_two_columns_that_could_be_the_class_a_person_chooses():
    content = {"t.csv": table("file,shape,colour", ["round", "long"], ["red", "blue", "green"])}
    assert options(read(ITEMS, content)) == [["--label-column shape", "--label-column colour"]]
    chosen = read(ITEMS, content, label_column="colour")
    assert chosen.sure
    assert set(chosen.counts()) == {"red", "blue", "green"}


def test_whole_numbers_may_be_classes_or_amounts_so_a_person_is_asked():
    content = {"t.csv": table("file,cells", [0, 1, 2, 3, 4])}
    either = ["--label-column cells --task classification", "--label-column cells --task regression"]
    assert options(read(ITEMS, content)) == [either]
    assert set(read(ITEMS, content, label_column="cells").counts()) == {"0", "1", "2", "3", "4"}


@pytest.mark.parametrize("column", ["7", "nothing"])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(column):
    with pytest.raises(DataError, match=rf"'{column}'.*t\.csv: file, state"):
        read(ITEMS, {"t.csv": table("file,state", ["a", "b"])}, label_column=column)


def test_columns_can_be_chosen_by_their_number():
    found = read(ITEMS, {"t.csv": table("file,label,kind", ["a", "b"], ["x", "y", "z"])}, label_column="3")
    assert set(found.counts()) == {"x", "y", "z"}


# === What labels nothing is named, never turned into classes ===


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (table("file,label", ['[{"x": 1, "rectanglelabels": ["car"]}]']), "boxes"),
        (table("file,bbox", ["[1, 2, 3, 4]"]), "boxes"),
    ],
)
def test_boxes_without_classes_are_refused_by_what_they_are(text, told):
    found = read(ITEMS, {"t.csv": text})
    assert told in found.refusal
    assert not found.counts()
    assert not found.sure


COCO = {"images": [{"id": 1, "file_name": "p00.jpg"}], "categories": [{"id": 1, "name": "cat"}]}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a.json": json.dumps({**COCO, "annotations": [{"image_id": 1, "caption": "a cat"}]})}, "COCO"),
        ({"a.json": json.dumps({"p00.jpg": {"filename": "p00.jpg", "regions": []}})}, "VIA"),
        ({"p00.json": json.dumps({"shapes": [], "imagePath": "p00.jpg"})}, "LabelMe"),
    ],
)
def test_detection_sets_are_named_for_what_they_are(files, told):
    found = read([name.replace("pics/", "images/") for name in ITEMS], files)
    assert told in found.refusal
    assert not found.counts()


def test_boxes_beside_class_folders_are_not_used_and_said_to_be_there():
    found = read(["cat/1.jpg", "dog/2.jpg"], {"a.xml": "<annotation><object><bndbox/></object></annotation>"})
    assert found.sure
    assert any("Pascal VOC" in note for note in found.notes)


def test_categories_of_whole_pictures_in_cocos_format_are_classes():
    notes = [{"image_id": 1, "category_id": 1}]
    found = read(ITEMS[:1], {"a.json": json.dumps({**COCO, "annotations": notes})})
    assert found.counts() == {"cat": 1}


# === Several tables ===


@pytest.mark.parametrize("fill", [[0], [0.5], [0, 1]])
def test_a_sample_submission_is_never_the_truth(fill):
    truth = table("id,label", ["pug", "husky"], names=ITEMS[:20])
    form = table("id,label", fill, names=ITEMS[20:])
    found = read(ITEMS, {"train.csv": truth, "sample_submission.csv": form})
    assert found.counts() == {"husky": 10, "pug": 10}
    assert any(path == "sample_submission.csv" for path, _ in found.skipped)


def test_a_form_with_one_number_for_all_is_no_truth_whatever_it_is_called():
    found = read(ITEMS, {"a.csv": table("id,label", [0, 1]), "b.csv": table("id,label", [0])})
    assert found.counts() == {"0": 20, "1": 20}


def test_tables_that_contradict_each_other_are_asked_about():
    content = {"v1.csv": table("file,label", ["a", "b"]), "v2.csv": table("file,label", ["a", "b", "c"])}
    assert options(read(ITEMS, content)) == [["--table v1.csv", "--table v2.csv"]]
    assert set(read(ITEMS, content, table="v2.csv").counts()) == {"a", "b", "c"}


def test_a_table_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(DataError, match=r"'x\.csv'.*t\.csv"):
        read(ITEMS, {"t.csv": table("file,label", ["a", "b"])}, table="x.csv")


def test_a_table_of_other_facts_beside_class_folders_does_not_name_the_classes():
    items = [f"{label}/{number}.jpg" for label in ("cat", "dog") for number in range(10)]
    rows = "".join(f"{name},{('m', 'f')[row % 2]}\n" for row, name in enumerate(items))
    found = read(items, {"meta.csv": "file,sex\n" + rows})
    assert found.sure
    assert set(found.counts()) == {"cat", "dog"}
    assert set(read(items, {"meta.csv": "file,sex\n" + rows}, table="meta.csv").counts()) == {"m", "f"}


# === Google's import files ===


@pytest.mark.parametrize("parts", [["TRAIN", "VALIDATION", "TEST"], ["UNASSIGNED"], []])
def test_an_import_file_of_automl_names_parts_addresses_and_classes(parts):
    rows = [f"gs://bucket/flowers/p{n:02d}.jpg,{('daisy', 'rose')[n % 2]}" for n in range(N)]
    rows = [f"{parts[n % len(parts)]},{row}" if parts else row for n, row in enumerate(rows)]
    found = read(ITEMS, {"import.csv": "\n".join(rows)})
    assert found.counts() == {"daisy": 20, "rose": 20}
    assert set(found.parts()) == ({"train", "val", "test"} if len(parts) == 3 else set())


def test_an_import_file_with_several_labels_or_boxes_says_which_occur():
    several = "\n".join(f"TRAIN,gs://b/p{n:02d}.jpg,rose{',red' * (n % 2)}" for n in range(N))
    boxes = "\n".join(f"TRAIN,gs://b/p{n:02d}.jpg,rose,0.1,0.1,,,0.5,0.{n % 5 + 5},," for n in range(N))
    found = read(ITEMS, {"import.csv": several})
    assert (found.task, found.counts()) == ("multilabel", {"rose": 40, "red": 20})
    assert options(read(ITEMS, {"import.csv": boxes})) == [["--task multilabel", "--task regression"]]


# === Folders ===


def crossed(outer: Sequence[str], inner: Sequence[str]) -> list[str]:
    return [f"{first}/{second}/{number}.jpg" for first in outer for second in inner for number in range(6)]


@pytest.mark.parametrize(
    ("outer", "inner", "classes"),
    [
        (("cat", "dog"), ("2023-05-01", "2023-05-02"), {"cat", "dog"}),
        (("2023-05-01", "2023-05-02"), ("cat", "dog"), {"cat", "dog"}),
        (("cat", "dog"), ("jpg", "png"), {"cat", "dog"}),
        (("images", "photos"), ("cat", "dog"), {"cat", "dog"}),
        (tuple(f"patient_{n:03d}" for n in range(12)), ("cat", "dog"), {"cat", "dog"}),
        (("cat", "dog"), ("session 1", "session 2"), {"cat", "dog"}),
        (("cat", "dog"), ("all",), {"cat", "dog"}),
    ],
)
def test_dates_types_and_patients_are_no_classes_where_other_folders_are(outer, inner, classes):
    found = read(crossed(outer, inner))
    assert found.sure
    assert set(found.counts()) == classes


def test_patients_stay_together_where_folders_number_them():
    found = read(crossed([f"patient_{n:03d}" for n in range(12)], ("cat", "dog")))
    assert len({place.group for place in found.places.values()}) == 12
    assert found.places[PurePosixPath("patient_003/cat/1.jpg")].group == "patient_003"


def test_of_two_levels_that_could_be_the_classes_a_person_chooses():
    found = read(crossed(("cat", "dog"), ("indoor", "outdoor")))
    assert options(found) == [["--class-level 1", "--class-level 2"]]
    assert set(read(crossed(("cat", "dog"), ("indoor", "outdoor")), class_level=2).counts()) == {"indoor", "outdoor"}
    assert set(read(crossed(("cat", "dog"), ("indoor", "outdoor")), class_level=-1).counts()) == {"indoor", "outdoor"}


def test_few_names_in_each_of_many_folders_are_proposed_first():
    found = read(crossed(("Smith", "Jones", "Lee", "Kim", "Ali", "Cruz", "Diaz"), ("benign", "malignant")))
    assert options(found) == [["--class-level 2", "--class-level 1"]]


def test_nothing_but_dates_is_asked_about():
    found = read(crossed(("2023-05-01", "2023-05-02"), ("images",)))
    assert options(found) == [["--class-level 1"]]
    assert "dates" in found.questions[0].sentence


def test_many_classes_of_few_pictures_are_asked_about():
    found = read([f"class {n:03d}/{m}.jpg" for n in range(100) for m in range(3)])
    assert "100 classes for 300 pictures" in found.questions[0].sentence
    assert read([f"class {n:03d}/{m}.jpg" for n in range(100) for m in range(3)], class_level=1).sure


def test_a_level_deeper_than_the_files_is_refused():
    with pytest.raises(DataError, match="from 1 to 2"):
        read(crossed(("cat", "dog"), ("a", "b")), class_level=3)


@pytest.mark.parametrize("folder", ["images", "JPEGImages", "photos", "train"])
def test_a_folder_that_only_holds_pictures_is_no_class(folder):
    assert read([f"{folder}/{number}.jpg" for number in range(5)]).loose


def test_classes_that_differ_only_in_their_spelling_are_pointed_out():
    found = read([f"{label}/{n}.jpg" for label in ("Cat", "cat", "dog") for n in range(5)])
    assert set(found.counts()) == {"Cat", "cat", "dog"}
    assert any("'Cat' and 'cat'" in note for note in found.notes)


WORDS = st.sampled_from(["oak", "elm", "fir", "ash", "yew", "lime", "palm", "pine"])


@settings(max_examples=60, deadline=None)
@given(
    classes=st.lists(WORDS, min_size=2, max_size=5, unique=True),
    wrapping=st.lists(st.sampled_from(["download", "my set", "v2"]), max_size=3),
    parts=st.sampled_from([(), ("train", "test"), ("training", "validation"), ("Train", "Valid", "Test")]),
    deeper=st.lists(st.sampled_from(["a", "b", "c"]), max_size=2),
)
def test_the_class_is_the_first_folder_under_the_parts_whatever_lies_around_it(classes, wrapping, parts, deeper):
    inner = "/".join(deeper)
    names = [
        "/".join(filter(None, [*wrapping, part, label, inner, f"{number}.jpg"]))
        for part in parts or ("",)
        for label in classes
        for number in range(2)
    ]
    found = read(names)
    assert found.sure
    assert set(found.counts()) == set(classes)
    assert len(found.parts()) == len(parts)


# === Other programs' formats ===


def lines(make: Callable[[int], dict[str, object]]) -> str:
    return "\n".join(json.dumps(make(number)) for number in range(N))


def vertex(number: int, **said: object) -> dict[str, object]:
    part = {"aiplatform.googleapis.com/ml_use": ("training", "test")[number % 2]}
    return {"imageGcsUri": f"gs://bucket/p{number:02d}.jpg", **said, "dataItemResourceLabels": part}


def test_vertex_ais_json_lines_name_classes_and_parts():
    names = ("daisy", "rose", "lily")
    text = lines(lambda n: vertex(n, classificationAnnotation={"displayName": names[n % 3]}))
    found = read(ITEMS, {"import.jsonl": text})
    assert set(found.counts()) == set(names)
    assert found.parts() == {"train": 20, "test": 20}


def test_vertex_ais_json_lines_may_have_several_labels_and_boxes_are_refused():
    several = [{"displayName": "daisy"}, {"displayName": "rose"}]
    found = read(ITEMS, {"import.jsonl": lines(lambda n: vertex(n, classificationAnnotations=several))})
    assert (found.task, found.counts()) == ("multilabel", {"daisy": 40, "rose": 40})
    boxes = [{"displayName": "daisy", "xMin": 0.1}]
    found = read(ITEMS, {"import.jsonl": lines(lambda n: vertex(n, boundingBoxAnnotations=boxes))})
    assert "boxes" in found.refusal


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([True, False], {"true", "false"}),
        ([0, 1, 2], {"0", "1", "2"}),
        ([["a"], ["b"]], {"a", "b"}),
        (["NA", "null", "7"], {"NA", "null", "7"}),
    ],
)
def test_metadata_of_hugging_face_gives_classes_of_any_kind(values, classes):
    text = lines(lambda n: {"file_name": f"p{n:02d}.jpg", "label": values[n % len(values)]})
    found = read(ITEMS, {"pics/metadata.jsonl": text})
    assert found.sure
    assert set(found.counts()) == classes


def test_metadata_of_hugging_face_may_have_several_labels_and_boxes_are_refused():
    text = lines(lambda n: {"file_name": f"p{n:02d}.jpg", "label": ["a", "b"][: n % 3]})
    found = read(ITEMS, {"pics/metadata.jsonl": text})
    assert found.task == "multilabel"
    assert found.places[PurePosixPath("pics/p00.jpg")].none, "an empty list says that there is no label"
    text = lines(lambda n: {"file_name": f"p{n:02d}.jpg", "objects": {"bbox": [[1, 2, 3, 4]], "categories": [0]}})
    assert "boxes" in read(ITEMS, {"pics/metadata.jsonl": text}).refusal


def test_captions_are_no_classes_and_the_table_is_asked_about():
    text = lines(lambda n: {"file_name": f"p{n:02d}.jpg", "text": f"the picture number {n}"})
    found = read([name.replace("pics", "birds") for name in ITEMS], {"birds/metadata.jsonl": text})
    assert "names the pictures, but not their classes" in found.questions[0].sentence


ATTRIBUTES = f"{N}\nBald Smiling Young \n" + "".join(
    f"p{n:02d}.jpg {1 if n % 3 else -1}  -1 {1 if n % 2 else -1}\n" for n in range(N)
)
PARTITION = "".join(f"p{n:02d}.jpg {n % 3}\n" for n in range(N))


def test_celebas_attributes_are_several_labels_of_which_one_can_be_chosen():
    content = {"list_attr_celeba.txt": ATTRIBUTES, "list_eval_partition.txt": PARTITION}
    found = read(ITEMS, content)
    assert found.task == "multilabel"
    assert set(found.counts()) == {"Bald", "Young"}
    assert any("No picture has 'Smiling'" in note for note in found.notes)
    found = read(ITEMS, content, label_column="Young")
    assert found.counts() == {"-1": 20, "1": 20}
    assert found.parts() == {"train": 14, "val": 13, "test": 13}


def test_a_spreadsheet_that_dropped_zeros_is_matched_and_said_to_be():
    names = [f"scans/{number:04d}.png" for number in range(30)]
    sheet = workbook(
        {"Tabelle1": [["Bild", "Befund"], *([number, ("gut", "schlecht")[number % 2]] for number in range(30))]}
    )
    paths = [*map(PurePosixPath, names), PurePosixPath("befund.xlsx")]
    found = plan(paths, lambda path: sheet if path.suffix == ".xlsx" else b"")
    assert found.counts() == {"gut": 15, "schlecht": 15}
    assert any("0007.png" in note or "for 0000.png" in note for note in found.notes)


def test_of_two_sheets_one_can_be_chosen():
    rows = [[f"p{number:02d}.jpg", "ab"[number % 2]] for number in range(N)]
    other = [[f"p{number:02d}.jpg", "xyz"[number % 3]] for number in range(N)]
    content = workbook({"one": [["file", "label"], *rows], "two": [["file", "label"], *other]})
    paths = [*map(PurePosixPath, ITEMS), PurePosixPath("t.xlsx")]
    assert options(plan(paths, lambda path: content)) == [['--table "t.xlsx / one"', '--table "t.xlsx / two"']]
    found = plan(paths, lambda path: content, ImportChoices(table="t.xlsx / two"))
    assert set(found.counts()) == {"x", "y", "z"}
