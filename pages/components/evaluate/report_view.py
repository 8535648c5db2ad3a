"""The report of a run: the forms in which it can be taken along, and the command that repeats the run."""

from __future__ import annotations

import streamlit as st

from pages.components.shell import formats
from tlcore.export.training_script import cannot_be_told
from tlcore.report.commands import command_line
from tlcore.report.formats import FORMS, make_report
from tlcore.runs.run import Run

ICONS = {
    "html": ":material/language:",
    "pdf": ":material/picture_as_pdf:",
    "card": ":material/badge:",
    "csv": ":material/table:",
    "script": ":material/code:",
}


def show(run: Run) -> None:
    """A download for each form, made when it is asked for; nothing is computed anew."""
    st.markdown(
        "Everything that is known about this run, for people without Graft. What was not measured is listed as unknown."
    )
    with st.grid(3, min_column_width=240):
        for form in FORMS:
            with st.container(border=True, height="stretch"):
                _form(run, form)
    st.subheader("Reproduce this run", anchor=False)
    st.markdown("This command repeats the run on the same version of the dataset:")
    st.code(command_line(run.config), language="bash", wrap_lines=True)


def _form(run: Run, form: str) -> None:
    about = FORMS[form]
    st.markdown(f"#### {ICONS[form]} {formats.plain(about.title)}")
    st.markdown(formats.plain(about.description))
    if form == "script" and (fault := cannot_be_told(run)):
        st.info(formats.plain(fault), icon=":material/info:")
        return
    st.download_button(
        f"Download {formats.plain(about.file)}",
        lambda: make_report(run, form),  # made when it is asked for: a PDF takes a second or two
        file_name=about.file,
        mime=about.mime,
        type="primary" if form == "html" else "secondary",
        icon=":material/download:",
        width="stretch",
        key=f"report-{form}",
        on_click="ignore",
    )
