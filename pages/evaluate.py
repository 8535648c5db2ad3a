"""See how good a model is, on pictures that training never saw."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components import answers
from pages.components.answers import all_metrics, classification
from pages.components.evaluate import (
    before_after,
    class_summary,
    confusion,
    errors,
    evaluation_views,
    retrain,
)
from pages.components.items import item_grid
from pages.components.shell import formats, frame, test_usage, training_diagnostics
from pages.components.shell.pickers import pick_run
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.evaluation.files import read_evaluation, read_predictions
from tlcore.evaluation.predictions import mistakes
from tlcore.runs.run import Run
from tlcore.tasks.evaluation import Evaluation
from tlcore.workspace import Workspace

MOST_MISTAKES = 24  # here; the view of failures has them all


def dataset_of(workspace: Workspace, run: Run) -> Dataset | None:
    """The pictures; they may have been deleted since."""
    return next((dataset for dataset in list_datasets(workspace) if dataset.id == run.config.dataset), None)


def show(workspace: Workspace) -> None:
    run = pick_run(workspace)
    if run is None:
        frame.empty_state(
            ":material/fact_check:",
            "Nothing to evaluate yet",
            "When a run has finished, this page shows how accurate its model is, how certain that figure is, and "
            "which pictures it gets wrong.",
            action="Train a model",
            target=frame.TRAIN,
        )
        return
    evaluation, dataset = read_evaluation(run.path), dataset_of(workspace, run)
    judged = answers.read_judged(run, dataset)
    if evaluation is None:
        frame.empty_state(
            ":material/pending:",
            "This run has not been evaluated",
            "Its model was saved, but it was not run on the test set. Repeat the run, or evaluate it from the "
            "command line: `python -m tlcore evaluate`.",
            action="Open the run",
            target=frame.RUNS,
            run=run.id,
        )
        return
    if dataset is None:
        st.info(
            "The dataset of this run is not here: it was deleted, or the run was brought without it. The figures are "
            "kept.",
            icon=":material/info:",
        )
    if judged is not None:
        evaluation_views.show_task(judged, workspace)
    else:
        chosen, predictions = evaluation_views.choose(), read_predictions(run.path)
        if chosen == evaluation_views.OVERVIEW:
            before_after.show(workspace, run, dataset)
            overview(run, evaluation, predictions, dataset)
        else:
            evaluation_views.show(chosen, run, evaluation, predictions, dataset)
    retrain.show(workspace, run, dataset)


def overview(run: Run, evaluation: Evaluation, predictions: pd.DataFrame, dataset: Dataset | None) -> None:
    classification.headline(evaluation)
    if dataset is not None:
        test_usage.show(dataset, run.dataset.draw, accuracy=evaluation.headline.value, items=evaluation.n)
    class_summary.show(evaluation)
    training_diagnostics.show(run)
    confusion.show(evaluation, predictions, dataset)
    all_metrics.show(evaluation)

    st.subheader("Most confident errors", anchor=False)
    wrong = mistakes(predictions)
    if wrong.empty:
        st.success(f"None: all {formats.plural(evaluation.n, 'test picture')} were predicted correctly.")
    else:
        st.markdown(
            f"{formats.plural(len(wrong), 'picture')} of {formats.count(evaluation.n)}, the most confident first. "
            "Start here: wrong labels often show up as confident errors, and pictures that you would get wrong as "
            "well are not the model's fault."
        )
        if dataset is None:
            item_grid.with_answers(wrong, dataset, key=f"mistakes-{run.id}")
        else:
            title, shas = "Most confident errors", list(wrong["sha256"])
            errors.gallery(dataset, predictions, shas, key=f"mistakes-{run.id}", title=title, most=MOST_MISTAKES)
    where = {"run": run.id}
    with st.container(horizontal=True):
        frame.page_button("Try it on other pictures", frame.TRY, where, type="primary", icon=":material/image_search:")
        frame.page_button("Export it", frame.EXPORT, where, icon=":material/download:")
        frame.page_button("Open the run", frame.RUNS, where, icon=":material/monitoring:")


with frame.page(
    "Evaluate",
    ":material/fact_check:",
    "How accurate the model is on pictures it never saw in training, and where it goes wrong.",
) as workspace:
    show(workspace)
