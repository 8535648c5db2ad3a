"""The classes of an import preview: how many files each has, and its first items."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import pandas as pd
import streamlit as st

from pages.components.data.import_summary import Summary, thumbnails
from pages.components.shell import formats
from tlcore.data.import_plan import ImportChoices
from tlcore.tasks.multilabel import MULTILABEL

FIRST, MORE = 12, 36
STYLE = """
<style>
.import-classes { display: grid; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); gap: 0.75rem; }
.import-class { border: 1px solid rgba(138, 143, 152, 0.35); border-radius: 0.5rem; padding: 0.6rem 0.75rem;
  min-width: 0; }
.import-class .name { display: flex; gap: 0.5rem; align-items: baseline; font-size: 0.95rem; }
.import-class .name bdi { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: pre; flex: 1; }
.import-class .name i { font-style: normal; font-size: 0.75rem; padding: 0 0.45rem; border-radius: 1rem;
  background: rgba(47, 125, 79, 0.22); }
.import-class .bar { height: 5px; border-radius: 3px; background: rgba(138, 143, 152, 0.25); margin: 0.4rem 0 0.55rem; }
.import-class .bar div { height: 100%; border-radius: 3px; background: #4477aa; min-width: 2px; }
.import-class .items { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0.4rem; }
.import-class .items > * { width: 100%; aspect-ratio: 1; border-radius: 0.3rem;
  background: rgba(138, 143, 152, 0.14); }
.import-class.strip { border: none; padding: 0; }
.import-class.strip .items { grid-template-columns: repeat(auto-fill, 110px); }
.import-classes.values { grid-template-columns: repeat(auto-fill, minmax(130px, 1fr)); }
.import-class .items.one { grid-template-columns: 1fr; margin-top: 0.4rem; }
.import-class img { object-fit: contain; display: block; }
.import-class .broken { object-fit: none; opacity: 0.6; }
</style>
"""
_BROKEN = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='26' height='26' viewBox='0 0 24 24' fill='none' stroke='%238a8f98'"
    " stroke-width='1.6'><path d='M4 5h16v9l-3-2-4 4-3-3-4 3-2-1zM4 18l2 1 4-3 3 3 4-4 3 2v2H4z'/></svg>"
)
BROKEN = f"data:image/svg+xml;utf8,{_BROKEN}".replace("<", "%3C").replace(">", "%3E").replace('"', "'")


def show(summary: Summary, source: Path, choices: ImportChoices, token: str) -> None:
    """Show the first classes with items, more of them on demand, and all of them as a table where they are many."""
    counts = summary.counts
    st.subheader(_nouns(summary)[1].capitalize(), anchor=False)
    st.caption(_caption(summary))
    key = f"import-shown-{token}"
    shown = list(counts)[: st.session_state.get(key, FIRST)]
    # Read a page of classes at a time: the pages before come from memory, and the zip is opened once for each.
    starts = [0, *range(FIRST, len(shown), MORE)]
    place = st.empty()
    small: dict[PurePosixPath, str] = {}
    for start, end in zip(starts, [*starts[1:], len(shown)], strict=True):
        files = [file for label in shown[start:end] for file in summary.examples[label]]
        small |= thumbnails(source, files, choices, token)
    with place:
        st.html(STYLE + cards({label: counts[label] for label in shown}, summary, small))
    if len(shown) < len(counts):
        with st.container(horizontal=True, vertical_alignment="center"):
            more = min(MORE, len(counts) - len(shown))
            if st.button(f"Show {more} more", key=f"import-more-{token}", icon=":material/expand_more:"):
                st.session_state[key] = len(shown) + MORE
                st.rerun()
            every = f"{formats.count(len(counts))} {_nouns(summary)[1]}"
            st.caption(f"{formats.count(len(shown))} of {every} are shown with {summary.noun.many}.")
        with st.expander(f"All {every} as a table"):
            _table(summary)


def strip(files: Sequence[PurePosixPath], source: Path, choices: ImportChoices, token: str) -> None:
    """Show some items in a row."""
    small = thumbnails(source, files, choices, token)
    items = "".join(_item(small[file], file) for file in files)
    st.html(f'{STYLE}<div class="import-class strip"><div class="items">{items}</div></div>')


def captioned(shown: Mapping[PurePosixPath, str], source: Path, choices: ImportChoices, token: str) -> None:
    """Show some items in a row, each below a text of its own."""
    small = thumbnails(source, list(shown), choices, token)
    cells = [
        f'<div class="import-class"><div class="name"><bdi>{html.escape(text)}</bdi></div>'
        f'<div class="items one">{_item(small[file], file)}</div></div>'
        for file, text in shown.items()
    ]
    st.html(f'{STYLE}<div class="import-classes values">{"".join(cells)}</div>')


def cards(counts: Mapping[str, int], summary: Summary, small: Mapping[PurePosixPath, str]) -> str:
    """Write a card for each class as HTML; every text of the source is escaped."""
    largest = max(summary.counts.values(), default=1)
    new = set(summary.new)
    cells = []
    for label, count in counts.items():
        mark = "<i>new</i>" if label in new else ""
        name = html.escape(label.replace("\n", " "))
        items = "".join(_item(small.get(file, ""), file) for file in summary.examples[label])
        cells.append(
            f'<div class="import-class"><div class="name"><bdi title="{name}">{name}</bdi>{mark}'
            f"<span>{formats.count(count)}</span></div>"
            f'<div class="bar"><div style="width:{100 * count / largest:.1f}%"></div></div>'
            f'<div class="items">{items}</div></div>'
        )
    return f'<div class="import-classes">{"".join(cells)}</div>'


def _item(address: str, file: PurePosixPath) -> str:
    name = html.escape(str(file))
    if address:
        return f'<img src="{html.escape(address)}" alt="{name}" title="{name}">'
    return f'<img class="broken" src="{BROKEN}" alt="{name} cannot be opened" title="{name} cannot be opened">'


def _caption(summary: Summary) -> str:
    one, many = _nouns(summary)
    labels = f"{formats.plural(len(summary.counts), one, many)}, with the first {summary.noun.many} of each."
    if summary.told:
        said = f"{formats.plain(summary.told)} {labels}"
    else:
        said = f"{formats.plural(sum(summary.counts.values()), 'file')} in {labels}"
    if summary.new:
        named: Sequence[str] = summary.new[:5]
        shown = ", ".join(f"'{formats.plain(label)}'" for label in named)
        rest = len(summary.new) - len(named)
        said += f" New to the dataset: {shown}{f' and {formats.count(rest)} more' if rest else ''}."
    return said


def _nouns(summary: Summary) -> tuple[str, str]:
    return ("label", "labels") if summary.plan.task == MULTILABEL.key else ("class", "classes")


def _table(summary: Summary) -> None:
    table = pd.DataFrame({"class": list(summary.counts), "files": list(summary.counts.values())})
    if summary.new:
        table["new"] = table["class"].isin(summary.new)
    st.dataframe(
        table,
        hide_index=True,
        height=min(38 + 35 * len(table), 420),
        column_config={
            "class": st.column_config.TextColumn(_nouns(summary)[0].capitalize(), width="large"),
            "files": st.column_config.ProgressColumn(
                "Files", format="%d", min_value=0, max_value=int(table["files"].max())
            ),
            "new": st.column_config.CheckboxColumn("New to the dataset"),
        },
    )
