"""Settings as options: their defaults for `--help`, and options as a `TrainingConfig`.

It knows the words that people type. It does not know what the settings do.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional, TypeVar, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from tlcore.commands.terminal import Terminal, table
from tlcore.errors import ConfigError, Problem
from tlcore.modalities import MODALITIES
from tlcore.runs.config import INPUT, Fractions, TrainingConfig, option_of
from tlcore.runs.config import settings as settings_of
from tlcore.settings import range_of
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.dataset import Dataset

AUTO = "auto"
R = TypeVar("R")


def default(about: FieldInfo) -> str:
    """Write a setting's default as it would be typed."""
    value = about.default
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
    return _option(of.model_fields[field], *names, more=more, metavar=metavar, unset=unset)


def _option(about: FieldInfo, *names: str, more: str = "", metavar: str = "", unset: str = "") -> Any:
    bounds = range_of(about)
    words = "|".join(get_args(about.annotation)) if get_origin(about.annotation) is Literal else ""
    described = f"{about.description} ({bounds})" if bounds else about.description
    return typer.Option(
        *names,
        help=f"{described} {more}".strip(),
        metavar=metavar or words or None,
        show_default=unset or default(about),
    )


def with_input_options(*, unset: str = "") -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command the options of every modality's input settings.

    It gets what was typed as one argument, `input`, by name only: the values by the names of the settings.

    Args:
        unset: What is done without an option; the setting's default where empty.
    """
    options = {
        name.replace(".", "_"): (name, about)
        for modality in MODALITIES
        for name, about in settings_of(modality).items()
        if name.startswith(INPUT)
    }

    def given(command: Callable[..., R]) -> Callable[..., R]:
        own = inspect.signature(command)
        hints = get_type_hints(command, include_extras=True)

        @functools.wraps(command)
        def wrapped(**given: Any) -> R:
            typed = {name: given.pop(argument) for argument, (name, _) in options.items()}
            return command(**given, input={name: value for name, value in typed.items() if value is not None})

        parameters = [
            each.replace(annotation=hints.get(name, each.annotation))
            for name, each in own.parameters.items()
            if name != "input"
        ]
        place = list(own.parameters).index("input")
        parameters[place:place] = [
            inspect.Parameter(
                argument,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[
                    Optional[str if get_origin(about.annotation) is Literal else about.annotation],  # noqa: UP045
                    _option(about, option_of(name, about), unset=unset),
                ],
            )
            for argument, (name, about) in options.items()
        ]
        wrapped.__signature__ = own.replace(parameters=parameters, return_annotation=own.return_annotation)  # type: ignore[attr-defined]
        wrapped.__annotations__ = {each.name: each.annotation for each in parameters}
        return wrapped

    return given


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
            field = ".".join(map(str, fault["loc"][:2] if fault["loc"][0] == INPUT[:-1] else fault["loc"][:1]))
            needed = str(fault.get("ctx", {}).get("expected", "")) or fault["msg"]
            faults.append(Problem(field, f"It must be {needed}. Received '{fault['input']}'."))
        raise ConfigError(faults) from error


def resolved(dataset: Dataset, given: dict[str, Any], terminal: Terminal) -> TrainingConfig:
    """Make the settings; with the mode `auto`, what was not given is what is recommended, and why is said.

    Fine-tuning trains every block where nobody says how many, and a number has a smaller rate for its head.
    """
    from tlcore.backbones.catalogue import find, usual_backbone
    from tlcore.runs.recommend import head_rate, recommend

    if usual := usual_backbone(dataset.info.modality):
        given = {"backbone": usual.key, **given}
    if given.get("mode") != AUTO:
        rest: dict[str, Any] = {"head_learning_rate": head_rate(find_task(dataset.info.task))}
        if given.get("mode") == "fine-tune":
            rest["blocks"] = len(find(settings(dataset.id, given).backbone).blocks)
        return settings(dataset.id, {**rest, **given})

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
        **{f"{INPUT}{name}": value for name, value in about.input.items()},
    }
    return {field: value for field, value in found.items() if value is not None}


def budget_of(text: str) -> dict[str, Any]:
    """Read a budget: one of its words, or a number of minutes."""
    try:
        return {"minutes": float(text)}
    except ValueError:
        return {"budget": text}


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
