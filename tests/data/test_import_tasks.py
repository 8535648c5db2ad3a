"""What an import takes for one class, several labels or a number for each picture; what it asks, and what it says."""

from __future__ import annotations

import json
import time
from pathlib import Path, PurePosixPath

import pytest

from tests.data.conftest import write_classes, write_picture
from tests.data.test_import_evidence import AMOUNTS, ITEMS, N, options, read, table
from tests.data.workbook_files import workbook
from tlcore.data.import_plan import ImportChoices, ImportPlan
from tlcore.data.import_preview import preview
from tlcore.data.import_task import label_facts, task_sentence
from tlcore.data.label_sources import plan
from tlcore.data.number_format import find_format, read_number, value_and_unit
from tlcore.errors import DataError, ImportQuestionError

FIRST = PurePosixPath(ITEMS[0])


def labels(found: ImportPlan, count: int = 3) -> list[str]:
    return [found.places[PurePosixPath(name)].label for name in ITEMS[:count]]


# === Several labels ===

SEVERAL = [["a"], ["a", "b"], ["b"]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", table("file,labels", ["a", "a|b", "b"])),
        ("t.csv", table("file,labels", ["a", "a;b", "b"])),
        ("t.csv", table("file,labels", ["a", "a, b", "b"])),
        ("t.csv", table("file,labels", ["['a']", "['a', 'b']", "['b']"])),
        ("t.csv", table("file,labels", ["a", '{"choices": ["a", "b"]}', "b"])),
        ("t.csv", table("file,a,b", [1, 1, 0], [0, 1, 1])),
        ("t.csv", table("file,a,b", ["true", "true", "false"], ["no", "yes", "yes"])),
        ("t.csv", table("file,a,b", ["x", "x", ""], ["", "X", "X"])),
        ("t.csv", table("file,a,b", [1, 1, -1], [-1, 1, 1])),
        ("t.tsv", table("file,a,b", [1, 1, 0], [0, 1, 1]).replace(",", "\t")),
        ("t.jsonl", "\n".join(json.dumps({"file": f"p{n:02d}.jpg", "tags": SEVERAL[n % 3]}) for n in range(N))),
        ("t.json", json.dumps([{"file": f"p{n:02d}.jpg", "tags": SEVERAL[n % 3]} for n in range(N)])),
        ("t.csv", "file,label\n" + "".join(f"p{n:02d}.jpg,{one}\n" for n in range(N) for one in SEVERAL[n % 3])),
    ],
)
def test_several_labels_are_understood_however_they_are_written(name, text):
    found = read(ITEMS, {name: text})
    assert found.sure
    assert found.task == "multilabel"
    assert labels(found) == ["a", "a|b", "b"]
    assert found.counts() == {"a": 27, "b": 26}
    assert "several" in task_sentence(found)


def test_a_workbook_is_read_by_the_same_rules():
    rows = [["file", "a", "b"], *([f"p{n:02d}.jpg", n % 3 != 2, n % 3 != 0] for n in range(N))]
    content = workbook({"one": rows})
    found = plan([*map(PurePosixPath, ITEMS), PurePosixPath("t.xlsx")], lambda path: content)
    assert (found.task, labels(found)) == ("multilabel", ["a", "a|b", "b"])


def test_a_row_of_zeros_has_no_label_and_what_nothing_names_is_not_labelled():
    found = read(ITEMS, {"t.csv": table("file,a,b", [0, 1, 1], [0, 1, 0], names=ITEMS[:30])})
    assert found.places[FIRST].none
    assert label_facts(found.labels(), found.task) == {"mean": 1.0, "none": 10.0}
    assert len(found.without_class()) == 10
    assert "its labels are not known" in found.places[PurePosixPath(ITEMS[39])].reason


def test_one_column_for_each_label_with_one_yes_in_a_row_can_be_one_class():
    text = table("file,a,b", [1, 0], [0, 1])
    found = read(ITEMS, {"t.csv": text})
    assert (found.task, found.counts()) == ("multilabel", {"a": 20, "b": 20})
    assert "with one yes in each row" in found.reason
    (other,) = found.others
    assert (other.option(), dict(other.counts)) == ("--task classification", {"a": 20, "b": 20})
    chosen = read(ITEMS, {"t.csv": text}, task="classification")
    assert (chosen.task, chosen.counts(), chosen.others) == ("classification", {"a": 20, "b": 20}, [])


