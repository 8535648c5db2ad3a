"""The data page: pictures in by every way, what became of them, and what can be done with a dataset."""

from __future__ import annotations

import io
import shutil

import conformal_clip_data
import pytest
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from pages.components.shell import upload
from tests.contracts import image_contract
from tests.pages import made_checks
from tests.pages.made_runs import finished
from tests.pages.opening import button, on_the_table, open_page, words
from tlcore.data.dataset import list_datasets, open_dataset
from tlcore.data.edits import operations
from tlcore.data.edits.types import Exclude
from tlcore.files import write_json
from tlcore.runs.run import list_runs


def item(colour="red") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(stream, "PNG")
    return stream.getvalue()


def uploader(app, *, directory=False, zipped=False):
    """The uploader of a tab: of a zip, of a folder or of single pictures."""
    return next(
        field
        for field in app.file_uploader
        if field.accept_directory == directory and bool(field.allowed_type) == zipped
    )


def imported(app):
    """Press the one button of a sure import."""
    button(app, "Import").click().run()
    assert not app.exception
    return app


def shown(app) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


@pytest.fixture
def at_localhost(monkeypatch):
    """A server that is bound to this machine, as `.streamlit/config.toml` says; AppTest does not read it."""
    monkeypatch.setattr(upload.st, "get_option", lambda name: "localhost")


def test_the_first_visit_offers_import_sample_and_example_run(workspace):
    app = open_page("data")
    assert [tab.label for tab in app.tabs][:3] == ["Zip", "Folder", "Pictures"]
    headings = [element.value for element in app.subheader]
    assert headings == ["Import your pictures", "Open a sample dataset", "See an example run"]
    assert "one folder for each class" in app.expander[0].label
    assert {"Open the sample", "Train the example"} <= {element.label for element in app.button}
    assert "New dataset" not in [element.label for element in app.button]


@pytest.fixture
def small_sample(tmp_path, monkeypatch):
    """A dozen of the sample's 2,000 pictures in each of its classes."""
    root = conformal_clip_data.textile_simulated_root()
    for label in ("global", "local", "nominal"):
        folder = tmp_path / "sample" / label
        folder.mkdir(parents=True)
        for path in sorted((root / label).glob("*.jpg"))[:12]:
            shutil.copy(path, folder)
    monkeypatch.setattr(conformal_clip_data, "textile_simulated_root", lambda: tmp_path / "sample")


def test_the_sample_is_imported_at_a_press(workspace, small_sample):
    app = open_page("data")
    button(app, "Open the sample").click().run()
    assert not app.exception
    (dataset,) = list_datasets(workspace)
    assert dataset.counts() == {"global": 12, "local": 12, "nominal": 12}
    assert list_runs(workspace) == []


def test_the_example_run_is_a_real_training_on_the_sample(workspace, small_sample, monkeypatch):
    launched = []
    monkeypatch.setattr("pages.components.data.example.launch", launched.append)
    app = open_page("data")
    button(app, "Train the example").click().run()
    assert not app.exception
    (run,) = list_runs(workspace)
    assert launched == [run]
    assert (run.name, run.config.mode, run.config.head) == ("Example run", "freeze", "logistic")
    assert app.query_params["run"] == run.id


def test_a_dropped_zip_becomes_a_dataset(workspace, tiny_zip):
    app = open_page("data")
    uploader(app, zipped=True).set_value((tiny_zip.name, tiny_zip.read_bytes(), "application/zip"))
    app.run()
    assert "Import preview" in words(app)
    assert list_datasets(workspace) == []
    imported(app)
    (dataset,) = list_datasets(workspace)
    assert dataset.info.name == "shapes"
    assert shown(app)["Pictures"] == "36"
    assert shown(app)["Classes"] == "3"
    assert app.query_params["dataset"] == dataset.id
    assert button(app, "Train a model")


