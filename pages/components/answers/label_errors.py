"""The most confident errors of a multi-label model: labels that it gives wrongly, and labels that it misses."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components.answers import item_gallery
from pages.components.answers.judged import Judged
from pages.components.shell import formats, frame
from tlcore.tasks.multilabel.errors import MISSING, WRONG, label_errors
from tlcore.tasks.multilabel.labels import split

KINDS = {WRONG: "Wrongly given labels", MISSING: "Missing labels"}
EXPLAINS = {
    WRONG: "Labels that the model gives although the picture does not have them, the most confident first. Start here: "
    "often the label was only forgotten.",
    MISSING: "Labels that the picture has and the model does not give, the least likely first. Wrong labels often show "
    "up here.",
}
SIGN = {WRONG: "+", MISSING: "−"}
MOST = 24
KEY, LABEL = "label-errors-kind", "label-errors-label"


@frame.fragment
def show(judged: Judged) -> None:
    """Pictures with an error of the chosen kind, of every label or of one."""
    answers, labels = judged.answers, judged.evaluation.labels
    st.subheader("Most confident errors", anchor=False)
    found = label_errors(answers.labels, answers.outputs, answers.classes, answers.decision)
    if found.empty:
        st.success(
            f"None: the labels of all {formats.plural(judged.evaluation.n, 'test picture')} were predicted correctly."
        )
        return
    counts = found["kind"].value_counts()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Kind", list(KINDS), default=WRONG if counts.get(WRONG, 0) else MISSING, required=True, key=KEY,
            format_func=lambda each: f"{KINDS[each]} ({formats.count(int(counts.get(each, 0)))})",
            label_visibility="collapsed",
        )  # fmt: skip
        label = st.selectbox(
            "Label", [-1, *range(len(labels))], key=LABEL, width=260, label_visibility="collapsed",
            format_func=lambda each: "All labels" if each < 0 else labels[each],
        )  # fmt: skip
    st.markdown(EXPLAINS[str(kind)])
    found = found[(found["kind"] == kind) & ((label < 0) | (found["label"] == label))]
    if found.empty:
        st.caption("There are none.")
        return
    items = list(dict.fromkeys(found["item"]))
    shas = [answers.table["sha256"].iloc[item] for item in items[:MOST]]
    title = KINDS[str(kind)]
    key = f"errors-{judged.run.id}-{kind}-{label}"
    if item_gallery.show(judged, shas, said(judged, shas), key=key, title=title) and len(items) > MOST:
        st.caption(f"The {MOST} most confident of {formats.plural(len(items), 'picture')}.")


def said(judged: Judged, shas: Sequence[str]) -> dict[str, item_gallery.Said]:
    """For each picture its wrong decisions as a badge, and all of it in words."""
    of = judged.answers.of(list(shas))
    errors = label_errors(of.labels, of.outputs, of.classes, of.decision)
    about = {}
    for item, sha in enumerate(shas):
        mine = errors[errors["item"] == item]
        marks = [f"{SIGN[kind]} {of.classes[label]}" for kind, label in zip(mine["kind"], mine["label"], strict=True)]
        sure = "; ".join(
            f"{SIGN[kind]} {of.classes[label]} {formats.percent(share, 0)}"
            for kind, label, share in zip(mine["kind"], mine["label"], mine["probability"], strict=True)
        )
        true, given = (_names(text) for text in (of.table["label"].iloc[item], of.table["predicted"].iloc[item]))
        hint = f"true labels: {true}\npredicted: {given}" + (f"\nwrong: {sure}" if sure else "")
        about[sha] = (" ".join(marks[:2]) + (" …" if len(marks) > 2 else ""), hint)
    return about


def _names(text: str) -> str:
    return ", ".join(split(text)) or "none"
