"""The Try page of models of several labels and of numbers: what is drawn, put right and taken along."""

from __future__ import annotations

import base64
import csv
import io
import zipfile

import pytest

from pages.components.try_ import predictions, try_camera
from tests.contracts import image_contract
from tests.graphs import write_task_model
from tests.pages.made_runs import made
from tests.pages.opening import button, open_page, words
from tests.pages.small_models import SIZE
from tests.pages.test_data import item
from tests.task_runs import relabel
from tlcore.contract import write_contract
from tlcore.data.dataset import open_dataset
from tlcore.data.inbox import Inbox, standing
from tlcore.files import write_json
from tlcore.inference.predictor import Predictor
from tlcore.runs.events import Ended, Started
from tlcore.runs.recorder import Recorder
from tlcore.tasks import Decision, find_task

LABELS = {"circle": "red", "square": "cold|green", "triangle": "blue"}
DECISIONS = {"multilabel": Decision(thresholds=(0.5, 0.4, 0.9, 0.6)), "regression": Decision(margin=1.5)}
RED = {"multilabel": "red", "regression": "255"}


@pytest.fixture(params=["multilabel", "regression"])
def run(request, workspace, tiny_dataset):
    """A finished run of a task whose model goes by how red a picture is."""
    task = request.param
    labels = {}
    for number, source in enumerate(tiny_dataset.items()["source"]):
        name = source.rpartition("/")[2]
        labels[name] = LABELS[name.partition("-")[0]] if task == "multilabel" else str(number / 2)
    dataset = relabel(tiny_dataset, task, labels)
    run = made(workspace, dataset)
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1, device="a processor"))
        recorder.record(Ended(state="finished"))
    classes = dataset.info.classes
    write_task_model(run.model_onnx, task, find_task(task).width(len(classes)))
    about = dataset.info
    contract = image_contract(
        classes, SIZE, task=task, unfamiliarity=False, decision=DECISIONS[task], dataset=about.name,
        value_name=about.value_name, unit=about.unit, backbone="efficientnet_lite0",
    )  # fmt: skip
    write_contract(run.path, contract)
    return run


def drawn(app) -> str:
    return "\n".join(element.body for element in app.get("html"))


def asked(run, *colours: str):
    app = open_page("try", run=run.id)
    app.file_uploader[0].set_value([(f"{each}.png", item(each), "image/png") for each in colours])
    app.run()
    assert not app.exception
    return app


def test_a_picture_is_answered_in_the_way_of_the_task(run):
    app = asked(run, "red", "black")
    if run.dataset.task == "multilabel":
        assert "any number of 4 labels" in words(app)
        assert drawn(app).count('class="mark"') == 2 * 4, "each label has its threshold"
        assert "Threshold 40.0" in drawn(app)
        assert ":blue-badge[red]" in words(app)
        assert "No label reaches its threshold." in words(app), "of the black one"
    else:
        assert "Predicts diameter in mm" in words(app)
        assert ">255.0 mm</div>" in drawn(app)
        assert "90\u202f% prediction interval: 253.5 to 256.5 mm" in words(app)
        assert 'class="track"' not in drawn(app)


def test_test_pictures_say_how_right_the_answer_is(run):
    app = open_page("try", run=run.id)
    app.segmented_control[0].set_value("Test").run()
    assert not app.exception
    said = drawn(app)
    assert "true are" in said or "all labels are right" in said or "outside the interval" in said
    if run.dataset.task == "regression":
        assert " mm, " in said


def test_many_pictures_are_a_table_and_a_csv_of_the_task(run):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("belt/one.png", item("red"))
        packed.writestr("belt/two.png", item("black"))
        packed.writestr("belt/broken.png", b"no picture")
    app = open_page("try", run=run.id, way="Many")
    app.file_uploader[0].set_value([("belt.zip", archive.getvalue(), "application/zip")])
    app.run()
    assert not app.exception
    table = app.dataframe[0].value.set_index("file")
    answered = app.session_state["many-done"].answered
    rows = {row["path"]: row for row in csv.DictReader(io.StringIO(answered.csv(0.5)))}
    if run.dataset.task == "multilabel":
        assert table["answer"].to_dict() == {
            "belt/broken.png": "–",
            "belt/one.png": "red",
            "belt/two.png": "(no label)",
        }
        assert (rows["belt/one.png"]["labels"], rows["belt/two.png"]["labels"]) == ("red", "")
        assert app.slider
    else:
        assert table["answer"]["belt/one.png"] == "255.0 mm"
        assert table["interval"]["belt/one.png"] == "253.5 to 256.5 mm"
        assert table["says"]["belt/one.png"] == "✓ predicted"
        row = rows["belt/one.png"]
        assert [row[name] for name in ("value", "low", "high", "unit")] == ["255.0", "253.5", "256.5", "mm"]
        assert not app.slider, "a value has no confidence"
    assert rows["belt/broken.png"]["says"] == "cannot be read"


