"""How good a model is, each number with a sentence on how to read it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from pages.components import charts, run_facts, words
from pages.components.test_pictures import gallery
from pages.components.theme import ACCENT, QUIET
from tlcore.data.dataset import Dataset
from tlcore.evaluation.metrics import Evaluation, cell

SCALE_STYLE = """
<style>
.scale { position: relative; height: 62px; margin: 4px 0 0; }
.scale .line { position: absolute; top: 26px; left: 0; right: 0; height: 4px; border-radius: 2px;
  background: rgba(138,143,152,.25); }
.scale .range { position: absolute; top: 20px; height: 16px; border-radius: 8px; opacity: .45; }
.scale .dot { position: absolute; top: 17px; width: 6px; height: 22px; border-radius: 3px;
  transform: translateX(-50%); }
.scale span { position: absolute; font-size: .8rem; white-space: nowrap; opacity: .8; }
</style>
"""


def headline(evaluation: Evaluation) -> None:
    """The accuracy with its interval and, beside it, what needs no model at all."""
    with st.grid(3, min_column_width=180):
        for label, value, about in _figures(evaluation):
            with st.container(gap="xxsmall"):
                st.metric(label, value)
                st.caption(about)
    st.html(_scale(evaluation))
    st.markdown(_reading(evaluation))
    for note in evaluation.notes:
        st.info(note, icon=":material/info:")


def confusion(evaluation: Evaluation, predictions: pd.DataFrame, dataset: Dataset | None) -> None:
    """The matrix; the cell that is looked at stands in the URL."""
    classes = list(evaluation.classes)
    st.subheader("What is taken for what", anchor=False)
    st.markdown(
        "Each row is a true class, each column an answer: the diagonal is right, everything beside it is a mix-up. "
        "The fuller the colour, the larger the share of the row. Click a cell to see its pictures."
    )
    shares = (
        st.segmented_control(
            "Show",
            ["counts", "shares"],
            default="counts",
            required=True,
            key="confusion-unit",
            label_visibility="collapsed",
        )
        == "shares"
    )
    chosen = _chosen(evaluation)
    matrix, pictures = st.columns([1.7, 1], gap="large")
    with matrix:
        st.plotly_chart(
            charts.confusion(
                evaluation.confusion, classes, shares=shares, dark=st.context.theme.type == "dark", chosen=chosen
            ),
            key="confusion",
            on_select=_clicked,
            selection_mode="points",
            config={"displayModeBar": False},
            alt="confusion matrix: rows are true classes, columns are answers",
        )
    with pictures:
        _cell(evaluation, predictions, dataset, chosen)


def per_class(evaluation: Evaluation) -> None:
    st.subheader("Class by class", anchor=False)
    st.markdown(
        "**Precision**: when the model says this class, how often it is right. **Recall**: of the pictures of this "
        "class, how many it finds. **F1** is high only when both are. The fewer test pictures, the wider the interval."
    )
    table = pd.DataFrame(
        [
            {
                "class": scores.label,
                "precision": 100 * scores.precision,
                "recall": 100 * scores.recall,
                "F1": 100 * scores.f1,
                "precision, 95 %": f"{100 * scores.precision_low:.0f}–{100 * scores.precision_high:.0f} %",
                "recall, 95 %": f"{100 * scores.recall_low:.0f}–{100 * scores.recall_high:.0f} %",
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
    yield (
        "Test accuracy",
        words.percent(evaluation.accuracy),
        f"95 % interval **{100 * evaluation.low:.1f} to {words.percent(evaluation.high)}**, "
        f"{words.plural(evaluation.n, 'test picture')}",
    )
    if evaluation.baseline is not None:
        said = f"what answering “{run_facts.escape(evaluation.baseline.label)}” every time scores"
        yield "Always the largest class", words.percent(evaluation.baseline.accuracy), said
    yield "Mean recall", words.percent(evaluation.balanced_accuracy), "every class counts the same, however rare"


def _scale(evaluation: Evaluation) -> str:
    """0 to 100 %: the interval as a band, the accuracy and the baseline as marks."""
    low, high, here = (100 * value for value in (evaluation.low, evaluation.high, evaluation.accuracy))
    parts = [
        SCALE_STYLE,
        '<div class="scale"><div class="line"></div>',
        f'<div class="range" style="left:{low:.2f}%;width:{max(high - low, 0.5):.2f}%;background:{ACCENT}"></div>',
        f'<div class="dot" style="left:{here:.2f}%;background:{ACCENT}"></div>',
    ]
    if evaluation.baseline is not None:
        base = 100 * evaluation.baseline.accuracy
        side = "left:0" if base < 15 else f"left:{base:.2f}%;transform:translateX(-50%)"
        parts.append(f'<div class="dot" style="left:{base:.2f}%;background:{QUIET}"></div>')
        parts.append(f'<span style="top:42px;{side}">always the largest class</span>')
    side = "right:0" if here > 88 else f"left:{here:.2f}%;transform:translateX(-50%)"
    parts.append(f'<span style="top:-2px;{side}">this model, with its 95 % interval</span></div>')
    return "".join(parts)


def _reading(evaluation: Evaluation) -> str:
    said = (
        f"On new pictures like these, expect between **{100 * evaluation.low:.0f}** and "
        f"**{100 * evaluation.high:.0f}** right answers in a hundred. Training never saw the test pictures."
    )
    if evaluation.baseline is not None and evaluation.low <= evaluation.baseline.accuracy:
        said += " The interval reaches down to what no model at all scores: it is **not shown to have learned** yet."
    return said


def _chosen(evaluation: Evaluation) -> tuple[int, int] | None:
    """The cell that the URL names; else the largest mix-up; None where there is none."""
    table = evaluation.confusion
    places = [(true, answer) for true in range(len(table)) for answer in range(len(table))]
    asked = st.query_params.get("cell", "").split("-")
    if len(asked) == 2 and all(part.isascii() and part.isdigit() for part in asked):
        place = (int(asked[0]), int(asked[1]))
        if place in places:
            return place
    mixed = [place for place in places if place[0] != place[1] and table[place[0]][place[1]]]
    return max(mixed, key=lambda place: table[place[0]][place[1]], default=None)


def _clicked() -> None:
    points = st.session_state["confusion"].selection.points
    if points:
        true, answer, *_ = points[0]["customdata"]
        st.query_params["cell"] = f"{true}-{answer}"


def _cell(
    evaluation: Evaluation, predictions: pd.DataFrame, dataset: Dataset | None, chosen: tuple[int, int] | None
) -> None:
    """The same choice for a keyboard, and the pictures."""
    table, classes = evaluation.confusion, evaluation.classes
    filled = [(true, answer) for true in range(len(table)) for answer in range(len(table)) if table[true][answer]]
    filled.sort(key=lambda place: (place[0] == place[1], -table[place[0]][place[1]]))
    if chosen is not None and chosen not in filled:
        filled.append(chosen)
    if chosen is None:
        st.success("Every test picture was answered right: there are no mix-ups to look at.")
        if not filled:
            return
        chosen = filled[0]
    key = "confusion-cell"

    def follow() -> None:
        true, answer = st.session_state[key]
        st.query_params["cell"] = f"{true}-{answer}"

    st.session_state[key] = chosen
    st.selectbox(
        "Pictures of",
        filled,
        format_func=lambda place: f"{classes[place[0]]} → {classes[place[1]]} ({table[place[0]][place[1]]})",
        key=key,
        on_change=follow,
        help="true class → answer (how many)",
    )
    true, answer = chosen
    rows = cell(predictions, classes[true], classes[answer])
    if rows.empty:
        st.caption(f"No picture of {classes[true]} was called {classes[answer]}.")
        return
    gallery(rows, dataset, key=f"cell-{true}-{answer}", first=6)
