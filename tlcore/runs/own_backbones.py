"""Adds a backbone of a person's own from pages, which must not import the backend, and removes one that no run uses.

It knows the command that adds, and which runs there are. It does not know how weights become a row.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.own import own_rows
from tlcore.errors import WeightsError
from tlcore.files import remove_tree
from tlcore.jobs.command import carry_out
from tlcore.progress import Progress
from tlcore.runs.run import list_runs
from tlcore.workspace import Workspace

MOST_NAMED = 3


class Added(BaseModel):
    """What the command that adds a backbone prints.

    Attributes:
        backbone: The key of the row.
        notes: What a person should know, in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    backbone: str
    title: str
    parameters: int
    notes: tuple[str, ...]


def add_in_process(
    workspace: Workspace, given: Path, *, name: str, licence: str, source: str = "", dataset: str = ""
) -> Generator[Progress, None, Added]:
    """Add a backbone in a process of its own, by the command `backbones add`; closing the iterator ends it.

    Raises:
        WeightsError: The weights are none that can be used, or the name is taken.
    """
    options = {"--name": name, "--licence": licence, "--source": source, "--data": dataset}
    texts = [f"{option}={text}" for option, text in options.items() if text.strip()]
    command = ["backbones", "add", *texts, "--json", "--", str(given)]
    found = yield from carry_out(command, "Checking the weights", fault=WeightsError, workspace=workspace)
    try:
        return Added.model_validate(found)
    except ValidationError as error:
        raise WeightsError("A backbone that is added should be named. None was. Try it again.") from error


def remove_backbone(workspace: Workspace, name: str) -> Backbone:
    """Delete a person's own backbone, found by its key or its name, and its weights; give its row.

    Raises:
        WeightsError: There is none of that name, or a run uses it.
    """
    own = own_rows(workspace)
    row = own.get(name) or next((each for each in own.values() if each.title.casefold() == name.casefold()), None)
    if row is None:
        there = f"Those are {', '.join(own)}." if own else "There are none."
        raise WeightsError(f"A backbone of your own is needed. Received '{name}'. {there}")
    users = [run.name for run in list_runs(workspace) if row.key in (run.given.backbone, run.config.backbone)]
    if users:
        named = ", ".join(users[:MOST_NAMED]) + (" and others" if len(users) > MOST_NAMED else "")
        raise WeightsError(
            f"A backbone is removed when no run uses it. {row.title} is used by {named}. Delete these runs first."
        )
    remove_tree(workspace.weights / row.key)
    return row
