"""The navigation: pages in groups, and addresses that links and bookmarks keep."""

from __future__ import annotations

from typing import NoReturn

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import StopException
from streamlit.testing.v1 import AppTest

from pages.components.shell import frame
from tests.pages.made_runs import finished
from tests.pages.opening import ROOT, button, navigation, open_page, words
from tlcore.runs.run import Run

# Addresses of every version so far: Streamlit leaves out the digits that the files once began with.
ADDRESSES = {
    **dict.fromkeys(("", "data", "import"), "data"),
    **{
        name: name
        for name in (
            *("label", "check", "history", "train", "sweep"),
            *("runs", "evaluate", "try", "export", "storage"),
        )
    },
}


def test_every_address_of_before_leads_to_its_page():
    assert {page["url_pathname"]: page["script_path"] for page in navigation().values()} == {
        address: str(ROOT / "pages" / f"{name}.py") for address, name in ADDRESSES.items()
    }


def test_the_pages_stand_in_groups_and_storage_stands_aside(monkeypatch):
    given = []

    def navigation(pages, **options):
        shown = {group: [page for page in members if page.visibility == "visible"] for group, members in pages.items()}
        given.append({group: [page.title for page in members] for group, members in shown.items()})
        return real(pages, **options)

    real = st.navigation
    monkeypatch.setattr(st, "navigation", navigation)
    AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert given[0] == {
        "Data": ["Import and browse", "Label", "Check", "History"],
        "Model": ["Train", "Sweep", "Runs"],
        "Results": ["Evaluate", "Try", "Export"],
        "Machine": ["Storage"],
    }


@pytest.fixture
def run(workspace, tiny_dataset) -> Run:
    run = finished(workspace, tiny_dataset)
    run.rename("The one asked for")
    return run


@pytest.mark.parametrize("address", ["runs", "evaluate", "try", "export"])
def test_a_link_to_a_run_opens_it(run, address):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app._registered_pages = navigation()
    app.query_params["run"] = run.id
    app.switch_page(f"pages/{ADDRESSES[address]}.py").run()
    assert not app.exception
    shown = [words(app), *(option for box in app.selectbox for option in box.options)]
    assert any("The one asked for" in text for text in shown)


@pytest.fixture
def pressed_in_vain(monkeypatch, tiny_dataset) -> AppTest:
    """The Data page, after a press whose run was stopped for another one just before it opened the Train page."""
    app = open_page("data", dataset=tiny_dataset.id)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(frame.st, "switch_page", stopped)
        button(app, "Train a model").click().run()
    assert not app.title
    return app


def stopped(*_: object, **__: object) -> NoReturn:
    """Stop as Streamlit stops a run where something else is asked for."""
    raise StopException


def shown(app: AppTest) -> str:
    return app.title[0].value


def test_a_press_leads_on_although_its_run_was_stopped(pressed_in_vain):
    assert shown(pressed_in_vain.run()) == "Train"


def test_the_page_that_was_left_leads_on_until_the_other_has_been_drawn(pressed_in_vain, monkeypatch):
    app = pressed_in_vain
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(frame.st, "title", stopped)
        app.run()
    assert not app.title
    assert shown(app.switch_page("pages/data.py").run()) == "Train"
    assert shown(app.switch_page("pages/data.py").run()) == "Data", "who comes back later means it"


def test_who_goes_elsewhere_meanwhile_stays_there(pressed_in_vain):
    assert shown(pressed_in_vain.switch_page("pages/runs.py").run()) == "Runs"
    assert shown(pressed_in_vain.switch_page("pages/data.py").run()) == "Data"