def test_a_wrong_answer_is_put_right_with_several_labels_or_a_number(run, tiny_dataset, workspace):
    app = asked(run, "red")
    if run.dataset.task == "multilabel":
        (choice,) = app.multiselect
        choice.set_value(["green", "blue"]).run()
        expected = "blue|green"
    else:
        (choice,) = app.number_input
        choice.set_value(12.5).run()
        expected = "12.5"
    button(app, "Send to the inbox").click().run()
    assert not app.exception
    (answer,) = standing(Inbox(tiny_dataset).answers()).values()
    assert answer.label == expected
    Inbox(tiny_dataset).join(workspace)
    assert expected in set(open_dataset(workspace, tiny_dataset.id).items()["label"])
    assert find_task(run.dataset.task).read(answer.suggested) == find_task(run.dataset.task).read(RED[run.dataset.task])


@pytest.mark.parametrize("run", ["multilabel"], indirect=True)
def test_an_answer_is_put_right_with_no_label_at_all(run, tiny_dataset, workspace):
    app = asked(run, "red")
    assert button(app, "Send to the inbox").disabled
    (none,) = app.checkbox
    none.set_value(True).run()
    button(app, "Send to the inbox").click().run()
    (answer,) = standing(Inbox(tiny_dataset).answers()).values()
    assert answer.label == ""
    Inbox(tiny_dataset).join(workspace)
    assert "" in set(open_dataset(workspace, tiny_dataset.id).items()["label"])


def test_where_the_dataset_has_another_task_by_now_nothing_can_be_put_right(run, tiny_dataset):
    write_json(tiny_dataset.path / "dataset.json", tiny_dataset.info.model_copy(update={"task": "classification"}))
    app = asked(run, "red")
    assert not [each for each in app.button if each.label == "Send to the inbox"]


def test_a_frame_of_the_camera_is_answered_and_put_right(run, tiny_dataset, workspace, monkeypatch):
    state = {"live": {"frame": {"n": 7, "frame": base64.b64encode(item("red")).decode()}}}
    monkeypatch.setattr(try_camera.st, "session_state", state)
    model = Predictor.from_run(run.path)
    try_camera._hear("live", model)
    said = state["live-answer"]
    if run.dataset.task == "multilabel":
        assert (said["title"], said["answered"]) == ("red", "red")
        assert [each["label"] for each in said["best"] if each["given"]] == ["red"]
        assert all(each["mark"] for each in said["best"])
    else:
        assert (said["title"], said["best"], said["says"]) == ("255.0 mm", [], "predicted")
        assert "253.5 to 256.5 mm" in said["note"]
    wrong = {"n": 7, "frame": state["live"]["frame"]["frame"], "label": "no number", "answered": said["answered"]}
    state["live"] = {"wrong": wrong}
    try_camera._correct("live", workspace, run, model)
    if run.dataset.task == "regression":
        assert "A number is needed" in state["live-said"]["text"]
    else:
        assert state["live-said"]["text"].startswith("no number: 1 picture")


@pytest.mark.parametrize(("value", "unit", "text"), [(-0.042, "", "−0.042"), (12345.6, "g", "12,346 g"), (3, "", "3")])
def test_a_value_is_written_with_its_unit(value, unit, text):
    assert predictions.value_text(value, unit) == text


@pytest.mark.parametrize(("margin", "text"), [(3.013, "7.2"), (0.0312, "7.208"), (45.0, "7"), (0.0, "7.208")])
def test_a_value_has_no_more_digits_than_its_margin_bears(margin, text):
    assert predictions.value_text(7.208, margin=margin) == text
