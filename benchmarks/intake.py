"""Intake against the least that any intake must do: read, hash and fully decode every file, on as many threads.

    python benchmarks/intake.py             600 pictures of about 0.3 MB, in half a minute
    python benchmarks/intake.py --full      10,000 pictures, 3 GB: the numbers in docs/benchmarks.md

It makes its own pictures (JPEG, 1,280 × 960) from a seed. The files have been read once before either side is timed,
and the sides take turns, each in its own process. The last line is one JSON object: `value` is the intake's rate as
a share of the plain loop's, the bar is 0.8; `details.peak_megabytes` is the most memory that the intake's process held,
its bar is 1,000. `processor_share` compares processor seconds, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from benchmarks.machine import machine, versions  # noqa: E402

SHARE_BAR, MEGABYTES_BAR = 0.8, 1000.0
ITEMS, FULL_PICTURES = 600, 10_000
DRAWN = 300
CLASSES = 4
SIZE = (1280, 960)


def main() -> int:
    arguments = parse()
    if arguments.side:
        return side(arguments.side, arguments.folder, arguments.threads)
    count = arguments.pictures or (FULL_PICTURES if arguments.full else ITEMS)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        folder = Path(scratch) / "pictures"
        print(f"Making {count:,} pictures …", flush=True)
        make_pictures(folder, count)
        size = sum(path.stat().st_size for path in folder.rglob("*.jpg"))
        # Both sides start with the files in memory, as far as they fit.
        run_side("plain", folder, arguments.threads)
        results: dict[str, list[dict[str, float]]] = {"plain": [], "intake": []}
        for turn in range(arguments.turns):
            for name in ("plain", "intake") if turn % 2 == 0 else ("intake", "plain"):
                result = run_side(name, folder, arguments.threads)
                results[name].append(result)
                print(
                    f"{name:7} {count / result['seconds']:8.1f} pictures/s   {result['megabytes']:6.0f} MB", flush=True
                )
    shares = [
        plain["seconds"] / intake["seconds"] for plain, intake in zip(results["plain"], results["intake"], strict=True)
    ]
    share = statistics.median(shares)
    peak = max(result["megabytes"] for result in results["intake"])
    print(json.dumps(report(share, peak, count, size, arguments.threads, results, shares)))
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--full", action="store_true", help="10,000 pictures, 3 GB")
    parser.add_argument("--pictures", type=int, help="another number of pictures")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--turns", type=int, default=3, help="how often each side is timed")
    parser.add_argument("--scratch", type=Path, help="where pictures and workspace are put; else the temporary folder")
    parser.add_argument("--side", choices=("plain", "intake"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def make_pictures(folder: Path, count: int) -> None:
    """Write photographs of nothing: smooth colours with a grain, which makes each about 0.3 MB.

    A few hundred are drawn; the others are copies with a comment of their own, as long to decode and of other bytes.
    """
    for number in range(CLASSES):
        (folder / f"class {number}").mkdir(parents=True)
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 7.6, (SIZE[1] * 2, SIZE[0] * 2)).astype(np.float32)

    def draw(number: int) -> bytes:
        own = np.random.default_rng((0, number))
        coarse = Image.fromarray(own.integers(30, 226, (6, 8, 3), dtype=np.uint8))
        top, left = own.integers(0, SIZE[1]), own.integers(0, SIZE[0])
        smooth = np.asarray(coarse.resize(SIZE, Image.Resampling.BICUBIC), np.float32)
        noisy = smooth + grain[top : top + SIZE[1], left : left + SIZE[0], None]
        stream = BytesIO()
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=85)
        return stream.getvalue()

    with ThreadPoolExecutor() as pool:
        drawn = list(pool.map(draw, range(min(count, DRAWN))))
    for number in range(count):
        content, comment = drawn[number % len(drawn)], f"picture {number}".encode()
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        path = folder / f"class {number % CLASSES}" / f"{number:05d}.jpg"
        path.write_bytes(content[:2] + segment + content[2:])


def run_side(name: str, folder: Path, threads: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--side", name, "--folder", str(folder), "--threads", str(threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def side(name: str, folder: Path, threads: int) -> int:
    seconds, processor = plain(folder, threads) if name == "plain" else intake(folder, threads)
    print(json.dumps({"seconds": seconds, "processor": processor, "megabytes": peak_bytes() / 10**6}))
    return 0


def peak_bytes() -> int:
    """The most resident memory of this process; Linux' `ru_maxrss` would also count the parent's before the start."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def plain(folder: Path, threads: int) -> tuple[float, float]:
    """Time the loop that everybody writes: nothing is copied, nothing is noted."""

    def one(path: Path) -> str:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        with Image.open(BytesIO(content)) as image:
            image.load()
        return digest

    began, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, sorted(folder.rglob("*.jpg"))))
    return time.perf_counter() - began, time.process_time() - used


def intake(folder: Path, threads: int) -> tuple[float, float]:
    """Time the whole of it: until the dataset can be used."""
    from tlcore.data.intake import ingest
    from tlcore.progress import drain
    from tlcore.workspace import Workspace

    root = folder.parent / "workspace"
    os.environ["GRAFT_HOME"] = str(root)
    workspace = Workspace.default()
    # A server has its modules loaded and has written a table before; both cost the same whatever is taken in.
    few = folder.parent / "few"
    few.mkdir()
    for item in sorted(folder.rglob("*.jpg"))[:8]:
        shutil.copy(item, few)
    drain(ingest(workspace, few, label="any", threads=threads), lambda progress: None)
    shutil.rmtree(few)
    began, used = time.perf_counter(), time.process_time()
    report = drain(ingest(workspace, folder, threads=threads), lambda progress: None)
    seconds, processor = time.perf_counter() - began, time.process_time() - used
    expected = sum(1 for _ in folder.rglob("*.jpg"))
    shutil.rmtree(root)
    if report.kept != expected:
        raise SystemExit(f"{report.kept} of {expected} pictures were kept")
    return seconds, processor


def report(
    share: float,
    peak: float,
    count: int,
    size: int,
    threads: int,
    results: dict[str, list[dict[str, float]]],
    shares: list[float],
) -> dict[str, object]:
    rates = {
        f"{name}_pictures_per_second": round(count / statistics.median(one["seconds"] for one in turns), 1)
        for name, turns in results.items()
    }
    return {
        "name": "intake",
        "value": round(share, 3),
        "bar": SHARE_BAR,
        "holds": share >= SHARE_BAR and peak <= MEGABYTES_BAR,
        "details": {
            **rates,
            "processor_share": round(
                statistics.median(one["processor"] for one in results["plain"])
                / statistics.median(one["processor"] for one in results["intake"]),
                3,
            ),
            "shares": [round(one, 3) for one in shares],
            "peak_megabytes": round(peak),
            "peak_bar_megabytes": MEGABYTES_BAR,
            "pictures": count,
            "gigabytes": round(size / 10**9, 2),
            "threads": threads,
        },
        "machine": machine(),
        "versions": versions(),
    }


if __name__ == "__main__":
    raise SystemExit(main())
