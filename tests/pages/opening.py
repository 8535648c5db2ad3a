"""Open a page as a person does: the app first, then the page, with what stands in the URL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]


def open_page(name: str, **query: str) -> AppTest:
    """Run a page of the app and fail on any trace."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception, app.exception
    return app


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
