"""The learning-rate finder on the Train page: a button, its curve, and the way to use what it suggests."""

from __future__ import annotations

import math

import plotly.graph_objects as go
import streamlit as st

from pages.components.shell import charts, formats, theme
from pages.components.shell.draft import key
from pages.components.shell.plotly_chart import plotly_chart
from tlcore.runs.config import TrainingConfig
from tlcore.runs.lr_finder import OPTIONS, Rates, find_rates
from tlcore.tasks import Task
from tlcore.tasks.task import LOSS

HEIGHT = 280


def show(config: TrainingConfig, task: Task, *, disabled: bool) -> None:
    """Find a rate for the settings as they stand, on demand; the curve stays until another one is found."""
    st.button(
        "Learning rate finder",
        icon=":material/troubleshoot:",
        key=key("find-rate"),
        disabled=disabled,
        help="Trains for a hundred steps while the learning rate grows, and finds where the loss falls fastest. The "
        "trained weights are discarded. It takes longer the more blocks are unfrozen.",
    )
    asked = {name: getattr(config, name) for name in ("dataset", *OPTIONS)}
    if st.session_state[key("find-rate")]:
        _find(config, asked)
    found: tuple[dict[str, object], Rates] | None = st.session_state.get(key("rates"))
    if found is None:
        return
    for_these = found[0] == asked
    if not for_these:
        st.caption(":material/info: This curve is for other settings. Run the finder again.")
    plotly_chart(curve(found[1], task), config=charts.CONFIG, key="rates-chart")
    field = "head_learning_rate" if found[0]["mode"] == "freeze" else "fine_tune_learning_rate"
    st.button(
        f"Use {found[1].suggested:.1e}",
        icon=":material/check:",
        key=key("use-rate"),
        disabled=not for_these,
        on_click=_use,
        args=(field, found[1].suggested),
    )


def curve(rates: Rates, task: Task) -> go.Figure:
    """Draw the loss over the rate, with the suggested rate marked."""
    figure, unit = go.Figure(), charts.unit_of(LOSS, task)
    figure.add_scatter(
        x=rates.rates,
        y=rates.losses,
        mode="lines",
        line={"color": theme.ACCENT, "width": 2},
        hovertemplate="rate %{x:.1e}: loss %{y:.3f}<extra></extra>",
        showlegend=False,
    )
    figure.add_vline(x=rates.suggested, line={"color": theme.PARTS["val"], "dash": "dash"})
    # On a logarithmic axis a line takes the value itself, a note its logarithm.
    figure.add_annotation(
        x=math.log10(rates.suggested),
        y=1,
        yref="paper",
        xanchor="right",
        text=f"suggested: {rates.suggested:.1e} ",
        showarrow=False,
    )
    loss = f"loss of the batches ({unit})" if unit else "loss of the batches"
    theme.polish(figure, x="learning rate (logarithmic)", y=loss, height=HEIGHT)
    low, high = min(rates.losses), rates.losses[0]
    figure.update_yaxes(range=[low - 0.1 * (high - low), high + 0.4 * (high - low)])  # where it explodes is no news
    figure.update_xaxes(type="log", exponentformat="power", dtick=1)
    return figure


def _find(config: TrainingConfig, asked: dict[str, object]) -> None:
    bar = st.progress(0.0, "Trying learning rates in a separate process …")
    steps = find_rates(config)
    try:
        while True:
            try:
                bar.progress(0.0, formats.plain(next(steps).note))
            except StopIteration as end:
                st.session_state[key("rates")] = (asked, end.value)
                return
    finally:
        steps.close()  # whoever leaves the page ends the search
        bar.empty()


def _use(field: str, rate: float) -> None:
    st.session_state[key(field)] = float(f"{rate:.1e}")
