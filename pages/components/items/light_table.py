"""The light table: hundreds of pictures side by side, picked by mouse or keyboard and acted upon together.

It shows pictures and hands back what a person wants done with them. It does not know what a change is: `acting` does.
The browser's half is `light_table.js`, after `idle.js`; what is picked lives there until an action is chosen.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from pages.components.items import find_display
from pages.components.shell import formats, task_words
from tlcore.data.dataset import Dataset
from tlcore.tasks import find_task
from tlcore.threads import map_bounded

HERE = Path(__file__).parent
PER_PAGE = 200
SIDE = 200
# Pictures that nobody has looked at yet have no thumbnails. Those made within this time are shown; the table asks for
# the rest when they are drawn, so that the page answers meanwhile.
SECONDS_OF_THUMBNAILS = 0.25
THREADS = 8  # most of a thumbnail's time is the disk's

_mount = st.components.v2.component(
    "graft.light_table",
    html='<div class="light-table"></div>',
    css=(HERE / "light_table.css").read_text(),
    js=(HERE.parent / "shell" / "idle.js").read_text() + (HERE / "light_table.js").read_text(),
)


@dataclass(frozen=True)
class Action:
    """A button of the table: what it asks for, what it is called, the key that does the same.

    Attributes:
        key: As the browser calls it (`x`, `Delete`); empty where there is none.
        one: Whether it takes exactly one picture.
        primary: Whether it is what one is here for.
    """

    do: str
    title: str
    key: str = ""
    help: str = ""
    one: bool = False
    primary: bool = False


# How pictures get another label where they have not one class each: what is offered in place of `move`.
LABELING = {
    "multilabel": Action("labels", "New label", "m", "Add labels to the selected pictures, or remove them"),
    "regression": Action("value", "Set the value …", "m", "One number for all selected pictures"),
}


@dataclass(frozen=True)
class Group:
    """Pictures that belong under one headline, with the buttons that act on all of them."""

    key: str
    title: str
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True)
class View:
    """What lies on the table.

    Attributes:
        name: Of what is looked at; another name is another view, whose first page is shown.
        title: For those who do not see the pictures.
        rows: `sha256`, `file`, `label`, `source` and `state`, in the order in which they are shown; `badge` (a few
            letters on the picture), `hint` (a sentence beside the mouse) and `group_key` where there are such.
        labelled: Whether each picture says its class; needless where all have the same. Labels are always said.
    """

    name: str
    title: str
    rows: pd.DataFrame
    actions: tuple[Action, ...]
    groups: tuple[Group, ...] = ()
    labelled: bool = True
    colours: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Act:
    """What a person wants done: `do` of an action, with these pictures.

    `label` is the class that they are to have, the label that is added or removed, or the number.
    """

    do: str
    shas: tuple[str, ...]
    label: str = ""


def show(dataset: Dataset, view: View, key: str) -> Act | None:
    """Show a page of the view's pictures; return what was asked for, once.

    Turning the page, and what is still to be drawn, are seen to here. Best called in a fragment.
    """
    pages = max(1, ceil(len(view.rows) / PER_PAGE))
    place = f"{key}-page-{view.name}"
    page = min(max(1, st.session_state.get(place, 1)), pages)
    if page != st.session_state.get(place, page):  # there were more pages the last time
        st.session_state[place] = page
    shown = view.rows.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    tiles, pending = _tiles(dataset, view, shown)
    info = dataset.info
    present = {tile["group"] for tile in tiles}
    result = _mount(
        key=key,
        data={
            "key": key,
            "view": view.name,
            "version": info.version,
            "title": view.title,
            "tiles": tiles,
            "groups": [_heading(group, info.task) for group in view.groups if group.key in present],
            "actions": [
                {**asdict(action), "keyName": _key_name(action.key)} for action in _offered(view.actions, info.task)
            ],
            "task": info.task,
            "valueTitle": task_words.value_title(info),
            "classes": list(info.classes),
            "colours": dict(view.colours),
            "page": page,
            "pages": pages,
            "total": len(view.rows),
            "totalSays": formats.count(len(view.rows)),
            "pending": pending,
        },
        on_act_change=partial(_turn, key, place),
    )
    _turner(place, page, pages, len(view.rows))
    return _asked(result.act, view, shown)


def _turn(key: str, place: str) -> None:
    """Page up and page down: before the page runs, since its widget takes what is remembered."""
    sent = (st.session_state.get(key) or {}).get("act")  # nothing where the table has just left the page
    if isinstance(sent, dict) and sent.get("do") == "turn":
        st.session_state[place] = int(sent.get("page") or 1)


def _turner(place: str, page: int, pages: int, total: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        first, last = (page - 1) * PER_PAGE + 1, min(page * PER_PAGE, total)
        if total:
            st.caption(f"{formats.count(first)} to {formats.count(last)} of {formats.plural(total, 'picture')}")
        if pages > 1:
            st.pagination(pages, key=place, max_visible_pages=7)


def _asked(sent: Any, view: View, shown: pd.DataFrame) -> Act | None:
    """Read what the browser sent; it names pictures of the view or nothing."""
    if not isinstance(sent, dict) or sent.get("do") in {"more", "turn"}:
        return None
    group = str(sent.get("group") or "")
    if sent.get("all"):
        shas = tuple(view.rows["sha256"])
    elif group:
        shas = tuple(view.rows.loc[view.rows["group_key"] == group, "sha256"])
    else:
        wanted = set(sent.get("ids") or ())
        shas = tuple(sha for sha in shown["sha256"] if sha in wanted)
    return Act(str(sent.get("do")), shas, str(sent.get("label") or "").strip()) if shas else None


def _tiles(dataset: Dataset, view: View, shown: pd.DataFrame) -> tuple[list[dict[str, Any]], bool]:
    """What the browser draws of each picture, and whether some of them are still to come."""
    usual = {"badge": "", "hint": shown["source"], "group_key": ""}
    table = shown.assign(**{name: value for name, value in usual.items() if name not in shown})
    columns = ("sha256", "file", "label", "source", "state", "badge", "hint", "group_key")
    tiles = []
    urls = _urls(dataset, shown["file"])
    rows = zip(*(table[name] for name in columns), strict=True)
    info = dataset.info
    several = info.task == "multilabel"
    names = find_task(info.task).names
    for (sha, _, label, source, state, badge, hint, group), url in zip(rows, urls, strict=True):
        tiles.append(
            {
                "id": sha,
                "url": url or "",
                "broken": url == "",
                "caption": source.replace("\\", "/").rsplit("/", 1)[-1],
                "hint": hint,
                "label": task_words.written(info, label) if view.labelled or several else "",
                **({"labels": list(names(label))} if several else {}),
                **({"value": task_words.number(float(label))} if info.task == "regression" else {}),
                "state": state,
                "badge": badge,
                "group": group,
            }
        )
    return tiles, None in urls


def _urls(dataset: Dataset, files: Iterable[str]) -> list[str | None]:
    """Where each picture is served; empty where it cannot be read, None where there was no time to look."""
    deadline = time.monotonic() + SECONDS_OF_THUMBNAILS

    def content(file: str) -> bytes | None:
        if time.monotonic() > deadline:
            return None
        return display.thumbnail(dataset, file, SIDE) or b""

    display = find_display(dataset.info.modality)
    return [
        display.serve(found, f"light-table-{file}") if found else (None if found is None else "")
        for file, found in zip(files, map_bounded(content, files, threads=THREADS), strict=True)
    ]


def _offered(actions: Iterable[Action], task: str) -> list[Action]:
    """The actions, with the task's own way to label pictures."""
    return [LABELING.get(task, action) if action.do == "move" else action for action in actions]


def _heading(group: Group, task: str) -> dict[str, Any]:
    actions = [asdict(action) for action in _offered(group.actions, task) if action.do != "labels"]
    return {"key": group.key, "title": group.title, "actions": actions}


def _key_name(key: str) -> str:
    return {"Delete": "Del"}.get(key, key)


def pick(rows: pd.DataFrame, shas: Sequence[str]) -> pd.DataFrame:
    """The rows of these pictures, in their order; those that are gone are left out."""
    wanted = set(shas)
    places = {sha: place for place, sha in enumerate(rows["sha256"].tolist()) if sha in wanted}
    return rows.iloc[[places[sha] for sha in shas if sha in places]]
