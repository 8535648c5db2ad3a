"""Runs side by side, classes by their curves and families, and what the curves of a training ask for."""

from __future__ import annotations

import numpy as np
import pytest

from pages.components.answers import confusion_chart
from pages.components.evaluate import confusion_tree
from pages.components.shell import training_diagnostics
from tests.pages.made_runs import epoch_ended, finished, made
from tests.pages.opening import button, on_the_table, open_page, words
from tlcore.evaluation.files import read_predictions
from tlcore.evaluation.predictions import probabilities
from tlcore.runs.events import Ended, PhaseStarted, Started
from tlcore.runs.recorder import Recorder
from tlcore.tasks.classification.confusion_tree import merge_classes, order_classes
from tlcore.tasks.classification.roc_pr import class_curves
from tlcore.tasks.evaluation import Evaluation


@pytest.fixture
def pair(workspace, tiny_dataset):
    """Two runs on the same test pictures: the first has half of them right, the second all."""
    return finished(workspace, tiny_dataset, right=0.5), finished(workspace, tiny_dataset, right=1.0)


def table_of(evaluation):
    return np.array(evaluation.confusion)


def mixed_up(classes, pairs):
    """What a judgement says of its classes: of ten pictures of each first one of a pair three are called the second."""
    table = 10 * np.eye(classes, dtype=int)
    for first, second in pairs:
        table[first, [first, second]] += (-3, 3)
    tree = merge_classes(table)
    return Evaluation.model_construct(
        labels=tuple(f"class {place:03d}" for place in range(classes)),
        confusion=table.tolist(),
        tree=tree,
        order=order_classes(tree, classes),
    )


def test_two_runs_are_compared_picture_by_picture(pair):
    first, second = pair
    app = open_page("evaluate", run=first.id, view="compare", **{"with": second.id})
    (table, *_) = app.dataframe
    assert len(table.value) == 2
    shown = {metric.label: metric.value for metric in app.metric}
    wrong = int((~read_predictions(first.path)["correct"]).sum())
    assert shown["Wrong → right"] == str(wrong)
    assert shown["Right → wrong"] == "0"
    assert "points higher (better)** than that of" in words(app)
    assert "McNemar's exact test" in words(app)


def test_the_pictures_that_changed_lie_on_a_light_table(pair):
    first, second = pair
    app = open_page("evaluate", run=first.id, view="compare", **{"with": second.id})
    answers = read_predictions(first.path)
    wrong = answers[~answers["correct"]].set_index("sha256")["predicted"]
    tiles = on_the_table(app)["tiles"]
    assert {tile["id"]: tile["badge"] for tile in tiles} == {sha: f"→ {said}" for sha, said in wrong.items()}


def test_the_runs_that_are_compared_stand_in_the_url(pair):
    first, second = pair
    app = open_page("evaluate", run=first.id, view="compare", **{"with": "no such run"})
    assert "Choose one or more runs" in words(app)
    app.multiselect(key="compare-with").set_value([second.id]).run()
    assert not app.exception
    assert app.query_params["with"] in (second.id, [second.id])


def test_runs_with_other_test_pictures_are_not_compared_without_a_warning(pair):
    first, second = pair
    split = second.split()
    split["sha256"] = [f"{number:064x}" for number in range(len(split))]
    split.to_parquet(second.path / "split.parquet")
    answers = read_predictions(second.path)
    answers["sha256"] = list(split.loc[split["split"] == "test", "sha256"])
    answers.to_parquet(second.predictions)
    app = open_page("evaluate", run=first.id, view="compare", **{"with": second.id})
    assert "cannot be compared" in words(app)
    assert not app.metric


def test_ticked_runs_lead_to_their_comparison(pair):
    second, first = (run.id for run in sorted(pair, key=lambda run: run.id))  # the newest stands first
    app = open_page("runs")
    for run in pair:
        app.checkbox(key=f"compare-{run.id}").check()
    app.run()
    button(app, "Compare predictions, picture by picture").click().run()
    assert not app.exception
    assert app.query_params["run"] in (first, [first])
    assert app.query_params["with"] in (second, [second])
    assert "Picture by picture" in words(app)


