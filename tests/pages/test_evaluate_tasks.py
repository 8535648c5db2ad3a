"""The evaluate page of models that give several labels or a number."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import streamlit as st

from tests.evaluation.task_runs import evaluated, multilabel_dataset, regression_dataset
from tests.pages.made_runs import finished
from tests.pages.opening import button, on_the_table, open_page, words
from tlcore.evaluation.files import read_evaluation

VIEWS = {"multilabel": ("", "classes", "probabilities"), "regression": ("", "residuals")}
MAKERS = {"multilabel": multilabel_dataset, "regression": regression_dataset}


@pytest.fixture(params=MAKERS)
def run(request, workspace, tiny_dataset):
    return evaluated(workspace, MAKERS[request.param](tiny_dataset))


@pytest.fixture
def labels_run(workspace, tiny_dataset):
    return evaluated(workspace, multilabel_dataset(tiny_dataset), skill=0.8)


@pytest.fixture
def value_run(workspace, tiny_dataset):
    return evaluated(workspace, regression_dataset(tiny_dataset))


def test_every_view_is_drawn_and_says_nothing_of_classes(run):
    for view in (*VIEWS[run.dataset.task], "compare", "report"):
        text = words(open_page("evaluate", run=run.id, view=view))
        assert "onfusion" not in text
        assert "Test accuracy" not in text


def test_the_headline_stands_beside_its_interval_and_the_baselines(labels_run):
    app = open_page("evaluate", run=labels_run.id)
    shown = {metric.label: metric.value for metric in app.metric}
    found = read_evaluation(labels_run.path)
    # So few test pictures: the interval is told first, and around what, as for a classification.
    assert shown["Test mAP"].startswith(f"{100 * found.headline.low:.0f}–{100 * found.headline.high:.0f}")
    assert f"around **{100 * found.headline.value:.1f}" in words(app)
    assert {"Label frequencies", "Linear probe"} <= set(shown)


def test_an_error_of_a_value_has_its_unit_and_the_median_beside_it(value_run):
    app = open_page("evaluate", run=value_run.id)
    shown = {metric.label: metric.value for metric in app.metric}
    found = read_evaluation(value_run.path)
    assert shown["Test MAE"] == f"{found.headline.value:.3g} kg"
    assert shown["Always the median"].endswith("kg")
    assert shown["Target coverage"].startswith("90")
    assert shown["Coverage on the test set"].startswith(f"{100 * found.coverage.value:.1f}")


def test_the_cell_of_two_labels_shows_the_pictures_that_have_both(labels_run):
    found = read_evaluation(labels_run.path)
    place = next((i, j) for i in range(3) for j in range(i) if found.co_occurrence[i][j])
    app = open_page("evaluate", run=labels_run.id, cell=f"{place[0]}-{place[1]}")
    assert app.selectbox(key="label-cell").value == place
    assert len(on_the_table(app)["tiles"]) == found.co_occurrence[place[0]][place[1]]


def test_a_cell_of_the_error_matrix_shows_the_pictures_that_were_given_the_label_wrongly(labels_run):
    found = read_evaluation(labels_run.path)
    place = next((i, j) for i in range(3) for j in range(3) if found.errors[i][j])
    app = open_page("evaluate", run=labels_run.id, matrix="errors", cell=f"{place[0]}-{place[1]}")
    tiles = on_the_table(app)["tiles"]
    assert len(tiles) == found.errors[place[0]][place[1]]
    assert all(f"+ {found.labels[place[1]]}" in tile["hint"] for tile in tiles)


@pytest.mark.parametrize("query", [{"cell": "99-0"}, {"cell": "x"}, {"label": "99"}, {"item": "zz"}, {"matrix": "x"}])
def test_an_address_of_nothing_is_no_trouble(run, query):
    for view in VIEWS[run.dataset.task]:
        open_page("evaluate", run=run.id, view=view, **query)


def test_another_threshold_says_what_it_would_change(labels_run):
    app = open_page("evaluate", run=labels_run.id, view="classes", label="0")
    before = {metric.label: metric.value for metric in app.metric}
    (slider,) = app.slider
    slider.set_value(0.0).run()
    assert not app.exception
    now = {metric.label: metric.value for metric in app.metric}
    assert now["Recall"].startswith("100")
    assert now["Precision"] != before["Precision"]
    assert "looks better there" in words(app)


def test_a_click_on_a_point_opens_its_picture(value_run, monkeypatch):
    def chart(figure, *, key, on_select=None, **_):
        """A button instead of the chart: as if its first point were clicked."""
        points = next(trace for trace in figure.data if trace.customdata is not None)
        st.session_state[key] = SimpleNamespace(
            selection=SimpleNamespace(points=[{"customdata": points.customdata[0]}])
        )
        if on_select:
            st.button("click a point", on_click=on_select, key=f"click-{key}")

    monkeypatch.setattr(st, "plotly_chart", chart)
    app = open_page("evaluate", run=value_run.id)
    assert "Largest error" in words(app)
    button(app, "click a point").click().run()
    assert not app.exception
    asked = app.query_params["item"]
    asked = asked if isinstance(asked, str) else asked[0]
    assert on_the_table(app)["tiles"][0]["id"].startswith(asked)
    assert "Selected picture" in words(app)


def test_the_numbers_outlive_the_pictures(run, workspace):
    from tlcore.data.dataset import open_dataset

    open_dataset(workspace, run.dataset.id).delete()
    for view in VIEWS[run.dataset.task]:
        app = open_page("evaluate", run=run.id, view=view)
        assert "The figures are kept" in words(app)


def test_two_runs_are_compared_and_runs_of_other_tasks_are_said_to_have_no_metric_in_common(workspace, tiny_dataset):
    finished(workspace, tiny_dataset)
    dataset = multilabel_dataset(tiny_dataset)
    poor, good = evaluated(workspace, dataset, skill=0.2), evaluated(workspace, dataset, skill=6.0, seed=1)
    text = words(open_page("evaluate", run=good.id, view="compare", **{"with": poor.id}))
    assert "1 run of another task cannot be compared" in text
    assert "The difference is **" in text
    assert "More wrong now" in text


def test_a_run_that_went_on_from_another_is_shown_before_and_after(workspace, tiny_dataset):
    dataset = regression_dataset(tiny_dataset)
    before = evaluated(workspace, dataset, skill=1.0)
    after = evaluated(workspace, dataset, skill=4.0, seed=1)
    config = after.config.model_copy(update={"start": before.id})
    (after.path / "config.json").write_text(config.model_dump_json())
    text = words(open_page("evaluate", run=after.id))
    assert "Before and after" in text
    assert "of **this run** is" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["multilabel_run", "regression_run"])
def test_a_trained_run_is_shown_in_every_view(name, request):
    run = request.getfixturevalue(name)
    for view in (*VIEWS[run.dataset.task], "compare", "report"):
        app = open_page("evaluate", run=run.id, view=view)
        assert not app.error
