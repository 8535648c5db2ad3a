"""What CVAT and Label Studio export, and Hugging Face's metadata: read like any table, hostile files refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.data.conftest import write_picture
from tlcore.data.annotations import as_tables, without_upload_mark
from tlcore.data.import_plan import ImportChoices
from tlcore.data.import_preview import needs_label
from tlcore.errors import DataError

CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><labels><label><name>cat</name></label><label><name>dog</name></label></labels></task></meta>
  <image id="0" name="one.png" subset="Train" width="48" height="32"><tag label="cat" source="manual"></tag></image>
  <image id="1" name="two.png" subset="Test" width="48" height="32"><tag label="dog" source="manual"/></image>
  <image id="2" name="boxed.png" subset="Test" width="48" height="32"><box label="dog" xtl="0" ytl="0"></box></image>
  <image id="3" name="both.png" subset="Train" width="48" height="32"><tag label="dog"/><tag label="cat"/></image>
</annotations>
"""
BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE annotations [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    '<annotations><image name="one.png"><tag label="&b;"/></image></annotations>'
)
EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE annotations SYSTEM "file:///etc/passwd">'
    '<annotations><image name="one.png"><tag label="cat"/></image></annotations>'
)


def task(image: str, *choices: str, cancelled: bool = False, question: str = "animal") -> dict[str, object]:
    """A task of Label Studio's JSON, with one annotation for each choice."""
    annotations = [
        {
            "was_cancelled": cancelled,
            "result": [{"type": "choices", "from_name": question, "to_name": "i", "value": {"choices": [choice]}}],
        }
        for choice in choices
    ]
    return {"id": 1, "data": {"image": image}, "annotations": annotations}


CLASSIFICATION = ImportChoices(task="classification")


@pytest.fixture
def folder(tmp_path) -> Path:
    for seed, name in enumerate(("one.png", "two.png", "boxed.png", "both.png")):
        write_picture(tmp_path / "given" / "images" / name, seed=seed)
    return tmp_path / "given"


def labels(report) -> dict[str, tuple[str, str]]:
    items = report.dataset.items()
    return {row.source.rsplit("/", 1)[-1]: (row.label, row.split) for row in items.itertuples()}


def reasons(report) -> dict[str, str]:
    return {left.source.rsplit("/", 1)[-1]: left.reason for left in report.left_out}


def test_cvats_tags_of_whole_pictures_are_the_classes(take_in, folder):
    (folder / "annotations.xml").write_text(CVAT)
    report = take_in(folder, choices=CLASSIFICATION)
    assert labels(report) == {"one.png": ("cat", "train"), "two.png": ("dog", "test")}
    assert reasons(report) == {
        "boxed.png": "The table gives this file no class.",
        "both.png": "The table gives this file more than one class: cat, dog.",
    }
    assert report.notes[0] == "The classes come from annotations.xml: CVAT's tags of whole pictures."


@pytest.mark.parametrize("hostile", [BILLION_LAUGHS, EXTERNAL], ids=["expansion", "external"])
def test_an_xml_with_a_document_type_is_not_read(take_in, folder, hostile):
    (folder / "annotations.xml").write_text(hostile)
    with pytest.raises(DataError, match=r"annotations\.xml: .*declares a document type or entities"):
        take_in(folder)
    assert take_in(folder, label="cat").dataset.info.classes == ("cat",)


def test_label_studios_choices_are_the_classes(take_in, folder):
    tasks = [
        task("/data/upload/3/1a2b3c4d-one.png", "cat", "cat"),
        task("/data/local-files/?d=given%2Fimages%2Ftwo.png", "dog"),
        task("https://example.org/pictures/both.png?sign=1", "dog", "cat"),
        task("/data/upload/3/5e6f7a8b-boxed.png", "cat", cancelled=True),
    ]
    (folder / "project-1.json").write_text(json.dumps(tasks))
    report = take_in(folder, choices=CLASSIFICATION)
    assert labels(report) == {"one.png": ("cat", ""), "two.png": ("dog", "")}
    assert "more than one class: cat, dog" in reasons(report)["both.png"]
    assert reasons(report)["boxed.png"] == "The table gives this file no class."
    assert report.notes == ("The classes come from project-1.json: Label Studio's choices for 'animal'.",)


def test_label_studios_short_form_is_read_too(take_in, folder):
    rows = [
        {"image": "/data/upload/3/1a2b3c4d-one.png", "id": 1, "choice": "cat", "annotator": 1, "note": "blurred"},
        {"image": "/data/upload/3/2a2b3c4d-two.png", "id": 2, "choice": "dog", "annotator": 1, "note": "blurred"},
        {"image": "/data/upload/3/3a2b3c4d-both.png", "id": 3, "choice": {"choices": ["cat", "dog"]}},
    ]
    (folder / "min.json").write_text(json.dumps(rows))
    report = take_in(folder, choices=CLASSIFICATION)
    assert labels(report) == {"one.png": ("cat", ""), "two.png": ("dog", "")}
    assert "more than one class" in reasons(report)["both.png"]


def test_metadata_of_hugging_face_names_class_part_and_group(take_in, tmp_path):
    for part in ("train", "validation", "test"):
        names = [f"{part}-{number}.png" for number in range(2)]
        for number, name in enumerate(names):
            write_picture(tmp_path / "given" / part / "images" / name, seed=10 * len(part) + number)
        lines = [
            {"file_name": f"images/{name}", "label": "007" if number else 'say "cat", or\nnot', "group": f"{part} a"}
            for number, name in enumerate(names)
        ]
        (tmp_path / "given" / part / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    items = take_in(tmp_path / "given").dataset.items()
    assert set(items["label"]) == {"007", 'say "cat", or\nnot'}
    assert items["split"].value_counts().to_dict() == {"train": 2, "val": 2, "test": 2}
    assert set(items["group"]) == {"train a", "validation a", "test a"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '{"images": []}'),
        ("a.json", '["one.png", 3, null]'),
        ("a.xml", "<annotation><filename>one.png</filename></annotation>"),
    ],
    ids=["an object", "other things", "another program's"],
)
def test_what_is_no_export_that_is_known_is_left_alone(name, content):
    assert as_tables(Path(name), content.encode()) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "[" * 200_000),
        ("a.json", '[{"data": '),
        ("a.xml", "<annotations><image name='one.png'>"),
        ("a.xml", '<?xml version="1.0" encoding="no-such"?><annotations/>'),
        ("a.jsonl", '{"file_name": '),
        ("a.jsonl", "[" * 200_000),
    ],
)
def test_a_damaged_export_says_so(name, content):
    (table,) = as_tables(Path(name), content.encode())
    assert table.rows == ()
    assert "damaged" in table.fault


def test_the_mark_of_an_upload_is_known():
    assert without_upload_mark("1a2b3c4d-cat.jpg") == "cat.jpg"
    assert without_upload_mark("wolfhound-cat.jpg") == "wolfhound-cat.jpg"


def test_an_export_without_its_pictures_asks_for_nothing_but_says_what_is_missing(take_in, folder):
    (folder / "annotations.xml").write_text(CVAT.replace("one.png", "gone.png"))
    assert not needs_label(folder)
    report = take_in(folder, choices=CLASSIFICATION)
    assert reasons(report)["annotations.xml: gone.png"] == "The table names this file, but it is not there."
