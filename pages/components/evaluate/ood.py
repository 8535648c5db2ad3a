"""Out-of-distribution inputs: whether a model of any task notices what is unlike the pictures it was trained on."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.shell import formats
from pages.components.shell.theme import ACCENT
from tlcore.evaluation.files import read_ood
from tlcore.evaluation.ood_evaluation import NO_SECOND_OUTPUT
from tlcore.runs.run import Run
from tlcore.tasks import find_task

GIVES = {
    "classification": "A classifier names one of its classes whatever it is shown.",
    "multilabel": "The model gives a probability to each of its labels whatever it is shown.",
    "regression": "The model predicts a value whatever it is shown.",
}


def show(run: Run) -> None:
    """Show how many test pictures are flagged by mistake, and how well other datasets are told apart."""
    st.subheader("Out-of-distribution inputs", anchor=False)
    found = read_ood(run.path)
    if found is None:
        st.caption(NO_SECOND_OUTPUT)
        return
    test = found.test
    st.markdown(
        f"{GIVES[find_task(run.dataset.task).key]} Its second output is an out-of-distribution (OOD) score: how unlike "
        "the training pictures an input is. It flags "
        f"**{formats.percent(test.value)}** (95 % interval {100 * test.low:.0f} to {formats.percent(test.high, 0)}) "
        "of the run's own test pictures by mistake; about 5 % are expected."
    )
    if not found.strangers:
        st.caption(
            "Add another dataset to this workspace and evaluate again to see how well the model detects its "
            "pictures as out-of-distribution."
        )
        return
    table = pd.DataFrame(
        [
            {
                "dataset": each.name,
                "pictures": each.n,
                "flagged as OOD": 100 * each.recognised,
                "OOD detection (AUROC)": each.auroc.value,
                "95 %": f"{each.auroc.low:.2f}–{each.auroc.high:.2f}",
            }
            for each in found.strangers
        ]
    )
    bar = st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, color=ACCENT)
    number = st.column_config.NumberColumn(
        format="%.3f", help="1: every foreign picture scores higher than every test picture; 0.5: chance"
    )
    st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        column_config={"flagged as OOD": bar, "OOD detection (AUROC)": number},
    )
