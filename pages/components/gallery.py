"""The dataset's pictures on the light table: by class, by state, by likeness, by what looks alike within a class."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.components import alike, light_table, picture_edits, tables, words
from pages.components.light_table import View
from pages.components.picture_edits import AWAY, GONE, IN_USE
from pages.components.theme import class_colours
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError

SIDE = 160
MOST_PILLS = 12
KEY = "gallery-table"
# Squares keep the rows level; nothing is cut off, since what is at the edge may be what is wrong with a picture.
STYLE = """
<style>
[class*="st-key-tiles"] img {
  aspect-ratio: 1; object-fit: contain; width: 100%; background: rgba(138, 143, 152, 0.14); border-radius: 0.4rem;
}
[class*="st-key-tiles"] [data-testid="stCaptionContainer"] p, [class*="st-key-tiles"] figcaption,
[class*="st-key-tiles"] [data-testid="stImageCaption"] {
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; font-size: 0.78rem;
}
</style>
"""


def tiles(pictures: Sequence[tuple[bytes | None, str]], key: str, *, width: int = 100) -> None:
    """Show small pictures with a line below each; None in place of a picture that can no longer be read."""
    st.html(STYLE)
    with st.container(key=f"tiles-{key}"), st.grid("auto", min_column_width=width, gap="small"):
        for content, caption in pictures:
            if content is None:
                st.markdown(":material/broken_image: cannot be read", help=caption)
            else:
                st.image(content, caption=caption or None, width="stretch", alt=caption or "picture")


def thumbnail(dataset: Dataset, file: str) -> bytes | None:
    """A small picture; None where it can no longer be read."""
    try:
        return dataset.thumbnail(file, SIDE)
    except (GraftError, OSError):
        return None


@st.fragment
def browse(dataset: Dataset) -> None:
    """Show the dataset's pictures and see to what is asked for. Turning a page runs nothing but this.

    What is looked at stands in the URL as `show`: nothing for all, `class:…`, `state:…`, `copies`, `like:…` (a
    picture), or `split:N:…` (a class in N parts).
    """
    show = _chosen(_choices(dataset))
    kind, _, what = show.partition(":")
    if kind == "copies":
        view: View | str = alike.copies(dataset)
    elif kind == "like":
        view = alike.like(dataset, what)
    elif kind == "split":
        view = alike.split(dataset, what)
    else:
        view = _plain(dataset, kind, what)
    if isinstance(view, str):
        alike.explain(dataset, view)
        return
    act = light_table.show(dataset, view, KEY)
    if act is not None and act.do == "like":
        st.query_params["show"] = f"like:{act.shas[0]}"
        st.rerun()
    picture_edits.see_to(dataset, act)


def _plain(dataset: Dataset, kind: str, what: str) -> View | str:
    """All pictures, those of a class, or those that are out of use."""
    if kind == "state":
        table = tables.all_items(dataset)
        rows, actions = table[table["state"] == what], AWAY if what == "excluded" else GONE
    else:
        rows, actions = tables.in_use(dataset), IN_USE
        if kind == "class":
            rows = rows[rows["label"] == what]
    if rows.empty:
        return "There is no picture here. Choose another view above."
    info = dataset.info
    return View(
        name=f"{dataset.id}-{kind}-{what}",
        title=f"{words.plural(len(rows), 'picture')}: {what or 'all classes'}",
        rows=rows,
        actions=actions,
        labelled=kind != "class",
        colours=class_colours(info.classes, info.colours),
    )


def _choices(dataset: Dataset) -> dict[str, str]:
    """The ways to look at the dataset, by what stands in the URL."""
    counts, away = tables.counts(dataset), tables.away(dataset)
    choices = {"": f"All {words.count(sum(counts.values()))}"}
    choices |= {f"class:{label}": f"{label} {words.count(number)}" for label, number in counts.items()}
    if sets := alike.number_of_sets(dataset):
        choices["copies"] = f":material/content_copy: Near-copies {words.plural(sets, 'set')}"
    icons = {"excluded": ":material/visibility_off: Excluded", "deleted": ":material/delete: Deleted"}
    choices |= {f"state:{state}": f"{icons[state]} {words.count(number)}" for state, number in away.items() if number}
    return choices


def _chosen(choices: dict[str, str]) -> str:
    """Let the person choose; the URL leads and the widget follows."""
    asked = st.query_params.get("show", "")
    if asked.startswith("like:"):
        choices = {asked: ":material/image_search: Alike", **choices}
    elif asked.startswith("split:"):
        choices = {asked: f":material/call_split: Parts of {asked.split(':', 2)[-1]}", **choices}
    asked = asked if asked in choices else ""

    def follow() -> None:
        if chosen := st.session_state["gallery-show"]:
            st.query_params["show"] = chosen
        else:
            st.query_params.pop("show", None)

    st.session_state["gallery-show"] = asked
    if len(choices) > MOST_PILLS:
        st.selectbox(
            "Show", list(choices), key="gallery-show", format_func=lambda key: choices.get(key, key), on_change=follow,
            width=320,
        )  # fmt: skip
    else:
        st.pills(
            "Show", list(choices), key="gallery-show", format_func=lambda key: choices.get(key, key), required=True,
            on_change=follow, label_visibility="collapsed",
        )  # fmt: skip
    return asked
