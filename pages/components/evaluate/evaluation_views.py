"""The views of the Evaluate page beside the overview, and which one is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd
import streamlit as st

from pages.components import answers
from pages.components.answers import Judged, classification
from pages.components.evaluate import (
    before_after,
    calibration,
    comparison,
    confusion_tree,
    embedding_map,
    error_analysis,
    errors,
    heat_maps,
    misclassification_costs,
    ood,
    report_view,
    robustness_chart,
    roc_pr,
    task_error_analysis,
)
from tlcore.data.dataset import Dataset
from tlcore.runs.run import Run
from tlcore.tasks.evaluation import Evaluation
from tlcore.workspace import Workspace

OVERVIEW = ""
VIEWS = {
    OVERVIEW: ":material/fact_check: Overview",
    "classes": ":material/category: Per class",
    "probabilities": ":material/percent: Calibration",
    "failures": ":material/search_insights: Error analysis",
    "map": ":material/scatter_plot: Embedding map",
    "robustness": ":material/blur_on: Robustness",
    "compare": ":material/compare_arrows: Compare",
    "report": ":material/description: Report",
}
WITH_OOD = ("probabilities", "residuals")  # by the answers that the score warns of
KEY = "evaluate-view"


def choose(views: Mapping[str, str] = VIEWS) -> str:
    """The view that the URL names, and the way to the others: their titles by what the URL says."""
    asked = st.query_params.get("view", OVERVIEW)
    st.session_state[KEY] = asked if asked in views else OVERVIEW
    return str(
        st.segmented_control(
            "View",
            list(views),
            format_func=views.__getitem__,
            required=True,
            key=KEY,
            on_change=_follow,
            label_visibility="collapsed",
        )
    )


def _follow() -> None:
    chosen = st.session_state[KEY]
    if chosen:
        st.query_params["view"] = chosen
    else:
        st.query_params.pop("view", None)


def show_task(judged: Judged, workspace: Workspace) -> None:
    """Show the view of a task other than classification that the URL names, and the way to the others."""
    views = answers.VIEWS[judged.task.key]
    shared = {name: VIEWS[name] for name in ("failures", "map", "robustness", "compare", "report")}
    chosen = choose({**{name: title for name, (title, _) in views.items()}, **shared})
    if chosen == "compare":
        comparison.show(judged.run, judged.dataset)
    elif chosen == "report":
        report_view.show(judged.run)
    elif chosen in ("failures", "map", "robustness"):
        task_error_analysis.show(judged, chosen)
    else:
        if chosen == OVERVIEW:
            before_after.show(workspace, judged.run, judged.dataset)
        views[chosen][1](judged)
        if chosen in WITH_OOD:
            ood.show(judged.run)


def _gallery(dataset: Dataset, predictions: pd.DataFrame, shas: list[str], key: str, title: str) -> None:
    errors.gallery(dataset, predictions, shas, key=key, title=title)


def show(chosen: str, run: Run, evaluation: Evaluation, predictions: pd.DataFrame, dataset: Dataset | None) -> None:
    """Show a view other than the overview."""
    if chosen == "classes":
        classification.per_class(evaluation)
        roc_pr.show(run, evaluation)
        confusion_tree.show(evaluation)
        return
    if chosen == "compare":
        comparison.show(run, dataset)
        return
    if chosen == "report":
        report_view.show(run)
        return
    if chosen == "probabilities":
        calibration.show(run)
        ood.show(run)
        misclassification_costs.show(run, evaluation.labels)
        return
    if chosen == "failures" and dataset is not None:
        errors.confident_mistakes(dataset, predictions, key=run.id)
        errors.unsure_hits(dataset, predictions, key=run.id)
    understanding = error_analysis.show(run)
    if understanding is None:
        return
    if chosen == "map":
        embedding_map.show(understanding, dataset, predictions)
    elif chosen == "robustness":
        robustness_chart.show(understanding.robustness())
    elif dataset is not None:
        gallery = partial(_gallery, dataset, predictions)
        errors.slices(understanding, predictions, gallery)
        heat_maps.show(understanding, dataset)
