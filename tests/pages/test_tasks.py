"""The pages of settings and runs know what an answer is: several labels, or a number with its unit."""

from __future__ import annotations

import time

import pytest

from pages.components.shell import formats
from tests.pages.made_runs import finished, made
from tests.pages.opening import button, open_page, words
from tests.task_runs import make_dataset
from tlcore.backbones.catalogue import find
from tlcore.jobs.writer import JobWriter
from tlcore.runs.events import Ended, EpochEnded, Evaluated, PhaseEnded, PhaseStarted, Started
from tlcore.runs.recommend import recommend
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import list_runs
from tlcore.sweeps.config import SweepConfig
from tlcore.sweeps.events import SweepEnded, SweepStarted, TrialEnded, TrialStarted
from tlcore.sweeps.sweep import create_sweep
from tlcore.tasks import find_task


@pytest.fixture
def started(monkeypatch):
    """The runs whose worker would have been started."""
    runs = []
    monkeypatch.setattr("tlcore.jobs.launch.launch", runs.append)
    return runs


@pytest.fixture(params=["multilabel", "regression"])
def dataset(request, workspace, tmp_path):
    return make_dataset(workspace, tmp_path / request.param, request.param)


def test_a_beginner_only_presses_start_whatever_the_task(workspace, dataset, started):
    app = open_page("train")
    assert not button(app, "Start").disabled
    button(app, "Start").click().run()
    (run,) = list_runs(workspace)
    assert started == [run]
    assert run.config == recommend(dataset, find("efficientnet_lite0")).config(dataset.id)
    assert not app.exception


def test_the_form_has_the_settings_of_the_task_alone(workspace, dataset):
    app = open_page("train")
    asked = {each.key.removeprefix("train-") for kind in (app.selectbox, app.number_input) for each in kind if each.key}
    metric = app.selectbox(key="train-target_metric")
    if dataset.info.task == "regression":
        assert "loss" in asked
        assert not {"balancing", "label_smoothing", "mixup", "cutmix"} & asked
        assert "mean absolute error (MAE)" in metric.options
        assert "ridge regression" in app.selectbox(key="train-head").options
        assert "48 pictures · diameter (mm)" in app.selectbox(key="pick-dataset").options[0]
    else:
        assert {"label_smoothing", "mixup"} <= asked
        assert not {"balancing", "cutmix", "loss"} & asked
        assert "mean average precision (mAP)" in metric.options
        assert "logistic regression" in app.selectbox(key="train-head").options
        assert "48 pictures · 3 labels" in app.selectbox(key="pick-dataset").options[0]
    assert "loss" in metric.options
    assert "accuracy" not in metric.options


def test_a_draft_for_classes_does_not_break_the_form_of_another_task(workspace, tiny_dataset, dataset):
    app = open_page("train", dataset=tiny_dataset.id)
    app.selectbox(key="train-target_metric").set_value("accuracy")
    app.selectbox(key="train-balancing").set_value("weights").run()
    app.selectbox(key="pick-dataset").set_value(dataset.id).run()
    assert not app.exception
    assert not button(app, "Start").disabled


@pytest.mark.slow
def test_a_run_is_shown_by_its_own_metrics_in_its_unit(regression_run):
    app = open_page("runs", run=regression_run.id)
    shown = {each.label: each.value for each in app.metric}
    assert shown["Test mean absolute error (MAE)"].endswith(" mm")
    assert "Solving the ridge regression" in words(app)
    axes = "".join(chart.proto.spec for chart in app.get("plotly_chart"))
    assert "Mean absolute error (mm, lower is better)" in axes
    assert "Accuracy" not in axes


