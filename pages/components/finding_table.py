"""The pictures of one kind of finding on the light table, in sets where they belong together."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.components import checked, light_table, picture_edits, tables, words
from pages.components.finding_kinds import KINDS, suggestions_of
from pages.components.light_table import Group, View, pick
from pages.components.theme import class_colours
from tlcore.data.changes import Relabel
from tlcore.data.dataset import Dataset
from tlcore.health.findings import TITLES, Finding, Kind

KEY = "finding-table"


@st.fragment
def show(dataset: Dataset, kind: Kind, found: Sequence[Finding]) -> None:
    """Show the pictures and see to what is asked for. Turning a page runs nothing but this."""
    view = _view(dataset, kind, found)
    if view.rows.empty:
        for finding in found:
            st.text(finding.says)
        return
    act = light_table.show(dataset, view, KEY)
    if act is not None and act.do == "accept":
        suggested = suggestions_of(found)
        labels = {sha: suggested[sha] for sha in act.shas if sha in suggested}
        if labels:
            picture_edits.make(dataset, Relabel(labels=labels))
    picture_edits.see_to(dataset, act)


def _view(dataset: Dataset, kind: Kind, found: Sequence[Finding]) -> View:
    about, info = KINDS[kind], dataset.info
    in_sets = kind in checked.TOGETHER or (len(found) > 1 and any(len(finding.items) > 1 for finding in found))
    place: dict[str, int] = {}
    for number, finding in enumerate(found):
        for sha in finding.items:
            place.setdefault(sha, number)  # a picture lies on the table once
    rows = pick(tables.in_use(dataset), list(place))
    numbers = rows["sha256"].map(place)
    suggested = suggestions_of(found)
    rows = rows.assign(hint=[found[number].says for number in numbers])
    if suggested:
        rows = rows.assign(badge=[f"→ {suggested[sha]}" if sha in suggested else "" for sha in rows["sha256"]])
    groups: tuple[Group, ...] = ()
    if in_sets:
        rows = rows.assign(group_key=numbers.astype(str))
        groups = tuple(Group(str(number), each.says, about.of_a_set) for number, each in enumerate(found))
    else:
        _sentences(found)
    return View(
        name=f"{dataset.id}-{kind}",
        title=f"{TITLES[kind]}: {words.plural(len(rows), 'picture')}",
        rows=rows,
        actions=about.actions,
        groups=groups,
        colours=class_colours(info.classes, info.colours),
    )


def _sentences(found: Sequence[Finding]) -> None:
    """All sentences: one as it is, several as a list that can be opened."""
    if len(found) == 1:
        st.text(found[0].says)
        return
    with st.expander(f"{words.plural(len(found), 'finding')} in words", icon=":material/list:"):
        table = pd.DataFrame({"Worth": [each.score for each in found], "Finding": [each.says for each in found]})
        column = st.column_config.ProgressColumn("Worth", min_value=0.0, max_value=1.0, format="%.2f", width="small")
        st.dataframe(table, hide_index=True, column_config={"Worth": column})
