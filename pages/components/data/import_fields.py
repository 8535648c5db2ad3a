"""The fields of an import preview: where the class comes from, the level, the columns, the text encoding.

A field shows what was taken, by choice or by evidence. When it is changed, the choice goes into the draft and the
preview is drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import streamlit as st

from pages.components.data import import_table
from pages.components.data.import_summary import Summary
from pages.components.shell import formats, task_words
from tlcore.data.encodings import encoding_name, encoding_names
from tlcore.data.import_plan import FOLDERS, NO_COLUMN, Column, ImportChoices, ImportPlan, Level, TableSeen
from tlcore.data.import_task import task_sentence
from tlcore.tasks import TASKS
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.multilabel import MULTILABEL
from tlcore.tasks.regression import REGRESSION

T = TypeVar("T")
Choose = Callable[[ImportChoices], None]
Role = Literal["file", "class", "split", "group"]
FIELDS: dict[Role, tuple[str, str]] = {
    "file": ("File column", "Names the file of each row."),
    "class": ("Class column", "Names the class of each file."),
    "split": ("Split column", "Says which files are for training, validation and test."),
    "group": ("Group column", "Files with the same value, such as one patient, stay on the same side of every split."),
}
CHOICE: dict[Role, str] = {
    "file": "file_column",
    "class": "label_column",
    "split": "split_column",
    "group": "group_column",
}
DECIMALS = {"point": "Point: 12.5", "comma": "Comma: 12,5"}
SEPARATORS = {"|": "Vertical bar |", ";": "Semicolon ;", ",": "Comma ,"}
WITHOUT = {
    CLASSIFICATION.key: ("Class of files without one", "a class"),
    MULTILABEL.key: ("Labels of files without any", "labels"),
    REGRESSION.key: ("Value of files without one", "a value"),
}
NONE = "None"
ONE_EACH = "One column for each class"
ONE_LABEL_EACH = "One column for each label"
SAMPLE_LINES = 4


@dataclass(frozen=True)
class Fields:
    """The fields of a draft.

    Attributes:
        token: Of the draft; part of the keys of the widgets.
        choices: What a person chose until now.
        choose: Puts other choices into the draft.
    """

    token: str
    choices: ImportChoices
    choose: Choose

    def show(self, summary: Summary) -> None:
        """Show the fields that this source has, and the first rows of the table that is used."""
        plan = summary.plan
        if not (plan.tables or plan.levels or summary.encoding or self.choices.encoding):
            return
        heading = "Class labels" if plan.task == CLASSIFICATION.key else f"Source of the {task_words.many(plan)}"
        st.subheader(heading, anchor=False)
        st.caption(f"How each file gets its {task_words.one(plan)}. Change a field if the guess is wrong.")
        used = next((table for table in plan.tables if table.used), None)
        asked = next((table for table in plan.tables if table.path == plan.choices.table), None)
        table = used or asked
        with st.container(horizontal=True, gap="medium"):
            self._source(plan, table)
            if table is None:
                self._level(plan)
            self._encoding(summary, table)
        if table is not None:
            with st.grid(4, min_column_width=200):
                for role in FIELDS:
                    self._column(role, table, plan)
            import_table.first_rows(table, task_words.one(plan))
        if summary.encoding is not None:
            self._names(summary)
        import_table.others([each for each in plan.tables if each is not table])

    def task(self, summary: Summary, *, fixed: bool) -> None:
        """Show what the labels are for and why, to be changed unless the dataset that is added to fixes it."""
        plan = summary.plan
        if plan.loose or (plan.refusal and self.choices.task is None):
            return
        st.subheader("Task", anchor=False)
        st.caption(formats.plain(task_sentence(plan)))
        if fixed:
            return
        for place, reading in enumerate(plan.others):
            st.button(
                f"Change to: {formats.plain(reading.title[:1].lower() + reading.title[1:])}",
                icon=":material/swap_horiz:", key=self._key(f"other-{place}"),
                on_click=self.choose, args=(self.choices.with_(reading.choices),),
            )  # fmt: skip
        with st.container(horizontal=True, gap="medium"):
            titles = {key: each.title for key, each in TASKS.items()}
            self._select(
                "Task", "task", titles, self.choices.task or plan.task, self._with_task,
                help=" ".join(f"{each.title}: {each.explains}" for each in TASKS.values()),
            )  # fmt: skip
            if plan.task == REGRESSION.key:
                self._text("Value name", "value_name", plan.value_name, "What the number is, such as weight.")
                self._text("Unit", "unit", plan.unit, "The unit of the number, such as kg; empty for none.")
                if plan.choices.decimal:
                    self._select(
                        "Decimal sign", "decimal", DECIMALS, plan.choices.decimal,
                        lambda value: replace(self.choices, decimal=value), width=160,
                        help="What stands before the fraction of a number.",
                    )  # fmt: skip
            elif plan.task == MULTILABEL.key and plan.choices.separator in SEPARATORS:
                self._select(
                    "Separator", "separator", SEPARATORS, plan.choices.separator,
                    lambda value: replace(self.choices, separator=value), width=180,
                    help="What separates several labels in a cell.",
                )  # fmt: skip

    def label(self, summary: Summary, classes: Sequence[str]) -> None:
        """Ask for the label of files that nothing else gives one; without it they are left out."""
        unlabeled = summary.unlabeled
        if not unlabeled and self.choices.label is None:
            return
        title, noun = WITHOUT[summary.plan.task]
        key = self._key("label")
        help = f"{formats.plural(unlabeled, 'file')} without {noun}: left out while this is empty."
        st.session_state[key] = self.choices.label or (None if classes else "")
        changed = self._on_change(key, lambda value: replace(self.choices, label=str(value or "").strip() or None))
        if classes:
            st.selectbox(
                title, sorted({*classes, *filter(None, [self.choices.label])}), accept_new_options=True,
                key=key, on_change=changed, help=help, placeholder="left out", width=320,
            )  # fmt: skip
        else:
            st.text_input(
                title, key=key, on_change=changed, help=help, placeholder="left out", autocomplete="off", width=320
            )

    def _source(self, plan: ImportPlan, table: TableSeen | None) -> None:
        options = {FOLDERS: "Folders", **{each.path: f"Table {each.path}" for each in plan.tables}}
        if len(options) == 1:
            return

        def chosen(value: str | None) -> ImportChoices:
            return replace(_without_columns(self.choices), table=value, class_level=None)

        title = f"{task_words.one(plan).capitalize()} from"
        self._select(title, "table", options, table.path if table else FOLDERS, chosen)

    def _level(self, plan: ImportPlan) -> None:
        options, taken = {level.number: _level_title(level) for level in plan.levels}, plan.choices.class_level
        if taken is not None and taken not in options and taken < 0:
            options[taken] = "The folder that holds each file"
        if not options:
            return
        self._select(
            "Folder level", "level", options, taken,
            lambda value: replace(_without_columns(self.choices), table=FOLDERS, class_level=value), width="stretch",
            help=f"The folder level whose names are the {task_words.many(plan)}. Level 1 is the outermost.",
        )  # fmt: skip

    def _column(self, role: Role, table: TableSeen, plan: ImportPlan) -> None:
        title, help = FIELDS[role]
        columns, one_each = table.columns, table.used and plan.choices.label_column is None
        each = ONE_EACH
        if role == "class" and plan.task != CLASSIFICATION.key:
            noun = task_words.one(plan)
            title, help, each = f"{noun.capitalize()} column", f"Has the {noun} of each file.", ONE_LABEL_EACH
        options: dict[str, str] = {} if role in {"file", "class"} else {NO_COLUMN: NONE}
        options |= {column.name: _column_title(column) for column in columns}
        taken = next((column.name for column in columns if column.role == role), None)
        if role == "class" and one_each:
            taken = None
        if taken is None and role in {"split", "group"}:
            taken = NO_COLUMN
        self._select(
            title, role, options, taken, lambda chosen: self._with_column(CHOICE[role], chosen),
            help=help, placeholder=each if one_each else "Choose a column", width="stretch",
        )  # fmt: skip

    def _with_task(self, task: str | None) -> ImportChoices:
        return replace(self.choices, task=task, separator=None, decimal=None, blank=None)

    def _text(self, title: str, name: str, value: str, help: str) -> None:
        key = self._key(name)
        st.session_state[key] = value
        st.text_input(
            formats.plain(title), key=key, help=formats.plain(help), width=200, autocomplete="off",
            on_change=self._on_change(key, lambda text: replace(self.choices, **{name: str(text or "").strip()})),
        )  # fmt: skip

    def _with_column(self, name: str, value: str | None) -> ImportChoices:
        return replace(self.choices, **{name: value})

    def _encoding(self, summary: Summary, table: TableSeen | None) -> None:
        guessed = table is not None and table.guessed
        names = summary.encoding
        if not (guessed or names is not None or self.choices.encoding):
            return
        taken = names.codec if names is not None else table.encoding if table is not None else ""
        taken = self.choices.encoding or taken
        codecs = dict.fromkeys([taken, *(names.alternatives if names is not None else ()), *encoding_names()])
        self._select(
            "Text encoding", "encoding", {codec: encoding_name(codec) for codec in codecs if codec}, taken,
            lambda value: replace(_ascii_only(self.choices), encoding=value),
            help=
                "Neither the archive nor the table states its text encoding, so it was detected. Choose another one "
                "if letters look wrong.",
        )  # fmt: skip

    def _names(self, summary: Summary) -> None:
        decoded = summary.encoding
        if decoded is None:
            return
        st.caption(f"File names, read as {formats.plain(encoding_name(decoded.codec))}:")
        # One name of each folder says more than many of the first.
        names = {name.rpartition("/")[0]: name for name in reversed(decoded.text.splitlines())}
        st.code("\n".join(list(reversed(names.values()))[:SAMPLE_LINES]), language=None)

    def _select(
        self,
        title: str,
        name: str,
        options: Mapping[T, str],
        value: T | None,
        chosen: Callable[[T | None], ImportChoices],
        *,
        help: str | None = None,
        placeholder: str | None = None,
        width: Literal["stretch"] | int = 260,
    ) -> None:
        key = self._key(name)
        # The plan leads and the field follows: other fields change it, too.
        st.session_state[key] = value if value in options else None
        st.selectbox(
            formats.plain(title), list(options), format_func=lambda option: options.get(option, str(option)), key=key,
            on_change=self._on_change(key, chosen), help=formats.plain(help) if help else None,
            placeholder=placeholder, width=width,
        )  # fmt: skip

    def _on_change(self, key: str, chosen: Callable[[T | None], ImportChoices]) -> Callable[[], None]:
        # A choice that was changed is no longer confirmed.
        return lambda: self.choose(replace(chosen(st.session_state[key]), confirmed=False))

    def _key(self, name: str) -> str:
        return f"import-{name}-{self.token}"


def _level_title(level: Level) -> str:
    shown = ", ".join(level.names[:4]) + (", …" if level.count > 4 else "")
    doubt = f" · {level.doubt}" if level.doubt else ""
    return f"Level {level.number}: {shown} ({formats.count(level.count)}){doubt}"


def _column_title(column: Column) -> str:
    return f"{column.name} · {column.kind}" if column.kind else column.name


def _without_columns(choices: ImportChoices) -> ImportChoices:
    return replace(choices, file_column=None, label_column=None, split_column=None, group_column=None)


def _ascii_only(choices: ImportChoices) -> ImportChoices:
    """Keep the names that another encoding reads alike; others would name nothing any longer."""
    named = {name: getattr(choices, name) for name in ("table", *CHOICE.values())}
    return replace(choices, **{name: None for name, value in named.items() if value and not value.isascii()})