@pytest.mark.slow
def test_runs_of_every_task_stand_in_one_list(workspace, tiny_dataset, regression_run, multilabel_run):
    finished(workspace, tiny_dataset)
    app = open_page("runs")
    text = words(app)
    assert "Test metric (95 %)" in text
    for name in ("MAE ", "mAP ", "Accuracy "):
        assert f"**{name}" in text, name
    for run in list_runs(workspace):
        app.checkbox(key=f"compare-{run.id}").check()
    app.run()
    assert not app.exception
    titles = "".join(chart.proto.spec for chart in app.get("plotly_chart"))
    assert "Validation mean absolute error (mm)" in titles
    assert "Validation mean average precision" in titles
    assert "Compare predictions, picture by picture" not in {each.label for each in app.button}


def test_a_sweep_asks_for_the_metrics_of_the_task(workspace, dataset):
    app = open_page("sweep")
    metric = app.selectbox(key="sweep-target_metric")
    first = find_task(dataset.info.task).metrics[0]
    assert metric.value == first.key
    assert metric.options[0] == first.name
    assert not button(app, "Start").disabled


def test_a_sweep_of_numbers_shows_errors_in_their_unit(workspace, tmp_path):
    dataset = make_dataset(workspace, tmp_path / "regression", "regression")
    sweep = create_sweep(workspace, dataset, SweepConfig(dataset=dataset.id, depths=(0,), rates=(0.01, 0.02), trials=2))
    with JobWriter(sweep) as recorder:
        recorder.record(SweepStarted(pid=1))
        for number, mae in enumerate((2.5, 1.25), 1):
            run = finished_values(workspace, dataset, mae)
            recorder.record(TrialStarted(number=number, run=run.id, backbone=run.config.backbone, blocks=0, rate=0.01))
            recorder.record(TrialEnded(number=number, state="finished"))
        recorder.record(SweepEnded(state="finished"))
    app = open_page("sweep", sweep=sweep.id)
    text = words(app)
    assert "validation mean absolute error (MAE) 1.25 mm" in text.replace("\\", "")
    assert "Mean absolute error (MAE) against cost" in text.replace("\\", "")
    (table,) = app.dataframe
    assert list(table.value["Trial"]) == ["1", "2 ★"]
    (chart,) = app.get("plotly_chart")
    assert "Test mean absolute error (mm, lower is better)" in chart.proto.spec


def finished_values(workspace, dataset, mae):
    """A finished run of a regression that nobody has trained."""
    run = made(workspace, dataset)
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1))
        recorder.record(PhaseStarted(phase="head", title="Training the head", epochs=1, first_epoch=1))
        recorder.record(
            EpochEnded(
                phase="head",
                epoch=1,
                loss=0.1,
                val_loss=0.1,
                val_figures={"mae": mae},
                learning_rate=1e-3,
                seconds=1.0,
                images_per_second=100.0,
                best=True,
            )
        )
        recorder.record(PhaseEnded(phase="head", seconds=1.0, images_per_second=100.0))
        recorder.record(Evaluated(task="regression", metric="mae", unit="mm", value=mae, low=1.0, high=3.0, n=9))
        recorder.record(Ended(state="finished"))
    return run


@pytest.mark.slow
def test_a_number_is_learned_from_the_train_page_by_the_real_worker(workspace, tmp_path):
    make_dataset(workspace, tmp_path / "regression", "regression")
    app = open_page("train")
    app.number_input(key="train-input.size").set_value(64).run()
    app.number_input(key="train-minutes").set_value(0.1).run()
    button(app, "Start").click().run()
    (run,) = list_runs(workspace)
    wait_for_end(run)
    assert run.state().state == "finished", run.log()
    app = open_page("runs", run=run.id)
    shown = {each.label: each.value for each in app.metric}
    assert shown["Test mean absolute error (MAE)"] == formats.figure(run.state().test.of, run.state().test.value, "mm")
    assert not button(app, "Evaluate it").disabled


def wait_for_end(run, seconds=300):
    deadline = time.monotonic() + seconds
    while run.state().live:
        assert time.monotonic() < deadline, run.log()
        time.sleep(0.2)
