"""Provides initial weights other than the pretrained ones: from another run, or from a file that Graft exported.

It knows where they are, what they are made for and which items they have met. It never loads them: that is
`training.initial_model`'s, for which a copy is put into the run folder: what becomes of the other run does not matter.

    start/model.keras      the copy
    start/start.json       what is known of it
    start/met.parquet      the items that it has met, and in which part: `sha256`, `split`
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from tlcore.backbones.catalogue import CATALOGUE
from tlcore.contract import CONTRACT, contract_path
from tlcore.data.dataset import Dataset
from tlcore.data.edits.diff import edits_since
from tlcore.data.split.stratify import together
from tlcore.disk import expanded
from tlcore.errors import ConfigError, GraftError, Problem, RunError
from tlcore.files import read_json, read_parquet, replacing, sha256, write_json
from tlcore.modalities import BEFORE, Noun, find_modality
from tlcore.runs.config import TrainingConfig
from tlcore.runs.keras_file import SUFFIX, KerasFile, none_of_ours, read_keras_file
from tlcore.runs.run import Run, open_run
from tlcore.settings import chosen
from tlcore.tasks import TASKS, find_task
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "start"
LEARNT, WATCHED = "train", "val"


class StartAbout(BaseModel):
    """`start.json`.

    Attributes:
        title: The name of the run, or of the file.
        run: The run's id; empty for a file.
        sha256: Of the copy.
        backbone: A key of the catalogue.
        input: The input settings, as far as they are known.
        task: Which its head was trained for.
        outputs: How many its head has.
        classes: Those whose place in the head is known and whose weights are taken over; mostly all or none.
        keeps_head: Whether the head may be taken over; where it has classes, `classes` says which of it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    title: str
    run: str = ""
    sha256: str = ""
    backbone: str
    input: dict[str, Any]
    task: str = "classification"
    outputs: int
    classes: tuple[str, ...] = ()
    keeps_head: bool = True

    @model_validator(mode="before")
    @classmethod
    def _from_before(cls, content: Any) -> Any:
        if not isinstance(content, dict) or "input" in content:
            return content
        return {**content, "input": _input_before(content)}


class _Said(BaseModel):
    """The description of a file: the contract inside it or beside it, or the files of older versions."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    labels: tuple[str, ...] = ()
    input: dict[str, Any] = {}
    task: str = "classification"

    @model_validator(mode="before")
    @classmethod
    def _of_contract(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        if "classes" not in content:
            return content if "input" in content else {**content, "input": _input_before(content)}
        return {"labels": content["classes"], "task": content.get("task"), "input": content.get("input") or {}}


def _input_before(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give the input settings that a file of before has beside other facts."""
    named = find_modality(BEFORE).before
    return {name: content[old] for old, name in named.items() if content.get(old) is not None}


@dataclass(frozen=True)
class Start:
    """A model to begin with.

    Attributes:
        model: The Keras file.
        run: Whose model it is; None of a file.
        notes: What there is to say about it, in sentences.
    """

    model: Path
    about: StartAbout
    run: Run | None = None
    notes: tuple[str, ...] = ()

    @property
    def noun(self) -> Noun:
        """What an item of it is called."""
        known = CATALOGUE.get(self.about.backbone)
        return find_modality(known.modality if known else BEFORE).noun

    @cached_property
    def met(self) -> dict[str, str]:
        """Return the part of each item that was used for training or validation, by SHA-256."""
        return {} if self.run is None else _met(self.run)


def find_start(workspace: Workspace, name: str, dataset: Dataset | None = None) -> Start:
    """Find the weights that `start` names: a run's id, name or folder, or the path of a `.keras` file.

    Classes that were renamed or merged in the `dataset` since have the names that they have there now.

    Raises:
        RunError: There are none, or they are not of a model that a Graft made.
    """
    if not name.endswith(SUFFIX):
        return _of_run(open_run(workspace, name), dataset)
    path = expanded(Path(name)).absolute()
    run = _home(path)
    return _of_file(path) if run is None else _of_run(run, dataset)


