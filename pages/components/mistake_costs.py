"""What mistakes cost: the user's prices, and the thresholds that follow from them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components import run_facts, words
from tlcore.errors import RunError
from tlcore.evaluation.costs import Weighed, cost_table, weigh_run
from tlcore.runs.run import Run

MOST = 1000.0


def show(run: Run, classes: tuple[str, ...]) -> None:
    """Ask what it costs to miss a class, and show what that changes."""
    st.subheader("When mistakes are not equally bad", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox("To miss a picture of", classes, index=len(classes) - 1, key=f"cost-class-{run.id}")
        price = st.number_input(
            "is as bad as so many false alarms", 0.1, MOST, 10.0, step=1.0, format="%g", key=f"cost-price-{run.id}"
        )
        asks = st.toggle("A person may be asked", key=f"cost-asks-{run.id}")
        asking = (
            st.number_input("at the cost of", 0.0, MOST, 0.5, step=0.1, format="%g", key=f"cost-asking-{run.id}")
            if asks
            else None
        )
    try:
        weighed = weigh_run(run.path, cost_table(classes, missed={label: price}), asking=asking, only=label)
    except RunError as error:
        st.caption(str(error))
        return
    _whole(weighed)
    _one(weighed, label)
    st.caption(
        f"More prices, one for each kind of mistake: `python -m tlcore costs {run.id} --mistake TRUE:ANSWER=COST`."
    )


def _whole(weighed: Weighed) -> None:
    saved = weighed.likeliest - weighed.cheapest
    with st.grid(3, min_column_width=180):
        st.metric("By the likeliest class", f"{weighed.likeliest:.3g}", help="false alarms a test picture, on average")
        st.metric(
            "By the cheapest answer",
            f"{weighed.cheapest:.3g}",
            delta=f"{-saved:.2g}",
            delta_color="inverse",
            help="each answer is the one that is expected to cost the least",
        )
        unsure = f" · {words.percent(weighed.not_sure)} left to a person" if weighed.not_sure else ""
        st.metric("Answers that change", words.percent(weighed.changed) + unsure)
    st.caption(f"What a picture costs, in false alarms, on {words.plural(weighed.n, 'test picture')}.")


def _one(weighed: Weighed, label: str) -> None:
    chosen = next((each for each in weighed.thresholds if each.label == label), None)
    if chosen is None:
        return
    rows = [
        ("the likeliest class", chosen.usual, "test"),
        (f"“{label}” from {words.percent(chosen.threshold)} on", chosen.test, "test"),
        (f"“{label}” from {words.percent(chosen.threshold)} on", chosen.validation, "validation, where it was found"),
    ]
    st.markdown(f"**{run_facts.escape(label)} by itself**: a picture counts as one from a probability on")
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
