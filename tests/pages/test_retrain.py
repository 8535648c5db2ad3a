"""From finding to fixing: what was mended is retrained with one click, and before and after stand side by side."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.made_runs import finished
from tests.pages.opening import button, on_the_table, open_page, words
from tests.runs.test_initial_weights import write_model
from tlcore.data.edits import operations
from tlcore.data.edits.types import Colour, Relabel
from tlcore.data.split.locked import draw_parts
from tlcore.evaluation.files import read_predictions
from tlcore.runs.run import list_runs

SHARES = {"fractions": {"train": 0.3, "val": 0.2, "test": 0.5}, "epochs": 7}


@pytest.fixture
def run(workspace, tiny_dataset):
    """A judged run with weights that another one could begin with."""
    made = finished(workspace, tiny_dataset, right=0.5, **SHARES)
    write_model(made.model_keras)
    return made


@pytest.fixture
def started(monkeypatch):
    """The runs whose workers were asked for; none is started."""
    asked = []
    monkeypatch.setattr("tlcore.jobs.launch.launch", asked.append)
    return asked


def labels(app: AppTest) -> list[str]:
    return [each.label for each in app.button]


def mend(dataset, run, count=2) -> None:
    """Give some of the model's mistakes the class that the model sees in them."""
    answers = read_predictions(run.path)
    wrong = answers[~answers["correct"]].head(count)
    operations.apply(dataset, Relabel(labels=dict(zip(wrong["sha256"], wrong["predicted"], strict=True))))


def test_nothing_is_offered_before_something_was_mended(tiny_dataset, run):
    operations.apply(tiny_dataset, Colour(label="circle", colour="#ff0000"))
    assert "Retrain with these changes" not in labels(open_page("evaluate", run=run.id))


def test_one_click_starts_a_run_from_the_last_ones_weights_and_settings(
    workspace, tiny_dataset, run, started, monkeypatch
):
    monkeypatch.setattr("pages.components.evaluate.retrain.launch", started.append)
    mend(tiny_dataset, run)
    app = open_page("evaluate", run=run.id, view="failures")
    assert "**1 change** since this run" in words(app)
    badges = [tile["badge"] for tile in on_the_table(app)["tiles"]]
    assert badges.count("") == 2, "what was mended is no mistake any more"
    button(app, "Retrain with these changes").click().run()
    assert not app.exception
    (again,) = started
    assert again.config == run.config.model_copy(update={"start": run.id})
    assert again.dataset.version == tiny_dataset.info.version
    before, after = (each.split().query("split == 'test'")["sha256"] for each in (run, again))
    assert set(before) == set(after), "the test part is locked"


def test_what_forbids_it_is_said_beside_the_button(tiny_dataset, run):
    mend(tiny_dataset, run)
    run.model_keras.unlink()
    app = open_page("evaluate", run=run.id)
    assert button(app, "Retrain with these changes").disabled
    assert "has no model.keras" in words(app)
    button(app, "Undo").click().run()  # what was mistaken is taken back where it was made
    assert "Retrain with these changes" not in labels(app)


def test_a_test_part_that_was_drawn_anew_is_told_at_the_click(tiny_dataset, run, started):
    mend(tiny_dataset, run)
    draw_parts(tiny_dataset, seed=5)
    app = open_page("evaluate", run=run.id)
    button(app, "Retrain with these changes").click().run()
    assert "must not have been trained on the test set" in words(app)
    assert not started


def test_before_and_after_are_judged_by_the_labels_of_now(workspace, tiny_dataset, run):
    mend(tiny_dataset, run)
    second = finished(workspace, tiny_dataset, right=1.0, **SHARES, start=run.id)
    app = open_page("evaluate", run=second.id)
    shown = {metric.label: metric.value for metric in app.metric}
    answers = read_predictions(run.path)
    assert shown["Accuracy: before"].startswith(f"{100 * (answers['correct'].sum() + 2) / len(answers):.1f}")
    assert shown["Accuracy: after"].startswith("100.0")
    assert shown["Wrong → right"] == str((~answers["correct"]).sum() - 2)
    text = words(app)
    assert "with the current labels of the dataset" in text
    assert "2 test pictures had another label" in text


def test_a_run_that_was_retrained_leads_to_what_came_of_it(workspace, tiny_dataset, run):
    mend(tiny_dataset, run)
    second = finished(workspace, tiny_dataset, right=1.0, **SHARES, start=run.id)
    app = open_page("evaluate", run=run.id)
    button(app, "See the result").click().run()
    assert app.query_params["run"] == second.id
    assert "Before and after" in words(app)
    run.delete()
    app.run()
    assert "no longer exists" in words(app)
    assert app.metric


def test_the_settings_can_be_looked_at_first(workspace, tiny_dataset, run, started):
    mend(tiny_dataset, run)
    app = open_page("train", **{"from": run.id, "begin": "run"})
    assert app.radio(key="train-start").value == run.id
    assert app.number_input(key="train-epochs").value == 7
    app.radio(key="train-start").set_value("").run()
    button(app, "Start").click().run()
    newest = list_runs(workspace)[0]
    assert newest.config.start is None
