"""The page on sweeps tells of every choice, event and option."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from tests.test_docs import row
from tlcore.commands.sweep import sweep
from tlcore.sweeps import events
from tlcore.sweeps.config import SweepConfig

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/sweep.md").read_text()


@pytest.mark.parametrize(("field", "about"), SweepConfig.model_fields.items())
def test_the_page_says_of_a_choice_what_its_field_says(field, about):
    assert row(field, about) in PAGE.splitlines()


@pytest.mark.parametrize("event", get_args(get_args(events.Event)[0]), ids=lambda event: event.__name__)
def test_every_event_and_its_fields_are_documented(event):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{event.model_fields['kind'].default}` |"))
    for field in set(event.model_fields) - {"kind", "at", "schema_version"}:
        assert f"`{field}`" in row


def test_every_option_is_documented():
    options = [
        f"--{name.replace('_', '-')}"
        for name in inspect.signature(sweep).parameters
        if name not in {"data", "as_json"} and not name.startswith("input_")
    ]
    text = (ROOT / "docs/command-line.md").read_text()
    assert not [option for option in options if not re.search(rf"[`\[]{option}\b", text)]
