"""The navigation: pages in groups, and addresses that links and bookmarks keep."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.pages.made_runs import finished
from tests.pages.opening import ROOT, navigation, words
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
