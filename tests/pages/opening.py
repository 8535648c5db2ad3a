"""Open a page as a person does by a link: through the app, with what stands in the URL."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180  # seconds for a page: a machine that does something else meanwhile is no fault


def open_page(name: str, **query: str) -> AppTest:
    """Run a page of the app and fail on any trace."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    app._registered_pages = navigation()
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception, app.exception
    return app


@functools.cache
def navigation() -> dict[str, Any]:
    """The pages as `app.py` names them: AppTest would have to draw the first one to learn where each other is."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE).run()
    assert app._registered_pages
    return app._registered_pages


def words(app: AppTest) -> str:
    """Everything that is written on the page."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(element.value for kind in kinds for element in app.get(kind))


def button(app: AppTest, label: str):
    """The button of that label."""
    found = [element for element in app.button if element.label == label]
    assert found, f"There is no button '{label}', only {[element.label for element in app.button]}"
    return found[0]


def on_the_table(app: AppTest) -> dict[str, Any]:
    """What the browser is given to draw the first light table: `tiles`, `groups`, `actions` and more."""
    table, *_ = app.get("bidi_component")
    return json.loads(table.proto.json)
