"""The pictures of one kind of finding on the light table, in sets where they belong together."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from pages.components.check.finding_kinds import ACCEPT, about, suggestions_of
from pages.components.items import item_edits, light_table
from pages.components.items.light_table import Group, View, pick
from pages.components.shell import check_results, formats, frame, tables, task_words
from pages.components.shell.theme import class_colours
from tlcore.data.dataset import Dataset
from tlcore.data.edits.types import Relabel
from tlcore.health.check import Check
from tlcore.health.findings import titles
from tlcore.modalities import find_modality
from tlcore.modalities.checks import Finding

KEY = "finding-table"
FEW = 4


@frame.fragment
def show(dataset: Dataset, kind: str, found: Sequence[Finding]) -> None:
    """Show the pictures and see to what is asked for. Turning a page runs nothing but this."""
    if not any(finding.items for finding in found):
        _sentences(found)
        return
    view = _view(dataset, kind, found)
    act = light_table.show(dataset, view, KEY)
    if act is not None and act.do == "accept":
        suggested = suggestions_of(found)
        labels = {sha: suggested[sha] for sha in act.shas if sha in suggested}
        if labels:
            item_edits.make(dataset, Relabel(labels=labels))
    item_edits.see_to(dataset, act)


def _view(dataset: Dataset, kind: str, found: Sequence[Finding]) -> View:
    info = dataset.info
    modality = find_modality(info.modality)
    known, heading = about(kind, modality), titles(modality, Check(dataset).task())[kind]
    sets, set_of = _sets(dataset, kind, found)
    sentences: dict[str, str] = {}
    for finding in found:
        for sha in finding.items:
            sentences.setdefault(sha, finding.says)
    suggested = suggestions_of(found)
    rows = pick(tables.in_use(dataset), list(set_of or sentences))
    rows = rows.assign(
        hint=[sentences[sha] for sha in rows["sha256"]],
        badge=[f"→ {task_words.written(info, suggested[sha])}" if sha in suggested else "" for sha in rows["sha256"]],
        group_key=[set_of.get(sha, "") for sha in rows["sha256"]],
    )
    if not sets or kind == "leak":
        _sentences(found)
    return View(
        name=f"{dataset.id}-{kind}",
        title=f"{heading}: {modality.noun.counted(len(rows))}",
        rows=rows,
        actions=tuple(action for action in known.actions if suggested or action != ACCEPT),
        groups=tuple(Group(key, title, known.of_a_set) for key, title in sets.items()),
        colours=class_colours(info.classes, info.colours),
    )


def _sets(dataset: Dataset, kind: str, found: Sequence[Finding]) -> tuple[dict[str, str], dict[str, str]]:
    """The headline of each set, and the set of each picture; a picture lies on the table once. Empty where flat."""
    titles: dict[str, str] = {}
    set_of: dict[str, str] = {}
    if kind == "leak":  # one sentence for a whole split: its copies are told apart by their clusters
        for name, members in check_results.sets_of(dataset, found).items():
            titles[name] = f"Set of {formats.count(len(members))}"
            set_of |= dict.fromkeys(members, name)
    elif kind in check_results.TOGETHER or kind == "split_class" or max(len(finding.items) for finding in found) > 1:
        for number, finding in enumerate(found):
            titles[str(number)] = finding.says
            for sha in finding.items:
                set_of.setdefault(sha, str(number))
    return titles, set_of


def _sentences(found: Sequence[Finding]) -> None:
    """All sentences: a few as they are, many as a list that can be opened."""
    if len(found) <= FEW:
        for finding in found:
            st.markdown(f"- {formats.plain(finding.says)}")
        return
    with st.expander(f"{formats.plural(len(found), 'finding')} in words", icon=":material/list:"):
        table = pd.DataFrame({"Worth": [each.score for each in found], "Finding": [each.says for each in found]})
        column = st.column_config.ProgressColumn("Worth", min_value=0.0, max_value=1.0, format="%.2f", width="small")
        st.dataframe(table, hide_index=True, column_config={"Worth": column})
