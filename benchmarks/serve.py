"""How a served run stands many connections: faults, memory, throughput against ONNX Runtime alone, the slowest answers.

    python benchmarks/serve.py [--run RUN_DIR] [--seconds 60] [--connections 64] [--threads N] [--slices 6] [--json]

Without `--run` the sample is trained for one epoch first. The server is `python -m tlcore serve` with N threads for the
model, one less than there are cores where not given: HTTP and the connections, which ask from a process of their own on
the same machine, need one, too. Each connection sends a picture file as soon as it has the answer to the last one. The
time is cut into slices; between them ONNX Runtime alone answers for pixels that are in memory, on as many threads, so
that both see the same machine. `value` is the server's pictures a second as a share of those. It holds when that is at
least 0.8, no answer was another one than 200 with the right class, and the server's memory in the last slice was at
most 5 % and 10 MB above that after the first. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.contest import finish, home_in, timed  # noqa: E402

BAR = 0.8
GROWTH_SHARE, GROWTH_BYTES = 0.05, 10_000_000


def train(home: Path) -> Path:
    command = [sys.executable, "-m", "tlcore", "train", "sample", "--epochs", "1", "--json"]
    return Path(timed(command, home_in(home)).found["path"])


def sample_pictures(number: int) -> list[bytes]:
    from conformal_clip_data import textile_simulated_root

    files = sorted(Path(str(textile_simulated_root())).rglob("*.jpg"))
    return [path.read_bytes() for path in files[:: max(1, len(files) // number)]][:number]


def alone(run: Path, items: list[bytes], *, threads: int, seconds: float) -> float:
    """Pictures a second of ONNX Runtime with its pixels in memory."""
    from tlcore.inference.predictor import Predictor

    predictor = Predictor.from_run(run, threads=threads)
    pixels = [predictor.decode(item)["pixels"][None].astype(np.float32) for item in items]
    predictor.answer(pixels[0])
    ends = time.monotonic() + seconds

    def ask(_: int) -> int:
        done = 0
        while time.monotonic() < ends:
            predictor.answer(pixels[done % len(pixels)])
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        began = time.monotonic()
        done = sum(pool.map(ask, range(threads)))
        return done / (time.monotonic() - began)


async def connection(port: int, items: list[bytes], first: int, ends: float, found: dict[str, Any]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = first
    while time.monotonic() < ends:
        body = items[number % len(items)]
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
        began = time.monotonic()
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        content = await reader.readexactly(length)
        found["seconds"].append(time.monotonic() - began)
        status = int(answer.split(b" ", 2)[1])
        label = json.loads(content)["predictions"][0]["label"] if status == 200 else None
        if found["labels"].setdefault(number % len(items), label) != label or status != 200:
            found["faults"] += 1
        number += 1
    writer.close()


def load(port: int, items: list[bytes], *, connections: int, seconds: float) -> dict[str, Any]:
    """Ask from many connections for a while; run in a process of its own."""
    found: dict[str, Any] = {"seconds": [], "faults": 0, "labels": {}}

    async def ask_all() -> None:
        ends = time.monotonic() + seconds
        asking = (connection(port, items, number * 7, ends, found) for number in range(connections))
        for fault in await asyncio.gather(*asking, return_exceptions=True):
            found["faults"] += fault is not None

    began = time.monotonic()
    asyncio.run(ask_all())
    return {**found, "rate": len(found["seconds"]) / (time.monotonic() - began)}


def measure(run: Path, asked: argparse.Namespace) -> dict[str, Any]:
    items = sample_pictures(64)
    slice_seconds = asked.seconds / asked.slices
    command = [sys.executable, "-m", "tlcore", "serve", str(run), "--port", "0", "--threads", str(asked.threads)]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        port = int(process.stderr.readline().partition("http://127.0.0.1:")[2].partition(".")[0])
        load(port, items, connections=1, seconds=0.1)
        start = time.monotonic() - began
        server = psutil.Process(process.pid)
        slices, memory, before = [], [], server.cpu_times()
        for _ in range(asked.slices):
            alone_now = alone(run, items, threads=asked.threads, seconds=slice_seconds)
            program = [sys.executable, __file__, "--load", str(port), str(asked.connections), str(slice_seconds)]
            done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
            slices.append({**json.loads(done.stdout), "alone": alone_now})
            memory.append(server.memory_info().rss)
            print(f"{slices[-1]['rate']:.1f}/s, ONNX Runtime alone {alone_now:.1f}/s", flush=True)
        after = server.cpu_times()
    finally:
        process.terminate()
        process.wait()
    seconds = np.concatenate([each.pop("seconds") for each in slices])
    used = after.user + after.system - before.user - before.system
    return {
        "share": statistics.median(each["rate"] / each["alone"] for each in slices),
        "faults": sum(each["faults"] for each in slices),
        "answers": len(seconds),
        "start_seconds": start,
        "milliseconds": {f"p{at}": round(1000 * float(np.percentile(seconds, at)), 1) for at in (50, 95, 99)},
        "processor_milliseconds_per_picture": 1000 * used / len(seconds),
        "memory": memory,
        "slices": [{key: each[key] for key in ("rate", "alone", "faults")} for each in slices],
    }


def main() -> int:
    if "--load" in sys.argv:
        port, connections, seconds = sys.argv[-3:]
        print(json.dumps(load(int(port), sample_pictures(64), connections=int(connections), seconds=float(seconds))))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="a run's folder; the sample is trained where not given")
    parser.add_argument("--seconds", type=float, default=60, help="under load, in all")
    parser.add_argument("--slices", type=int, default=6)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-serve-") as folder:
        found = measure(asked.run or train(Path(folder)), asked)
    first, last = found["memory"][0], found["memory"][-1]
    grows = last - first > max(GROWTH_SHARE * first, GROWTH_BYTES)
    holds = found["share"] >= BAR and not found["faults"] and not grows
    settings = {key: str(value) for key, value in vars(asked).items()}
    return finish("serve", found["share"], BAR, holds, {**found, "settings": settings})


if __name__ == "__main__":
    sys.exit(main())
