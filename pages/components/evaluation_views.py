"""The views of the Evaluate page beside the overview, and which one is looked at."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components import (
    class_curves,
    class_tree,
    comparison,
    failures,
    heat_maps,
    judgement,
    mistake_costs,
    picture_map,
    probabilities,
    report_view,
    robustness_chart,
    understood,
)
from tlcore.data.dataset import Dataset
from tlcore.evaluation.metrics import Evaluation
from tlcore.runs.run import Run

OVERVIEW = ""
VIEWS = {
    OVERVIEW: ":material/fact_check: Overview",
    "classes": ":material/category: Class by class",
    "probabilities": ":material/percent: Probabilities",
    "failures": ":material/search_insights: Where and why it fails",
    "map": ":material/scatter_plot: Map",
    "robustness": ":material/blur_on: What it stands",
    "compare": ":material/compare_arrows: Compare",
    "report": ":material/description: Report",
}
KEY = "evaluate-view"


def choose() -> str:
    """The view that the URL names, and the way to the others."""
    asked = st.query_params.get("view", OVERVIEW)
    st.session_state[KEY] = asked if asked in VIEWS else OVERVIEW
    return str(
        st.segmented_control(
            "View",
            list(VIEWS),
            format_func=VIEWS.__getitem__,
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


def show(chosen: str, run: Run, evaluation: Evaluation, predictions: pd.DataFrame, dataset: Dataset | None) -> None:
    """Show a view other than the overview."""
    if chosen == "classes":
        judgement.per_class(evaluation)
        class_curves.show(run, evaluation)
        class_tree.show(evaluation)
        return
    if chosen == "compare":
        comparison.show(run, dataset)
        return
    if chosen == "report":
        report_view.show(run)
        return
    if chosen == "probabilities":
        probabilities.show(run)
        mistake_costs.show(run, evaluation.classes)
        return
    if chosen == "failures" and dataset is not None:
        failures.confident_mistakes(dataset, predictions, key=run.id)
        failures.unsure_hits(dataset, predictions, key=run.id)
    understanding = understood.show(run)
    if understanding is None:
        return
    if chosen == "map":
        picture_map.show(understanding, dataset, predictions)
    elif chosen == "robustness":
        robustness_chart.show(understanding.robustness())
    elif dataset is not None:
        failures.slices(understanding, dataset, predictions)
        heat_maps.show(understanding, dataset)
