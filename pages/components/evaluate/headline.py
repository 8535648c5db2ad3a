"""How good a model is: its accuracy with the interval, and beside it what less than a model scores."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from pages.components.answers import interval_scale
from pages.components.answers.interval_scale import Line
from pages.components.shell import formats
from pages.components.shell.theme import ACCENT
from tlcore.evaluation.figures import Interval
from tlcore.evaluation.metrics import Evaluation

WIDE = 0.1  # An interval that is wider says more than the number in its middle.
LONGEST_NOTE = 600  # runs of long ago name every class of a thousand


def headline(evaluation: Evaluation) -> None:
    """The accuracy, by its interval where that is wide, beside what needs less than this model."""
    with st.grid(4, min_column_width=170):
        for label, value, about in _figures(evaluation):
            with st.container(gap="xxsmall"):
                st.metric(label, value)
                st.caption(about)
    interval_scale.show(_lines(evaluation))
    st.markdown(_reading(evaluation))
    for note in evaluation.notes:
        short = note if len(note) <= LONGEST_NOTE else f"{note[:LONGEST_NOTE]} …"
        st.info(formats.plain(short), icon=":material/info:")


def per_class(evaluation: Evaluation) -> None:
    """Precision, recall and F1 of each class, with their intervals."""
    st.subheader("Precision, recall and F1 per class", anchor=False)
    st.markdown(
        "**Precision**: when the model predicts this class, how often it is right. **Recall**: how many of the "
        "pictures of this class it finds. **F1** is high only if both are. Fewer test pictures mean wider "
        "intervals. Click a column heading to sort."
    )
    table = pd.DataFrame(
        [
            {
                "class": scores.label,
                "precision": 100 * scores.precision,
                "recall": 100 * scores.recall,
                "F1": 100 * scores.f1,
                "precision, 95 %": _range(scores.precision_low, scores.precision_high),
                "recall, 95 %": _range(scores.recall_low, scores.recall_high),
                "F1, 95 %": _range(scores.f1_low, scores.f1_high),
                "test pictures": scores.support,
            }
            for scores in evaluation.per_class
        ]
    )
    bar = {
        name: st.column_config.ProgressColumn(name, format="%.1f %%", min_value=0, max_value=100, color=ACCENT)
        for name in ("precision", "recall", "F1")
    }
    st.dataframe(table, hide_index=True, column_config=bar, width="stretch")


def _figures(evaluation: Evaluation) -> Iterator[tuple[str, str, str]]:
    """Label, value and what to know about it."""
    items = formats.plural(evaluation.n, "test picture")
    if _uncertain(evaluation):
        said = f"95 % confidence interval around **{formats.percent(evaluation.accuracy)}**, from only {items}"
        yield "Test accuracy", f"{100 * evaluation.low:.0f}–{formats.percent(evaluation.high, 0)}", said
    else:
        said = f"95 % confidence interval **{100 * evaluation.low:.1f} to {formats.percent(evaluation.high)}**, {items}"
        yield "Test accuracy", formats.percent(evaluation.accuracy), said
    known = evaluation.baselines
    if known.linear_probe is not None:
        said = "logistic regression on the frozen backbone"
        yield "Linear probe", formats.percent(known.linear_probe.value), said
    if known.nearest_mean is not None:
        yield "Nearest class mean", formats.percent(known.nearest_mean.value), "the simplest use of the frozen backbone"
    said = f"predicting “{formats.plain(evaluation.baseline.label)}” every time"
    yield "Always the largest class", formats.percent(evaluation.baseline.accuracy), said
    if known.linear_probe is None:
        yield (
            "Mean recall",
            formats.percent(evaluation.balanced_accuracy),
            ("every class counts the same, even if it is rare"),
        )


def _uncertain(evaluation: Evaluation) -> bool:
    """Whether the test pictures are too few for the number in the middle of the interval to be told first."""
    return evaluation.high - evaluation.low > WIDE


def _lines(evaluation: Evaluation) -> list[Line]:
    """The model and its baselines, each with its interval."""
    model = Interval(value=evaluation.accuracy, low=evaluation.low, high=evaluation.high)
    known, base = evaluation.baselines, evaluation.baseline.accuracy
    lines = (
        ("this model", model),
        ("linear probe", known.linear_probe),
        ("nearest class mean", known.nearest_mean),
        ("largest class", known.largest_class or Interval(value=base, low=base, high=base)),
    )
    return [
        Line(name, found.low, found.value, found.high, _range(found.low, found.high))
        for name, found in lines
        if found is not None
    ]


def _reading(evaluation: Evaluation) -> str:
    said = (
        f"On new pictures like these, expect **{100 * evaluation.low:.0f}** to **{100 * evaluation.high:.0f}** "
        "correct predictions in a hundred. The model never saw the test set during training."
    )
    if evaluation.low <= evaluation.baseline.accuracy:
        return f"{said} **Not significantly better** than always predicting the largest class."
    above = evaluation.baselines.above_probe
    if above is None:
        return said
    more = f"{100 * abs(above.value):.1f} points"
    interval = f"95 % interval {100 * above.low:+.1f} to {100 * above.high:+.1f}"
    if above.low > 0:
        return f"{said} In a paired comparison it is **{more} better than the linear probe** ({interval})."
    if above.high < 0:
        return f"{said} It is **{more} worse than the linear probe** ({interval}): training made it worse."
    side = "above" if above.value >= 0 else "below"
    return f"{said} It is {more} {side} the linear probe ({interval}): the difference is **not significant**."


def _range(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{100 * low:.0f}–{100 * high:.0f} %"
