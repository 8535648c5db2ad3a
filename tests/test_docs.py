"""Documentation that a change of the code would make untrue."""

from __future__ import annotations

import re
import typing
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo

from pages.components.shell.fields import AUGMENTATIONS, FIELDS
from tlcore.commands.settings import default as option_default
from tlcore.commands.train import train
from tlcore.runs import events, recommend
from tlcore.runs.config import settings
from tlcore.runs.manifest import Manifest
from tlcore.settings import range_of
from tlcore.tasks.evaluation import Evaluation

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = (ROOT / "docs/settings.md").read_text()
RUN_FOLDER = (ROOT / "docs/run-folder.md").read_text()


def row(field: str, about: FieldInfo) -> str:
    """The line of a table that tells of a setting: its name, default, range and description."""
    bounds = range_of(about)
    default = "" if about.default in (None, {}) or about.is_required() else option_default(about)
    if get_origin(about.annotation) is Literal:
        bounds = ", ".join(f"`{word}`" for word in get_args(about.annotation))
    written = f"`{default}`" if default and not isinstance(about.default, bool | int | float) else default
    cells = (f"`{field}`", written, str(bounds or ""), about.description)
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


@pytest.mark.parametrize(("field", "about"), settings().items())
def test_the_documentation_says_of_a_setting_what_its_field_says(field, about):
    assert row(field, about) in SETTINGS.splitlines()


def test_help_and_form_say_of_every_setting_what_its_field_says():
    options = typing.get_type_hints(train, include_extras=True)
    for name, about in settings().items():
        if name not in {"dataset", "schema_version"}:
            (option,) = typing.get_args(options[name.replace(".", "_")])[1:]
            assert option.help.startswith(about.description)
        if name in FIELDS:
            assert (FIELDS[name].label, FIELDS[name].help) == (about.title, about.description)
    of_elsewhere = {"schema_version", "dataset", "backbone", "start"}
    assert set(settings()) - set(FIELDS) == of_elsewhere


def test_the_documented_recommendation_has_the_limits_of_the_code():
    for limit in (
        f"| fewer than {recommend.FEW} pictures per class, on average |",
        f"about {recommend.STEPS_WANTED} steps: {recommend.FEWEST_EPOCHS} to {recommend.MOST_EPOCHS} epochs",
        f"of {recommend.SMALL_BATCH} below {recommend.FEW_FOR_A_BATCH} pictures, else of {recommend.LARGE_BATCH}",
        f"has {recommend.UNEVEN:g} times as many",
        f"| {recommend.VERY_UNEVEN:g} times as many |",
        f"and {recommend.ENOUGH_FOR_ACCURACY} pictures or more",
    ):
        assert limit in SETTINGS


@pytest.mark.parametrize("name", AUGMENTATIONS)
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
    for target, heading in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", prose):
        if not target.startswith(("http://", "https://")):
            linked = page.parent / target if target else page
            assert linked.exists(), f"{page.name} links to {target}"
            if heading:
                assert heading in anchors(linked), f"{page.name} links to {target}#{heading}"


def anchors(page: Path) -> set[str]:
    """The names by which GitHub links to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