@pytest.mark.parametrize("titles", ["class_cat,class_dog", "label 1,label 2", "cat,dog"])
def test_columns_for_each_label_are_labels_whatever_they_are_called(titles):
    found = read(ITEMS, {"t.csv": table(f"file,{titles}", [1, 1, 0], [0, 1, 1])})
    assert found.sure
    assert found.task == "multilabel"
    assert set(found.counts()) == set(titles.split(","))


def test_a_column_that_is_called_label_is_the_class_beside_a_column_of_yes_and_no():
    found = read(ITEMS, {"t.csv": table("file,label,checked", [1, 0], [1, 0, 0])})
    assert (found.task, found.counts()) == ("classification", {"0": 20, "1": 20})


def test_a_table_of_thousands_of_labels_is_read_in_seconds():
    titles = ",".join(f"label {n}" for n in range(4000))
    rows = "".join(
        f"p{n:02d}.jpg," + ",".join("1" if one in {n, 2 * n + 1, 99} else "0" for one in range(4000)) + "\n"
        for n in range(N)
    )
    start = time.process_time()
    found = read(ITEMS, {"t.csv": f"file,{titles}\n{rows}"})
    assert time.process_time() - start < 10
    assert (found.task, len(found.labels()), found.counts()["label 99"]) == ("multilabel", N, N)


def test_one_class_is_offered_only_where_no_row_of_any_table_has_several_labels():
    one_each = table("file,a,b", [1, 0, 0], [0, 1, 0], names=ITEMS[:20])
    several = table("file,a,b", [1, 0], [1, 1], names=ITEMS[20:])
    (other,) = read(ITEMS[:20], {"train.csv": one_each}).others
    assert other.title == "One class for each picture: the others are left out"
    assert read(ITEMS, {"train.csv": one_each, "test.csv": several}).others == []


def test_a_bar_in_the_name_of_a_label_does_not_part_it():
    text = "\n".join(json.dumps({"file": f"p{n:02d}.jpg", "label": "a|b"}) for n in range(N))
    found = read([name.replace("pics", "a|b") for name in ITEMS], task="multilabel")
    assert found.counts() == {"a|b": N}
    assert read(ITEMS, {"t.jsonl": text}).counts() == {"a|b": N}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        # Few pictures with two labels: as classes they would be left out.
        (table("file,label", ["a", "b"], names=ITEMS + ITEMS[1:2]).replace("p01.jpg,a", "p01.jpg,c", 1),
         ["--task classification", "--task multilabel"]),
        (table("file,a,b,c", *([int(n % 3 == one or n == 7) for n in range(200)] for one in range(3)),
               names=[f"pics/q{n:03d}.jpg" for n in range(200)]),
         ["--task multilabel", "--task classification"]),
        # Two signs could separate the labels.
        (table("file,tags", ["a;b", "a", "b", "a,b"]),
         ['--task multilabel --separator ";"', '--task multilabel --separator ","']),
        # Every cell has two parts: two labels, or a class with a comma in its name.
        (table("file,kind", ["red, large", "blue, small", "red, small", "blue, large"]),
         ["--task multilabel", "--task classification"]),
        # Nothing in a cell.
        (table("file,tags", ["a|b", "a", "b", ""]), ["--blank unlabeled", "--blank none"]),
        # A column that may be the class beside flags.
        (table("file,view,a,b,c", ["front", "side", "side"], [1, 0], [1, 1, 0], [0, 1, 1, 1]),
         ["--label-column view --task classification", "--task multilabel"]),
    ],
)  # fmt: skip
def test_where_several_labels_are_possible_a_person_is_asked_and_every_answer_is_taken(text, asked):
    names = sorted({f"pics/{line.split(',')[0]}" for line in text.splitlines()[1:] if line})
    found = read(names, {"t.csv": text})
    assert [[option.replace("'", '"') for option in one] for one in options(found)] == [asked]
    for reading in found.questions[0].readings:
        again = read(names, {"t.csv": text}, **{k: v for k, v in vars(reading.choices).items() if v})
        assert again.sure
        assert again.counts() == dict(reading.counts)