def test_the_bytes_that_were_dropped_are_kept_nowhere_twice(workspace, tiny_zip):
    app = open_page("data")
    uploader(app, zipped=True).set_value((tiny_zip.name, tiny_zip.read_bytes(), "application/zip"))
    app.run()
    imported(app)
    assert list((workspace.root / "staging").iterdir()) == []
    assert all(not field.value for field in app.file_uploader)


def test_the_bytes_that_were_dropped_do_not_stay_in_memory(workspace, tiny_zip, monkeypatch):
    released = []
    monkeypatch.setattr(
        MemoryUploadedFileManager, "remove_file", lambda self, session_id, file_id: released.append(file_id)
    )
    app = open_page("data")
    uploader(app, zipped=True).set_value((tiny_zip.name, tiny_zip.read_bytes(), "application/zip"))
    app.run()
    assert released


def test_a_dropped_folder_brings_its_classes(workspace):
    files = [
        (f"pets/{label}/{n}.png", item((60 * n, 9, 9 * len(label))), "image/png")
        for label in ("cat", "doggy")
        for n in range(3)
    ]
    app = open_page("data")
    uploader(app, directory=True).set_value(files)
    imported(app.run())
    (dataset,) = list_datasets(workspace)
    assert dataset.info.name == "pets"
    assert dataset.counts() == {"cat": 3, "doggy": 3}


def test_a_folder_whose_browser_lost_the_classes_is_not_taken_for_one_class(workspace):
    app = open_page("data")
    uploader(app, directory=True).set_value([("a.png", item(), "image/png"), ("b.png", item("blue"), "image/png")])
    app.run()
    assert "came without" in app.error[0].value
    assert list_datasets(workspace) == []


def test_loose_pictures_are_asked_for_their_class(workspace):
    app = open_page("data")
    uploader(app).set_value([("a.png", item(), "image/png"), ("a.png", item("blue"), "image/png")])
    app.run()
    assert "What do these pictures show?" in words(app)
    button(app, "Import").click().run()
    assert "needs a name" in app.error[0].value
    app.text_input[0].input("tulip")
    button(app, "Import").click().run()
    assert not app.exception
    (dataset,) = list_datasets(workspace)
    assert dataset.counts() == {"tulip": 2}
    assert "at least two classes" in words(app)
    assert "Train a model" not in [element.label for element in app.button]


def test_what_was_dropped_can_be_taken_back(workspace):
    app = open_page("data")
    uploader(app).set_value([("a.png", item(), "image/png")])
    app.run()
    button(app, "Cancel").click().run()
    assert "Import your pictures" in words(app)
    assert list((workspace.root / "staging").iterdir()) == []


def test_a_zip_that_is_none_is_refused_with_a_sentence(workspace):
    app = open_page("data")
    uploader(app, zipped=True).set_value(("broken.zip", b"PK\x03\x04 and then nothing", "application/zip"))
    app.run()
    assert not app.exception
    assert app.error
    assert list_datasets(workspace) == []
    assert list((workspace.root / "staging").iterdir()) == []
    app.run()
    assert not app.error, "told once, not at every turn"


def test_a_folder_on_this_machine_is_taken_in_by_its_path(workspace, tiny_folder, at_localhost):
    app = open_page("data")
    app.text_input[0].input(str(tiny_folder))
    button(app, "Import").click().run()
    imported(app)
    assert shown(app)["Pictures"] == "36"


def test_a_path_that_leads_nowhere_is_told(workspace, tmp_path, at_localhost):
    app = open_page("data")
    app.text_input[0].input(str(tmp_path / "nowhere"))
    button(app, "Import").click().run()
    assert "nothing at" in app.error[0].value


@pytest.mark.parametrize(
    ("variable", "address", "allowed"),
    [
        ("1", "localhost", True),
        ("1", "127.0.0.1", True),
        ("0", "localhost", False),
        ("1", "0.0.0.0", False),
        ("1", None, False),
    ],
)
def test_paths_can_be_typed_only_at_this_machine(monkeypatch, variable, address, allowed):
    monkeypatch.setenv("GRAFT_LOCAL_FOLDERS", variable)
    monkeypatch.setattr(upload.st, "get_option", lambda name: address)
    assert upload.local_folders_allowed() is allowed


