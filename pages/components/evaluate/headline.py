"""How good a model is: its accuracy with the interval, and beside it what less than a model scores."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from pages.components.answers import interval_scale
from pages.components.answers.interval_scale import Line
from pages.components.shell import formats
from pages.components.shell.theme import ACCENT
from tlcore.tasks.classification import LARGEST_CLASS, LINEAR_PROBE, NEAREST_MEAN
from tlcore.tasks.evaluation import Evaluation, Figure

FIGURES = {"precision": "precision", "recall": "recall", "f1": "F1"}
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
                **{name: 100 * scores.figure(key).value for key, name in FIGURES.items()},
                **{f"{name}, 95 %": _range(scores.figures.get(key)) for key, name in FIGURES.items()},
                "test pictures": scores.support,
            }
            for scores in evaluation.per_label
        ]
    )
    bar = {
        name: st.column_config.ProgressColumn(name, format="%.1f %%", min_value=0, max_value=100, color=ACCENT)
        for name in FIGURES.values()
    }
    st.dataframe(table, hide_index=True, column_config=bar, width="stretch")


def _figures(evaluation: Evaluation) -> Iterator[tuple[str, str, str]]:
    """Label, value and what to know about it."""
    items, found = formats.plural(evaluation.n, "test picture"), evaluation.headline
    if _uncertain(evaluation):
        said = f"95 % confidence interval around **{formats.percent(found.value)}**, from only {items}"
        yield "Test accuracy", f"{100 * found.low:.0f}–{formats.percent(found.high, 0)}", said
    else:
        said = f"95 % confidence interval **{100 * found.low:.1f} to {formats.percent(found.high)}**, {items}"
        yield "Test accuracy", formats.percent(found.value), said
    about = {
        LINEAR_PROBE: "logistic regression on the frozen backbone",
        NEAREST_MEAN: "the simplest use of the frozen backbone",
        LARGEST_CLASS: f"predicting “{formats.plain(evaluation.largest_class)}” every time",
    }
    for title, said in about.items():
        if known := evaluation.baseline(title):
            yield title, formats.percent(known.value), said
    if evaluation.baseline(LINEAR_PROBE) is None and (recall := evaluation.figures.get("balanced_accuracy")):
        yield "Mean recall", formats.percent(recall.value), "every class counts the same, even if it is rare"


def _uncertain(evaluation: Evaluation) -> bool:
    """Whether the test pictures are too few for the number in the middle of the interval to be told first."""
    return evaluation.headline.high - evaluation.headline.low > WIDE


def _lines(evaluation: Evaluation) -> list[Line]:
    """The model and its baselines, each with its interval."""
    lines = (
        ("this model", evaluation.headline),
        ("linear probe", evaluation.baseline(LINEAR_PROBE)),
        ("nearest class mean", evaluation.baseline(NEAREST_MEAN)),
        ("largest class", evaluation.baseline(LARGEST_CLASS)),
    )
    return [Line(name, found.low, found.value, found.high, _range(found)) for name, found in lines if found is not None]


def _reading(evaluation: Evaluation) -> str:
    found, largest = evaluation.headline, evaluation.baseline(LARGEST_CLASS)
    said = (
        f"On new pictures like these, expect **{100 * found.low:.0f}** to **{100 * found.high:.0f}** "
        "correct predictions in a hundred. The model never saw the test set during training."
    )
    if found.low <= (largest.value if largest else 0.0):
        return f"{said} **Not significantly better** than always predicting the largest class."
    above = evaluation.above_baselines.get(LINEAR_PROBE)
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


def _range(found: Figure | None) -> str:
    return "–" if found is None else f"{100 * found.low:.0f}–{100 * found.high:.0f} %"
