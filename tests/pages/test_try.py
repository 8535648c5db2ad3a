"""The try page: pictures to a model, answers with bars."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest

from pages.components.try_ import feedback, try_camera
from tests.pages.made_runs import failed, made
from tests.pages.opening import button, open_page, words
from tests.pages.small_models import answering
from tests.pages.test_data import item
from tlcore.data.feedback import Correction
from tlcore.data.inbox import Inbox, standing
from tlcore.inference.predictor import Predictor


def drawn(app) -> str:
    return "\n".join(element.body for element in app.get("html"))


def test_the_answers_come_with_bars_and_a_time(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("try", run=run.id)
    app.file_uploader[0].set_value([("first.png", item("red"), "image/png"), ("second.png", item("lime"), "image/png")])
    app.run()
    assert not app.exception
    assert "ms per picture" in words(app)
    assert drawn(app).count('class="answer"') == 2
    assert drawn(app).index("circle") < drawn(app).index("square"), "red means circle to this model"
    assert "&lt; 0.1" in drawn(app), "almost none is not none"
    assert button(app, "Download the model")


def test_what_is_no_picture_is_told_beside_the_others(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("try", run=run.id)
    app.file_uploader[0].set_value([("a_b*.txt", b"hello", "text/plain"), ("good.png", item(), "image/png")])
    app.run()
    assert not app.exception
    assert "cannot be used" in app.error[0].value
    assert drawn(app).count('class="answer"') == 1


def test_test_pictures_say_whether_the_answer_is_right(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("try", run=run.id)
    app.segmented_control[0].set_value("Test").run()
    assert not app.exception
    assert "right" in drawn(app) or "wrong" in drawn(app)
    first = app.session_state["try-draw"]
    button(app, "Draw others").click().run()
    assert not app.exception
    assert app.session_state["try-draw"] != first


def test_the_address_says_where_pictures_come_from(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("try", run=run.id)
    app.segmented_control[0].set_value("Test").run()
    assert app.query_params["way"] in ("Test", ["Test"])
    assert open_page("try", run=run.id, way="Test").segmented_control[0].value == "Test"
    assert open_page("try", run=run.id, way="nonsense").segmented_control[0].value == "Pictures"


def test_test_pictures_that_went_with_their_dataset_are_told(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    tiny_dataset.delete()
    app = open_page("try", run=run.id)
    app.segmented_control[0].set_value("Test").run()
    assert "their dataset was deleted" in app.info[0].value


def test_many_pictures_come_in_pages(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("try", run=run.id)
    app.file_uploader[0].set_value([(f"{n}.png", item((n, n, n)), "image/png") for n in range(20)])
    app.run()
    assert drawn(app).count('class="answer"') == 12
    app.pagination[0].set_value(2).run()
    assert drawn(app).count('class="answer"') == 8


def test_without_a_model_the_page_says_what_leads_to_one(workspace, tiny_dataset):
    assert "Train one first" in words(open_page("try"))
    failed(workspace, tiny_dataset, "It broke.")
    assert "No finished run yet" in words(open_page("try"))


def test_a_run_that_is_not_over_cannot_be_tried(workspace, tiny_dataset):
    run = made(workspace, tiny_dataset)
    app = open_page("try", run=run.id)
    assert "cannot be shown" in app.info[0].value


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_damaged_model_is_told_in_a_sentence(workspace, tiny_dataset, content):
    run = answering(workspace, tiny_dataset)
    run.model_onnx.write_bytes(content)
    app = open_page("try", run=run.id)
    assert "cannot be loaded" in app.error[0].value


def test_a_model_that_was_made_anew_is_read_anew(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    open_page("try", run=run.id)
    run.model_onnx.write_bytes(b"damaged since")
    assert open_page("try", run=run.id).error


def test_names_of_classes_are_text_and_nothing_else(workspace, tiny_dataset):
    from tlcore.contract import read_contract
    from tlcore.files import write_json

    run = answering(workspace, tiny_dataset)
    labels = read_contract(run.path)
    write_json(run.contract_json, labels.model_copy(update={"classes": ("<script>x</script>", "a&b", "c")}))
    app = open_page("try", run=run.id)
    app.file_uploader[0].set_value([("one.png", item(), "image/png")])
    app.run()
    assert "<script>x" not in drawn(app)


def many(**colours) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, colour in colours.items():
            archive.writestr(f"belt/{name}.png", item(colour))
        archive.writestr("belt/broken.png", b"nothing")
        archive.writestr("notes.txt", "on Tuesday")
    return stream.getvalue()


def asked_about_many(run):
    app = open_page("try", run=run.id)
    app.segmented_control[0].set_value("Many").run()
    app.file_uploader[0].set_value([("belt.zip", many(one="red", two="lime", three="blue"), "application/zip")])
    app.run()
    assert not app.exception
    return app


def test_many_pictures_become_a_table_that_can_be_put_right(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = asked_about_many(run)
    table = app.dataframe[0].value.set_index("file")
    assert table["answer"].to_dict() == {
        "belt/broken.png": "–",
        "belt/one.png": "circle",
        "belt/three.png": "triangle",
        "belt/two.png": "square",
    }
    assert table["says"]["belt/broken.png"] == "✗ cannot be read"
    assert table["picture"]["belt/one.png"].startswith("data:image/jpeg;base64,")
    assert table["picture"]["belt/broken.png"] == ""
    assert "1 file ignored" in words(app)
    app.slider[0].set_value(1.0).run()
    assert not app.exception
    assert set(app.dataframe[0].value["says"]) == {"✗ cannot be read", "? not sure"}
    button(app, "Other pictures").click().run()
    assert not app.dataframe
    assert not list((workspace.root / "staging").iterdir()), "what was dropped is gone"


def test_numbers_in_the_table_are_percent_and_a_filter_that_finds_nothing_says_so(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = asked_about_many(run)
    assert "**4 pictures** of belt" in words(app)
    confidence = app.dataframe[0].value.set_index("file")["confidence"]
    assert 50 < confidence["belt/one.png"] <= 100
    app.pills(key="many-kind").set_value("not sure").run()
    assert not app.dataframe
    assert "Every prediction reaches this confidence" in words(app)
    app.slider[0].set_value(1.0).run()
    assert set(app.dataframe[0].value["says"]) == {"? not sure"}


def test_a_picture_that_the_dataset_has_is_left_out_with_the_way_to_its_class(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    known = tiny_dataset.items().iloc[0]
    content = tiny_dataset.image_path(known["file"]).read_bytes()
    said = feedback.put_right(workspace, run, [Correction("known.png", content, "another", "circle")])
    assert f"as '{known['label']}'" in said
    assert "change it on the Data page" in said


def test_what_was_ticked_goes_to_the_inbox_with_its_class(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = asked_about_many(run)
    app.session_state["many-table--False-1-0"] = {"selection": {"rows": [1, 3], "columns": [], "cells": []}}
    app.run()
    app.selectbox(key="many-label").set_value("triangle").run()
    button(app, "Send to the inbox").click().run()
    assert not app.exception
    assert "2 corrected pictures went to the inbox" in words(app)
    inbox = Inbox(tiny_dataset)
    assert len(inbox.items()) == 2
    assert [(one.label, one.suggested) for one in standing(inbox.answers()).values()] == [
        ("triangle", "circle"),
        ("triangle", "square"),
    ]


def test_a_wrong_answer_on_a_card_is_put_right(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("try", run=run.id)
    app.file_uploader[0].set_value([("one.png", item("red"), "image/png")])
    app.run()
    (choice,) = [box for box in app.selectbox if box.label == "True class"]
    assert "circle" not in choice.options, "that is what it said"
    choice.set_value("square").run()
    button(app, "Send to the inbox").click().run()
    assert not app.exception
    (answer,) = standing(Inbox(tiny_dataset).answers()).values()
    assert (answer.label, answer.suggested) == ("square", "circle")


def test_where_the_dataset_is_gone_nothing_can_be_put_right(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    tiny_dataset.delete()
    app = asked_about_many(run)
    assert "The dataset was deleted" in words(app)
    assert not [one for one in app.button if one.label == "Send to the inbox"]


def test_a_frame_of_the_camera_is_answered_and_nonsense_is_not(workspace, tiny_dataset, monkeypatch):
    run = answering(workspace, tiny_dataset)
    state = {}
    monkeypatch.setattr(try_camera.st, "session_state", state)
    model = Predictor.from_run(run.path)
    state["live"] = {"frame": {"n": 7, "frame": base64.b64encode(item("red")).decode()}}
    try_camera._hear("live", model)
    assert state["live-answer"]["n"] == 7
    assert state["live-answer"]["best"][0]["label"] == "circle"
    assert state["live-answer"]["says"] == "sure"
    state["live"] = {"frame": {"n": 8, "frame": base64.b64encode(b"no picture").decode()}}
    try_camera._hear("live", model)
    assert (state["live-answer"]["n"], state["live-answer"]["best"]) == (8, [])
    for nonsense in (None, 3, {"n": "9", "frame": ""}, {"n": 9, "frame": "not base64!"}, {"n": 9}):
        state["live"] = {"frame": nonsense}
        try_camera._hear("live", model)
        assert state["live-answer"]["n"] == 8


def test_a_held_frame_goes_to_the_inbox(workspace, tiny_dataset, monkeypatch):
    run = answering(workspace, tiny_dataset)
    frame = base64.b64encode(item("red")).decode()
    state = {"live": {"wrong": {"n": 7, "frame": frame, "label": " square ", "answered": "circle"}}}
    monkeypatch.setattr(try_camera.st, "session_state", state)
    try_camera._correct("live", workspace, run, Predictor.from_run(run.path))
    assert state["live-said"] == {"n": 7, "text": "square: 1 picture in the inbox."}
    (answer,) = standing(Inbox(tiny_dataset).answers()).values()
    assert (answer.label, answer.suggested) == ("square", "circle")
