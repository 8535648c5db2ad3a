"""Runs side by side: their figures in a table, and each pair on the items that both were asked about.

It knows what run folders hold of their judgement. It does not know how the statistics work, nor how they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from tlcore.errors import ExportError, RunError
from tlcore.evaluation.files import read_evaluation, read_predictions, units_of_test
from tlcore.evaluation.task_compare import check_same_task
from tlcore.runs.manifest import read_manifest
from tlcore.runs.run import Run
from tlcore.tasks.evaluation import Figure
from tlcore.tasks.paired import corrected, difference, paired_test

if TYPE_CHECKING:
    import pandas as pd


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class RunFigures(_Part):
    """A run in the table.

    Attributes:
        run: Its id.
        accuracy: On its own test part.
        items: Of that.
        balanced_accuracy, macro_f1: None in a run of long ago.
        log_loss: Nats; None likewise.
        bytes: Of `model.onnx`; None where it is gone.
        milliseconds: Processor time of one item; None where it was not exported.
        seconds: At work, from its turn to its end; None while it is not over.
    """

    run: str
    name: str
    backbone: str
    mode: str
    accuracy: Figure
    items: int
    balanced_accuracy: Figure | None = None
    macro_f1: Figure | None = None
    log_loss: Figure | None = None
    bytes: int | None = None
    milliseconds: float | None = None
    seconds: float | None = None


class ClassDifference(_Part):
    """One class in two runs.

    Attributes:
        items: Of the class, that both were asked about.
        first, second: The recall in each run.
        only_first, only_second: Items that one alone has right.
        p_value: Of the paired test, corrected for the number of classes.
    """

    label: str
    items: int
    first: float
    second: float
    only_first: int
    only_second: int
    p_value: float


class Pair(_Part):
    """Two runs on the items that both were asked about, and of which both hold the same label for the truth.

    Attributes:
        first, second: Their ids.
        items: How many there are; nothing else is known where there are none.
        both_right, only_first, only_second, both_wrong: They add up to `items`.
        difference: The accuracy of the second less that of the first, −1 to 1.
        p_value: Of McNemar's exact test: how likely chance alone would make them differ as much. By groups where some
            of the items belong together (`grouped`).
        per_class: The largest difference first.
        to_right, to_wrong: The SHA-256 of the items that only the second has right, and only the first.
    """

    first: str
    second: str
    items: int
    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    difference: Figure
    p_value: float
    grouped: bool
    per_class: tuple[ClassDifference, ...]
    to_right: tuple[str, ...]
    to_wrong: tuple[str, ...]


class Comparison(_Part):
    """Several runs: each in the table, every later one paired with the first, and what forbids a comparison."""

    runs: tuple[RunFigures, ...]
    pairs: tuple[Pair, ...]
    warnings: tuple[str, ...]


def compare(runs: Sequence[Run]) -> Comparison:
    """Put runs side by side; the first is the one that the others are compared with.

    Raises:
        RunError: There are fewer than two, they have different tasks, or one of them was not judged.
    """
    check_same_task(runs)
    figures, tables = [run_figures(run) for run in runs], [_asked(run) for run in runs]
    pairs, warnings = [], []
    for place in range(1, len(runs)):
        pairs.append(pair(runs[0].id, runs[place].id, tables[0], tables[place]))
        warnings += _warnings(figures[0], figures[place], tables[0], tables[place], pairs[-1].items)
    return Comparison(runs=tuple(figures), pairs=tuple(pairs), warnings=tuple(warnings))


def run_figures(run: Run) -> RunFigures:
    """What the table says of one run.

    Raises:
        RunError: The run was not judged.
    """
    judged, config = read_evaluation(run.path), run.config
    if judged is None:
        raise RunError(f"A run that was judged is needed. {run.name} was not. `evaluate {run.id}` judges it.")
    try:
        proof = read_manifest(run.path, "onnx")
    except ExportError:  # a damaged proof takes nothing from the judgement
        proof = None
    figures = judged.figures
    return RunFigures(
        run=run.id,
        name=run.name,
        backbone=config.backbone,
        mode=config.mode,
        accuracy=judged.headline,
        items=judged.n,
        balanced_accuracy=figures.get("balanced_accuracy"),
        macro_f1=figures.get("macro_f1"),
        log_loss=figures.get("log_loss"),
        bytes=run.model_onnx.stat().st_size if run.model_onnx.exists() else None,
        milliseconds=proof.milliseconds_per_item if proof else None,
        seconds=run.state().total_seconds,
    )


def pair(first: str, second: str, one: pd.DataFrame, other: pd.DataFrame) -> Pair:
    """Compare the answers of two runs, by their ids, on the items that they share.

    Args:
        first: The one that is there.
        second: The one that may be better.
        one: The items that the first was asked about: `sha256`, `label`, `correct` and `unit`.
        other: Those that the second was asked about.
    """
    both = one.merge(other, on=["sha256", "label"], suffixes=("", "_other"))
    right, now = (both[name].to_numpy(dtype=bool) for name in ("correct", "correct_other"))
    units = both["unit"].to_numpy(dtype=np.int64)
    return Pair(
        first=first,
        second=second,
        items=len(both),
        both_right=int((right & now).sum()),
        only_first=int((right & ~now).sum()),
        only_second=int((~right & now).sum()),
        both_wrong=int((~right & ~now).sum()),
        difference=difference(right, now, units),
        p_value=paired_test(right, now, units),
        grouped=both["unit"].nunique() < len(both),
        per_class=_per_class(both),
        to_right=tuple(both.loc[~right & now, "sha256"]),
        to_wrong=tuple(both.loc[right & ~now, "sha256"]),
    )


def _asked(run: Run) -> pd.DataFrame:
    """The items that a run was asked about: `sha256`, `label`, `correct` and `unit`, each once."""
    answers, units = read_predictions(run.path), units_of_test(run.split())
    table = answers[["sha256", "label", "correct"]].assign(unit=answers["sha256"].map(units))
    return table.drop_duplicates("sha256")


def _per_class(both: pd.DataFrame) -> tuple[ClassDifference, ...]:
    found = []
    for label, rows in both.groupby("label", sort=True):
        right, now = (rows[name].to_numpy(dtype=bool) for name in ("correct", "correct_other"))
        numbers = np.unique(rows["unit"], return_inverse=True)[1]
        found.append((str(label), right, now, paired_test(right, now, numbers)))
    raised = corrected(np.array([probability for *_, probability in found]))
    differences = [
        ClassDifference(
            label=label,
            items=len(right),
            first=float(right.mean()),
            second=float(now.mean()),
            only_first=int((right & ~now).sum()),
            only_second=int((~right & now).sum()),
            p_value=float(probability),
        )
        for (label, right, now, _), probability in zip(found, raised, strict=True)
    ]
    return tuple(sorted(differences, key=lambda one: -abs(one.second - one.first)))


def _warnings(first: RunFigures, second: RunFigures, one: pd.DataFrame, other: pd.DataFrame, items: int) -> list[str]:
    mine, theirs = set(one["sha256"]), set(other["sha256"])
    names = f"{first.name} and {second.name}"
    if not mine & theirs:
        return [f"{names} have test sets without any common picture: their figures cannot be compared."]
    said = []
    if mine != theirs:
        said.append(
            f"{names} have different test sets, {len(mine):,} and {len(theirs):,} pictures. Only the "
            f"{len(mine & theirs):,} pictures in both are compared; the figures in the table are for each run's own "
            "test set."
        )
    if relabelled := len(mine & theirs) - items:
        said.append(f"{relabelled:,} pictures were relabelled between {names}: they are left out.")
    return said
