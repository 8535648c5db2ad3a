"""What a person asks for on a light table becomes a change of the dataset; what went wrong is told once, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import streamlit as st

from pages.components.items import find_display
from pages.components.items.light_table import Act, Action
from pages.components.shell import formats, frame, tables
from tlcore.data.dataset import Dataset
from tlcore.data.edits import operations
from tlcore.data.edits.types import AddLabel, Change, Delete, Exclude, Group, Relabel, RemoveLabel, Restore
from tlcore.errors import GraftError

MOVE = Action("move", "Move to class …", "m", "An existing class, or a new one")
EXCLUDE = Action("exclude", "Exclude", "x", "Leave out of future runs; the picture stays here and can be restored")
DELETE = Action("delete", "Delete", "Delete", "Remove from the dataset; undo brings it back")
RESTORE = Action("restore", "Restore", "r", "Use again")
KEEP_ONE = Action("keep-one", "Keep the largest", help="Exclude the others of the set")
TOGETHER = Action("together", "Keep together", help="Make one group, which a split never divides")
LIKE = Action("like", "More like this", "l", "Show pictures that look like the selected one", one=True)
# What can be done with pictures that are in use, excluded, deleted.
IN_USE, AWAY, GONE = (MOVE, EXCLUDE, DELETE, LIKE), (RESTORE, DELETE), (RESTORE,)
FAULT = "edit-fault"


def change_of(dataset: Dataset, act: Act) -> Change | None:
    """The change that an act asks for; None where it changes nothing (`look`, `like`)."""
    match act.do:
        case "move" if act.label:
            return Relabel(labels=dict.fromkeys(act.shas, act.label))
        case "add-label" if act.label:
            return AddLabel(label=act.label, shas=act.shas)
        case "remove-label" if act.label:
            return RemoveLabel(label=act.label, shas=act.shas)
        case "value" if act.label:
            return Relabel(labels=dict.fromkeys(act.shas, _with_point(act.label)))
        case "exclude":
            return Exclude(shas=act.shas)
        case "delete":
            return Delete(shas=act.shas)
        case "restore":
            return Restore(shas=act.shas)
        case "keep-one":
            return Exclude(shas=all_but_largest(dataset, [act.shas]))
        case "together":
            return Group(groups=together(dataset, [act.shas]))
    return None


def _with_point(number: str) -> str:
    """A number as a person types it, with a decimal point: `12,5` is 12.5."""
    return number if "." in number else number.replace(",", ".")


def all_but_largest(dataset: Dataset, sets: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Of each set all pictures but the largest; of equal ones the first stays."""
    table = tables.items(dataset)
    extent = find_display(dataset.info.modality).extent(table)
    size = dict(zip(table["sha256"].tolist(), extent.tolist(), strict=True))
    leaving: dict[str, None] = {}
    for members in sets:
        kept = max(members, key=lambda sha: size.get(sha, 0))
        leaving |= dict.fromkeys(sha for sha in members if sha != kept)
    return tuple(leaving)


def together(dataset: Dataset, sets: Iterable[Sequence[str]]) -> dict[str, str]:
    """A group for each set. Who is in a group already brings the others of it along."""
    table = tables.items(dataset)
    group_of = dict(zip(table["sha256"].tolist(), table["group"].tolist(), strict=True))
    groups: dict[str, str] = {}
    for members in sets:
        name = f"alike-{min(members)[:12]}"
        old = {group for sha in members if (group := groups.get(sha, group_of.get(sha, "")))}
        if old:
            groups |= {sha: name for sha, group in (group_of | groups).items() if group in old}
        groups |= dict.fromkeys(members, name)
    return groups


def make(dataset: Dataset, *changes: Change, then: Callable[[], object] | None = None) -> None:
    """Make changes, one after the other, `then` what follows; draw the page again; a fault is told on the way."""
    try:
        for change in changes:
            operations.apply(dataset, change)
        if then is not None:
            then()
    except GraftError as error:
        st.session_state[FAULT] = str(error)
    st.rerun()


def tell_fault() -> None:
    """Show what went wrong with the last change, once."""
    if fault := st.session_state.pop(FAULT, ""):
        st.error(formats.lines(fault), icon=":material/error:")


def see_to(dataset: Dataset, act: Act | None) -> None:
    """Do what every light table can: change pictures, look closer, go to what looks alike."""
    if act is None:
        return
    if act.do == "look":
        look(dataset, act.shas)
    elif act.do == "like":
        frame.go_to(frame.DATA, dataset=dataset.id, show=f"like:{act.shas[0]}")
    elif change := change_of(dataset, act):
        make(dataset, change)


@st.dialog("Details", width="large")
def look(dataset: Dataset, shas: Sequence[str]) -> None:
    """One picture as large as the page allows, with what is known about it."""
    table = tables.all_items(dataset)
    found = table[table["sha256"] == shas[0]]
    if found.empty:
        st.info("This picture is no longer in the dataset.", icon=":material/info:")
        return
    find_display(dataset.info.modality).detail(dataset, found.iloc[0])
