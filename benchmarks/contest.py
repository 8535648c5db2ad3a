"""What the comparisons share: whole processes timed, with the processor time of every process below."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine, versions  # noqa: E402

LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Timed:
    """A process that has ended.

    Attributes:
        found: The JSON of its last line; empty where there is none.
        wall, processor: Seconds; `processor` of every process below as well.
        memory: The most that the processes held at one time, bytes resident, and of the largest one alone.
    """

    found: dict[str, Any]
    wall: float
    processor: float
    memory: int
    memory_of_one: int


def timed(command: list[str], environment: dict[str, str]) -> Timed:
    """Run a command to its end, or end this program with what it complained of."""
    used: dict[tuple[int, float], float] = {}
    most, most_of_one = 0, 0
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaint:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=complaint)
        # Looked at again and again: nobody waits for a worker, so no parent's account has its time.
        while process.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                held = []
                for each in [*(family := psutil.Process(process.pid)).children(recursive=True), family]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        times = each.cpu_times()
                        used[each.pid, each.create_time()] = times.user + times.system
                        held.append(each.memory_info().rss)
                most, most_of_one = max(most, sum(held)), max(most_of_one, *held, 0)
            time.sleep(LOOK_SECONDS)
        wall = time.monotonic() - began
        output.seek(0)
        complaint.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{complaint.read()[-2000:]}")
        lines = output.read().splitlines()
        found = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
        return Timed(found, wall, sum(used.values()), most, most_of_one)


def home_in(folder: Path) -> dict[str, str]:
    """The environment of a workspace of its own, with a line of its own to wait in."""
    return {**os.environ, "GRAFT_HOME": str(folder), "GRAFT_QUEUE": str(folder / "queue")}


def lay_out(run: Path, home: Path, folder: Path) -> None:
    """Put the pictures of a run's split into the folders that a script reads."""
    import pandas as pd

    dataset = home / "datasets" / json.loads((run / "config.json").read_text())["dataset"]
    for row in pd.read_parquet(run / "split.parquet").itertuples():
        place = folder / row.split / row.label
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(dataset / "images" / row.file, place)


def compete(
    name: str,
    script: str,
    *,
    bar: float,
    whole_bar: float | None = None,
    epochs: int,
    repeats: int,
    ours: list[str],
    theirs: list[str],
    data: str,
) -> int:
    """Graft's freeze mode against a script, whole processes in turn; print the result and give the exit code.

    `bar` is for the time from Graft's start until the test set is evaluated, as a share of the script's whole time;
    `whole_bar` for the whole process, with the making and checking of the downloads.
    """
    graft, other = [], []
    with tempfile.TemporaryDirectory(prefix="graft-versus-") as scratch:
        for repeat in range(repeats):
            home = Path(scratch) / f"home{repeat}"  # a new one: nothing is cached from the last time
            environment = home_in(home)
            command = [sys.executable, "-m", "tlcore", "train", data, "--mode", "freeze", "--json", "--seed", "0"]
            took = timed([*command, "--epochs", str(epochs), "--fractions", "0.7,0.1,0.2", *ours], environment)
            after = took.found["seconds"]["downloads"]
            found = entry(took, took.found["test"]["accuracy"], result=took.wall - after, **took.found["seconds"])
            graft.append(found)
            said = f"graft: result after {found['result']:.1f} s, the whole {took.wall:.1f} s"
            print(f"{said}, test accuracy {found['accuracy']:.3f}", flush=True)

            folder = Path(scratch) / f"pictures{repeat}"
            lay_out(Path(took.found["path"]), home, folder)
            command = [sys.executable, f"benchmarks/{script}.py", str(folder), "--epochs", str(epochs), *theirs]
            took = timed(command, environment)
            other.append(entry(took, took.found["accuracy"]))
            print(f"{script}: {took.wall:.1f} s, test accuracy {other[-1]['accuracy']:.3f}", flush=True)
    share, whole = (middle(graft, what) / middle(other, "wall") for what in ("result", "wall"))
    # One of them reports in single precision: 0.7450000048 is 298 of 400, too.
    fair = round(middle(graft, "accuracy"), 6) >= round(middle(other, "accuracy"), 6)
    details = {
        "graft": graft,
        script: other,
        "share_of_the_whole_process": whole,
        "bar_of_the_whole_process": whole_bar,
        "share_of_processor_time": middle(graft, "processor") / middle(other, "processor"),
        "no_lower_accuracy": fair,
        "settings": {"epochs": epochs, "repeats": repeats, "graft": ours, script: theirs},
    }
    holds = share <= bar and (whole_bar is None or whole <= whole_bar)
    return finish(name, share, bar, holds and fair, details)


def entry(took: Timed, accuracy: float, **more: float) -> dict[str, float]:
    return {"wall": took.wall, "processor": took.processor, "accuracy": accuracy, **more}


def middle(runs: list[dict[str, float]], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def finish(name: str, value: float, bar: float, holds: bool, details: dict[str, Any]) -> int:
    """Print the last line of a benchmark and give its exit code."""
    result = {"name": name, "value": value, "bar": bar, "holds": holds, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0 if holds else 1
