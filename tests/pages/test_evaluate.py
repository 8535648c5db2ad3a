"""The evaluate page: numbers with their interval, the matrix and the pictures behind it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import streamlit as st

from tests.pages.made_runs import finished, made
from tests.pages.opening import button, open_page, words
from tlcore.evaluation.files import read_evaluation


def test_without_a_model_the_page_says_what_will_be_here(workspace, tiny_dataset):
    made(workspace, tiny_dataset)
    assert "Nothing to evaluate yet" in words(open_page("evaluate"))


def test_the_accuracy_stands_beside_its_interval_and_the_largest_class(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset, right=0.5)
    app = open_page("evaluate", run=run.id)
    shown = {metric.label: metric.value for metric in app.metric}
    state = run.state()
    # So few test pictures: the interval is told first, and around what.
    assert shown["Test accuracy"].startswith(f"{100 * state.test.low:.0f}–{100 * state.test.high:.0f}")
    assert f"{100 * state.test.value:.1f}" in words(app)
    assert "Always the largest class" in shown
    assert "Not significantly better" in words(app)


def test_the_cell_of_the_url_shows_its_pictures(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset, right=0.5)
    app = open_page("evaluate", run=run.id, cell="0-0")
    assert app.selectbox(key="confusion-cell").value == (0, 0)
    table, *_ = app.get("bidi_component")  # below lie the mistakes
    assert all(tile["label"] == "circle" and tile["url"] for tile in json.loads(table.proto.json)["tiles"])


def test_a_click_on_a_cell_puts_it_into_the_url(workspace, tiny_dataset, monkeypatch):
    run = finished(workspace, tiny_dataset, right=0.5)

    def chart(figure, *, key, on_select, **_):
        """A button instead of the chart: as if its cell in the second row, first column, were clicked."""
        clicked = SimpleNamespace(points=[{"customdata": figure.data[1].customdata[3]}])
        st.session_state[key] = SimpleNamespace(selection=clicked)
        st.button("click the cell", on_click=on_select)

    monkeypatch.setattr(st, "plotly_chart", chart)
    app = open_page("evaluate", run=run.id)
    first, second, *_ = read_evaluation(run.path).order
    button(app, "click the cell").click().run()
    assert not app.exception
    assert app.query_params["cell"] in (f"{second}-{first}", [f"{second}-{first}"])
    assert app.selectbox(key="confusion-cell").value == (second, first)


def test_choosing_a_cell_by_keyboard_puts_it_into_the_url(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset, right=0.0)
    app = open_page("evaluate", run=run.id)
    app.selectbox(key="confusion-cell").select_index(1).run()
    assert not app.exception
    true, answer = app.session_state["confusion-cell"]
    assert app.query_params["cell"] == f"{true}-{answer}"
    assert true != answer


def test_a_cell_that_does_not_exist_is_no_trouble(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    for cell in ("99-0", "x-y", "-", "²-0", "0-0-0"):
        open_page("evaluate", run=run.id, cell=cell)


def test_a_model_without_a_mistake(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset, right=1.0)
    text = words(open_page("evaluate", run=run.id))
    assert "no confusions" in text
    assert "were predicted correctly" in text


def test_the_numbers_outlive_the_pictures(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset, right=0.5)
    tiny_dataset.delete()
    app = open_page("evaluate", run=run.id)
    assert "The figures are kept" in words(app)
    assert app.metric


def test_a_damaged_evaluation_is_told_in_a_sentence(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    run.evaluation_json.write_text('{"accuracy"')
    app = open_page("evaluate", run=run.id)
    assert app.error


def test_a_model_that_was_never_judged(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    run.evaluation_json.unlink()
    assert "has not been evaluated" in words(open_page("evaluate", run=run.id))


def test_every_class_has_its_scores(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    (figures,) = open_page("evaluate", run=run.id).table
    assert "Balanced accuracy" in set(figures.value["metric"])
    app = open_page("evaluate", run=run.id, view="classes")
    (table,) = app.dataframe
    assert list(table.value["class"]) == list(tiny_dataset.info.classes)
    assert {"precision", "recall", "F1"} <= set(table.value.columns)


def test_every_view_opens_and_stands_in_the_url(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset, right=0.5)
    app = open_page("evaluate", run=run.id)
    for view, said in (
        ("probabilities", "Misclassification costs"),
        ("failures", "Most confident errors"),
        ("map", "Error analysis"),
        ("robustness", "Start error analysis"),
    ):
        app.segmented_control(key="evaluate-view").set_value(view).run()
        assert not app.exception
        assert app.query_params["view"] in (view, [view])
        text = words(app) + " ".join(button.label for button in app.button)
        assert said in text
    app.segmented_control(key="evaluate-view").set_value("").run()
    assert "view" not in app.query_params
    assert app.metric


def test_a_view_that_does_not_exist_is_the_overview(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    assert open_page("evaluate", run=run.id, view="nonsense").metric
