"""See how good a model is, on pictures that training never saw."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components import (
    before_after,
    confusion,
    curves_reading,
    evaluation_views,
    failures,
    frame,
    judgement,
    looks,
    retrain,
    sureness,
    test_pictures,
    words,
)
from pages.components.pickers import pick_run
from tlcore.data.dataset import Dataset, list_datasets
from tlcore.evaluation.files import read_evaluation, read_predictions
from tlcore.evaluation.metrics import Evaluation, mistakes
from tlcore.runs.run import Run
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
            "Nothing to judge yet",
            "When a run has finished, this page says how often its model is right, how sure that is, and which "
            "pictures it gets wrong.",
            action="Train a model",
            target=frame.TRAIN,
        )
        return
    evaluation = read_evaluation(run.path)
    if evaluation is None:
        frame.empty_state(
            ":material/pending:",
            "This run has not been judged",
            "Its model was saved, but the test pictures were not answered. Repeat the run, or judge it from the "
            "command line: `python -m tlcore evaluate`.",
            action="Look at the run",
            target=frame.RUNS,
            run=run.id,
        )
        return
    predictions = read_predictions(run.path)
    dataset = dataset_of(workspace, run)
    if dataset is None:
        st.info("The dataset of this run was deleted: the numbers stay, the pictures are gone.", icon=":material/info:")
    chosen = evaluation_views.choose()
    if chosen == evaluation_views.OVERVIEW:
        before_after.show(workspace, run, dataset)
        overview(run, evaluation, predictions, dataset)
    else:
        evaluation_views.show(chosen, run, evaluation, predictions, dataset)
    retrain.show(workspace, run, dataset)


def overview(run: Run, evaluation: Evaluation, predictions: pd.DataFrame, dataset: Dataset | None) -> None:
    judgement.headline(evaluation)
    if dataset is not None:
        looks.show(dataset, run.dataset.draw, evaluation)
    curves_reading.show(run)
    confusion.show(evaluation, predictions, dataset)
    sureness.show(evaluation)

    st.subheader("The most confident mistakes", anchor=False)
    wrong = mistakes(predictions)
    if wrong.empty:
        st.success(f"None: all {words.plural(evaluation.n, 'test picture')} were answered right.")
    else:
        st.markdown(
            f"{words.plural(len(wrong), 'picture')} of {words.count(evaluation.n)}, the surest first. Look here before "
            "anything else: a wrong label shows up as a mistake that the model is sure of, and pictures that you "
            "would get wrong as well are no fault of the model."
        )
        if dataset is None:
            test_pictures.gallery(wrong, dataset, key=f"mistakes-{run.id}")
        else:
            title, shas = "The most confident mistakes", list(wrong["sha256"])
            failures.gallery(dataset, predictions, shas, key=f"mistakes-{run.id}", title=title, most=MOST_MISTAKES)
    with st.container(horizontal=True):
        if st.button("Try it on other pictures", type="primary", icon=":material/image_search:"):
            frame.go_to(frame.TRY, run=run.id)
        if st.button("Download it", icon=":material/download:"):
            frame.go_to(frame.EXPORT, run=run.id)
        if st.button("Look at the run", icon=":material/monitoring:"):
            frame.go_to(frame.RUNS, run=run.id)


with frame.page(
    "Evaluate", ":material/fact_check:", "How good the model is on pictures that training never saw, and where it errs."
) as workspace:
    show(workspace)