def read_start(run: Run) -> StartAbout | None:
    """Read the initial weights of a run; None if they were the pretrained ones.

    Raises:
        WorkspaceError: What is written of it is damaged.
    """
    path = run.path / FOLDER / "start.json"
    return read_json(path, StartAbout) if path.exists() else None


def faults_of_start(config: TrainingConfig, workspace: Workspace, *, task: str) -> list[Problem]:
    """Find the reasons why a run of a task cannot start from the weights that the settings name."""
    if config.start is None:
        return []
    try:
        about = find_start(workspace, config.start).about
    except GraftError as error:
        return [Problem("start", str(error))]
    if about.task != task:
        theirs, ours = (find_task(each).title.lower() for each in (about.task, task))
        return [
            Problem(
                "start",
                f"The weights to begin with need the same task as the run. Those of '{about.title}' are of {theirs}, "
                f"the dataset is one of {ours}. Begin with the pretrained weights.",
            )
        ]
    of_input = (
        (str(facts.title).partition(" (")[0].lower(), getattr(config.input, name), about.input[name])
        for name, facts in chosen(type(config.input))
        if name in about.input
    )
    wanted = (("backbone", config.backbone, about.backbone), *of_input)
    return [
        Problem(
            "start",
            f"The weights to begin with need the same {what} as the run. Those of '{about.title}' have {theirs}, the "
            f"run has {ours}. Set it to {theirs}, or begin with the pretrained weights.",
        )
        for what, ours, theirs in wanted
        if ours != theirs
    ]