def test_a_single_run_says_what_is_needed_to_compare(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    assert "Nothing to compare with" in words(open_page("evaluate", run=run.id, view="compare"))


def test_the_curves_of_chosen_classes_stand_in_the_url(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset, right=0.5)
    answers, classes = read_predictions(run.path), tiny_dataset.info.classes
    true = np.array([classes.index(label) for label in answers["label"]])
    (run.path / "evaluation").mkdir()
    class_curves(true, probabilities(answers, len(classes))).to_parquet(run.path / "evaluation" / "curves.parquet")
    app = open_page("evaluate", run=run.id, view="classes", classes="1")
    assert app.multiselect(key="class-curves").value == [1]
    app.multiselect(key="class-curves").set_value([0, 2]).run()
    assert app.query_params["classes"] in ("0-2", ["0-2"])


def test_two_hundred_classes_are_groups_that_open():
    judged = mixed_up(200, [(0, 150), (7, 8)])
    groups = confusion_chart.grouped(judged.order)
    assert sorted(place for group in groups for place in group) == list(range(200))
    assert len(groups) <= confusion_chart.MOST_CLASSES
    cells = confusion_chart.of_groups(table_of(judged), groups, judged.labels, shares=False)
    # Right answers are left out, and what is mixed up stands in one group.
    assert sum(about[4] for row in cells.about for about in row) == 6
    at = {place: number for number, group in enumerate(groups) for place in group}
    assert at[0] == at[150]
    inside = confusion_chart.of_classes(table_of(judged), groups[at[0]], groups[at[0]], judged.labels, shares=False)
    assert [0, 150] in [about[:2] for row in inside.about for about in row if about[4] == 3]


def test_the_tree_holds_who_is_mixed_up_and_leaves_out_the_others():
    judged = mixed_up(40, [(3, 30), (30, 3), (5, 6)])
    leaves, joints = confusion_tree.branches(judged)
    assert set(leaves) == {"class 003", "class 030", "class 005", "class 006"}
    assert abs(leaves.index("class 003") - leaves.index("class 030")) == 1
    assert [round(joint.share, 3) for joint in joints] == [0.3, 0.15]  # 3 of 10 both ways, and one way


def learnt_by_heart(run):
    """A log whose validation loss turns while the training loss goes on falling."""
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1))
        recorder.record(PhaseStarted(phase="head", title="Training the head", epochs=8, first_epoch=1))
        for epoch, val_loss in enumerate((1.0, 0.6, 0.5, 0.6, 0.8, 1.0, 1.2, 1.4), 1):
            recorder.record(epoch_ended(epoch, loss=1 / epoch, val_loss=val_loss))
        recorder.record(Ended(state="finished"))


def test_a_reading_opens_the_settings_with_its_change(workspace, tiny_dataset):
    run = made(workspace, tiny_dataset, mode="freeze", head="trained", augment=())
    learnt_by_heart(run)
    app = open_page("runs", run=run.id)
    assert "memorizes its pictures" in words(app)
    button(app, "Review the settings first").click().run()
    assert not app.exception
    config = training_diagnostics.changed(run, "overfitting")
    assert config.augment
    assert {name for name in config.augment if app.session_state[f"train-{name}"]} == set(config.augment)


def test_a_reading_starts_the_changed_run(workspace, tiny_dataset, monkeypatch):
    run = made(workspace, tiny_dataset, mode="freeze", head="trained", augment=())
    learnt_by_heart(run)
    started = []
    monkeypatch.setattr(training_diagnostics, "launch", started.append)
    app = open_page("runs", run=run.id)
    button(app, "Train with this change").click().run()
    assert not app.exception
    (begun,) = started
    assert begun.id != run.id
    assert begun.config == training_diagnostics.changed(run, "overfitting")
    assert begun.config.augment


def test_curves_that_say_nothing_change_nothing(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    assert training_diagnostics.changed(run, "overfitting") == run.config