def test_empty_cells_are_none_of_the_labels_or_not_labelled_as_a_person_says():
    text = table("file,tags", ["a|b", "a", "b", ""])
    place = PurePosixPath(ITEMS[3])
    assert read(ITEMS, {"t.csv": text}, blank="none").places[place].none
    found = read(ITEMS, {"t.csv": text}, blank="unlabeled")
    assert "no labels" in found.places[place].reason


def test_combinations_can_be_classes_of_their_own():
    found = read(ITEMS, {"t.csv": table("file,tags", ["a", "a|b", "b"])}, task="classification")
    assert set(found.counts()) == {"a", "a|b", "b"}


def test_tables_of_one_kind_are_read_for_one_task():
    train = table("file,tags", ["a", "a|b", "b"], names=ITEMS[:20])
    test = table("file,tags", ["a", "b"], names=ITEMS[20:])
    found = read(ITEMS, {"train.csv": train, "test.csv": test})
    assert (found.task, found.parts()) == ("multilabel", {"train": 20, "test": 20})
    assert len(found.counts()) == 2


# === Objects ===

WORDS, CORNERS = ["cat", "dog", "cat"], "0.5 0.5 0.1 0.1\n"
BOX = {"bbox": [1, 1, 5, 5]}
COCO = {
    "images": [{"id": n, "file_name": f"p{n:02d}.jpg"} for n in range(N)],
    "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
}


def coco(make) -> str:
    notes = [{"image_id": n, "category_id": one, **BOX} for n in range(N) for one in make(n)]
    return json.dumps({**COCO, "annotations": notes})


def voc(*names: str) -> str:
    objects = "".join(f"<object><name>{name}</name><bndbox/></object>" for name in names)
    return f"<annotation><filename>other.jpg</filename>{objects}</annotation>"


