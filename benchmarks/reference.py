"""Whether the trainer reaches its reference results on the textile sample, through the command line.

    python benchmarks/reference.py [--seeds 0,1,2] [--modes freeze,fine-tune]

2,000 pictures, 70/10/20, all three parts drawn anew for each seed, EfficientNet-Lite0 at 224 pixels, 5 epochs with
flips. A head on frozen features scores about 0.71 to 0.76 on test; fine-tuning every block must score at least 0.97
with every seed. The last line is one JSON object; `value` is the lowest test accuracy of fine-tuning.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine, versions  # noqa: E402
from tlcore.backbones.catalogue import find  # noqa: E402
from tlcore.runs.config import TrainingConfig  # noqa: E402

BARS = {"freeze": 0.70, "fine-tune": 0.97}
SHARES = "0.7,0.1,0.2"
SETTINGS = ["--epochs", "5", "--augment", "flip_left_right,flip_up_down", "--fractions", SHARES]


def train(mode: str, seed: int, home: Path) -> dict[str, float]:
    blocks = str(len(find(TrainingConfig(dataset="-").backbone).blocks))
    command = [sys.executable, "-m", "tlcore", "train", "sample", "--mode", mode, "--seed", str(seed), *SETTINGS]
    command += ["--blocks", blocks, "--json"]
    environment = {**os.environ, "GRAFT_HOME": str(home), "GRAFT_QUEUE": str(home / "queue")}
    # The test part is locked: another seed draws another one only where that is asked for.
    draw = [sys.executable, "-m", "tlcore", "data", "split", "sample", "--seed", str(seed), "--shares", SHARES]
    subprocess.run([*draw, "--anew", "--yes"], cwd=ROOT, env=environment, capture_output=True, check=True)
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    took = time.monotonic() - began
    print(f"{mode} seed {seed}: test accuracy {found['test']['accuracy']:.4f} in {took:.0f} s", flush=True)
    return {"mode": mode, "seed": seed, "seconds": round(took, 1), **found["test"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--modes", default="freeze,fine-tune")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-reference-") as folder:
        runs = [
            train(mode, int(seed), Path(folder)) for mode in asked.modes.split(",") for seed in asked.seeds.split(",")
        ]
    last = asked.modes.split(",")[-1]
    lowest = min(run["accuracy"] for run in runs if run["mode"] == last)
    holds = all(run["accuracy"] >= BARS[run["mode"]] for run in runs)
    result = {"name": "reference", "value": lowest, "bar": BARS[last], "holds": holds, "details": {"runs": runs}}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
