"""What cached views buy above a frozen backbone: cross-validated accuracy over the number of views of each picture.

    python benchmarks/views.py [--data sample,FOLDER] [--views 1,2,4] [--seeds 0,1,2]

The exact head is solved on the views of four fifths of the training pictures and asked about the plain rest, in turn,
in as many deals as there are seeds; the test set is not looked at. The first view is the plain picture; each other one
costs a pass through the trunk. The last line is one JSON object; `value` is the most that any number of views gained
over one, in points of accuracy, `details` has each gain with its standard error over the pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine, versions  # noqa: E402
from tlcore.commands.data import find_or_take_in  # noqa: E402
from tlcore.commands.terminal import Terminal  # noqa: E402
from tlcore.data.dataset import Dataset  # noqa: E402
from tlcore.data.import_plan import ImportChoices  # noqa: E402
from tlcore.runs.config import TrainingConfig  # noqa: E402
from tlcore.runs.create import create_run  # noqa: E402
from tlcore.tasks.folds import folds_of  # noqa: E402
from tlcore.workspace import Workspace  # noqa: E402

AUGMENTATIONS = {
    "mirrored": ("flip_left_right",),
    "moved": ("flip_left_right", "rotate", "zoom", "shift", "brightness", "contrast"),
}


def right(workspace: Workspace, dataset: Dataset, augment: tuple[str, ...], views: int, seeds: list[int]) -> np.ndarray:
    """Share of the deals in which each training picture is answered right, `(n,)`."""
    from tlcore.training.trainer import Training

    settings = {"dataset": dataset.id, "mode": "freeze", "augment": augment, "views": views}
    run = create_run(workspace, dataset, TrainingConfig(**settings))
    training = Training(run, report=lambda news: None, stop=lambda: False, workspace=workspace)
    source = training.below.sources(len(training.backbone.blocks), epochs=100)["train"]
    seen = [each[:]["features"].astype(np.float32) for each in source.views]
    targets, head = training.items["train"].targets, training.head
    run.delete()
    found = np.zeros(len(targets))
    for seed in seeds:
        for learn, judge in folds_of(head.kinds(targets), seed=seed):
            solved = head.solve(
                np.concatenate([view[learn] for view in seen]),
                np.tile(targets[learn], len(seen)),
                seed=seed,
                weights=np.ones(len(learn) * len(seen), np.float32),
                groups=np.tile(learn, len(seen)),  # views of one picture are never on two sides
                coarse=True,
            )
            logits = seen[0][judge] @ solved.kernel + solved.bias
            found[judge] += logits.argmax(axis=1) == targets[judge]
    return found / len(seeds)


def measure(asked: argparse.Namespace, workspace: Workspace) -> list[dict[str, object]]:
    """Compare every number of views with one, on each dataset, under each augmentation."""
    seeds, rows = [int(seed) for seed in asked.seeds.split(",")], []
    for data in asked.data.split(","):
        dataset = find_or_take_in(workspace, data, Terminal(as_json=True), ImportChoices())
        plain = right(workspace, dataset, (), 1, seeds)
        print(f"{dataset.info.name}: {100 * plain.mean():.2f} % with one view of {len(plain)} pictures", flush=True)
        for name, augment in AUGMENTATIONS.items():
            for views in map(int, asked.views.split(",")):
                if views == 1 or (name == "mirrored" and views > 2):
                    continue  # a picture has one mirror image
                began = time.monotonic()
                gain = 100 * (right(workspace, dataset, augment, views, seeds) - plain)
                error = gain.std(ddof=1) / np.sqrt(len(gain))
                seconds = time.monotonic() - began
                print(f"  {name}, {views} views: {gain.mean():+.2f} ± {error:.2f} points ({seconds:.0f} s)", flush=True)
                entry = {"data": dataset.info.name, "augment": name, "views": views, "pictures": len(plain)}
                rows.append({**entry, "one_view": 100 * plain.mean(), "gain": gain.mean(), "standard_error": error})
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="sample", help="`sample` and folders, with commas")
    parser.add_argument("--views", default="1,2,4")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--home", type=Path, help="a workspace to keep; default: one that is thrown away")
    parser.add_argument("--json", action="store_true", help="as every benchmark has it: the last line is JSON anyway")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-views-") as scratch:
        home = asked.home or Path(scratch)
        os.environ.update(GRAFT_HOME=str(home), GRAFT_QUEUE=str(home / "queue"))
        details = measure(asked, Workspace.default())
    value = max((row["gain"] for row in details), default=None)
    result = {"name": "views", "value": value, "bar": None, "holds": None, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