SETS = {
    "COCO": {"a.json": coco(lambda n: [1, 2, 1] if n % 2 else [1])},
    "VOC": {f"Annotations/p{n:02d}.xml": voc(*(("cat", "dog", "cat") if n % 2 else ("cat",))) for n in range(N)},
    "YOLO": {
        **{f"labels/p{n:02d}.txt": f"0 {CORNERS}" + f"1 {CORNERS}0 {CORNERS}" * (n % 2) for n in range(N)},
        "data.yaml": "train: images\nnames:\n  0: cat\n  1: 'dog'  # barks\n",
    },
    "CVAT": {
        "a.xml": "<annotations>"
        + "".join(
            f"<image name='p{n:02d}.jpg'>" + "<box label='cat'/>" + "<box label='dog'/><points label='cat'/>" * (n % 2)
            + "</image>"
            for n in range(N)
        )
        + "</annotations>"
    },
    "Label Studio": {
        "a.json": json.dumps(
            [
                {
                    "data": {"image": f"/data/upload/1/1a2b3c4d-p{n:02d}.jpg"},
                    "annotations": [
                        {"result": [{"value": {"rectanglelabels": [one]}} for one in WORDS[: 1 + 2 * (n % 2)]]}
                    ],
                }
                for n in range(N)
            ]
        )
    },
    "VIA": {
        "via.json": json.dumps(
            {"_via_img_metadata": {f"p{n:02d}.jpg12": {"filename": f"p{n:02d}.jpg", "regions": [
                {"shape_attributes": {"name": "rect"}, "region_attributes": {"label": one, "note": "blurred"}}
                for one in WORDS[: 1 + 2 * (n % 2)]]} for n in range(N)}}
        )
    },
    "VIA 1": {
        "via.json": json.dumps(
            {f"p{n:02d}.jpg12": {"filename": f"p{n:02d}.jpg", "regions": {str(place): {"region_attributes": {
                "kind": {one: True, "owl": False}}} for place, one in enumerate(WORDS[: 1 + 2 * (n % 2)])}}
             for n in range(N)}
        )
    },
    "VIA's CSV": {
        "via.csv": "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,"
        "region_attributes\n"
        + "".join(
            f'p{n:02d}.jpg,12,"{{}}",{1 + 2 * (n % 2)},{place},"{{""name"":""rect""}}","{{""label"":""{one}""}}"\n'
            for n in range(N) for place, one in enumerate(WORDS[: 1 + 2 * (n % 2)])
        )
    },
    "LabelMe": {
        f"annotations/p{n:02d}.json": json.dumps({
            "imagePath": f"..\\images\\p{n:02d}.jpg", "imageData": None, "flags": {"blurred": True},
            "shapes": [{"label": one, "points": [[0, 1], [2, 3]]} for one in WORDS[: 1 + 2 * (n % 2)]]})
        for n in range(N)
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", SETS)
def test_objects_say_which_classes_occur_or_how_many_there_are(kind):
    items = [name.replace("pics/", "images/") for name in ITEMS]
    found = read(items, SETS[kind])
    assert options(found) == [["--task multilabel", "--task regression"]]
    assert (found.task, found.counts()) == ("multilabel", {"cat": 40, "dog": 20})
    assert [found.questions[0].readings[0].counts[label] for label in ("cat", "dog")] == [40, 20]
    found = read(items, SETS[kind], task="regression")
    assert found.sure
    assert [found.places[PurePosixPath(name)].label for name in items[:2]] == ["1.0", "3.0"]
    assert found.value_name == "objects"


@pytest.mark.parametrize(
    "files",
    [
        {f"p{n:02d}.json": json.dumps({"imagePath": f"p{n:02d}.jpg", "shapes": [],
                                       "flags": {"cat": n % 2 == 0, "dog": n % 2 == 1}}) for n in range(N)},
        {"via.json": json.dumps({f"p{n:02d}.jpg": {"filename": f"p{n:02d}.jpg", "regions": [], "file_attributes": {
            "class": ("cat", "dog")[n % 2]}} for n in range(N)})},
    ],
)  # fmt: skip
def test_flags_and_attributes_of_whole_pictures_are_classes_where_there_are_no_shapes(files):
    found = read(ITEMS, files)
    assert found.sure
    assert (found.task, found.counts()) == ("classification", {"cat": 20, "dog": 20})


def test_a_picture_that_was_annotated_without_objects_has_none_and_one_that_was_not_is_left_out():
    shapes = [[{"label": "cat"}, {"label": "dog"}], []]
    files = {f"pics/p{n:02d}.json": json.dumps({"imagePath": "x", "shapes": shapes[n % 2]}) for n in range(30)}
    found = read(ITEMS, files, task="multilabel")
    assert found.places[PurePosixPath(ITEMS[1])].none
    assert not found.places[PurePosixPath(ITEMS[35])].known


def test_objects_of_one_class_in_each_picture_are_its_class():
    found = read(ITEMS, {"a.json": coco(lambda n: [1 + n % 2] * 3)})
    assert found.sure
    assert (found.task, found.counts()) == ("classification", {"cat": 20, "dog": 20})


def test_a_picture_without_objects_has_none_of_the_labels():
    found = read(ITEMS, {"a.json": coco(lambda n: [1] * (n % 2))}, task="multilabel")
    assert found.places[FIRST].none
    assert label_facts(found.labels(), found.task)["none"] == 20


def test_class_folders_go_before_boxes_but_these_can_be_chosen():
    names = [f"{('red', 'blue')[n % 2]}/p{n:02d}.jpg" for n in range(N)]
    files = {"a.json": coco(lambda n: [1, 2])}
    assert set(read(names, files).counts()) == {"red", "blue"}
    assert set(read(names, files, table="a.json", task="multilabel").counts()) == {"cat", "dog"}


# === Folders ===


def test_a_picture_in_two_class_folders_is_asked_about(tmp_path, take_in):
    folder = write_classes(tmp_path / "given", "a", "b", count=3)
    (folder / "b" / "copy.png").write_bytes((folder / "a" / "0.png").read_bytes())
    with pytest.raises(ImportQuestionError) as error:
        take_in(folder)
    assert options(error.value.plan) == [["--task classification", "--task multilabel"]]
    report = take_in(folder, choices=ImportChoices(task="multilabel"))
    assert report.dataset.info.classes == ("a", "b")
    assert sorted(report.dataset.items()["label"]) == ["a", "a", "a|b", "b", "b", "b"]
    assert "As imported: 6 pictures with 1.2 labels on average." in report.notes


def test_folders_named_by_numbers_can_be_numbers():
    names = [f"{0.5 * (n % 4)}/p{n:02d}.jpg" for n in range(N)]
    assert read(names).task == "classification"
    found = read(names, task="regression")
    assert found.places[PurePosixPath(names[1])].label == "0.5"


# === Numbers ===


@pytest.mark.parametrize(
    ("cells", "first", "said"),
    [
        (AMOUNTS, "0.0", ""),
        ([f"{n},5" for n in range(N)], "0.5", "0,5 is read as 0.5"),
        (["1.234,5", "7,25", "1.000,0"], "1234.5", "1.234,5 is read as 1234.5"),
        (["1,234.5", "7.25", "999.5"], "1234.5", "1,234.5 is read as 1234.5"),
        (["1 234,5", "7,25", "8,5"], "1234.5", "is read as"),
        (["1'234.5", "7.25", "8.5"], "1234.5", ""),
        (["1e-3", "2.5e2", "7.1"], "0.001", ""),
    ],
)
def test_numbers_are_read_however_their_fraction_is_written(cells, first, said):
    found = read(ITEMS, {"t.csv": table("file,weight", cells)})
    assert found.sure
    assert (found.task, labels(found, 1), found.value_name, found.unit) == ("regression", [first], "weight", "")
    assert said in " ".join(found.notes)


@pytest.mark.parametrize(
    ("cells", "asked"),
    [
        (["1,234", "2,500"], {"point": 1234.0, "comma": 1.234}),
        (["1.234", "950", "2.500"], {"point": 1.234, "comma": 1234.0}),
    ],
)
def test_a_number_that_may_be_a_thousand_is_asked_about(cells, asked):
    text = table("file,weight", [*cells, *cells[:1]])
    assert options(read(ITEMS, {"t.csv": text})) == [["--decimal point", "--decimal comma"]]
    for sign, value in asked.items():
        found = read(ITEMS, {"t.csv": text}, decimal=sign)
        assert found.sure
        assert labels(found, 1) == [repr(value)]


def test_cells_without_a_number_are_not_labelled_and_other_words_are_listed():
    cells = [*AMOUNTS[:36], "NaN", "", "broken", "-"]
    found = read(ITEMS, {"t.csv": table("file,price", cells)})
    assert found.task == "regression"
    reasons = dict(found.without_class())
    assert reasons["pics/p36.jpg"] == "The table gives this file no number."
    assert "it says 'broken'" in reasons["pics/p38.jpg"]
    assert len(reasons) == 4
    assert "1 row of column 'price' says something else than a number." in found.notes
    assert label_facts(found.labels(), found.task) == {"min": 0.0, "median": 65.625, "max": 131.25}


def test_a_number_that_is_too_large_to_learn_is_left_out_with_the_reason():
    found = read(ITEMS, {"t.csv": table("file,price", ["3e300", *AMOUNTS[1:]])})
    assert found.task == "regression"
    assert "a number of at most 1e+30 is needed" in dict(found.without_class())["pics/p00.jpg"]


def test_two_numbers_for_one_picture_are_a_contradiction_that_is_listed():
    text = table("file,price", AMOUNTS) + "p00.jpg,77.5\n"
    assert "more than one number: 0.0, 77.5" in read(ITEMS, {"t.csv": text}).places[FIRST].reason


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("weight_kg", ("weight_kg", "")),
        ("Weight (kg)", ("Weight", "kg")),
        ("length [mm]", ("length", "mm")),
        ("Gehalt (mg/l)", ("Gehalt", "mg/l")),
        ("", ("", "")),
    ],
)
def test_a_unit_is_what_stands_in_brackets(title, value):
    assert value_and_unit(title) == value


