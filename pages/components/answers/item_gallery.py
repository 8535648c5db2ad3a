"""Pictures with what a model answered about them, on the light table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from pages.components.answers.judged import Judged
from pages.components.items import item_edits, light_table
from pages.components.items.light_table import View
from pages.components.shell import tables

Said = tuple[str, str]  # a few letters on the picture, and a sentence beside the mouse
ACTIONS = tuple(action for action in item_edits.IN_USE if action.do != "move")


def show(judged: Judged, shas: Sequence[str], said: Mapping[str, Said], *, key: str, title: str) -> bool:
    """Lay pictures on a light table, each with what is said of it, do what is asked for, and tell whether any lie."""
    dataset = judged.dataset
    if dataset is None:
        st.caption(tables.GONE)
        return False
    rows = light_table.pick(tables.all_items(dataset), list(shas))
    if rows.empty:
        st.caption("These pictures are no longer in the dataset.")
        return False
    about = [said.get(sha, ("", "")) for sha in rows["sha256"]]
    hints = [f"{source}\n{hint}".strip() for source, (_, hint) in zip(rows["source"], about, strict=True)]
    view = View(
        name=f"{dataset.id}-{key}",
        title=title,
        rows=rows.assign(badge=[badge for badge, _ in about], hint=hints),
        actions=ACTIONS,
        labelled=False,
    )
    act = light_table.show(dataset, view, f"answers-{key}")
    if act is not None and act.do != "move":
        item_edits.see_to(dataset, act)
    return True
