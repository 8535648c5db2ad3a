"""The options by which a person says how a source is to be understood, for every command that takes one in.

It knows the options. It does not know how a source is read.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

if TYPE_CHECKING:
    from tlcore.data.import_plan import ImportChoices

R = TypeVar("R")
NONE = "none"
PANEL = "How the source is understood"
OPTIONS: dict[str, tuple[Any, str, str]] = {
    "label": (str | None, "CLASS", "The class of files without a class in a folder or a table."),
    "table": (
        str | None,
        "PATH",
        "The table that names the classes, as a path in the source; `folders` where the folders name them.",
    ),
    "class_level": (
        int | None,
        "N",
        "The folder that names the class: 1 is the outermost, -1 the one that holds the file.",
    ),
    "file_column": (str | None, "TITLE|N", "The column that names the files: its title, or its number from 1 on."),
    "label_column": (str | None, "TITLE|N", "The column of the classes."),
    "split_column": (str | None, "TITLE|N", "The column of the parts of the split; `none` for none."),
    "group_column": (
        str | None,
        "TITLE|N",
        "The column of the groups that the split never separates; `none` for none.",
    ),
    "task": (
        str | None,
        "TASK",
        "What an answer is: classification, multilabel or regression. Without it, what the labels are decides.",
    ),
    "value_name": (str | None, "NAME", "What the number of each item is called, for regression."),
    "unit": (str | None, "UNIT", "The unit of that number, such as kg; `none` for none."),
    "separator": (str | None, "SIGN", "What separates several labels in a cell, such as `|`."),
    "decimal": (str | None, "point|comma", "What stands before the fraction of a number."),
    "blank": (
        str | None,
        "none|unlabeled",
        "What an empty cell among lists of labels means: none of the labels, or not labelled yet.",
    ),
    "encoding": (str | None, "NAME", "The encoding of names and tables that do not state it, such as cp932 or gbk."),
    "yes": (bool, "", "Import with the proposed choices if something is not sure."),
}


def with_import_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options of `OPTIONS`; it gets them as one argument, `choices`.

    A command that has a `yes` of its own keeps it; it then means both. `choices` must be its last
    argument, by name only.
    """
    own = inspect.signature(command)
    hints = get_type_hints(command, localns={"ImportChoices": Any}, include_extras=True)
    added = {name: option for name, option in OPTIONS.items() if name not in own.parameters}

    @functools.wraps(command)
    def wrapped(**given: Any) -> R:
        said = {name: given.pop(name) for name in added}
        said.setdefault("yes", given.get("yes", False))
        return command(**given, choices=_choices(said))

    parameters = []
    for name, parameter in own.parameters.items():
        if name == "choices":
            parameters += [_parameter(option, *kind) for option, kind in added.items()]
        else:
            parameters.append(parameter.replace(annotation=hints.get(name, parameter.annotation)))
    wrapped.__signature__ = own.replace(parameters=parameters, return_annotation=own.return_annotation)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {each.name: each.annotation for each in parameters}
    return wrapped


def _parameter(name: str, kind: Any, metavar: str, help: str) -> inspect.Parameter:
    option = typer.Option(f"--{name.replace('_', '-')}", help=help, metavar=metavar or None, rich_help_panel=PANEL)
    default = False if kind is bool else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


def _choices(said: dict[str, Any]) -> ImportChoices:
    from tlcore.data.import_plan import FOLDERS, NO_COLUMN, ImportChoices

    def column(value: str | None) -> str | None:
        return NO_COLUMN if value == NONE else value

    table = said["table"]
    return ImportChoices(
        label=said["label"],
        table=FOLDERS if table in {NONE, "folders"} else table,
        class_level=said["class_level"],
        file_column=said["file_column"],
        label_column=said["label_column"],
        split_column=column(said["split_column"]),
        group_column=column(said["group_column"]),
        encoding=said["encoding"],
        task=said["task"],
        value_name=said["value_name"],
        unit=column(said["unit"]),
        separator=said["separator"],
        decimal=said["decimal"],
        blank=said["blank"],
        confirmed=bool(said["yes"]),
    )
