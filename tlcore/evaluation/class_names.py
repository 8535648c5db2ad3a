"""Call a class of a run by another name, without training it again: names lie beside the weights, never in them.

It knows which files of a run say what its classes are called. It does not know where the new name comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tlcore.contract import read_contract, write_contract
from tlcore.data.info import write_table
from tlcore.errors import RunError
from tlcore.evaluation.files import read_calibration, read_evaluation, read_features, read_predictions, read_validation
from tlcore.files import remove_tree, write_json
from tlcore.runs.run import Run, list_runs
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

Naming = Callable[[str], str]
_OVER = ("finished", "stopped")


def rename_class(run: Run, old: str, new: str) -> None:
    """Call a class by another name wherever the run names it: its labels, its items, its judgement.

    The numbers and the model stay. The exports and what was understood, which have the names inside, are taken away;
    `export` and `understand` make them again. A crash in between is mended by asking once more.

    Raises:
        RunError: The run is not over, has no such class, or has one of the new name already.
    """
    new = new.strip()
    _check(run, old, new)
    for folder in run.exports.glob("*"):
        remove_tree(folder)
    remove_tree(run.path / "understanding")
    naming = partial(_named, old, new)
    task = find_task(run.dataset.task)

    def in_labels(label: str) -> str:
        return task.renamed(label, {old: new})

    _rename_evaluation(run, naming, in_labels)
    _rename_table(run.path / "split.parquet", run.split(), in_labels)
    labels, about = read_contract(run.path), run.dataset
    write_contract(run.path, labels.model_copy(update={"classes": tuple(map(naming, labels.classes))}))
    # Last: as long as the old name stands here, it can be asked again.
    write_json(run.path / "dataset.json", about.model_copy(update={"classes": tuple(map(naming, about.classes))}))


def rename_in_runs(workspace: Workspace, dataset: str, old: str, new: str) -> tuple[Run, ...]:
    """Do so in every run of a dataset, by its id, that is over and calls a class `old` and none `new`; give those."""
    found = tuple(run for run in list_runs(workspace) if run.dataset.id == dataset and _can(run, old, new))
    for run in found:
        rename_class(run, old, new)
    return found


def _can(run: Run, old: str, new: str) -> bool:
    classes = run.dataset.classes
    return old in classes and new.strip() not in classes and run.state().state in _OVER


def _check(run: Run, old: str, new: str) -> None:
    state, classes = run.state().state, run.dataset.classes
    if state not in _OVER:
        raise RunError(f"Only a run that is over and judged has classes to rename. {run.name} is {state}.")
    if old not in classes:
        known = ", ".join(f"'{label}'" for label in classes)
        raise RunError(f"A class of the run is needed. '{old}' is not one. There is: {known}.")
    if not new or new in classes:
        came = f"'{new}', which is one already" if new else "an empty one"
        raise RunError(f"A name that no class of the run has is needed. Received {came}. Choose another one.")


def _named(old: str, new: str, label: str) -> str:
    return new if label == old else label


def _rename_evaluation(run: Run, naming: Naming, in_labels: Naming) -> None:
    judged = read_evaluation(run.path)
    if judged is None:
        return
    _rename_table(run.predictions, read_predictions(run.path), in_labels)
    if (validated := read_validation(run.path)) is not None:
        _rename_table(run.path / "validation.parquet", validated, in_labels)
    if (calibrated := read_calibration(run.path)) is not None:
        named = tuple(one.model_copy(update={"label": naming(one.label)}) for one in calibrated.thresholds)
        write_json(run.path / "calibration.json", calibrated.model_copy(update={"thresholds": named}))
    if (features := read_features(run.path)) is not None:
        _rename_table(run.path / "evaluation" / "pictures.parquet", features.items, in_labels)
    changes = {
        "labels": tuple(map(naming, judged.labels)),
        "per_label": tuple(one.model_copy(update={"label": naming(one.label)}) for one in judged.per_label),
        "largest_class": naming(judged.largest_class),
    }
    write_json(run.evaluation_json, judged.model_copy(update=changes))


def _rename_table(path: Path, table: pd.DataFrame, naming: Naming) -> None:
    labels = [name for name in ("label", "predicted") if name in table]
    write_table(path, table.assign(**{name: table[name].map(naming) for name in labels}))
