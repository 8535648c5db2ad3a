"""The pages of settings and runs know what an answer is: several labels, or a number with its unit."""

from __future__ import annotations

import pytest

from tests.pages.made_runs import finished
from tests.pages.opening import button, open_page, words
from tests.task_runs import make_dataset
from tlcore.backbones.catalogue import find
from tlcore.runs.recommend import recommend
from tlcore.runs.run import list_runs


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