def test_name_and_unit_come_from_the_title_and_can_be_changed():
    content = {"t.csv": table("file,Weight (kg)", AMOUNTS)}
    found = read(ITEMS, content)
    assert (found.value_name, found.unit) == ("Weight", "kg")
    found = read(ITEMS, content, value_name="mass", unit="")
    assert (found.value_name, found.unit) == ("mass", "")


def test_whole_numbers_that_hardly_come_back_are_numbers_and_of_several_columns_one_is_chosen():
    assert read(ITEMS, {"t.csv": table("file,age", list(range(20, 45)))}).task == "regression"
    content = {"t.csv": table("file,price,area", AMOUNTS, AMOUNTS[5:])}
    either = [f"--label-column {one} --task regression" for one in ("price", "area")]
    assert options(read(ITEMS, content)) == [either]


def test_decimals_go_before_whole_numbers_that_may_be_anything():
    found = read(ITEMS, {"t.csv": table("file,price,rooms", AMOUNTS, [1, 2, 3])})
    assert found.task == "regression"
    assert [option.split()[-1] for option in options(found)[0]] == ["regression", "regression", "classification"]


def test_a_column_that_is_called_as_an_index_is_a_number_only_on_demand():
    content = {"t.csv": table("file,size", AMOUNTS)}
    found = read(ITEMS, content)
    assert found.loose
    assert "Column 'size' has numbers" in found.tables[0].reason
    assert read(ITEMS, content, task="regression").value_name == "size"


