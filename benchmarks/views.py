"""What cached views buy: test accuracy of a frozen backbone over the number of views of each training picture.

    python benchmarks/views.py [--data sample,FOLDER] [--views 1,2,4,8] [--seeds 0,1,2]

One view is the plain picture alone. With more, an epoch draws one of them for each picture; each costs a pass through
the trunk, once. Everything else is the default of *freeze*. The last line is one JSON object; `value` is the most that
any number of views gained over one, in points of accuracy, of means over the seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.accuracy import measured  # noqa: E402
from benchmarks.machine import machine, versions  # noqa: E402
from tlcore.commands.data import find_or_take_in  # noqa: E402
from tlcore.commands.terminal import Terminal  # noqa: E402
from tlcore.data.import_plan import ImportChoices  # noqa: E402
from tlcore.workspace import Workspace  # noqa: E402

AUGMENTATIONS = {
    "mirrored": ("flip_left_right",),
    "moved": ("flip_left_right", "rotate", "zoom", "shift", "brightness", "contrast"),
}
Scores = dict[tuple[str, str, int], list[float]]


def measure(asked: argparse.Namespace, workspace: Workspace) -> Scores:
    """Accuracies, in percent, by dataset, augmentation and views."""
    scores: Scores = {}
    for data in asked.data.split(","):
        dataset = find_or_take_in(workspace, data, Terminal(as_json=True), ImportChoices())
        for name, augment in AUGMENTATIONS.items():
            for views in map(int, asked.views.split(",")):
                if name == "mirrored" and views > 2:
                    continue  # a picture has one mirror image
                for seed in map(int, asked.seeds.split(",")):
                    began = time.monotonic()
                    settings = {"mode": "freeze", "augment": augment if views > 1 else (), "views": views}
                    accuracy, run = measured(workspace, dataset, settings, seed)
                    run.delete()
                    scores.setdefault((dataset.info.name, name, views), []).append(100 * accuracy)
                    seconds = time.monotonic() - began
                    said = f"{dataset.info.name}, {name}, {views} views, seed {seed}"
                    print(f"{said}: {100 * accuracy:.2f} % ({seconds:.0f} s)", flush=True)
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="sample", help="`sample` and folders, with commas")
    parser.add_argument("--views", default="1,2,4,8")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--home", type=Path, help="a workspace to keep; default: one that is thrown away")
    parser.add_argument("--json", action="store_true", help="as every benchmark has it: the last line is JSON anyway")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-views-") as scratch:
        home = asked.home or Path(scratch)
        os.environ.update(GRAFT_HOME=str(home), GRAFT_QUEUE=str(home / "queue"))
        scores = measure(asked, Workspace.default())
    means = {cell: statistics.mean(found) for cell, found in scores.items()}
    gains = [mean - means[data, name, 1] for (data, name, views), mean in means.items() if views > 1]
    details = [
        {"data": data, "augment": name, "views": views, "mean": round(means[data, name, views], 2), "scores": found}
        for (data, name, views), found in scores.items()
    ]
    result = {"name": "views", "value": max(gains, default=None), "bar": None, "holds": None, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
