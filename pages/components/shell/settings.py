"""The fields of the Train page: each with its faults, and the way back to what is recommended where it was changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from pages.components.shell import draft, formats, split_view, tables
from pages.components.shell.draft import key
from pages.components.shell.fields import ADVANCED, AUGMENTATIONS, Field
from tlcore.data.dataset import Dataset
from tlcore.data.split.file import Parts
from tlcore.errors import Problem

BAR_STYLE = """
<style>
.stVerticalBlock > [data-testid="stLayoutWrapper"]:has(> .st-key-start-bar) {{
  position: sticky; bottom: 0; z-index: 90; }}
.st-key-start-bar {{ padding: 0.8rem 0; border-top: 1px solid rgba(138, 143, 152, 0.35);
  background: light-dark({light}, {dark}); }}
</style>
"""


@contextmanager
def start_bar() -> Iterator[None]:
    """What Start will do stays in sight at the foot of the window, however long the form is."""
    ground = {side: st.get_option(f"theme.{side}.backgroundColor") or "Canvas" for side in ("light", "dark")}
    st.html(BAR_STYLE.format(**ground))
    with st.container(key="start-bar", horizontal=True, vertical_alignment="center", gap="medium"):
        yield


class Form:
    """Draws fields and the faults beside them; `rest` has the faults whose field is not on the page.

    What comes and goes has a container that stays: the browser takes a field whose place in the page has changed for
    another one, and drops what is being typed there.
    """

    def __init__(self, problems: Sequence[Problem], recommended: dict[str, Any], fields: dict[str, Field]) -> None:
        self.rest = list(problems)
        self.recommended = recommended
        self.fields = fields
        self._changed = draft.changed(recommended)

    def faults(self, field: str) -> None:
        with st.container():
            for problem in [problem for problem in self.rest if problem.field == field]:
                st.markdown(f":red[:material/error: {formats.plain(problem.message)}]")
                self.rest.remove(problem)

    def others(self) -> None:
        """The faults that no field has claimed."""
        for problem in list(self.rest):
            self.faults(problem.field)

    def mark(self, field: str) -> None:
        """Where the value is a person's own, offer the recommended one."""
        with st.container():
            if field in self._changed:
                about = self.fields[field]
                st.button(
                    f"Back to {formats.plain(about.said(self.recommended[field]))}",
                    key=key(f"back-{field}"),
                    icon=":material/undo:",
                    type="tertiary",
                    help=f"{about.label}: back to the value recommended for these pictures.",
                    on_click=draft.reset,
                    args=(field,),
                )

    def field(self, name: str) -> None:
        """Draw a field by what it takes: one of several words, on or off, a number."""
        about, value = self.fields[name], self.recommended[name]
        common: dict[str, Any] = {"key": key(name), "help": about.help, "persist_state": "session"}
        if about.choices:
            st.selectbox(about.label, list(about.choices), format_func=about.choices.__getitem__, **common)
        elif isinstance(value, bool):
            st.toggle(about.label, **common)
        else:
            # No bounds here: the library says what fits, in a sentence.
            st.number_input(
                about.label,
                value=None,
                step=about.step,
                format=about.format,
                placeholder=about.said(value),
                **common,
            )
        self.mark(name)
        self.faults(name)

    def augmentations(self) -> None:
        for name, (title, hint) in AUGMENTATIONS.items():
            st.toggle(title, key=key(name), help=hint, persist_state="session")
        self.mark("augment")
        self.faults("augment")

    def advanced(self, group: str, *, columns: int = 3) -> None:
        """A group of settings that a beginner need not know, in rows of `columns`."""
        st.markdown(f"**{group}**")
        names = [name for name in ADVANCED[group] if name in self.fields]
        for start in range(0, len(names), columns):
            for name, column in zip(names[start : start + columns], st.columns(columns), strict=False):
                with column:
                    self.field(name)

    def split(self, dataset: Dataset) -> None:
        parts = split_view.read(dataset)
        if parts is None and (tables.items(dataset)["split"] != "").any():
            st.caption(
                ":material/call_split: The dataset comes with its own training, validation and test sets, which are "
                "kept. A missing set is drawn with these shares."
            )
        first, second = st.slider(
            "Split: end of the training set and start of the test set (%)",
            min_value=0,
            max_value=100,
            key=key("fractions"),
            persist_state="session",
            help="The model learns from the training set. The validation set chooses the best epoch. The test set is "
            "not used until the end and measures how good the model is.",
        )
        if parts is None:
            shares = (("training", first), ("validation", second - first), ("test", 100 - second))
            items = len(tables.items(dataset))
            about = (f"**{share} %** {name} (about {formats.count(items * share // 100)})" for name, share in shares)
            st.caption(" · ".join(about))
        else:
            st.caption(_locked(parts, first, second))
        self.mark("fractions")
        self.faults("fractions")


def _locked(parts: Parts, first: int, second: int) -> str:
    """What the shares mean where the test part has been drawn: they divide the rest."""
    split = parts.table["split"]
    kept = int((split == "test").sum())
    rest = int(split.isin(["train", "val"]).sum())
    said = (
        f":material/lock: The test set of this dataset is locked, **{formats.plural(kept, 'picture')}**: it stays "
        "the same whatever you choose here. "
    )
    if "val" in parts.draw.given:
        return f"{said}So does the validation set, which came with the dataset."
    val = round(rest * (second - first) / second) if second else 0
    return (
        f"{said}The training and validation shares divide the other {formats.count(rest)}: about "
        f"**{formats.count(rest - val)}** for training, **{formats.count(val)}** for validation. Another seed splits "
        "these two differently."
    )
