"""Figures with their intervals, one line for each: the interval as a band, the figure as a mark."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.components.shell.theme import ACCENT, QUIET

STYLE = """
<style>
.scale { display: grid; grid-template-columns: max-content 1fr max-content; gap: 6px 14px; align-items: center;
  font-size: .85rem; margin: 4px 0 8px; }
.scale .line { position: relative; height: 18px; }
.scale .line::before { content: ""; position: absolute; top: 7px; left: 0; right: 0; height: 4px; border-radius: 2px;
  background: rgba(138,143,152,.25); }
.scale .range { position: absolute; top: 2px; height: 14px; border-radius: 7px; opacity: .45; }
.scale .dot { position: absolute; top: 0; width: 6px; height: 18px; border-radius: 3px; transform: translateX(-50%); }
.scale .said { opacity: .8; font-variant-numeric: tabular-nums; }
</style>
"""


@dataclass(frozen=True)
class Line:
    """One figure: its name, where it lies, and what stands at the end of its line."""

    name: str
    low: float
    value: float
    high: float
    said: str


def show(lines: Sequence[Line], *, most: float = 1.0) -> None:
    """Show lines from 0 to `most`; the first is the model's and stands out."""
    parts = [STYLE, '<div class="scale">']
    for place, line in enumerate(lines):
        colour = QUIET if place else ACCENT
        low, here, high = (min(100.0, max(0.0, 100 * each / most)) for each in (line.low, line.value, line.high))
        parts += [
            f'<span>{html.escape(line.name)}</span><div class="line">',
            f'<div class="range" style="left:{low:.2f}%;width:{max(high - low, 0.5):.2f}%;background:{colour}"></div>',
            f'<div class="dot" style="left:{here:.2f}%;background:{colour}"></div></div>',
            f'<span class="said">{html.escape(line.said)}</span>',
        ]
    st.html("".join([*parts, "</div>"]))
