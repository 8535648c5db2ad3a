"""The contract of a model: what it takes in, what it gives, and what its outputs mean.

It knows `contract.json`, which lies beside every model: in a run, a bundle, a server and a web page. It does not know
graphs, nor how an item becomes arrays. `labels.json` of runs and servers of before is read as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Described

from tlcore.errors import RunError, WorkspaceError
from tlcore.files import read_json, write_json
from tlcore.items import Field, Spec
from tlcore.modalities import BEFORE as FIRST_MODALITY
from tlcore.modalities import Input, InputSettings, find_modality
from tlcore.tasks import Decision, Task, find_task

CONTRACT, BEFORE = "contract.json", "labels.json"
UNFAMILIARITY = "unfamiliarity"


class NamedTensors(BaseModel):
    """What tensors of `model.onnx` are called; empty where it is not known, as in models of before.

    Attributes:
        feature_map: The last one, whose mean over its places is `pooled`, or its beginning.
        channels_last: Whether the feature map has the features of a place last, `(n, …, d)`, else first, `(n, d, …)`.
        pooled: The features that the head sees, `(n, d)`.
        logits: What the activation turns into outputs, `(n, width)`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    feature_map: str = ""
    channels_last: bool = True
    pooled: str = ""
    logits: str = ""


class Threshold(BaseModel):
    """From which probability on an item should count as of a class, when missing one costs `ratio` false alarms."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    ratio: float
    threshold: float = Described(description="Above 1 an item never counts.")


class AnswerSet(BaseModel):
    """How to answer with a set of classes that holds the right one with a chosen share."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    method: str = Described(description="`lac` or `aps`.")
    wanted: float = Described(description="That share, 0 to 1.")
    threshold: float = Described(description="What it is compared with is the method's.")


class Contract(BaseModel):
    """`contract.json`: everything beside the graph that is needed to use a model.

    Attributes:
        modality: What an item is.
        task: A key of `tasks.TASKS`.
        classes: In the order of the outputs; none where a value is predicted.
        input: How a file becomes the inputs.
        inputs, outputs: The model's arrays, each without the number of items.
        tensors: What is where in `model.onnx`.
        temperature: By which the logits are divided within the model; nothing is left to do. None in models that were
            made before there was one, and where the task has none.
        decision: What turns outputs into an answer.
        value_name, unit: Of a predicted value, for people; empty for other tasks.
        backbone: A key of the catalogue.
        dataset: The name that the dataset had.
        run: The run's id; empty within the run itself.
        unfamiliar_above: From which unfamiliarity on an item is out of distribution; None where the model does not say.
        thresholds, sets: What was found on the validation items of a classification.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    modality: str = FIRST_MODALITY
    task: str = "classification"
    classes: tuple[str, ...]
    input: Input
    inputs: Spec = ()
    outputs: Spec = ()
    tensors: NamedTensors = NamedTensors()
    temperature: float | None = None
    decision: Decision = Decision()
    value_name: str = ""
    unit: str = ""
    backbone: str = ""
    dataset: str = ""
    run: str = ""
    unfamiliar_above: float | None = None
    thresholds: tuple[Threshold, ...] = ()
    sets: tuple[AnswerSet, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_before(cls, content: Any) -> Any:
        """Understand `labels.json`, and `graft.json` of exports of before: the same facts under other names."""
        if not isinstance(content, dict):
            return content
        modality = find_modality(content.get("modality", FIRST_MODALITY))
        if "labels" in content and "classes" not in content:
            known = {key: value for key, value in content.items() if key not in {"input", "outputs"}}
            settings = {name: content[old] for old, name in modality.before.items() if old in content}
            content = {**known, "classes": content["labels"], "input": settings}
        if isinstance(given := content.get("input"), dict):
            # A contract of a later version may say more than is known here.
            known = {name: value for name, value in given.items() if name in modality.settings.model_fields}
            content = {**content, "input": {**known, "modality": modality.key}}
        return content

    @property
    def kind(self) -> Task:
        """The task itself."""
        return find_task(self.task)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes."""
        return self.classes


def contract_of(
    input: InputSettings,
    classes: Sequence[str],
    *,
    task: str = "classification",
    unfamiliarity: bool = True,
    **others: Any,
) -> Contract:
    """Write the contract of a model.

    Args:
        input: How a file becomes the model's input.
        classes: In the order of the outputs.
        task: A key of `tasks.TASKS`.
        unfamiliarity: Whether the model says how unlike its training items an item is.
        others: More of the contract, by name.
    """
    known = find_task(task)
    outputs: Spec = (Field(known.output, (known.width(len(classes)),)),)
    return Contract(
        modality=input.modality,
        task=task,
        classes=tuple(classes),
        input=input,
        inputs=taken_in(find_modality(input.modality).spec(input)),
        outputs=(*outputs, Field(UNFAMILIARITY, ())) if unfamiliarity else outputs,
        **others,
    )


def taken_in(spec: Spec) -> Spec:
    """Describe what a model takes in of arrays: bytes as numbers, all else as it is."""
    return tuple(replace(each, dtype="float32") if each.dtype == "uint8" else each for each in spec)


def contract_path(folder: Path) -> Path:
    """Say where a folder's contract is: in `labels.json` where the folder is of before, else in `contract.json`."""
    before = folder / BEFORE
    return before if before.exists() and not (folder / CONTRACT).exists() else folder / CONTRACT


def read_contract(folder: Path) -> Contract:
    """Read the contract that lies in a folder beside its model.

    Raises:
        RunError: It is missing or damaged.
    """
    try:
        return read_json(contract_path(folder), Contract)
    except WorkspaceError as error:
        raise RunError(str(error)) from error


def write_contract(folder: Path, contract: Contract) -> None:
    """Write a folder's contract, in place of what it has."""
    write_json(folder / CONTRACT, contract)
    (folder / BEFORE).unlink(missing_ok=True)
