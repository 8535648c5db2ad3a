"""Pictures side by side: a page of thumbnails at a time, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import streamlit as st

from pages.components import tables, words
from tlcore.data.dataset import Dataset
from tlcore.errors import GraftError

PER_PAGE = 36
SIDE = 160
ALL = "All classes"
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


@st.fragment
def browse(dataset: Dataset) -> None:
    """Show the dataset's pictures by class. Turning a page runs nothing but this."""
    table, counts = tables.items(dataset), tables.counts(dataset)
    chosen = _class(list(counts), counts)
    shown = table if chosen == ALL else table[table["label"] == chosen]
    pages = max(1, ceil(len(shown) / PER_PAGE))
    # A class with fewer pages than the last one has no such page: each class has a place of its own.
    place = st.session_state.get(f"gallery-{dataset.id}-{chosen}", 1)
    first = (min(place, pages) - 1) * PER_PAGE
    rows = shown.iloc[first : first + PER_PAGE]
    captions = rows["label"] if chosen == ALL else rows["source"].map(_name)
    tiles([(_thumbnail(dataset, file), caption) for file, caption in zip(rows["file"], captions, strict=True)], "data")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        last = min(first + PER_PAGE, len(shown))
        st.caption(f"{words.count(first + 1)} to {words.count(last)} of {words.plural(len(shown), 'picture')}")
        if pages > 1:
            st.pagination(pages, key=f"gallery-{dataset.id}-{chosen}", max_visible_pages=7)


def _class(classes: Sequence[str], counts: dict[str, int]) -> str:
    if len(classes) > 12:
        return str(st.selectbox("Class", [ALL, *classes], key="gallery-class", width=320))
    return str(
        st.pills(
            "Class",
            [ALL, *classes],
            default=ALL,
            required=True,
            key="gallery-class",
            format_func=lambda label: label if label == ALL else f"{label} {words.count(counts[label])}",
            label_visibility="collapsed",
        )
    )


def _thumbnail(dataset: Dataset, file: str) -> bytes | None:
    try:
        return dataset.thumbnail(file, SIDE)
    except (GraftError, OSError):
        return None


def _name(source: str) -> str:
    return source.replace("\\", "/").rsplit("/", 1)[-1]
