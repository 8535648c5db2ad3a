"""The import preview: what was understood is shown before anything is made, and can be chosen otherwise."""

from __future__ import annotations

import html
import io
import zipfile
from collections.abc import Mapping

import pytest
from PIL import Image

from pages.components.data import import_summary
from tests.data.zips import unmarked_zip
from tests.pages.opening import button, open_page, words
from tlcore.data.dataset import list_datasets
from tlcore.data.intake import ingest
from tlcore.progress import drain


def item(seed: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), ((37 * seed) % 256, (91 * seed) % 256, seed % 256)).save(stream, "PNG")
    return stream.getvalue()


def packed(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def folders(*names: str, each: int = 10) -> dict[str, bytes]:
    """Pictures in folders; every picture is another one."""
    return {
        f"{name}/{number}.png": item(100 * place + number) for place, name in enumerate(names) for number in range(each)
    }


def with_table(rows: Mapping[str, str], header: str = "file,label", name: str = "labels.csv") -> dict[str, bytes]:
    """Pictures in one folder beside a table that has a row for each."""
    files = {f"pictures/{file}": item(number) for number, file in enumerate(rows)}
    table = "\n".join([header, *(f"{file},{rest}" for file, rest in rows.items())])
    return {**files, name: table.encode()}


def drop(files: Mapping[str, bytes], name: str = "given.zip", **query: str):
    """Drop a zip on the Data page."""
    app = open_page("data", **query)
    uploader = next(field for field in app.file_uploader if field.allowed_type)
    uploader.set_value((name, packed(files), "application/zip"))
    app.run()
    assert not app.exception
    return app


def labels(app) -> list[str]:
    return [element.label for element in app.button]


def field(app, label: str):
    """The selectbox of that label."""
    found = [element for element in app.selectbox if element.label == label]
    assert found, f"There is no field '{label}', only {[element.label for element in app.selectbox]}"
    return found[0]


def cards(app) -> str:
    """The HTML of the classes."""
    return "\n".join(element.proto.body for element in app.get("html") if "import-class" in element.proto.body)


def press(app, label: str):
    button(app, label).click().run()
    assert not app.exception
    return app


def counts(workspace) -> dict[str, int]:
    (dataset,) = list_datasets(workspace)
    return dataset.counts()


def test_a_sure_zip_takes_one_press(workspace):
    app = drop(folders("cat", "dog"))
    assert "One folder for each class" in words(app)
    assert {metric.label: metric.value for metric in app.metric} == {
        "Files": "20", "Classes": "2", "Left out": "0", "Split": "drawn later",
    }  # fmt: skip
    assert cards(app).count("data:image/jpeg") == 6
    assert list_datasets(workspace) == [], "nothing is made before the press"
    press(app, "Import")
    assert counts(workspace) == {"cat": 10, "dog": 10}


def test_import_and_train_opens_the_train_page_with_the_dataset(workspace):
    app = press(drop(folders("cat", "dog")), "Import and train")
    (dataset,) = list_datasets(workspace)
    assert app.query_params["dataset"] in (dataset.id, [dataset.id])
    assert [title.value for title in app.title] == ["Train"]


def test_two_readings_wait_for_a_choice_and_it_can_be_changed(workspace):
    app = drop(folders("north/cat", "north/dog", "south/cat", "south/dog"))
    assert button(app, "Import").disabled
    assert button(app, "Import and train").disabled
    (readings,) = app.radio
    assert readings.value is None
    assert any("north" in option for option in readings.options)
    inner = next(place for place, option in enumerate(readings.options) if "cat" in option)
    readings.set_value(1 - inner).run()
    assert "north" in cards(app)
    app.radio[0].set_value(inner).run()
    assert not app.exception
    assert not button(app, "Import").disabled
    assert "cat" in cards(app)
    press(app, "Import")
    assert counts(workspace) == {"cat": 20, "dog": 20}


def test_a_smell_is_told_and_imported_anyway(workspace):
    app = drop(folders("2023-05-01", "2023-05-02"))
    assert "dates" in app.warning[0].value
    assert "Import" not in labels(app)
    press(app, "Import anyway")
    assert counts(workspace) == {"2023-05-01": 10, "2023-05-02": 10}


def test_another_folder_level_redraws_the_preview(workspace):
    app = drop(folders("cat/2023-05-01", "cat/2023-05-02", "dog/2023-05-01", "dog/2023-05-02"))
    assert field(app, "Folder level").value == 1
    field(app, "Folder level").set_value(2).run()
    assert not app.exception
    assert "2023-05-01" in cards(app)
    press(app, "Import" if "Import" in labels(app) else "Import anyway")
    assert counts(workspace) == {"2023-05-01": 20, "2023-05-02": 20}


def test_a_tables_columns_are_shown_and_chosen(workspace):
    rows = {f"{n}.png": f"{('cat', 'dog')[n % 2]},{('old', 'young')[n // 10]}" for n in range(20)}
    app = drop(with_table(rows, "file,label,age"))
    assert field(app, "Class from").value == "labels.csv"
    assert field(app, "File column").value == "file"
    assert field(app, "Class column").value == "label"
    assert app.dataframe[0].value.shape == (5, 3)
    field(app, "Class column").set_value("age").run()
    assert not app.exception
    assert "young" in cards(app)
    press(app, "Import")
    assert counts(workspace) == {"old": 10, "young": 10}


def test_folders_are_chosen_instead_of_a_table(workspace):
    files = folders("cat", "dog")
    rows = "\n".join(f"{name.partition('/')[2]},x{number % 2}" for number, name in enumerate(files))
    app = drop({**folders("cat", "dog"), "labels.csv": f"file,label\n{rows}".encode()})
    field(app, "Class from").set_value("").run()
    assert not app.exception
    assert "cat" in cards(app)
    press(app, "Import")
    assert counts(workspace) == {"cat": 10, "dog": 10}


def test_names_in_a_guessed_encoding_are_shown_and_read_otherwise(workspace, tmp_path):
    labels = ("кошки", "собаки", "птицы")
    files = [(f"{label}/{n}.png".encode("cp866"), item(10 * p + n)) for p, label in enumerate(labels) for n in range(9)]
    app = open_page("data")
    content = unmarked_zip(tmp_path / "names.zip", files).read_bytes()
    next(each for each in app.file_uploader if each.allowed_type).set_value(("names.zip", content, "application/zip"))
    app.run()
    assert field(app, "Text encoding").value == "cp866"
    assert "кошки/0.png" in app.code[0].value
    field(app, "Text encoding").set_value("cp850").run()
    assert not app.exception
    other = "кошки".encode("cp866").decode("cp850")
    assert f">{other}</bdi>" in cards(app)
    assert cards(app).count("data:image/jpeg") == 9
    field(app, "Text encoding").set_value("cp866").run()
    press(app, "Import")
    assert counts(workspace) == dict.fromkeys(labels, 9)


def test_a_refusal_stays_until_something_else_is_chosen(workspace):
    files = with_table({f"{n}.png": f"{n} {n} {n + 5} {n + 7}" for n in range(24)}, "file,bbox")
    files["sides.csv"] = "\n".join(["file,side", *(f"{n}.png,{('left', 'right')[n % 2]}" for n in range(24))]).encode()
    app = drop(files)
    field(app, "Class from").set_value("labels.csv").run()
    assert "boxes" in app.error[0].value
    assert button(app, "Import").disabled
    app.run()
    assert "Import preview" in words(app), "nothing is lost"
    field(app, "Class from").set_value("sides.csv").run()
    assert not app.error
    press(app, "Import")
    assert counts(workspace) == {"left": 12, "right": 12}


def test_a_refusal_can_be_cancelled(workspace):
    rows = {f"{n}.png": f"{n * 1.37:.2f}" for n in range(24)}
    app = press(drop(with_table(rows, "file,price")), "Cancel")
    assert "Import your pictures" in words(app)
    assert list((workspace.root / "staging").iterdir()) == []


def test_files_without_a_class_get_one_on_demand(workspace):
    app = drop({**folders("cat", "dog"), "stray.png": item(999)})
    assert "1" in {metric.value for metric in app.metric if metric.label == "Left out"}
    assert "outside the class folders" in str([frame.value.to_string() for frame in app.dataframe])
    field(app, "Class of files without one").set_value("dog").run()
    press(app, "Import")
    assert counts(workspace) == {"cat": 10, "dog": 11}


def test_an_addition_names_the_classes_that_are_new(workspace, tiny_dataset):
    app = drop(folders("circle", "hexagon", "Square"), dataset=tiny_dataset.id)
    said = words(app)
    assert "adds the pictures to" in said
    assert "New to the dataset: 'Square', 'hexagon'" in said
    assert "'Square' differs only in case, spaces or Unicode form from 'square'" in said
    assert "Import and train" not in labels(app)
    press(app, "Import")
    assert tiny_dataset.counts() == {"circle": 22, "square": 12, "triangle": 12, "Square": 10, "hexagon": 10}


def test_a_file_that_cannot_be_opened_is_an_icon(workspace):
    app = drop({**folders("cat", "dog"), "cat/0.png": b"\x89PNG and nothing"})
    assert cards(app).count("data:image/jpeg") == 5
    assert "cat/0.png cannot be opened" in cards(app)


def test_many_classes_are_shown_a_page_at_a_time(workspace, monkeypatch):
    read = []
    original = import_summary.read_examples
    monkeypatch.setattr(
        import_summary, "read_examples", lambda source, paths, choices: read.extend(paths) or original(source, paths)
    )
    app = drop(folders(*(f"class {number:03d}" for number in range(60)), each=12))
    assert cards(app).count('class="import-class"') == 12
    assert len(read) == 36
    press(app, "Show 36 more")
    assert cards(app).count('class="import-class"') == 48
    assert len(read) == 3 * 48, "what was read before is not read again"
    assert len(app.dataframe[0].value) == 60


def test_a_plan_is_made_once_for_each_choice(workspace, monkeypatch):
    made = []
    original = import_summary.preview
    monkeypatch.setattr(
        import_summary, "preview", lambda *args, **options: made.append(args[1]) or original(*args, **options)
    )
    app = drop(folders("cat/2023-05-01", "cat/2023-05-02", "dog/2023-05-01", "dog/2023-05-02"))
    app.run()
    assert len(made) == 1
    field(app, "Folder level").set_value(2).run()
    field(app, "Folder level").set_value(1).run()
    app.run()
    assert len(made) == len(set(made)) <= 3


@pytest.mark.parametrize("name", ["**bold** _it_", ":red[hot]", "![x](http:__foreign.example)", "a & <b>b<_b>"])
def test_a_class_name_is_text(workspace, name):
    app = drop(folders(name, "cat"))
    assert f">{html.escape(name)}</bdi>" in cards(app)
    assert name not in words(app)


def test_an_import_that_fails_keeps_what_was_dropped(workspace):
    app = drop(
        {f"{label}/{n}.png": f"\x89PNG and nothing {label} {n}".encode() for label in ("cat", "dog") for n in range(10)}
    )
    press(app, "Import")
    assert app.error
    assert "Import preview" in words(app)
    assert list_datasets(workspace) == []
    press(app, "Cancel")
    assert list((workspace.root / "staging").iterdir()) == []


def test_a_dataset_deleted_meanwhile_ends_the_addition(workspace, tiny_folder):
    dataset = drain(ingest(workspace, tiny_folder), lambda step: None).dataset
    app = drop(folders("circle", "hexagon"), dataset=dataset.id)
    dataset.delete()
    app.run()
    assert not app.exception
    assert app.error


# === Tasks ===


def test_several_labels_are_shown_with_the_reason_and_can_be_read_otherwise(workspace):
    rows = {f"{n}.png": ("a", "a;b", "b", "a;c")[n % 4] for n in range(24)}
    app = drop(with_table(rows, "file,tags"))
    assert "Multi-label classification: column 'tags' gives 12 of 24 pictures several labels" in words(app)
    assert "24 pictures with 1.5 labels on average" in words(app)
    assert {metric.label: metric.value for metric in app.metric}["Labels"] == "3"
    assert "Value name" not in [element.label for element in app.text_input]
    assert field(app, "Separator").value == ";"
    field(app, "Task").set_value("classification").run()
    assert "each combination of labels is a class of its own" in words(app)
    field(app, "Task").set_value("multilabel").run()
    press(app, "Import")
    (dataset,) = list_datasets(workspace)
    assert (dataset.info.task, dataset.info.classes) == ("multilabel", ("a", "b", "c"))
    assert sorted(set(dataset.items()["label"])) == ["a", "a|b", "a|c", "b"]


def test_a_column_for_each_label_with_one_yes_in_a_row_becomes_one_class_by_one_press(workspace):
    rows = {f"{n}.png": ("1,0", "0,1")[n % 2] for n in range(24)}
    app = drop(with_table(rows, "file,cat,dog"))
    assert "Multi-label classification: 2 columns of yes or no, with one yes in each row" in words(app)
    press(app, "Change to: one class for each picture")
    assert field(app, "Task").value == "classification"
    assert "Change to: one class for each picture" not in [button.label for button in app.button]
    press(app, "Import")
    (dataset,) = list_datasets(workspace)
    assert (dataset.info.task, dataset.counts()) == ("classification", {"cat": 12, "dog": 12})


def test_numbers_are_shown_with_their_range_and_get_a_name_and_a_unit(workspace):
    rows = {f"{n}.png": f'"{n},25"' for n in range(24)}
    app = drop(with_table(rows, "file,Weight (kg)"))
    assert {metric.label: metric.value for metric in app.metric}["Range"] == "0.25 – 23.25 kg"
    assert "0,25 is read as 0.25" in words(app)
    assert cards(app).count("data:image/jpeg") == 5
    (name,) = [element for element in app.text_input if element.label == "Value name"]
    assert name.value == "Weight"
    name.set_value("mass").run()
    assert field(app, "Decimal sign").value == "comma"
    assert field(app, "Value from").value == "labels.csv"
    press(app, "Import")
    (dataset,) = list_datasets(workspace)
    info = dataset.info
    assert (info.task, info.value_name, info.unit, info.classes) == ("regression", "mass", "kg", ())


def test_what_objects_are_for_is_asked_and_import_waits(workspace):
    files = {f"images/{n}.png": item(n) for n in range(12)}
    files |= {f"labels/{n}.txt": b"0 0.5 0.5 0.1 0.1\n" * (n % 3) + b"1 0.5 0.5 0.1 0.1\n" for n in range(12)}
    files["data.yaml"] = b"names: [scratch, dent]\n"
    app = drop(files)
    assert button(app, "Import").disabled
    (radio,) = app.radio
    assert radio.options == ["Which classes occur in each picture", "How many objects each picture has"]
    radio.set_value(1).run()
    assert {metric.label: metric.value for metric in app.metric}["Range"] == "1 – 3"
    press(app, "Import")
    (dataset,) = list_datasets(workspace)
    assert (dataset.info.task, dataset.info.value_name) == ("regression", "objects")


def test_an_addition_is_read_for_the_task_of_its_dataset(workspace, tmp_path):
    first = tmp_path / "first.zip"
    first.write_bytes(packed(with_table({f"{n}.png": ("a", "a|b")[n % 2] for n in range(6)}, "file,tags")))
    dataset = drain(ingest(workspace, first), lambda step: None).dataset
    files = {f"more/{n + 50}.png": item(n + 50) for n in range(4)}
    files["t.csv"] = b"file,tags\n" + b"".join(f"{n + 50}.png,{'bc'[n % 2]}\n".encode() for n in range(4))
    app = drop(files, dataset=dataset.id)
    assert "Multi-label classification" in words(app)
    assert "Task" not in [element.label for element in app.selectbox]
    press(app, "Import")
    assert dataset.info.classes == ("a", "b", "c")