def keep_sides(start: Start, table: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave each item in the part in which the start has met it; give the split, and a sentence where it changed.

    What it learnt from must not watch over the training now: the epoch would be chosen by heart. What belongs to such
    an item goes with it.

    Args:
        start: The weights.
        table: A run's split: `sha256`, `split` and, in all but old ones, `group`.

    Raises:
        ConfigError: It has met test items.
    """
    met = np.array([start.met.get(sha, "") for sha in table["sha256"].tolist()], dtype=object)
    sides = table["split"].to_numpy(dtype=object).copy()
    if tested := int(((sides == "test") & (met != "")).sum()):
        raise ConfigError(
            [
                Problem(
                    "start",
                    f"Initial weights must not have been trained on the test set. '{start.about.title}' was trained on "
                    f"{tested:,} of its {start.noun.many}, before a new test set was drawn. Start from the pretrained "
                    "weights.",
                )
            ]
        )
    groups = table["group"].to_numpy(dtype=object) if "group" in table else np.full(len(table), "", object)
    units = together(table["sha256"].to_numpy(dtype=object), groups)
    learnt, watched = (np.isin(units, units[met == part]) for part in (LEARNT, WATCHED))
    free = np.isin(sides, (LEARNT, WATCHED))
    before = sides.copy()
    sides[free & watched] = WATCHED
    sides[free & learnt] = LEARNT
    moved = int((sides != before).sum())
    said = (
        f"{moved:,} {start.noun.many} stay in the part, training or validation, in which '{start.about.title}' has met "
        "them."
        if moved
        else ""
    )
    return table.assign(split=sides), tuple(filter(None, (said,)))


def write_start(start: Start, folder: Path) -> None:
    """Put a copy of the weights, and what is known of them, into a run's `folder` that is being made."""
    import pandas as pd

    home = folder / FOLDER
    home.mkdir()
    shutil.copyfile(start.model, home / "model.keras")
    write_json(home / "start.json", start.about.model_copy(update={"sha256": sha256(home / "model.keras")}))
    with replacing(home / "met.parquet") as beside:
        met = pd.DataFrame({"sha256": list(start.met), "split": list(start.met.values())}, dtype="str")
        met.to_parquet(beside, index=False)


def says_begun(about: StartAbout, classes: Sequence[str]) -> str:
    """Say in a sentence how a run with these classes begins."""
    if not classes:
        whose = "its" if about.keeps_head else "a new"
        return f"The training begins with the weights of '{about.title}', with {whose} head."
    kept = [label for label in classes if label in about.classes]
    new = [label for label in classes if label not in about.classes]
    head = (
        "with its head"
        if not new
        else "with a new head"
        if not kept
        else f"with its head; new in it are {', '.join(repr(label) for label in new)}"
    )
    return f"The training begins with the weights of '{about.title}', {head}."


def _of_run(run: Run, dataset: Dataset | None) -> Start:
    if not run.model_keras.exists():
        raise RunError(
            f"A run with a model is needed to begin with. {run.name} has no model.keras. Finish it, or begin with "
            "another one."
        )
    config, classes, made = run.config, run.dataset.classes, read_keras_file(run.model_keras)
    if dataset is not None and dataset.id == run.dataset.id:
        classes = tuple(map(edits_since(dataset, run.dataset.version).name, classes))
    said = _Said(input=config.input.model_dump(), task=run.dataset.task)
    if not config.learns_from_validation:
        return Start(run.model_keras, _about(run.model_keras, made, run, said, classes), run)
    # A head that knows the validation items by heart would be watched with them.
    note = f"The head of '{run.name}' was also fitted on the validation set, so training starts with a new head."
    about = _about(run.model_keras, made, run, said, ()).model_copy(update={"keeps_head": False})
    return Start(run.model_keras, about, run, (note,))


def _home(path: Path) -> Run | None:
    """The run whose model a file is, as it lies in its folder or among its artefacts: of that one more is known."""
    for folder in path.parents[:3]:
        run = Run(folder)
        if path in (run.model_keras, run.exports / "keras" / "model.keras") and (folder / "config.json").exists():
            return run
    return None


def _of_file(path: Path) -> Start:
    made = read_keras_file(path)
    known = _known(path, made.about)
    if known.task not in TASKS:
        raise none_of_ours(path, f"its task, '{known.task}', is not known here")
    about = _about(path, made, None, known, known.labels)
    many = Start(path, about).noun.many
    notes = [
        f"The {many} that {path.name} was trained on are not known. If test {many} are among them, the figures of this "
        "run are too high."
    ]
    if find_task(about.task).few and not about.classes:
        notes.append(f"Neither {path.name} nor a {CONTRACT} beside it tells its classes: a new head begins.")
    return Start(path, about, notes=tuple(notes))


def _known(path: Path, said: bytes) -> _Said:
    """Find the classes of a file: the file names them, except in old versions and in bundles."""
    if said:
        try:
            return _Said.model_validate_json(said)
        except ValidationError as error:
            raise none_of_ours(path, "what it says of its classes is damaged") from error
    beside = contract_path(path.parent)
    return read_json(beside, _Said) if beside.exists() else _Said()


def _about(path: Path, made: KerasFile, run: Run | None, said: _Said, classes: tuple[str, ...]) -> StartAbout:
    return StartAbout(
        title=run.name if run else path.name,
        run=run.id if run else "",
        backbone=made.backbone,
        input=_input(path, made, said),
        task=said.task,
        outputs=made.outputs,
        classes=classes if len(classes) == made.outputs else (),
    )


def _input(path: Path, made: KerasFile, said: _Said) -> dict[str, Any]:
    """Give the settings of the input that a person chooses: those that are written, and what its shape tells."""
    try:
        modality = find_modality(said.input.get("modality", BEFORE))
        known = said.input | modality.told_by_shape(made.shape)
    except ValueError as error:
        raise none_of_ours(path, str(error)) from error
    return {name: known[name] for name, _ in chosen(modality.settings) if name in known}


def _met(run: Run) -> dict[str, str]:
    """Return the part in which each item was used: by the run, and before it by its initial weights."""
    split = run.split()
    split = split[split["split"].isin((LEARNT, WATCHED))]
    met = dict(zip(split["sha256"].tolist(), split["split"].tolist(), strict=True))
    before = run.path / FOLDER / "met.parquet"
    if before.exists():
        table = read_parquet(before)
        earlier = dict(zip(table["sha256"].tolist(), table["split"].tolist(), strict=True))
        met |= {sha: part for sha, part in earlier.items() if part == LEARNT or sha not in met}
    return met
