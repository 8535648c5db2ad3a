"""What mistakes cost: the user's prices, and the thresholds that follow from them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.shell import formats
from tlcore.errors import RunError
from tlcore.evaluation.costs import weigh_run
from tlcore.runs.run import Run
from tlcore.tasks.classification.costs import Weighed, cost_table

MOST = 1000.0


def show(run: Run, classes: tuple[str, ...]) -> None:
    """Ask what it costs to miss a class, and show what that changes."""
    st.subheader("Misclassification costs", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox("Class", classes, index=len(classes) - 1, key=f"cost-class-{run.id}")
        price = st.number_input(
            "One missed case costs as much as … false alarms",
            0.1,
            MOST,
            10.0,
            step=1.0,
            format="%g",
            key=f"cost-price-{run.id}",
        )
        asks = st.toggle("A person can decide unsure cases", key=f"cost-asks-{run.id}")
        asking = (
            st.number_input(
                "Cost of asking a person, in false alarms",
                0.0,
                MOST,
                0.5,
                step=0.1,
                format="%g",
                key=f"cost-asking-{run.id}",
            )
            if asks
            else None
        )
    try:
        weighed = weigh_run(run.path, cost_table(classes, missed={label: price}), asking=asking, only=label)
    except RunError as error:
        st.caption(formats.lines(error))
        return
    _whole(weighed)
    _one(weighed, label)
    st.caption(
        "To set a cost for each kind of error: "
        f"{formats.code(f'python -m tlcore costs {run.id} --mistake TRUE:ANSWER=COST')}."
    )


def _whole(weighed: Weighed) -> None:
    saved = weighed.likeliest - weighed.cheapest
    with st.grid(3, min_column_width=180):
        st.metric(
            "Cost when predicting the likeliest class",
            f"{weighed.likeliest:.3g}",
            help="average cost per test picture, in false alarms",
        )
        st.metric(
            "Cost when predicting the cheapest class",
            f"{weighed.cheapest:.3g}",
            delta=f"{-saved:.2g}",
            delta_color="inverse",
            help="predicts the class with the lowest expected cost",
        )
        unsure = f" · {formats.percent(weighed.not_sure)} left to a person" if weighed.not_sure else ""
        st.metric("Predictions that change", formats.percent(weighed.changed) + unsure)
    st.caption(f"Average cost per picture, in false alarms, on {formats.plural(weighed.n, 'test picture')}.")


def _one(weighed: Weighed, label: str) -> None:
    chosen = next((each for each in weighed.thresholds if each.label == label), None)
    if chosen is None:
        return
    rows = [
        ("likeliest class", chosen.usual, "test"),
        (f"“{label}” from {formats.percent(chosen.threshold)} on", chosen.test, "test"),
        (f"“{label}” from {formats.percent(chosen.threshold)} on", chosen.validation, "validation (used to fit it)"),
    ]
    st.markdown(
        f"**Decision threshold for {formats.plain(label)}**: the probability from which a picture counts as this class"
    )
    st.dataframe(
        pd.DataFrame(
            [
                {"answer": name, "pictures": part, "missed": each.misses, "false alarms": each.alarms, "of": each.n}
                for name, each, part in rows
            ]
        ),
        hide_index=True,
        width="stretch",
    )
