"""Settings as options: their defaults for `--help`, and options as a `TrainingConfig`.

It knows the words that people type. It does not know what the settings do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel, ValidationError

from tlcore.commands.terminal import Terminal, table
from tlcore.errors import ConfigError, Problem
from tlcore.runs.config import Fractions, TrainingConfig, range_of
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.dataset import Dataset

AUTO = "auto"


def default(field: str, of: type[BaseModel] = TrainingConfig) -> str:
    """Write a setting's default as it would be typed."""
    value = of.model_fields[field].default
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def option(
    field: str, *names: str, of: type[BaseModel] = TrainingConfig, more: str = "", metavar: str = "", unset: str = ""
) -> Any:
    """Make the option of a setting from its `Field`: its description, range, words and default.

    Args:
        field: The setting.
        of: Whose setting it is.
        names: What it is called where that is not the field's name.
        more: A sentence to add.
        metavar: What is typed; the words of a choice where not given.
        unset: What is done without it, where the default is None.
    """
    about, bounds = of.model_fields[field], range_of(field, of)
    words = "|".join(get_args(about.annotation)) if get_origin(about.annotation) is Literal else ""
    described = f"{about.description} ({bounds})" if bounds else about.description
    return typer.Option(
        *names,
        help=f"{described} {more}".strip(),
        metavar=metavar or words or None,
        show_default=unset or default(field, of),
    )


def settings(dataset: str, given: dict[str, Any]) -> TrainingConfig:
    """Make the settings.

    Raises:
        ConfigError: A word is none of the choices; each fault has its field.
    """
    try:
        return TrainingConfig(dataset=dataset, **given)
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            field = str(fault["loc"][0])
            needed = str(fault.get("ctx", {}).get("expected", "")) or fault["msg"]
            faults.append(Problem(field, f"It must be {needed}. Received '{fault['input']}'."))
        raise ConfigError(faults) from error


def resolved(dataset: Dataset, given: dict[str, Any], terminal: Terminal) -> TrainingConfig:
    """Make the settings; with the mode `auto`, what was not given is what is recommended, and why is said.

    A number has a smaller rate for its head, whether `auto` or not.
    """
    from tlcore.backbones.catalogue import find
    from tlcore.runs.recommend import head_rate, recommend

    if given.get("mode") != AUTO:
        return settings(dataset.id, {"head_learning_rate": head_rate(find_task(dataset.info.task)), **given})

    given = {field: value for field, value in given.items() if field != "mode"}
    recipe = recommend(dataset, find(settings(dataset.id, given).backbone))
    taken = [each for each in recipe.advice if each.field not in given]
    rows = [(each.field, _said(each.value), each.reason) for each in taken]
    terminal.say(table(("setting", "recommended", "because"), rows))
    return settings(dataset.id, {**{each.field: each.value for each in taken}, **given})


def start_of(workspace: Workspace, name: str) -> dict[str, Any]:
    """What `--from` settles: the weights to begin with, and what must be as it is in these.

    Raises:
        RunError: There are no such weights, or they are not of a model that a Graft made.
    """
    from tlcore.runs.initial_weights import find_start

    start = find_start(workspace, name)
    about = start.about
    elsewhere = start.model.parent if about.run else start.model  # a run may live outside the workspace
    found = {
        "start": about.run if about.run and (workspace.runs / about.run).exists() else str(elsewhere),
        "backbone": about.backbone,
        "image_size": about.image_size,
        "resize": about.resize,
    }
    return {field: value for field, value in found.items() if value is not None}


def augmentations(text: str) -> tuple[str, ...]:
    """Read a list with commas, or `none`."""
    names = tuple(part.strip().replace("-", "_") for part in text.split(",") if part.strip())
    return () if names == ("none",) else names


def fractions_of(text: str) -> Fractions:
    """Read three shares with commas.

    Raises:
        ConfigError: They are not three numbers.
    """
    try:
        train, val, test = (float(part) for part in text.split(","))
    except ValueError as error:
        message = f"Three shares with commas are needed, such as 0.7,0.15,0.15. Received '{text}'."
        raise ConfigError([Problem("fractions", message)]) from error
    return Fractions(train=train, val=val, test=test)


def _said(value: Any) -> str:
    return ",".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
