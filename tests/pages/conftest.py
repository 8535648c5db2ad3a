"""Pages are tested as on a server that runs: through `app.py`, whose navigation is known."""

from __future__ import annotations

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import app_test


@pytest.fixture(autouse=True)
def _running_server(monkeypatch):
    """AppTest forgets the navigation before every run, as if the server were new each time a button is pressed."""

    class KnownPages(PagesManager):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            PagesManager.uses_pages_directory = False

    monkeypatch.setattr(app_test, "PagesManager", KnownPages)
