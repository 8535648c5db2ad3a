"""What training holds in memory, and what a picture costs, for ever more pictures.

    python benchmarks/memory.py [--counts 1000,5000,20000,50000] [--size 224] [--json]

Synthetic pictures of three classes, taken in first; then whole freeze runs, each with nothing cached. `value` is the
most that the worker held, in GB resident, pages of mapped files included; the bar is 4. The cost of a picture is that
of its pixels, its features and one epoch of the head, each by the seconds of its phase; it is flat when no number of
pictures costs more than 1.25 times as much as the cheapest of those with at least 5,000 (start-up counts more where
there are few). Needs about 0.4 MB of disk for each picture. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.contest import finish, home_in, timed  # noqa: E402

GIGABYTES = 4.0
FLAT = 1.25
FEW = 5000
CLASSES = ("circles", "squares", "stripes")
DRAWN = 96  # pixels; a picture is enlarged to the size of the network


def draw(count: int, folder: Path) -> None:
    """Write small pictures, no two alike."""
    chance = np.random.default_rng(0)
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    for number in range(count):
        label = number % len(CLASSES)
        pixels = chance.integers(0, 256, (6, 6, 3)).astype(np.uint8)
        pixels[..., label] //= 2
        item = Image.fromarray(pixels).resize((DRAWN, DRAWN), Image.Resampling.BILINEAR)
        item.save(folder / CLASSES[label] / f"{number:06d}.jpg", quality=80)


def train(count: int, *, size: int, folder: Path, scratch: Path, more: list[str]) -> dict:
    """A whole run on so many of the pictures, in a workspace of its own."""
    taken, home = scratch / "taken", scratch / "home"
    for name in CLASSES:
        (taken / name).mkdir(parents=True)
        for path in sorted((folder / name).iterdir())[: -(-count // len(CLASSES))]:
            shutil.copy(path, taken / name)
    environment = home_in(home)
    id_ = timed([sys.executable, "-m", "tlcore", "data", "add", str(taken), "--json"], environment).found["dataset"]
    shutil.rmtree(taken)
    command = [sys.executable, "-m", "tlcore", "train", id_, "--image-size", str(size), "--augment", "none", "--json"]
    command += ["--views", "1", "--epochs", "2", "--patience", "0", "--fractions", "0.85,0.1,0.05", *more]
    took = timed(command, environment)
    seconds = took.found["seconds"]
    events = (Path(took.found["path"]) / "events.jsonl").read_text().splitlines()
    epochs = [event["seconds"] for event in map(json.loads, events) if event["kind"] == "epoch_ended"]
    parts = {
        "pixels": seconds["prepare"],
        "trunk": seconds.get("trunk", 0.0),
        "epoch": epochs[-1],
        "judge": seconds["evaluate"],
    }
    shutil.rmtree(home)
    return {
        "pictures": count,
        "gigabytes": took.memory_of_one / 1e9,
        "gigabytes_of_all_processes": took.memory / 1e9,
        "wall": took.wall,
        "milliseconds_per_picture": {name: 1000 * value / count for name, value in parts.items()},
        "accuracy": took.found["test"]["accuracy"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", default="1000,5000,20000,50000")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--more", default="", help="more options for train, with blanks between them")
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    counts = [int(count) for count in asked.counts.split(",")]
    with tempfile.TemporaryDirectory(prefix="graft-memory-") as scratch:
        folder = Path(scratch) / "drawn"
        draw(max(counts), folder)
        runs = []
        for count in counts:
            runs.append(train(count, size=asked.size, folder=folder, scratch=Path(scratch), more=asked.more.split()))
            print(f"{count:,}: {runs[-1]['gigabytes']:.2f} GB, {runs[-1]['milliseconds_per_picture']}", flush=True)
    many = [run for run in runs if run["pictures"] >= min(FEW, max(counts))]
    costs = [sum(run["milliseconds_per_picture"].values()) for run in many]
    most, growth = max(run["gigabytes"] for run in runs), max(costs) / min(costs)
    details = {"runs": runs, "dearest_by_cheapest": growth, "flat": growth <= FLAT, "settings": vars(asked)}
    return finish("memory", most, GIGABYTES, most <= GIGABYTES and growth <= FLAT, details)


if __name__ == "__main__":
    sys.exit(main())
