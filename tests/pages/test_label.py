"""The label page: pictures into the inbox, answers as the browser sends them, on to the dataset; tables in and out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from pages.components.label import camera
from pages.components.label import inbox as desk
from tests.data.conftest import write_classes, write_picture
from tests.pages.opening import button, open_page, words
from tests.pages.small_models import answering
from tests.task_datasets import with_numbers, with_several_labels
from tlcore.data.edits.operations import apply
from tlcore.data.edits.types import Relabel
from tlcore.data.inbox import Inbox, standing
from tlcore.errors import WeightsError
from tlcore.health import embed
from tlcore.progress import Progress, drain

LENGTH = 12


@pytest.fixture(autouse=True)
def embedding(monkeypatch):
    """Features that need no network of layers."""

    def small(workspace, files, value_range=None):
        yield Progress(0, len(files))
        rows = [np.asarray(Image.open(file).convert("RGB").resize((2, 2)), np.float32).ravel() / 255 for file in files]
        return np.stack(rows).astype(np.float16)

    class Tiny:
        feature_length = LENGTH

    monkeypatch.setattr(embed, "embed", small)
    monkeypatch.setattr(embed, "identity", lambda workspace: {"tiny": 1})
    monkeypatch.setattr(embed, "bundled", lambda: Tiny)


@pytest.fixture
def inbox(workspace, tiny_dataset, tmp_path) -> Inbox:
    for number in range(9):
        write_picture(tmp_path / "new" / f"{number}.png", seed=number)
    inbox = Inbox(tiny_dataset)
    drain(inbox.put(workspace, tmp_path / "new"), lambda step: None)
    return inbox


def shown(app):
    """What the browser is given to draw."""
    (part,) = app.get("bidi_component")
    return json.loads(part.proto.json)


def test_without_a_dataset_the_page_teaches_and_offers_the_camera(workspace):
    app = open_page("label")
    assert "Label some pictures first" in words(app)
    assert shown(app)["label"] == ""


def test_the_most_useful_pictures_come_with_their_suggestions(inbox):
    app = open_page("label")
    data = shown(app)
    assert len(data["queue"]) == 9
    assert [one["label"] for one in data["classes"]] == ["circle", "square", "triangle"]
    assert all(len(one["chances"]) == 3 for one in data["queue"])
    assert {metric.label: metric.value for metric in app.metric}["Waiting"] == "9"
    assert button(app, "Add to the dataset").disabled


def test_answers_are_heard_once_and_in_their_order(inbox, monkeypatch):
    first, second, third = inbox.items()["sha256"][:3]
    said = [
        {"n": 1, "do": "label", "id": first, "label": "circle", "suggested": "square"},
        {"n": 2, "do": "label", "id": "no such picture", "label": "circle"},
        {"n": 3, "do": "skip", "id": second},
        {"n": 4, "do": "back"},
        {"n": 5, "do": "label", "id": third, "label": " "},
    ]
    state = {"desk": {"said": said[:3]}}
    monkeypatch.setattr(desk.st, "session_state", state)
    desk._hear(inbox, "desk")
    state["desk"] = {"said": said}  # what was not known to be heard is sent again
    desk._hear(inbox, "desk")
    assert [(answer.kind, answer.sha256) for answer in inbox.answers()] == [
        ("label", first),
        ("skip", second),
        ("back", second),
    ]
    assert state["desk-heard"] == 5


@pytest.mark.parametrize("sent", [None, "x", [3, {}], [{"n": "1"}], {"n": 1}])
def test_what_no_browser_of_ours_sends_is_passed_over(inbox, monkeypatch, sent):
    monkeypatch.setattr(desk.st, "session_state", {"desk": {"said": sent}})
    desk._hear(inbox, "desk")
    assert inbox.answers() == []


def test_labelled_pictures_join_the_dataset_by_one_button_and_it_can_be_undone(inbox):
    for sha in inbox.items()["sha256"][:4]:
        inbox.label(sha, "star", suggested="circle")
    app = open_page("label")
    assert {metric.label: metric.value for metric in app.metric}["Suggestions right"].startswith("0")
    button(app, "Add 4 labelled pictures to the dataset").click().run()
    assert not app.exception
    assert inbox.dataset.counts()["star"] == 4
    assert len(inbox.items()) == 5
    button(app, "Undo").click().run()
    assert "star" not in inbox.dataset.info.classes or inbox.dataset.counts()["star"] == 0


def test_a_run_of_the_dataset_can_suggest_instead_of_the_probe(inbox, workspace):
    run = answering(workspace, inbox.dataset)
    app = open_page("label")
    app.selectbox(key=f"suggest-{inbox.dataset.id}").select(run.id).run()
    assert not app.exception
    assert (inbox.path / f"answers-{run.id}.txt").exists()


def test_without_the_backbone_one_can_still_label(inbox, monkeypatch):
    def missing(workspace):
        raise WeightsError("The backbone is not installed.")

    monkeypatch.setattr(embed, "identity", missing)
    app = open_page("label")
    assert "There are no suggestions: The backbone is not installed." in words(app)
    assert len(shown(app)["queue"]) == 9


def test_when_all_were_asked_about_the_page_says_so(inbox):
    shas = list(inbox.items()["sha256"])
    for sha in shas[:-1]:
        inbox.label(sha, "circle")
    inbox.skip(shas[-1])
    app = open_page("label")
    assert "You have seen every picture" in words(app)
    button(app, "Show again: 1 skipped").click().run()
    assert list(standing(inbox.answers())) == shas[:-1]


def test_labels_go_out_and_in_a_file_that_does_not_fit_is_told_and_the_dataset_is_packed(tiny_dataset):
    apply(tiny_dataset, Relabel(labels={tiny_dataset.items()["sha256"][0]: "square"}))
    app = open_page("label", way="tables")
    assert "1 picture with a changed label" in words(app)
    name = tiny_dataset.items()["source"][1]
    (field,) = app.file_uploader
    field.set_value(("labels.csv", f"picture,label\n{name},triangle\n".encode(), "text/csv"))
    app.run()
    assert tiny_dataset.items()["label"][1] == "triangle"
    (field,) = app.file_uploader
    field.set_value(("labels.csv", b"file,class\na,b\n", "text/csv"))
    app.run()
    assert "'picture' and 'label' are needed" in words(app)
    button(app, "Prepare the zip").click().run()
    assert not app.exception
    assert [
        found for found in app.get("download_button") if found.label.startswith("Download ") and "kB" in found.label
    ]


def test_frames_that_cannot_be_read_are_refused():
    with pytest.raises(Exception, match="cannot be read"):
        camera._frames({"frames": ["not base64!"]})
    assert camera._frames({"frames": 3}) == []


def test_pictures_dropped_into_the_inbox_wait_there(workspace, tiny_dataset, tmp_path):
    folder = write_classes(tmp_path / "new", "a", "b", first_seed=800)
    app = open_page("label")
    assert "Drop unlabelled pictures here" in words(app)
    assert "not read as labels" in words(app)
    uploader = next(field for field in app.file_uploader if not field.allowed_type and not field.accept_directory)
    uploader.set_value([(file.name, file.read_bytes(), "image/png") for file in sorted(folder.rglob("*.png"))])
    app.run()
    assert not app.exception
    assert len(Inbox(tiny_dataset).items()) == 4
    assert list((workspace.root / "staging").iterdir()) == []


# === Several labels, numbers ===


def test_several_labels_are_asked_for_and_heard(inbox, monkeypatch):
    with_several_labels(inbox.dataset)
    data = shown(open_page("label"))
    assert [one["label"] for one in data["classes"]] == ["big", "circle", "left", "square", "triangle"]
    assert all(len(one["chances"]) == 5 and isinstance(one["labels"], list) for one in data["queue"])
    first, second = inbox.items()["sha256"][:2]
    said = [
        {"n": 1, "do": "label", "id": first, "labels": ["circle", "a|b"], "suggestedLabels": ["circle"]},
        {"n": 2, "do": "label", "id": second, "labels": []},
    ]
    monkeypatch.setattr(desk.st, "session_state", {"desk": {"said": said}})
    desk._hear(inbox, "desk")
    assert [(one.label, one.suggested) for one in inbox.answers()] == [("a\\|b|circle", "circle"), ("", "")]
    monkeypatch.undo()


def test_numbers_are_asked_for_and_what_is_none_is_told(inbox, monkeypatch):
    with_numbers(inbox.dataset)
    app = open_page("label")
    data = shown(app)
    assert (data["task"], data["valueTitle"], data["classes"]) == ("regression", "weight (kg)", [])
    assert all(float(one["value"]) is not None for one in data["queue"])
    assert [metric.label for metric in app.metric] == ["Waiting", "Labels given"]
    first, second = inbox.items()["sha256"][:2]
    said = [{"n": 1, "do": "label", "id": first, "label": "2,5"}, {"n": 2, "do": "label", "id": second, "label": "x"}]
    state = {"desk": {"said": said}}
    monkeypatch.setattr(desk.st, "session_state", state)
    desk._hear(inbox, "desk")
    assert [one.label for one in inbox.answers()] == ["2.5"]
    assert "a number is needed" in state[desk.FAULT]


def test_the_camera_records_labels_or_none(tiny_dataset):
    dataset = with_several_labels(tiny_dataset)
    app = open_page("label", dataset=dataset.id, way="camera")
    assert shown(app)["into"] == "no label"
    app.multiselect(key="camera-labels").set_value(["square", "big"]).run()
    assert (shown(app)["label"], shown(app)["into"]) == ("big|square", "big, square")


def test_the_camera_waits_for_the_value_of_its_frames(tiny_dataset):
    dataset = with_numbers(tiny_dataset)
    app = open_page("label", dataset=dataset.id, way="camera")
    assert (shown(app)["into"], shown(app)["first"]) == ("", "Enter the value first")
    assert app.number_input(key="camera-value").label == "weight (kg)"
    app.number_input(key="camera-value").set_value(2.5).run()
    assert (shown(app)["label"], shown(app)["into"]) == ("2.5", "2.5 kg")


def test_the_task_is_changed_where_the_labels_allow_it_and_undone(tiny_dataset):
    app = open_page("label", dataset=tiny_dataset.id, way="task")
    (choice,) = app.radio
    assert choice.options[0] == "Classification (now)"
    assert button(app, "Save").disabled
    choice.set_value("regression").run()
    assert "36 items do not: a number is needed" in words(app)
    assert button(app, "Change the task to regression").disabled
    app.radio[0].set_value("multilabel").run()
    button(app, "Change the task to multi-label classification").click().run()
    assert not app.exception
    assert tiny_dataset.info.task == "multilabel"
    assert app.radio[0].options[1] == "Multi-label classification (now)"
    button(app, "Undo").click().run()
    assert tiny_dataset.info.task == "classification"


def test_a_value_gets_another_unit(tiny_dataset):
    dataset = with_numbers(tiny_dataset)
    app = open_page("label", dataset=dataset.id, way="task")
    assert [field.value for field in app.text_input] == ["weight", "kg"]
    app.text_input[1].set_value("g").run()
    button(app, "Save").click().run()
    assert (dataset.info.value_name, dataset.info.unit) == ("weight", "g")


def test_labels_of_every_task_go_in_and_out_as_a_table(tiny_dataset):
    dataset = with_numbers(tiny_dataset)
    assert "Prepare the zip" in [each.label for each in open_page("label", dataset=dataset.id, way="tables").button]
