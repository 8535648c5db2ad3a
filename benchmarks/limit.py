"""How near a freeze run comes to the limit: one forward pass over all pictures by the engine of this machine.

    python benchmarks/limit.py [--backbones efficientnet_lite0,resnet50] [--repeats 1] [--views 1] [--json]

The limit is the best of three passes, pixels in memory, the engine ready. The run is the worker process until
its result stands: imports, pixel store, trunk, head, `model.keras`, `model.onnx` and the evaluation; the pictures were
taken in before, nothing is cached. The whole process, with the downloads made and checked, stands beside it. A second
run, with another seed (so other training and validation parts) and more epochs, must not touch the trunk. The last line
is one JSON object; `value` is the largest part of its bar that a first run takes. The whole in processor time, of all
processes, stands beside it: on a busy machine it says more.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.contest import finish, home_in, timed  # noqa: E402
from benchmarks.own_weights import make_weights, worker  # noqa: E402

BARS = {"efficientnet_lite0": 2.5, "resnet50": 1.5}
# In a process of its own.
LIMIT = """
import json, sys, time, pathlib, numpy as np, onnx
from tlcore.memmap import MappedArrays
from tlcore.training.engine import on_processor
engine, size = on_processor(onnx.load(sys.argv[1])), int(sys.argv[3])
pixels = np.array(np.memmap(sys.argv[2], np.uint8, "r").reshape(-1, size, size, 3))
inputs = MappedArrays({"pixels": pixels})
engine(inputs.only(slice(16)))
turns = []
for _ in range(3):
    began, used = time.monotonic(), time.process_time()
    engine(inputs)
    turns.append({"seconds": time.monotonic() - began, "processor": time.process_time() - used})
print(json.dumps({"engine": engine.title, **min(turns, key=lambda turn: turn["seconds"])}))
"""


def carry_out(home: Path, data: str, backbone: str, *, seed: int, epochs: int, views: int) -> dict:
    """Train by a worker process, from its start to its end."""
    from tlcore.data.dataset import open_dataset
    from tlcore.runs.config import Fractions, TrainingConfig
    from tlcore.runs.create import create_run
    from tlcore.runs.manifest import read_manifests
    from tlcore.workspace import Workspace

    workspace = Workspace(home)
    dataset = open_dataset(workspace, data)
    fractions = Fractions(train=0.7, val=0.1, test=0.2)
    config = TrainingConfig(
        dataset=dataset.id,
        backbone=backbone,
        epochs=epochs,
        patience=0,
        views=views or None,
        seed=seed,
        fractions=fractions,
    )
    run = create_run(workspace, dataset, config)
    began = datetime.now(UTC)
    took = timed(worker(run.path), home_in(home))
    state, made = run.state(), read_manifests(run.path)
    return {
        "result": (state.ended - began).total_seconds() if state.ended else None,
        "wall": took.wall,
        "processor": took.processor,
        "memory": took.memory,
        "accuracy": state.test.value if state.test else None,
        "proven": all(each.agrees for each in made) and len(made) == 3,
        # In their order: there are several of some names.
        "phases": [(phase.name, round(phase.seconds or 0, 2)) for phase in state.phases],
        "notes": list(state.notes),
        "run": str(run.path),
    }


def limit(home: Path) -> dict:
    (graph,) = home.glob("cache/graph-*/trunk.onnx")
    (store,) = home.glob("cache/pixels-*/pixels.bin")
    command = [sys.executable, "-c", LIMIT, str(graph), str(store), "224"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(backbone: str, data: str, *, epochs: int, views: int) -> dict:
    """A fresh workspace: limit, first run, second run."""
    with tempfile.TemporaryDirectory(prefix="graft-limit-") as folder:
        home = Path(folder)
        command = [sys.executable, "-m", "tlcore", "data", "add", data, "--json"]
        id_ = timed(command, home_in(home)).found["dataset"]
        if backbone != "efficientnet_lite0":
            store = decode(home, id_)
            make_weights(backbone, home, size=224, pixels=store, environment=home_in(home))
            store.parent.rename(home / "decoded")  # the run decodes for itself
        first = carry_out(home, id_, backbone, seed=0, epochs=epochs, views=views)
        bound = limit(home)
        began = time.monotonic()
        second = carry_out(home, id_, backbone, seed=1, epochs=epochs + 2, views=views)
        return {
            "limit": bound,
            "first": first,
            "second": second,
            "first_by_limit": first["result"] / bound["seconds"],
            "second_by_limit": second["result"] / bound["seconds"],
            "first_whole_by_limit": first["wall"] / bound["seconds"],
            "first_by_limit_in_processor_time": first["processor"] / bound["processor"],
            "second_touches_the_trunk": "trunk" in dict(second["phases"]),
            "seconds_of_second": time.monotonic() - began,
        }


def decode(home: Path, data: str) -> Path:
    """The pixel store of a dataset's first pictures, to make statistics from."""
    from tlcore.data.dataset import open_dataset
    from tlcore.data.store import ArrayStore
    from tlcore.modalities.image.settings import ImageInput
    from tlcore.progress import drain
    from tlcore.workspace import Workspace

    workspace = Workspace(home)
    dataset = open_dataset(workspace, data)
    items = dataset.items().iloc[:: max(1, len(dataset.items()) // 32)].head(32)
    paths = [dataset.image_path(file) for file in items["file"]]
    steps = ArrayStore.open_or_build(paths, list(items["sha256"]), ImageInput(size=224), workspace.cache)
    return drain(steps, lambda step: None).path / "pixels.bin"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbones", default=",".join(BARS))
    parser.add_argument("--data", default="sample", help="a folder of pictures, or the sample of 2,000")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--views", type=int, default=1, help="cached views; 0 lets Graft choose")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    details: dict = {"settings": vars(asked)}
    shares, sound = [], True
    for backbone in asked.backbones.split(","):
        found = [measure(backbone, asked.data, epochs=asked.epochs, views=asked.views) for _ in range(asked.repeats)]
        by_limit = statistics.median(each["first_by_limit"] for each in found)
        second = statistics.median(each["second_by_limit"] for each in found)
        whole = statistics.median(each["first_whole_by_limit"] for each in found)
        used = statistics.median(each["first_by_limit_in_processor_time"] for each in found)
        print(
            f"{backbone}: first result {by_limit:.2f} limits, second {second:.2f}; the whole first run {whole:.2f} "
            f"({used:.2f} of processor time)",
            flush=True,
        )
        details[backbone] = {
            "first_by_limit": by_limit,
            "first_whole_by_limit": whole,
            "first_by_limit_in_processor_time": used,
            "second_by_limit": second,
            "bar": BARS[backbone],
            "all": found,
        }
        shares.append(by_limit / BARS[backbone])
        sound &= all(each["first"]["proven"] and not each["second_touches_the_trunk"] for each in found)
    return finish("limit", max(shares), 1.0, max(shares) <= 1 and sound, details)


if __name__ == "__main__":
    sys.exit(main())
