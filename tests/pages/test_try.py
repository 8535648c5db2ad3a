"""The try page: pictures to a model, answers with bars."""

from __future__ import annotations

import pytest

from tests.pages.made_runs import failed, made
from tests.pages.opening import button, open_page, words
from tests.pages.small_models import answering
from tests.pages.test_data import picture


def drawn(app) -> str:
    return "\n".join(element.body for element in app.get("html"))


def test_the_answers_come_with_bars_and_a_time(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("5_try", run=run.id)
    app.file_uploader[0].set_value(
        [("first.png", picture("red"), "image/png"), ("second.png", picture("lime"), "image/png")]
    )
    app.run()
    assert not app.exception
    assert " ms per picture" in words(app)
    assert drawn(app).count('class="answer"') == 2
    assert drawn(app).index("circle") < drawn(app).index("square"), "red means circle to this model"
    assert button(app, "Download the model")


def test_what_is_no_picture_is_told_beside_the_others(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("5_try", run=run.id)
    app.file_uploader[0].set_value([("a_b*.txt", b"hello", "text/plain"), ("good.png", picture(), "image/png")])
    app.run()
    assert not app.exception
    assert "cannot be used" in app.error[0].value
    assert drawn(app).count('class="answer"') == 1


def test_test_pictures_say_whether_the_answer_is_right(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("5_try", run=run.id)
    app.segmented_control[0].set_value("Test").run()
    assert not app.exception
    assert "right" in drawn(app) or "wrong" in drawn(app)
    first = app.session_state["try-draw"]
    button(app, "Draw others").click().run()
    assert not app.exception
    assert app.session_state["try-draw"] != first


def test_test_pictures_that_went_with_their_dataset_are_told(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    tiny_dataset.delete()
    app = open_page("5_try", run=run.id)
    app.segmented_control[0].set_value("Test").run()
    assert "went with their dataset" in app.info[0].value


def test_many_pictures_come_in_pages(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("5_try", run=run.id)
    app.file_uploader[0].set_value([(f"{n}.png", picture((n, n, n)), "image/png") for n in range(20)])
    app.run()
    assert drawn(app).count('class="answer"') == 12
    app.pagination[0].set_value(2).run()
    assert drawn(app).count('class="answer"') == 8


def test_without_a_model_the_page_says_what_leads_to_one(workspace, tiny_dataset):
    assert "Train one first" in words(open_page("5_try"))
    failed(workspace, tiny_dataset, "It broke.")
    assert "No run has come to a model" in words(open_page("5_try"))


def test_a_run_that_is_not_over_cannot_be_tried(workspace, tiny_dataset):
    run = made(workspace, tiny_dataset)
    app = open_page("5_try", run=run.id)
    assert "cannot be shown" in app.info[0].value


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_damaged_model_is_told_in_a_sentence(workspace, tiny_dataset, content):
    run = answering(workspace, tiny_dataset)
    run.model_onnx.write_bytes(content)
    app = open_page("5_try", run=run.id)
    assert "cannot be loaded" in app.error[0].value


def test_a_model_that_was_made_anew_is_read_anew(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    open_page("5_try", run=run.id)
    run.model_onnx.write_bytes(b"damaged since")
    assert open_page("5_try", run=run.id).error


def test_names_of_classes_are_text_and_nothing_else(workspace, tiny_dataset):
    from tlcore.files import write_json
    from tlcore.inference.labels import read_labels

    run = answering(workspace, tiny_dataset)
    labels = read_labels(run.path)
    write_json(run.labels_json, labels.model_copy(update={"labels": ("<script>x</script>", "a&b", "c")}))
    app = open_page("5_try", run=run.id)
    app.file_uploader[0].set_value([("one.png", picture(), "image/png")])
    app.run()
    assert "<script>x" not in drawn(app)
