"""Documentation that a change of the code would make untrue."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from tlcore.evaluation.metrics import Evaluation
from tlcore.runs import events
from tlcore.runs.config import Augmentation, TrainingConfig
from tlcore.runs.manifest import Manifest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = (ROOT / "docs/settings.md").read_text()
RUN_FOLDER = (ROOT / "docs/run-folder.md").read_text()


@pytest.mark.parametrize("field", TrainingConfig.model_fields)
def test_every_setting_is_documented(field):
    assert f"| `{field}` |" in SETTINGS


@pytest.mark.parametrize(
    ("field", "default"),
    [
        (name, field.default)
        for name, field in TrainingConfig.model_fields.items()
        if isinstance(field.default, str | int)
    ],
)
def test_documented_defaults_are_the_real_ones(field, default):
    row = re.search(rf"\| `{field}` \| `?([^|`]*)`? \|", SETTINGS)
    assert row, f"{field} has no row in docs/settings.md"
    assert row[1].strip() == str(default)


@pytest.mark.parametrize("name", get_args(Augmentation))
def test_every_augmentation_is_documented(name):
    assert f"`{name}`" in SETTINGS


@pytest.mark.parametrize("event", get_args(get_args(events.Event)[0]), ids=lambda event: event.__name__)
def test_every_event_and_its_fields_are_documented(event):
    row = next(
        line for line in RUN_FOLDER.splitlines() if line.startswith(f"| `{event.model_fields['kind'].default}` |")
    )
    for field in set(event.model_fields) - {"kind", "at", "schema_version"}:
        assert f"`{field}`" in row


@pytest.mark.parametrize("schema", [Evaluation, Manifest], ids=lambda schema: schema.__name__)
def test_every_field_of_the_judgement_and_of_the_proof_is_documented(schema):
    rows = "\n".join(line.split("|")[1] for line in RUN_FOLDER.splitlines() if line.startswith("| `"))
    assert not [field for field in set(schema.model_fields) - {"at", "schema_version"} if f"`{field}`" not in rows]


def test_every_variable_of_the_environment_is_documented():
    read = {
        name
        for path in [*(ROOT / "tlcore").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
        for name in re.findall(r"[\"'](GRAFT_[A-Z_]+)[\"']", path.read_text())
    }
    undocumented = {name for name in read if f"`{name}`" not in SETTINGS}
    assert not undocumented


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda path: path.name
)
def test_links_between_documents_lead_somewhere(page):
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)  # code has brackets of its own
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