def test_numbers_can_be_classes():
    found = read(ITEMS, {"t.csv": table("file,dose", [0.5, 1.5])}, task="classification")
    assert found.counts() == {"0.5": 20, "1.5": 20}


def test_a_task_that_a_table_cannot_serve_is_refused():
    with pytest.raises(DataError, match="classification, multilabel, regression"):
        read(ITEMS, task="guessing")
    found = read(ITEMS, {"t.csv": table("file,label", ["a", "b"])}, task="regression")
    assert "no column of numbers" in found.refusal


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [("12,5", "comma", 12.5), ("1,234", "point", 1234.0), ("-.5", "point", -0.5), ("−3", "point", -3.0),
     ("1.2.3", "point", None), ("inf", "point", None), ("12 kg", "point", None), ("1e999", "point", None)],
)  # fmt: skip
def test_a_number_is_read_by_its_sign(text, decimal, value):
    assert read_number(text, decimal) == value


def test_thousands_are_not_separated_where_four_digits_stand_together():
    assert find_format(["1234", "1,234"]).decimal == "comma"
    assert not find_format(["1234", "1,234"]).doubtful


# === Datasets ===


def write_table(folder: Path, text: str, count: int = 6, first: int = 0) -> Path:
    for number in range(first, first + count):
        write_picture(folder / "pics" / f"{number}.png", seed=number)
    (folder / "t.csv").write_text(text)
    return folder


def test_a_dataset_keeps_its_task_name_and_unit(tmp_path, take_in):
    rows = "".join(f"{n}.png;{n},5\n" for n in range(6))
    dataset = take_in(write_table(tmp_path / "given", "file;Weight (kg)\n" + rows)).dataset
    info = dataset.info
    assert (info.task, info.value_name, info.unit, info.classes) == ("regression", "Weight", "kg", ())
    assert sorted(dataset.items()["label"]) == ["0.5", "1.5", "2.5", "3.5", "4.5", "5.5"]


def test_more_pictures_are_read_for_the_task_of_their_dataset(tmp_path, take_in):
    first = "file,tags\n" + "".join(f"{n}.png,{('a', 'a|b', 'b')[n % 3]}\n" for n in range(6))
    dataset = take_in(write_table(tmp_path / "one", first)).dataset
    more = "file,tags\n" + "".join(f"{n}.png,{'ac'[n % 2]}\n" for n in range(6, 12))
    folder = write_table(tmp_path / "two", more, first=6)
    assert preview(folder, into=dataset).plan.task == "multilabel"
    assert preview(folder, into=dataset).new_classes == ("c",)
    assert take_in(folder, into=dataset).kept == 6
    assert dataset.info.task == "multilabel"
    assert set(dataset.items()["label"]) == {"a", "a|b", "b", "c"}
    with pytest.raises(DataError, match="multi-label"):
        take_in(folder, into=dataset, choices=ImportChoices(task="regression"))
