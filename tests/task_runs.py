"""Small datasets and runs of multi-label classification and regression, trained by the real worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tests.conftest import CLASSES
from tlcore.data.dataset import Dataset
from tlcore.data.info import fingerprint, write_table
from tlcore.data.intake import ingest
from tlcore.files import write_json
from tlcore.progress import drain
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

ITEMS = 48
SIDE = 64
# Where each shape stands when it is there.
PLACES = {"circle": (3, 3, 28, 28), "square": (36, 4, 60, 28), "triangle": (20, 36, 46, 60)}
SETTINGS: dict[str, dict[str, Any]] = {
    "multilabel": {},
    "regression": {"value_name": "diameter", "unit": "mm"},
}


def write_pictures(folder: Path, task: str) -> dict[str, str]:
    """Draw the pictures of a task and give the label of each file: shapes that occur, or a disc's diameter."""
    rng, labels = np.random.default_rng(0), {}
    folder.mkdir(parents=True)
    for number in range(ITEMS):
        item = Image.fromarray(rng.integers(150, 256, (SIDE, SIDE, 3), dtype=np.uint8))
        draw = ImageDraw.Draw(item)
        if task == "multilabel":
            there = [name for place, name in enumerate(CLASSES) if number % 8 >> place & 1]
            for name in there:
                _draw(draw, name)
            # Some pictures lack a label that they should have, so that no model is right about all.
            label = "|".join(there[1:] if number % 5 == 3 else there)
        else:
            # A decimal that no other picture has, so that it is no class.
            diameter = 8 + number + round(float(rng.uniform(0, 0.9)), 2)
            corner = (SIDE - diameter) / 2
            draw.ellipse((corner, corner, corner + diameter, corner + diameter), fill=CLASSES["circle"])
            label = str(diameter)
        name = f"{number:02d}.png"
        item.save(folder / name)
        labels[name] = find_task(task).read(label)
    return labels


def make_dataset(workspace: Workspace, folder: Path, task: str) -> Dataset:
    """Take the pictures of a task in below `folder`, and label them."""
    labels = write_pictures(folder / task, task)
    dataset = drain(ingest(workspace, folder), lambda progress: None).dataset
    return relabel(dataset, task, labels)


def relabel(dataset: Dataset, task: str, labels: Mapping[str, str]) -> Dataset:
    """Make a dataset one of another task; `labels` are those of each file, by its name."""
    items = dataset.items()
    items["label"] = [labels[Path(source).name] for source in items["source"]]
    write_table(dataset.path / "items.parquet", items)
    info = dataset.info.model_copy(
        update={
            "task": task,
            "classes": find_task(task).classes(list(items["label"])),
            "fingerprint": fingerprint(items),
            **SETTINGS[task],
        }
    )
    write_json(dataset.path / "dataset.json", info)
    return dataset


def untrained_run(workspace: Workspace, dataset: Dataset, **settings: Any) -> Run:
    """Create a run of the dataset that has an exact head on frozen blocks."""
    fractions = Fractions(train=0.5, val=0.25, test=0.25)
    asked = {"head": "logistic", "input.size": SIDE, "augment": (), "fractions": fractions, **settings}
    return create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, **asked))


def train_run(workspace: Workspace, dataset: Dataset, **settings: Any) -> Run:
    """Train, evaluate and export a run of the dataset as its worker does, in a process of its own."""
    run = untrained_run(workspace, dataset, **settings)
    ended = subprocess.run(
        [sys.executable, "-m", "tlcore", "work", str(run.path)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{ended.stdout[-2000:]}\n{ended.stderr[-2000:]}"
    return run


def _draw(draw: ImageDraw.ImageDraw, name: str) -> None:
    left, top, right, bottom = PLACES[name]
    if name == "circle":
        draw.ellipse(PLACES[name], fill=CLASSES[name])
    elif name == "square":
        draw.rectangle(PLACES[name], fill=CLASSES[name])
    else:
        draw.polygon([(left, bottom), (right, bottom), ((left + right) // 2, top)], fill=CLASSES[name])