def test_what_was_left_out_stands_first_with_its_reason(workspace):
    files = [(f"pets/{label}/{n}.png", item((60 * n, 9, 99)), "image/png") for n, label in enumerate(("cat", "dog"))]
    app = open_page("data")
    uploader(app, directory=True).set_value([*files, ("pets/cat/cut.png", item()[:60], "image/png")])
    imported(app.run())
    table = app.dataframe[0].value
    assert list(table["source"]) == ["pets/cat/cut.png"] or table["source"].iloc[0].endswith("cut.png")
    assert set(table["outcome"]) == {"left out"}
    assert shown(app)["Left out"] == "1"


def test_pictures_are_added_to_a_dataset(workspace, tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    uploader(app).set_value([("new.png", item("orange"), "image/png")])
    app.run()
    next(box for box in app.selectbox if box.label == "Class").select("circle")
    button(app, "Import").click().run()
    assert not app.exception
    assert tiny_dataset.counts()["circle"] == 13


def test_a_dataset_is_deleted_only_after_a_second_question(workspace, tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    assert "Delete for good" not in [element.label for element in app.button]
    button(app, "Delete").click().run()
    assert open_dataset(workspace, tiny_dataset.id)
    button(app, "Delete for good").click().run()
    assert not app.exception
    assert list_datasets(workspace) == []
    assert "Import your pictures" in words(app)


def test_a_dataset_is_renamed(workspace, tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    app.text_input(key=f"name-{tiny_dataset.id}").input("Shapes of *June*")
    button(app, "Rename").click().run()
    assert not app.exception
    assert tiny_dataset.info.name == "Shapes of *June*"


def test_the_url_says_which_dataset_and_a_dead_link_is_told(workspace, tiny_dataset):
    app = open_page("data", dataset="gone")
    assert "cannot be shown" in app.info[0].value
    assert app.selectbox(key="pick-dataset").value == tiny_dataset.id


def test_a_half_written_dataset_is_told_and_the_others_stay(workspace, tiny_dataset):
    broken = workspace.datasets / "20260101-000000-broken-0000"
    broken.mkdir()
    (broken / "dataset.json").write_text('{"id": "bro')
    app = open_page("data")
    assert "20260101-000000-broken-0000" in app.warning[0].value
    assert shown(app)["Pictures"] == "36"


def test_a_damaged_table_is_told_in_a_sentence(workspace, tiny_dataset):
    (tiny_dataset.path / "items.parquet").write_bytes(b"torn")
    app = open_page("data", dataset=tiny_dataset.id)
    assert "items.parquet" in app.error[0].value


def test_pages_of_the_gallery_turn(workspace, tiny_dataset, monkeypatch):
    monkeypatch.setattr("pages.components.items.light_table.PER_PAGE", 10)
    app = open_page("data", dataset=tiny_dataset.id)
    assert "1 to 10 of 36 pictures" in words(app)
    app.pagination[0].set_value(4).run()
    assert "31 to 36 of 36 pictures" in words(app)
    assert len(on_the_table(app)["tiles"]) == 6


def test_pictures_are_looked_at_by_class_and_by_state(tiny_dataset):
    shas = list(tiny_dataset.items()["sha256"])
    operations.apply(tiny_dataset, Exclude(shas=tuple(shas[:2])))
    assert len(on_the_table(open_page("data", dataset=tiny_dataset.id))["tiles"]) == 34
    squares = on_the_table(open_page("data", dataset=tiny_dataset.id, show="class:square"))
    assert len(squares["tiles"]) == 12
    assert [action["do"] for action in squares["actions"]] == ["move", "exclude", "delete", "like"]
    excluded = on_the_table(open_page("data", dataset=tiny_dataset.id, show="state:excluded"))
    assert [tile["id"] for tile in excluded["tiles"]] == shas[:2]
    assert [action["do"] for action in excluded["actions"]] == ["restore", "delete"]


def test_the_last_edit_is_told_and_undone(tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    assert "Undo" not in [element.label for element in app.button]
    operations.apply(tiny_dataset, Exclude(shas=tuple(tiny_dataset.items()["sha256"][:2])))
    app.run()
    assert "Excluded 2 pictures." in words(app)
    button(app, "Undo").click().run()
    assert len(tiny_dataset.items()) == 36


def test_a_class_is_renamed_and_another_class_of_that_name_is_told(tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    app.text_input(key=f"rename-new-{tiny_dataset.id}").input("square")
    button(app, "Rename the class").click().run()
    assert "Merge the two" in app.error[0].value
    app.text_input(key=f"rename-new-{tiny_dataset.id}").input("ball")
    button(app, "Rename the class").click().run()
    assert tiny_dataset.counts() == {"ball": 12, "square": 12, "triangle": 12}


def test_a_class_is_renamed_in_finished_runs_where_that_is_asked(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    write_json(run.contract_json, image_contract(classes=run.dataset.classes, size=32, resize="crop"))
    app = open_page("data", dataset=tiny_dataset.id)
    app.text_input(key=f"rename-new-{tiny_dataset.id}").input("ball")
    next(box for box in app.checkbox if "finished runs" in box.label).check()
    button(app, "Rename the class").click().run()
    assert not app.error
    assert run.dataset.classes == tiny_dataset.info.classes == ("ball", "square", "triangle")


def test_classes_are_merged(tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    app.multiselect(key=f"merge-{tiny_dataset.id}").set_value(["circle", "square"])
    app.selectbox(key=f"merge-into-{tiny_dataset.id}").select("square")
    button(app, "Merge the classes").click().run()
    assert not app.exception
    assert tiny_dataset.counts() == {"square": 24, "triangle": 12}


def test_a_class_is_given_a_colour(tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    app.get("color_picker")[0].set_value("#123456")
    button(app, "Set the colour").click().run()
    assert tiny_dataset.info.colours == {"circle": "#123456"}
    assert on_the_table(app)["colours"]["circle"] == "#123456"


def test_a_class_is_shown_in_parts_that_look_alike(tiny_dataset):
    app = open_page("data", dataset=tiny_dataset.id)
    button(app, "Show the clusters").click().run()
    assert "Run the check first" in words(app)
    made_checks.finished(tiny_dataset, [])
    table = on_the_table(open_page("data", dataset=tiny_dataset.id, show="split:2:circle"))
    assert [group["title"] for group in table["groups"]] == ["Cluster 1 · 6 pictures", "Cluster 2 · 6 pictures"]
    parts = {tile["id"]: tile["group"] for tile in table["tiles"]}
    circles = tiny_dataset.items().query("label == 'circle'")["sha256"]
    assert [parts[sha] == parts[circles.iloc[0]] for sha in circles] == [True, False] * 6


def test_pictures_like_one_stand_beside_it_the_likest_first(tiny_dataset):
    made_checks.finished(tiny_dataset, [])
    first = tiny_dataset.items().iloc[0]
    table = on_the_table(open_page("data", dataset=tiny_dataset.id, show=f"like:{first['sha256']}"))
    assert table["tiles"][0]["id"] == first["sha256"]
    assert table["tiles"][0]["badge"] == "this one"
    assert {tile["label"] for tile in table["tiles"][:6]} == {first["label"]}


def test_near_copies_lie_in_sets(tiny_dataset):
    shas = list(tiny_dataset.items()["sha256"])
    made_checks.finished(tiny_dataset, [], clusters={"a": shas[:2], "b": shas[4:7]})
    table = on_the_table(open_page("data", dataset=tiny_dataset.id, show="copies"))
    assert [group["title"] for group in table["groups"]] == ["Set of 3", "Set of 2"]
    assert [tile["id"] for tile in table["tiles"]] == [*shas[4:7], *shas[:2]]
