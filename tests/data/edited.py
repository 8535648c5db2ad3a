"""Datasets made for editing: tables of any length, with pictures that are only names; and one who edits without end."""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.data.edits.operations import apply
from tlcore.data.edits.types import Relabel
from tlcore.data.info import DatasetInfo, fingerprint, write_table
from tlcore.data.staging import Item, Staging, table_of
from tlcore.files import write_json
from tlcore.modalities.image import IMAGE
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

CLASSES = ("a", "b", "c")


def sha_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def item(name: str, label: str) -> Item:
    sha = sha_of(name)
    return Item(sha, f"{sha}.png", label, "", {"width": 48, "height": 32}, f"{label}/{name}.png", "", "")


def make_dataset(workspace: Workspace, items: int = 6) -> Dataset:
    """A dataset whose pictures `0`, `1`, … are in the classes a, b, c, a, b, c, …"""
    return make_labelled(workspace, [CLASSES[number % 3] for number in range(items)])


def make_labelled(workspace: Workspace, labels: list[str], task: str = "classification", **known: str) -> Dataset:
    """A dataset of a task, whose pictures `0`, `1`, … have these labels, texts as the task reads them."""
    items = [item(str(number), label) for number, label in enumerate(labels)]
    if task != "classification":
        items = [replace(one, source=f"given/{number}.png") for number, one in enumerate(items)]
    table = table_of(items, IMAGE)
    path = workspace.datasets / "made"
    (path / "images").mkdir(parents=True)
    write_table(path / "items.parquet", table)
    triage = pd.DataFrame({"source": table["source"], "outcome": "kept", "reason": ""})
    write_table(path / "triage.parquet", triage)
    classes = tuple(dict.fromkeys(name for label in labels for name in find_task(task).names(label)))
    info = DatasetInfo(
        id="made", name="made", classes=classes, task=task, fingerprint=fingerprint(table), edits_bytes=0, **known
    )
    write_json(path / "dataset.json", info)
    return Dataset(path)


def add(workspace: Workspace, dataset: Dataset, *given: tuple[str, str]) -> None:
    """Let an intake add pictures: names and classes."""
    with Staging(workspace, dataset, IMAGE) as staging:
        for name, label in given:
            staging.keep(item(name, label).file, name.encode())
            staging.add(item(name, label))
        staging.publish(name="", notes=("Added by a test.",))


def truth(dataset: Dataset) -> dict[str, Any]:
    """All that an edit may change, bit for bit; not the version, which only grows."""
    known = json.loads((dataset.path / "dataset.json").read_text())
    return {
        "items": (dataset.path / "items.parquet").read_bytes(),
        "triage": dataset.triage().to_csv(),
        **{key: value for key, value in known.items() if key not in {"version", "edits_bytes"}},
    }


def edit_without_end(path: Path, name: str) -> None:
    """Give one picture a new class after the other, and say so."""
    for number in itertools.count():
        apply(Dataset(path), Relabel(labels={sha_of(name): f"{name} {number}"}))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    edit_without_end(Path(sys.argv[1]), sys.argv[2])
