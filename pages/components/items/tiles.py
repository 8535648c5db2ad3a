"""Grids of small items with a caption each, in HTML. It does not know what an item is: a display fills the tiles."""

from __future__ import annotations

import html
from collections.abc import Iterable

import streamlit as st

from pages.components.shell.theme import BAD, GOOD

STYLE = f"""
<style>
.tiles {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(124px, 1fr)); gap: 14px; }}
.tiles.five {{ grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 6px; max-width: 640px; }}
.tiles.five figure:nth-child(5n + 1) img {{ outline: 2px solid rgba(138,143,152,.6); outline-offset: 1px; }}
.tiles figure {{ margin: 0; min-width: 0; }}
.tiles img, .tiles .gone {{ width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 8px; display: block;
  background: rgba(138,143,152,.14); }}
.tiles .gone {{ display: flex; align-items: center; justify-content: center; font-size: .8rem; text-align: center; }}
.tiles figcaption {{ font-size: .85rem; line-height: 1.35; margin-top: 6px; overflow-wrap: anywhere; }}
.tiles .wrong {{ border-bottom: 2px solid {BAD}; }} .tiles .right {{ border-bottom: 2px solid {GOOD}; }}
</style>
"""
GONE = '<div class="gone">no longer here</div>'


def figure(content: str, caption: str = "") -> str:
    """Lay out one tile as HTML; what is not of this app's making is escaped by the caller."""
    return f"<figure>{content}{f'<figcaption>{caption}</figcaption>' if caption else ''}</figure>"


def answer(label: str, predicted: str) -> str:
    """Write a predicted class as HTML, marked as right or wrong."""
    return f'<span class="{"right" if label == predicted else "wrong"}">{html.escape(predicted)}</span>'


def grid(tiles: Iterable[str], *, five: bool = False) -> None:
    """Show tiles in rows as wide as the page, or `five` in each."""
    st.html(f'{STYLE}<div class="tiles{" five" if five else ""}">{"".join(tiles)}</div>')
