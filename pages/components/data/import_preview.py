"""The import preview: what was understood of a source before anything is made, what is not sure, what can be changed.

It knows the sections of the preview and what is asked. It does not know how items are taken in: `intake` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st

from pages.components.data import import_classes, import_values
from pages.components.data.import_fields import Fields
from pages.components.data.import_summary import MOST_LISTED, MOST_REASONS, Summary, summarize
from pages.components.shell import formats, task_words
from tlcore.data.dataset import Dataset
from tlcore.data.import_plan import ImportChoices, Question, Reading
from tlcore.errors import DataError
from tlcore.tasks import find_task

PART_TITLES = {"train": "training", "val": "validation", "test": "test", "": "no part"}
MOST_SHOWN_CLASSES = 6


@dataclass
class Answered:
    """A question that a person has answered, kept so that another answer can be chosen.

    Attributes:
        before: The choices before the answer.
        place: Of the reading that was chosen.
    """

    question: Question
    before: ImportChoices
    place: int


@dataclass
class State:
    """What a person has done with a preview; a part of the draft.

    Attributes:
        good: The latest choices that the source could be read with.
        fault: What was wrong with a choice that was taken back, in a sentence.
    """

    token: str
    choices: ImportChoices = field(default_factory=ImportChoices)
    good: ImportChoices = field(default_factory=ImportChoices)
    answered: list[Answered] = field(default_factory=list)
    fault: str = ""

    def choose(self, choices: ImportChoices) -> None:
        """Take other choices from a field: what was answered before may no longer fit."""
        self.choices, self.answered = choices, []

    def answer(self, question: Question, before: ImportChoices, place: int) -> None:
        """Take the reading that a person chose."""
        self.answered = [each for each in self.answered if each.question.sentence != question.sentence]
        self.answered.append(Answered(question, before, place))
        self.choices = replace(before.with_(question.readings[place].choices), confirmed=before.confirmed)

    def open_questions(self, summary: Summary) -> list[Question]:
        """List the questions of a plan that nobody has answered yet."""
        known = {each.question.sentence for each in self.answered}
        return [question for question in summary.plan.questions if question.sentence not in known]


Go = Callable[[ImportChoices, bool], None]


def show(source: Path, state: State, into: Dataset | None, go: Go, cancel: Callable[[], None]) -> None:
    """Show the preview; `go` gets the choices of the import, and whether training comes next.

    Raises:
        DataError: The source cannot be read at all.
    """
    summary = _read(source, state, into)
    plan = summary.plan
    st.subheader("Import preview", anchor=False)
    makes = f"adds the {summary.noun.many} to **{formats.plain(into.info.name)}**" if into else "makes the dataset"
    said = f"**{formats.plain(source.name)}** · {formats.plain(plan.layout or 'Files')}. "
    if plan.refusal:
        st.markdown(said + "Nothing has been imported.")
    else:
        st.markdown(
            f"{said}Check that the {task_words.many(plan)} are right. Nothing has been imported yet: *Import* {makes}."
        )
    if state.fault:
        st.error(formats.lines(state.fault), icon=":material/error:")
    if not (plan.loose or plan.refusal):
        _numbers(summary)
    if plan.refusal:
        st.error(formats.lines(plan.refusal), icon=":material/block:")
    elif not (summary.labeled or plan.loose):
        st.error(
            "No file gets a class this way. Choose another table, column or folder level below."
            if plan.task == "classification"
            else "No file is labelled this way. Choose another task, table, column or folder level below.",
            icon=":material/block:",
        )
    else:
        _questions(summary, state)
    fields = Fields(state.token, state.choices, state.choose)
    if plan.loose and not plan.refusal:
        _ask_for_class(summary, source, state, into, go, cancel)
    else:
        _actions(summary, state, into, go, cancel)
    fields.task(summary, fixed=into is not None)
    _remarks(summary)
    fields.show(summary)
    if summary.labeled:
        fields.label(summary, sorted({*(into.info.classes if into else ()), *summary.counts}))
    classes = st.container()
    if not plan.refusal:
        _left_out(summary)
    # Last, as files are read: everything else is there already.
    with classes:
        if summary.values:
            import_values.show(summary, source, state.choices, state.token)
        elif summary.counts:
            import_classes.show(summary, source, state.choices, state.token)


def _read(source: Path, state: State, into: Dataset | None) -> Summary:
    """Read the source with the choices; take a choice back that does not fit."""
    try:
        summary = summarize(source, state.choices, state.token, into)
    except DataError as error:
        if state.choices == state.good:
            raise
        state.fault = str(error)
        state.choose(state.good)
        return summarize(source, state.choices, state.token, into)
    if state.choices != state.good:
        state.good, state.fault = state.choices, ""
    return summary


def _numbers(summary: Summary) -> None:
    with st.grid(4, min_column_width=150):
        st.metric("Files", formats.count(summary.files), border=True)
        if summary.values:
            low, high = summary.values[0][0], summary.values[-1][0]
            unit = f" {formats.plain(summary.plan.unit)}" if summary.plan.unit else ""
            st.metric("Range", f"{low:.4g} – {high:.4g}{unit}", border=True)
        else:
            st.metric(task_words.heading(summary.plan), formats.count(len(summary.counts)), border=True)
        st.metric(
            "Left out", formats.count(summary.left_out_count), border=True,
            help=
                f"Other kinds of files, and files without a label, listed below. The {summary.noun.many} have not been "
                "opened yet.",
        )  # fmt: skip
        st.metric(
            "Split", "given" if summary.parts else "drawn later", border=True,
            help="The given training, validation and test sets, or a random split made before the first run.",
        )  # fmt: skip
    if summary.parts:
        said = [f"{PART_TITLES[part]} {formats.count(count)}" for part, count in summary.parts.items()]
        st.caption(f"Given split: {' · '.join(said)}")


def _questions(summary: Summary, state: State) -> None:
    for each in state.answered:
        _readings(each.question, state, each.before, each.place)
    for question in state.open_questions(summary):
        if len(question.readings) > 1:
            _readings(question, state, state.choices, None)
        else:
            # The button below says "Import anyway".
            st.warning(formats.lines(question.sentence), icon=":material/help:")


def _readings(question: Question, state: State, before: ImportChoices, place: int | None) -> None:
    key = f"import-question-{state.token}-{hash(question.sentence)}"
    st.session_state[key] = place

    def chosen() -> None:
        if st.session_state[key] is not None:
            state.answer(question, before, st.session_state[key])

    with st.container(border=True):
        st.markdown(f":orange[:material/help:] **Which interpretation is right?** {formats.lines(question.sentence)}")
        st.radio(
            "Which interpretation is right?",
            range(len(question.readings)),
            format_func=lambda at: formats.plain(question.readings[at].title),
            captions=[_counts(reading) for reading in question.readings],
            key=key,
            index=None,
            on_change=chosen,
            label_visibility="collapsed",
        )
        if place is None:
            st.caption("Until you choose, the preview below shows the first one.")


def _counts(reading: Reading) -> str:
    """Write class counts in a line: `3 classes: cat 12, dog 10, owl 8`."""
    counts = reading.counts
    one, many = ("label", "labels") if reading.choices.task == "multilabel" else ("class", "classes")
    if not counts:
        return ""
    shown = [
        f"{formats.plain(label)} {formats.count(count)}" for label, count in list(counts.items())[:MOST_SHOWN_CLASSES]
    ]
    rest = ", …" if len(counts) > MOST_SHOWN_CLASSES else ""
    return f"{formats.plural(len(counts), one, many)}: {', '.join(shown)}{rest}"


def _actions(summary: Summary, state: State, into: Dataset | None, go: Go, cancel: Callable[[], None]) -> None:
    open_questions = state.open_questions(summary)
    undecided = any(len(question.readings) > 1 for question in open_questions)
    disabled = bool(summary.plan.refusal) or undecided or not summary.labeled
    # Whatever was asked is answered by the press.
    choices = replace(state.choices, confirmed=True) if summary.plan.questions else state.choices
    with st.container(horizontal=True):
        st.button(
            "Import anyway" if open_questions and not disabled else "Import",
            type="primary", icon=":material/check:", key="import", on_click=go, args=(choices, False),
            disabled=disabled, help="Choose an interpretation first." if undecided else None,
        )  # fmt: skip
        if into is None and len(summary.counts) >= find_task(summary.plan.task).few and summary.labeled:
            st.button(
                "Import and train", icon=":material/model_training:", key="import-and-train", on_click=go,
                args=(choices, True), disabled=disabled,
            )  # fmt: skip
        st.button("Cancel", key="intake-cancel", on_click=cancel)


def _ask_for_class(
    summary: Summary, source: Path, state: State, into: Dataset | None, go: Go, cancel: Callable[[], None]
) -> None:
    st.subheader(f"What do these {summary.noun.many} show?", anchor=False)
    st.markdown("Neither a folder nor a table names their class, so all of them get the same one.")
    import_classes.strip(summary.loose, source, state.choices, state.token)
    classes = list(into.info.classes) if into else []
    # A form: the button need not wait for the field to lose the focus.
    with st.form("intake-label", border=False):
        if classes:
            label = st.selectbox(
                "Class", classes, index=None, accept_new_options=True, placeholder="Choose a class or type a new one"
            )
        else:
            label = st.text_input("Class", placeholder="for example: cat", autocomplete="off")
        with st.container(horizontal=True):
            pressed = st.form_submit_button("Import", type="primary", icon=":material/check:")
            st.form_submit_button("Cancel", on_click=cancel)
        if pressed:
            if (label or "").strip():
                go(replace(state.choices, label=str(label).strip(), confirmed=True), False)
                st.rerun()
            st.error("A class needs a name. Type at least one letter.")


def _remarks(summary: Summary) -> None:
    for group in summary.similar:
        new, old = (_quoted([label for label in group if (label in summary.new) == is_new]) for is_new in (True, False))
        st.warning(
            f"{new} differs only in case, spaces or Unicode form from {old}, which is already in the dataset. It "
            "becomes a separate class. If the two mean the same, merge them after the import.",
            icon=":material/difference:",
        )
    said = [formats.plain(note) for note in summary.plan.notes]
    if said:
        st.info(said[0] if len(said) == 1 else "\n".join(f"- {each}" for each in said), icon=":material/info:")


def _quoted(labels: Sequence[str]) -> str:
    return " and ".join(f"'{formats.plain(label)}'" for label in labels)


def _left_out(summary: Summary) -> None:
    if not summary.left_out_count:
        return
    title = f"Left out: {formats.plural(summary.left_out_count, 'file')}"
    with st.expander(title, icon=":material/rule:"):
        st.caption("By reason")
        st.dataframe(
            summary.reasons,
            hide_index=True,
            column_config={
                "reason": st.column_config.TextColumn("Why", width="large"),
                "files": st.column_config.NumberColumn("Files", width="small"),
                "example": st.column_config.TextColumn("First file", width="medium"),
            },
        )
        if len(summary.reasons) == MOST_REASONS:
            st.caption(f"The {MOST_REASONS} most frequent reasons.")
        st.caption(
            "File by file" if summary.left_out_count <= MOST_LISTED else f"The first {formats.count(MOST_LISTED)} files"
        )
        st.dataframe(
            summary.left_out,
            hide_index=True,
            height=min(38 + 35 * len(summary.left_out), 320),
            column_config={
                "file": st.column_config.TextColumn("File", width="medium"),
                "reason": st.column_config.TextColumn("Why", width="large"),
            },
        )
