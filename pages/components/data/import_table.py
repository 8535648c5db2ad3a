"""A table of an import preview: its first rows, with the columns that were taken marked."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.shell import formats
from tlcore.data.encodings import encoding_name
from tlcore.data.import_plan import Column, TableSeen

ROLES = {"file": "file", "class": "class", "split": "split", "group": "group"}
# Read on light and on dark ground.
GROUNDS = {
    "file": "rgba(68, 119, 170, 0.22)",
    "class": "rgba(34, 136, 85, 0.28)",
    "split": "rgba(238, 119, 51, 0.22)",
    "group": "rgba(136, 102, 204, 0.22)",
}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space", ":": "colon"}


def first_rows(table: TableSeen, label: str = "class") -> None:
    """Show the first rows of a table; the head of a column that was taken says for what, the label by its own word."""
    st.caption(facts(table))
    width = max([len(table.columns), *(len(row) for row in table.rows)], default=0)
    if not width or not table.rows:
        return
    rows = [[*row, *[""] * (width - len(row))] for row in table.rows]
    frame = pd.DataFrame(rows, columns=[str(place) for place in range(width)])
    grounds = {
        str(place): f"background-color: {GROUNDS[column.role]}"
        for place, column in enumerate(table.columns)
        if column.role
    }
    styled = frame.style.apply(lambda cells: [grounds.get(str(cells.name), "")] * len(cells))
    st.dataframe(
        styled,
        hide_index=True,
        column_config={
            str(place): st.column_config.TextColumn(head(column, label)) for place, column in enumerate(table.columns)
        },
    )


def head(column: Column, label: str = "class") -> str:
    """Give the title of a column, and what it was taken for; the browser reads it as plain text."""
    name = column.name if not column.name.isdecimal() else f"column {column.name}"
    role = label if column.role == "class" else ROLES.get(column.role, "")
    return f"{name} → {role.upper()}" if role else name


def facts(table: TableSeen) -> str:
    """Say in a line how many rows there are and how the file was read; as Markdown."""
    said = [formats.plural(table.count, "row")]
    if table.program:
        said.append(formats.plain(table.program))
    if table.delimiter:
        said.append(f"fields separated by a {DELIMITERS.get(table.delimiter) or formats.plain(table.delimiter)}")
    if table.encoding:
        name = formats.plain(encoding_name(table.encoding))
        said.append(f"text encoding {name} (detected)" if table.guessed else f"text encoding {name}")
    return f"{formats.plain(table.path)}: {' · '.join(said)}"


def others(tables: list[TableSeen]) -> None:
    """List the tables that were not used, each with the reason."""
    unused = [table for table in tables if not table.used]
    if not unused:
        return
    with st.expander(f"{formats.plural(len(unused), 'table')} not used", icon=":material/table_view:"):
        st.dataframe(
            pd.DataFrame(
                [(table.path, table.count, table.reason) for table in unused], columns=["path", "count", "reason"]
            ),
            hide_index=True,
            column_config={
                "path": st.column_config.TextColumn("Table", width="medium"),
                "count": st.column_config.NumberColumn("Rows", width="small"),
                "reason": st.column_config.TextColumn("Why it was not used", width="large"),
            },
        )
