"""Leaks: near-duplicates on both sides of a split, in the dataset's own and in that of every run made from it.

It knows clusters, splits and predictions, as tables. It does not know how clusters are found.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.data.split.file import read_stored
from tlcore.errors import GraftError
from tlcore.files import read_parquet
from tlcore.modalities import Noun, find_modality
from tlcore.modalities.checks import Finding
from tlcore.runs.run import Run, list_runs
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

WORTH = 0.7
WORDS = {"train": "training", "val": "validation", "test": "test"}


def leak_findings(workspace: Workspace, dataset: Dataset, items: pd.DataFrame, clusters: pd.DataFrame) -> list[Finding]:
    """A finding for the dataset's own split, and one for each run, where near-duplicates stand on both sides."""
    names = clusters.set_index("sha256")["cluster"]
    here = set(items["sha256"])
    noun = find_modality(dataset.info.modality).noun
    findings = list(_of_dataset(parts_of(dataset, items), names, noun))
    for run in list_runs(workspace):
        try:
            if run.dataset.id == dataset.id:
                findings += _of_run(run, names, here, noun)
        except GraftError:  # a run that cannot be read has its own page that says so
            continue
    return findings


def parts_of(dataset: Dataset, items: pd.DataFrame) -> pd.Series:
    """The part of each item by SHA-256: of the locked split where there is one, else the one it came with."""
    if (stored := read_stored(dataset)) is not None:
        return pd.Series([stored.parts.get(sha, "") for sha in items["sha256"]], index=items["sha256"], dtype=str)
    return items.drop_duplicates("sha256").set_index("sha256")["split"].fillna("")


def _of_dataset(parts: pd.Series, names: pd.Series, noun: Noun) -> Iterator[Finding]:
    """Whatever the model is judged by must have no copy in what it learns from, nor test in validation."""
    judged, learnt = _straddling(parts, names)
    total = int((parts == "test").sum())
    if not len(judged):
        return
    tests = [sha for sha in judged if parts[sha] == "test"]
    in_test = f"{len(tests)} of {total:,} test {noun.many} have" if tests else f"No test {noun.one} has"
    in_val = len(judged) - len(tests)
    more = f", and {in_val} validation {noun.many} have one among those for training" if in_val else ""
    says = (
        f"{in_test} a near-copy on the other side of the split{more}: results so far flatter. Runs to come leave such "
        "copies out; a new draw of the split keeps them together instead."
    )
    share = len(tests) / max(total, 1)
    score = min(1.0, WORTH + 3 * share) if tests else WORTH / 2
    yield Finding("leak", (*tests, *(sha for sha in judged if sha not in set(tests)), *learnt), score, says)


def _of_run(run: Run, names: pd.Series, here: set[str], noun: Noun) -> Iterator[Finding]:
    table = run.split().drop_duplicates("sha256").set_index("sha256")
    table = table[table["split"] != ""]  # left out of the run, because it has its like in a part that judges
    judged, learnt = _straddling(table["split"], names)
    tests = [sha for sha in judged if table["split"][sha] == "test"]
    total = int((table["split"] == "test").sum())
    if not tests:
        return
    says = (
        f"In the run {run.name}, {len(tests)} of {total:,} test {noun.many} have a near-copy in training or validation"
    )
    score = min(1.0, WORTH + 3 * len(tests) / max(total, 1))
    try:
        predictions = read_parquet(run.predictions)
        with_them, without = (
            _measured(run, part, noun) for part in (predictions, predictions[~predictions["sha256"].isin(tests)])
        )
    except (OSError, ValueError, KeyError):
        says += "; it was never judged."
    else:
        name = find_task(run.dataset.task).metrics[0].name
        says += f": test {name} {with_them}, without the leaked {noun.many} {without}."
    yield Finding("leak", tuple(sha for sha in (*tests, *learnt) if sha in here), score, says)


def _straddling(parts: pd.Series, names: pd.Series) -> tuple[list[str], list[str]]:
    """The items with a copy in an earlier part (training, then validation, then test), and those copies."""
    table = pd.DataFrame({"part": parts}).join(names.rename("cluster"), how="inner")
    table["order"] = table["part"].map({"train": 0, "": 0, "val": 1, "test": 2}).fillna(0)
    lowest = table.groupby("cluster")["order"].transform("min")
    highest = table.groupby("cluster")["order"].transform("max")
    straddles = lowest < highest
    judged = table[straddles & (table["order"] > lowest)].sort_values("order", ascending=False, kind="stable")
    return [str(sha) for sha in judged.index], [str(sha) for sha in table[straddles & (table["order"] == lowest)].index]


def _measured(run: Run, predictions: pd.DataFrame, noun: Noun) -> str:
    """The headline metric of a run on some of its test items, with its 95 % interval."""
    if not len(predictions):
        return "nothing is left to judge"
    task, about = find_task(run.dataset.task), run.dataset
    outputs = predictions[task.columns(task.width(len(about.classes)))].to_numpy(np.float32)
    figure = task.headline(outputs, task.targets(list(predictions["label"]), about.classes))
    value, low, high = (task.metrics[0].plain(one, about.unit) for one in (figure.value, figure.low, figure.high))
    return f"{value} ({low} to {high}, {noun.counted(len(predictions))})"
