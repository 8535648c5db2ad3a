"""What became of every file that was given: kept, fixed or left out, and why."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.shell import formats, tables
from tlcore.data.dataset import Dataset
from tlcore.spreadsheet import as_file, table_as_csv

OUTCOMES = ("left out", "fixed", "kept")
MOST_ROWS = 1000  # all are sent to the browser


def summary(table: pd.DataFrame) -> str:
    """One line: how many files came to which end."""
    counted = table["outcome"].value_counts()
    said = [f"{formats.count(int(counted.get(outcome, 0)))} {outcome}" for outcome in ("kept", "fixed", "left out")]
    return f"{formats.plural(len(table), 'file')}: " + ", ".join(said)


def show(dataset: Dataset) -> None:
    """Show the table, what was left out first, and offer the whole of it as a CSV."""
    table = tables.triage(dataset)
    if notes := dataset.info.notes:
        said = [formats.plain(note) for note in notes]
        st.info(said[0] if len(said) == 1 else "\n".join(f"- {line}" for line in said))
    outcomes = [outcome for outcome in OUTCOMES if (table["outcome"] == outcome).any()]
    telling = [outcome for outcome in outcomes if outcome != "kept"]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        chosen = st.pills(
            "Outcome",
            outcomes,
            selection_mode="multi",
            default=telling or outcomes,
            key=f"triage-{dataset.id}",
            format_func=lambda outcome: f"{outcome} {formats.count(int((table['outcome'] == outcome).sum()))}",
            label_visibility="collapsed",
        )
        st.download_button(
            "Download as CSV",
            lambda: as_file(table_as_csv(table)),
            file_name=f"{dataset.id}-triage.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    if not telling and chosen == outcomes:
        st.caption("Every file was imported as it is.")
    in_order = [table[table["outcome"] == outcome].head(MOST_ROWS) for outcome in outcomes if outcome in chosen]
    shown = pd.concat([table.head(0), *in_order]).head(MOST_ROWS)
    if (chosen_rows := int(table["outcome"].isin(list(chosen)).sum())) > MOST_ROWS:
        st.caption(
            f"The first {formats.count(MOST_ROWS)} of {formats.plural(chosen_rows, 'file')}; the CSV has all of them."
        )
    st.dataframe(
        shown,
        hide_index=True,
        height=min(38 + 35 * max(1, len(shown)), 420),
        column_config={
            "source": st.column_config.TextColumn("File", width="medium"),
            "outcome": st.column_config.TextColumn("Outcome", width="small"),
            "reason": st.column_config.TextColumn("Why", width="large"),
        },
    )
