"""Pages are tested as on a server that runs: through `app.py`, whose navigation is known."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator

import pytest
from streamlit.components.v2 import manifest_scanner
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


@pytest.fixture(scope="session", autouse=True)
def _components_looked_for_once() -> Iterator[None]:
    """AppTest reads the metadata of every installed package before every page, which takes longer than the page."""
    with pytest.MonkeyPatch.context() as patch:
        looked_for = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", looked_for)
        yield


@pytest.fixture(scope="module", autouse=True)
def _only_the_pages_garbage() -> Iterator[None]:
    """After every page Streamlit looks for garbage in all there is: half a second where TensorFlow was imported.

    What is there before the module is left out. It is not collected first, which would take as long for each module.
    """
    gc.freeze()
    yield
    gc.unfreeze()
