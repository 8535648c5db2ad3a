"""Graft's freeze mode against the usual Keras script: whole processes, same pictures, same machine.

    python benchmarks/versus_script.py [--epochs 10] [--repeats 1] [--flips-only] [--backbone …]

Each is timed from its start to its end. Graft's process also takes in nothing less than a dataset's id would need: it
decodes, trains, saves both models, judges the test pictures and proves every export in a fresh process. The usual
script gets Graft's own split. The last line is one JSON object; `value` is Graft's share of the script's wall time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine, versions  # noqa: E402

BAR = 0.2
LOOK_SECONDS = 0.1


def timed(command: list[str], environment: dict[str, str]) -> tuple[dict, float, float]:
    """The JSON of the last line, wall seconds, and the processor seconds of every process below."""
    used: dict[tuple[int, float], float] = {}
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaint:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=complaint)
        # Looked at again and again: nobody waits for a worker, so no parent's account has its time.
        while process.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                for each in [*(family := psutil.Process(process.pid)).children(recursive=True), family]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        times = each.cpu_times()
                        used[each.pid, each.create_time()] = times.user + times.system
            time.sleep(LOOK_SECONDS)
        wall = time.monotonic() - began
        output.seek(0)
        complaint.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{complaint.read()[-2000:]}")
        return json.loads(output.read().splitlines()[-1]), wall, sum(used.values())


def lay_out(run: Path, home: Path, folder: Path) -> None:
    """Put the pictures of a run's split into the folders that the usual script reads."""
    import pandas as pd

    dataset = home / "datasets" / json.loads((run / "config.json").read_text())["dataset"]
    for row in pd.read_parquet(run / "split.parquet").itertuples():
        place = folder / row.split / row.label
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(dataset / "images" / row.file, place)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--backbone", default="efficientnet_lite0", choices=["efficientnet_lite0", "mobilenet_v2"])
    parser.add_argument("--flips-only", action="store_true", help="the script mirrors the pictures and does no more")
    asked = parser.parse_args()
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="graft-versus-") as scratch:
        for repeat in range(asked.repeats):
            home = Path(scratch) / f"home{repeat}"  # a new one: nothing is cached from the last time
            environment = {**os.environ, "GRAFT_HOME": str(home), "GRAFT_QUEUE": str(home / "queue")}
            command = [sys.executable, "-m", "tlcore", "train", "sample", "--mode", "freeze", "--json"]
            command += ["--epochs", str(asked.epochs), "--fractions", "0.7,0.1,0.2", "--seed", "0"]
            found, wall, used = timed(command, environment)
            ours.append({"wall": wall, "processor": used, "accuracy": found["test"]["accuracy"], **found["seconds"]})
            print(f"graft: {wall:.1f} s, test accuracy {ours[-1]['accuracy']:.3f}", flush=True)

            folder = Path(scratch) / f"pictures{repeat}"
            lay_out(Path(found["path"]), home, folder)
            command = [sys.executable, "benchmarks/usual_script.py", str(folder), "--epochs", str(asked.epochs)]
            command += ["--backbone", asked.backbone, *(["--flips-only"] if asked.flips_only else [])]
            found, wall, used = timed(command, environment)
            theirs.append({"wall": wall, "processor": used, "accuracy": found["accuracy"]})
            print(f"usual script: {wall:.1f} s, test accuracy {theirs[-1]['accuracy']:.3f}", flush=True)

    def middle(runs: list[dict], what: str) -> float:
        return statistics.median(run[what] for run in runs)

    share = middle(ours, "wall") / middle(theirs, "wall")
    fair = middle(ours, "accuracy") >= middle(theirs, "accuracy")
    details = {
        "graft": ours,
        "usual_script": theirs,
        "share_of_processor_time": middle(ours, "processor") / middle(theirs, "processor"),
        "no_lower_accuracy": fair,
        "settings": vars(asked),
    }
    result = {"name": "versus_script", "value": share, "bar": BAR, "holds": share <= BAR and fair, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0 if result["holds"] else 1


if __name__ == "__main__":
    sys.exit(main())
