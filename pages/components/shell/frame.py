"""What every page has: a headline, a sentence, faults told in words, and the way to the next page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from time import monotonic
from typing import Any, ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.components.shell import formats
from pages.components.shell.theme import STYLE
from tlcore.disk import fault_of
from tlcore.errors import GraftError
from tlcore.workspace import Workspace, home

HERE = Path(__file__).parent
DATA, TRAIN, RUNS, EVALUATE, TRY, EXPORT = (
    "pages/data.py",
    "pages/train.py",
    "pages/runs.py",
    "pages/evaluate.py",
    "pages/try.py",
    "pages/export.py",
)
SWEEP = "pages/sweep.py"
STORAGE = "pages/storage.py"
CHECK = "pages/check.py"
HISTORY = "pages/history.py"
LABEL = "pages/label.py"
SHOWN = "page that is shown"
FAULT = "fault of what was pressed"
GOAL = "page that is on its way"
LATE = 5.0  # seconds after a press in which the page that was left is asked for by a late message, not by a person
P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def page(title: str, icon: str, sentence: str) -> Iterator[Workspace]:
    """Show the headline and give the workspace; a fault that a person can mend is shown where the page has got to.

    Anything else is a bug and keeps its trace.
    """
    _with_navigation()
    _forget_other_pages()
    _go_on()
    # The icon of the browser's tab is a file of ours: Streamlit would fetch a named one from the network.
    st.set_page_config(page_title=f"{title} · Graft", page_icon=HERE / "leaf.svg", layout="wide")
    st.logo(HERE / "wordmark.svg", size="large")
    st.html(STYLE)
    st.title(title, anchor=False)
    st.markdown(sentence)
    if (fault := st.session_state.pop(FAULT, None)) is not None:
        show_fault(fault)
    try:
        workspace = Workspace.default()
    except GraftError as error:
        show_fault(error)
        st.stop()
    with telling_faults():
        yield workspace
    # Not before: what interrupts a page that is on its way may be a late message of the one that was left.
    st.session_state.pop(GOAL, None)


@contextmanager
def telling_faults() -> Iterator[None]:
    """Show a fault that a person can mend, the disk's among them, in a sentence; anything else keeps its trace."""
    try:
        yield
    except Exception as error:
        if (fault := mendable(error)) is None:
            raise
        show_fault(fault)


def mendable(error: Exception) -> GraftError | None:
    """What a person can do about a fault; None where it is a bug."""
    return error if isinstance(error, GraftError) else fault_of(error, place=home())


def fragment(function: Callable[P, T], *, run_every: str | None = None) -> Callable[P, T | None]:
    """Make a part of a page that runs by itself, as `st.fragment` does, and tells its faults itself."""

    @wraps(function)
    def part(*args: P.args, **kwargs: P.kwargs) -> T | None:
        with telling_faults():
            _go_on()
            return function(*args, **kwargs)
        return None

    return st.fragment(part, run_every=run_every)


def pressed(function: Callable[P, T]) -> Callable[P, None]:
    """Make of a function what a button calls: its fault is shown at the top of the page that is drawn next."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Exception as error:
            if (fault := mendable(error)) is None:
                raise
            st.session_state[FAULT] = fault

    return call


def _with_navigation() -> None:
    """Run once more through `app.py` where a deep link on a fresh server came here without it.

    The page is whole without it; what is missing is the way to the other pages.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def _forget_other_pages() -> None:
    """Drop the fragments of the page that was left, where this is another one.

    A part that runs by itself, such as a run's progress, may ask once more while this page is on its way. Streamlit
    would answer in the name of the page that was left, and the browser would empty this one.
    """
    context = get_script_run_ctx()
    if context is None or st.session_state.get(SHOWN) == context.page_script_hash:
        return
    st.session_state[SHOWN] = context.page_script_hash
    context.fragment_storage.clear()


def show_fault(error: GraftError) -> None:
    st.error(formats.lines(error), icon=":material/error:")


def page_button(label: str, target: str, query: Mapping[str, str], **looks: Any) -> None:
    """Show a button that opens another page, or this one with another query.

    It calls back, because callbacks run before the page does: nothing that is asked meanwhile takes the press away.
    """
    st.button(label, on_click=partial(_set_goal, target, query), **looks)


def go_to(target: str, **query: str) -> None:
    """Open another page, its URL saying what is looked at; empty values are left out."""
    _set_goal(target, query)
    _open(target, query)


def _set_goal(target: str, query: Mapping[str, str]) -> None:
    """Remember where to go from this page: whatever is asked of it from now on goes there."""
    if context := get_script_run_ctx():
        st.session_state[GOAL] = (context.page_script_hash, monotonic(), target, query)


def _open(target: str, query: Mapping[str, str]) -> None:
    # From here on nothing of this page may run: it would take the place of the other one.
    if context := get_script_run_ctx():
        context.fragment_storage.clear()
    st.switch_page(target, query_params={name: value for name, value in query.items() if value})


def _go_on() -> None:
    """Go where a press was to lead, where this is the page that was left.

    What the browser sent before it heard of the other page asks for this one once more, and Streamlit does what was
    asked last: the press would be lost.
    """
    context = get_script_run_ctx()
    if context is None or GOAL not in st.session_state:
        return
    left, since, target, query = st.session_state[GOAL]
    here = context.page_script_hash
    script = context.pages_manager.get_pages().get(here, {}).get("script_path", "")
    shows = all(st.query_params.get(name, "") == value for name, value in query.items())
    arrived = shows and Path(script).match(target)
    if here == left and not arrived and monotonic() < since + LATE:
        _open(target, query)


def link(label: str, *, icon: str | None = None, key: str, **query: str) -> None:
    """A quiet button that shows something else on this very page.

    A `st.page_link` to the page that it is on leaves the old query in the browser, which a reload then shows again.
    """
    if st.button(label, icon=icon, key=key, type="tertiary"):
        st.query_params.from_dict(query)
        st.rerun()


def empty_state(
    icon: str, title: str, sentence: str, *, action: str = "", target: str = "", primary: bool = True, **query: str
) -> None:
    """Say what will be here, why it is not yet, and offer the step that changes it."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.markdown(f"### {icon} {title}", text_alignment="center")
        st.markdown(sentence, text_alignment="center", width=560)
        if action:
            kind = "primary" if primary else "secondary"
            page_button(action, target, query, type=kind, key=f"empty-{target}")
        st.space("small")
