"""The decision threshold of a label: its precision–recall curve, and what another threshold would change."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from pages.components.answers import label_picker
from pages.components.answers.judged import Judged
from pages.components.shell import formats, frame
from pages.components.shell.plotly_chart import plotly_chart
from pages.components.shell.theme import ACCENT, PARTS, QUIET, polish
from tlcore.tasks.multilabel.curves import AtThreshold, ThresholdCurve, at_threshold, threshold_curve
from tlcore.tasks.multilabel.labels import targets

HEIGHT = 340


@frame.fragment
def show(judged: Judged) -> None:
    """The curve of the label that the URL names, and a slider that tries other thresholds."""
    evaluation, answers = judged.evaluation, judged.answers
    st.subheader("Decision threshold per label", anchor=False)
    st.markdown(
        "A label is given when its probability reaches the threshold. A lower threshold finds more of the label's "
        "pictures and gives it wrongly more often. The model's own threshold was chosen on the validation set; here "
        "you see what another one would do on the test set. The model stays as it is."
    )
    place = label_picker.pick(judged, "threshold-label")
    scores = evaluation.per_label[place]
    shares, true = answers.outputs[:, place], targets(answers.labels, answers.classes)[:, place] > 0
    if not scores.support:
        st.caption(f"The test set has no picture with the label {formats.plain(scores.label)}.")
        return
    chart, text = st.columns([1.5, 1], gap="large")
    with text:
        own = min(1.0, max(0.0, scores.threshold))
        tried = st.slider("Decision threshold", 0.0, 1.0, own, 0.01, key=f"threshold-{judged.run.id}-{place}")
        now, before = at_threshold(shares, true, tried), at_threshold(shares, true, scores.threshold)
        _figures(now, before)
        if abs(tried - own) > 1e-9:
            st.caption(
                f"The model's threshold is {own:.2f}. A threshold that is chosen on the test set looks better there "
                "than it will be on new pictures."
            )
        else:
            st.caption(f"This is the model's threshold, {own:.2f}.")
    with chart:
        plotly_chart(
            figure(threshold_curve(shares, true), now, before, scores.support / max(1, evaluation.n)),
            key="threshold-curve",
            config={"displayModeBar": False},
            alt=f"precision and recall of {scores.label} at every threshold",
        )


def figure(curve: ThresholdCurve, now: AtThreshold, before: AtThreshold, share: float) -> go.Figure:
    """Draw precision over recall; the point of the model, the one that is tried, and dotted what a guess would do."""
    drawn = go.Figure()
    drawn.add_scatter(
        x=[0, 1], y=[share, share], mode="lines", name="a guess", hoverinfo="skip",
        line={"color": QUIET, "width": 1, "dash": "dot"},
    )  # fmt: skip
    drawn.add_scatter(
        x=curve.recall,
        y=curve.precision,
        customdata=list(zip(curve.thresholds, curve.answered, strict=True)),
        mode="lines",
        name="thresholds",
        line={"color": ACCENT, "width": 2, "shape": "vh"},
        hovertemplate="threshold %{customdata[0]:.2f}: precision %{y:.0%}, recall %{x:.0%}, given to "
        "%{customdata[1]}<extra></extra>",
    )
    marks = [("model's threshold", before, PARTS["val"], "star"), ("threshold tried", now, ACCENT, "circle")]
    for name, at, colour, symbol in marks[: 1 if now == before else 2]:
        drawn.add_scatter(
            x=[at.recall],
            y=[at.precision],
            mode="markers",
            name=name,
            marker={"size": 14, "color": colour, "symbol": symbol, "line": {"width": 1, "color": "white"}},
            hovertemplate="precision %{y:.0%}, recall %{x:.0%}",
        )
    polish(drawn, x="Recall", y="Precision", height=HEIGHT)
    axis = {"range": [-0.01, 1.03], "tickformat": ".0%"}
    return drawn.update_xaxes(**axis).update_yaxes(**axis).update_layout(dragmode=False)


def _figures(now: AtThreshold, before: AtThreshold) -> None:
    with st.grid(3, min_column_width=90):
        for label, value, was in (
            ("Precision", now.precision, before.precision),
            ("Recall", now.recall, before.recall),
            ("F1", now.f1, before.f1),
        ):
            change = None if value is None or was is None or value == was else f"{100 * (value - was):+.1f} points"
            st.metric(label, "–" if value is None else formats.percent(value), change)
    st.markdown(
        f"{formats.plural(now.right, 'picture')} given the label rightly, {formats.count(now.wrong)} wrongly; "
        f"{formats.count(now.missing)} missing."
    )
