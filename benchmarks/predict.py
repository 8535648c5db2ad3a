"""How near `predict` comes to decoding plus inference, and what it needs in memory for very many pictures.

    python benchmarks/predict.py [--run RUN_DIR] [--number 100000] [--limit-number 2000] [--json]

Without `--run` the sample is trained for one epoch first. A folder is filled with NUMBER links to the pictures of the
sample. The limit is a loop on as many threads as there are cores that decodes each picture and asks ONNX Runtime about
it, and does nothing else; it is measured before and after on LIMIT-NUMBER pictures. Then `python -m tlcore predict
FOLDER --csv` runs as a whole process, is killed when it has about half of the answers, and goes on with `--resume`.
`value` is the limit's seconds for a picture as a share of the command's, imports and listing included. It holds when
that is at least 0.8, the table has each picture once, in order, and the process of the second half was never more than
5 % and 10 MB larger than it was after a quarter of its way. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import csv
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.contest import finish  # noqa: E402
from benchmarks.serve import GROWTH_BYTES, GROWTH_SHARE, train  # noqa: E402

BAR = 0.8
LOOK_SECONDS = 0.2


def fill(folder: Path, number: int) -> list[Path]:
    """Links to the sample's pictures, a thousand in each folder."""
    from conformal_clip_data import textile_simulated_root

    files = sorted(Path(str(textile_simulated_root())).rglob("*.jpg"))
    made = []
    for at in range(number):
        place = folder / f"{at // 1000:04d}"
        if not at % 1000:
            place.mkdir(parents=True)
        (place / f"{at % 1000:03d}.jpg").symlink_to(files[at % len(files)])
        made.append(place / f"{at % 1000:03d}.jpg")
    return made


def limit(run: Path, paths: list[Path]) -> dict[str, float]:
    """Seconds and processor seconds of a picture: decoded, asked about, forgotten."""
    from tlcore.inference.predictor import Predictor

    predictor = Predictor.from_run(run)
    predictor.score(predictor.decode(paths[0]))
    with ThreadPoolExecutor(predictor.threads) as pool:
        began, used = time.monotonic(), time.process_time()
        for _ in pool.map(lambda path: predictor.score(predictor.decode(path)), paths):
            pass
        return {
            "seconds": (time.monotonic() - began) / len(paths),
            "processor": (time.process_time() - used) / len(paths),
        }


def carry_out(command: list[str], table: Path, *, until: int | None = None) -> dict[str, Any]:
    """Run the command to its end, or kill it when the table has so many bytes; what it took, and its memory."""
    began, memory, used = time.monotonic(), [], 0.0
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    seen = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            memory.append(seen.memory_info().rss)
            times = seen.cpu_times()
            used = times.user + times.system
        except psutil.NoSuchProcess:
            break
        if until is not None and table.exists() and table.stat().st_size > until:
            process.send_signal(signal.SIGKILL)
        time.sleep(LOOK_SECONDS)
    process.wait()
    return {"wall": time.monotonic() - began, "processor": used, "memory": memory}


def rows(table: Path) -> int:
    with table.open(newline="", encoding="utf-8") as stream:
        return max(0, sum(1 for _ in csv.reader(stream)) - 1)


def measure(run: Path, asked: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    folder, table = scratch / "pictures", scratch / "answers.csv"
    paths = fill(folder, asked.number)
    command = [sys.executable, "-m", "tlcore", "predict", str(run), str(folder), "--csv", str(table)]
    before = limit(run, paths[: asked.limit_number])
    first = carry_out(command, table, until=asked.number * 60)  # of the 120 bytes or so that a row has
    answered = rows(table)
    second = carry_out([*command, "--resume"], table)
    after = limit(run, paths[: asked.limit_number])
    with table.open(newline="", encoding="utf-8") as stream:
        whole = [row["path"] for row in csv.DictReader(stream)] == [str(path) for path in paths]
    bound = {key: statistics.mean((before[key], after[key])) for key in before}
    after_a_quarter = second["memory"][len(second["memory"]) // 4]
    took = {key: (first[key] + second[key]) / asked.number for key in ("wall", "processor")}
    return {
        "share": bound["seconds"] / took["wall"],
        "share_of_processor_time": bound["processor"] / took["processor"],
        "pictures_a_second": 1 / took["wall"],
        "limit": {"before": before, "after": after},
        "milliseconds": {key: 1000 * value for key, value in took.items()},
        "whole": whole,
        "answered_when_killed": answered,
        "memory": {
            "after_a_quarter": after_a_quarter,
            "most": max(second["memory"]),
            "most_of_first": max(first["memory"]),
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="a run's folder; the sample is trained where not given")
    parser.add_argument("--number", type=int, default=100_000)
    parser.add_argument("--limit-number", type=int, default=2000)
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-predict-") as scratch:
        os.environ.setdefault("GRAFT_HOME", f"{scratch}/home")
        found = measure(asked.run or train(Path(scratch) / "home"), asked, Path(scratch))
    memory = found["memory"]
    allowed = max(GROWTH_SHARE * memory["after_a_quarter"], GROWTH_BYTES)
    grows = memory["most"] - memory["after_a_quarter"] > allowed
    holds = found["share"] >= BAR and found["whole"] and not grows
    settings = {key: str(value) for key, value in vars(asked).items()}
    return finish("predict", found["share"], BAR, holds, {**found, "settings": settings})


if __name__ == "__main__":
    sys.exit(main())
