"""A report as one HTML page: no script, nothing fetched, so that it opens offline, prints well and can be mailed.

It knows documents and HTML. It does not know runs.
"""

from __future__ import annotations

import base64
import html

from tlcore.markup import one_line
from tlcore.report.document import Block, Code, Column, Document, Figure, Items, Section, Table, Text, said
from tlcore.report.drawing import INKS, INKS_DARK, as_svg

STYLE = """
:root { color-scheme: light dark; %(light)s --ground: #ffffff; --shade: #f4f6f8; }
@media (prefers-color-scheme: dark) { :root { %(dark)s --ground: #14171b; --shade: #1e2329; } }
body { background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", sans-serif;
  max-width: 56rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { line-height: 1.2; margin: 0; } h2 { margin: 2.6rem 0 .6rem; border-bottom: 1px solid var(--grid); }
p.subtitle, figcaption, .more, .caption { color: var(--quiet); } figcaption, .more, .caption { font-size: .85rem; }
p.note, p.warning { background: var(--shade); border-left: 4px solid #2f7fc1; padding: .5rem .8rem; }
p.warning { border-color: #e08214; }
nav a { margin-right: 1rem; white-space: nowrap; } a { color: #2f7fc1; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .87rem; margin: .6rem 0; }
th, td { padding: .25rem .7rem .25rem 0; text-align: left; border-bottom: 1px solid var(--grid); vertical-align: top; }
th { font-weight: 600; } td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
figure { display: inline-block; vertical-align: top; max-width: 100%%; margin: 1rem 1.5rem .6rem 0; }
svg { max-width: 100%%; height: auto; } summary { cursor: pointer; color: var(--quiet); }
pre { background: var(--shade); padding: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.items { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .8rem; }
.items img { width: 100%%; height: 8.5rem; object-fit: contain; background: var(--shade); }
@page { margin: 1.6cm; }
@media print {
  :root { color-scheme: light; %(light)s --ground: #ffffff; --shade: #f4f6f8; }
  body { max-width: none; padding: 0; font-size: 10.5pt; } nav, details { display: none; }
  figure, tr, .items div { break-inside: avoid; } h2 { break-after: avoid; }
  .wide { overflow: visible; } table { font-size: 8.5pt; }
  p.note, p.warning, .items img, svg { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""


def as_page(document: Document) -> str:
    """The whole page; what is drawn has its numbers below it, folded."""
    light, dark = (" ".join(f"--{name}: {colour};" for name, colour in each.items()) for each in (INKS, INKS_DARK))
    links = "".join(f'<a href="#s{number}">{escape(s.title)}</a> ' for number, s in enumerate(document.sections))
    sections = "".join(_section(section, number) for number, section in enumerate(document.sections))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)}</title>\n<style>{STYLE % {'light': light, 'dark': dark}}</style>\n</head>\n"
        f'<body>\n<h1>{escape(document.title)}</h1>\n<p class="subtitle">{escape(document.subtitle)}</p>\n'
        f"<nav>{links}</nav>\n{sections}</body>\n</html>\n"
    )


def _section(section: Section, number: int) -> str:
    blocks = "\n".join(_block(block) for block in section.blocks)
    return f'<section id="s{number}">\n<h2>{escape(section.title)}</h2>\n{blocks}\n</section>\n'


def _block(block: Block) -> str:
    match block:
        case Text(text=text, tone=tone):
            return f'<p class="{tone}">{escape(text)}</p>'
        case Code(text=text):
            return f"<pre><code>{html.escape(text)}</code></pre>"
        case Table():
            return _table(block)
        case Items(each=each):
            return f'<div class="items">{"".join(_item(jpeg, caption) for jpeg, caption in each)}</div>'
        case Figure(drawing=None, data=data, caption=caption):
            return f"<details><summary>{escape(caption)} The numbers</summary>{_table(data)}</details>"
        case Figure(drawing=drawing, data=data, caption=caption):
            shown = as_svg(drawing) if drawing else ""
            numbers = f"<details><summary>The numbers</summary>{_table(data)}</details>"
            return f"<figure>{shown}<figcaption>{escape(caption)}</figcaption>{numbers}</figure>"


def _item(jpeg: bytes, caption: str) -> str:
    data = base64.b64encode(jpeg).decode()
    shown = f'<img src="data:image/jpeg;base64,{data}" alt="{escape(caption)}">'
    return f'<div>{shown}<div class="caption">{escape(caption)}</div></div>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column.title)}</th>" for column in table.columns)
    rows = "".join(f"<tr>{_cells(table.columns, row)}</tr>" for row in table.rows[: table.most])
    left = len(table.rows) - table.most
    more = f'<p class="more">… and {left:,} rows more, in the CSV files of the report.</p>' if left > 0 else ""
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}'


def _cells(columns: tuple[Column, ...], row: tuple[object, ...]) -> str:
    return "".join(
        f'<td class="{"text" if column.kind == "text" else "number"}">{escape(said(cell, column.kind))}</td>'  # type: ignore[arg-type]
        for column, cell in zip(columns, row, strict=True)
    )


def escape(text: str) -> str:
    """A text as it is, in one line."""
    return html.escape(one_line(text))
