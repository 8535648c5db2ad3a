"""The numbers of an import preview: how they are spread, and items from the smallest to the largest."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from pages.components.data import import_classes
from pages.components.data.import_summary import Summary
from pages.components.shell import formats
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import polish
from tlcore.data.import_plan import ImportChoices

SHOWN = 5
MOST_BARS = 30
COLOUR = "#4477aa"


def show(summary: Summary, source: Path, choices: ImportChoices, token: str) -> None:
    """Show a histogram of the values, and some items in the order of their values."""
    plan, values = summary.plan, summary.values
    st.subheader("Values", anchor=False)
    st.caption(formats.plain(summary.told))
    name = f"{plan.value_name or 'value'} [{plan.unit}]" if plan.unit else plan.value_name or "value"
    chart = go.Figure(
        go.Histogram(
            x=[value for value, _ in values],
            nbinsx=MOST_BARS,
            marker_color=COLOUR,
            hovertemplate=f"%{{x}}: %{{y:,}} {summary.noun.many}<extra></extra>",
        )
    )
    polish(chart, x=name, y=summary.noun.many, height=220)
    plotly_chart(chart, key=f"import-values-{token}")
    last = len(values) - 1
    places = list(dict.fromkeys(round(step * last / (SHOWN - 1)) for step in range(SHOWN)))
    unit = f" {plan.unit}" if plan.unit else ""
    shown = {values[place][1]: f"{values[place][0]:.4g}{unit}" for place in places}
    import_classes.captioned(shown, source, choices, token)
