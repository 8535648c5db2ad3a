"""Start an unpacked server and ask it over HTTP: the program of the fresh process.

It imports nothing of Graft's but what was unpacked; `python -I` would not find it.

    python -I verify_server.py FOLDER LIST PACKAGES OPTIONS

FOLDER has the server's `server.py`, LIST a file a line; PACKAGES are names whose versions are told, with commas
between, OPTIONS are the server's. The server runs as it is started by hand; a thread asks it and, when it is done, asks
it to stop as a container is asked. One process: when it is ended, nothing is left behind.
"""

from __future__ import annotations

import http.client
import importlib.metadata
import json
import os
import runpy
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

START_SECONDS = 120.0
TIMED = 50  # one at a time, for the time that one takes; the others as many at a time as there are cores
said: dict[str, Any] = {}


def ask(port: int, item: Path) -> tuple[dict[str, Any], float]:
    """What the server says of an item, and the processor seconds that it took in all."""
    began = time.process_time()  # of all threads: what else runs on the machine does not count
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/predict", item.read_bytes(), {"Content-Type": "application/octet-stream"})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    if answer.status != 200:
        raise ValueError(f"{item.name}: {content['detail']}")
    return content["predictions"][0], 1000 * (time.process_time() - began)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def ask_all(port: int, items: list[Path], packages: list[str]) -> None:
    try:
        wait_for(port)
        found = [ask(port, item) for item in items[:TIMED]]
        times = sorted(milliseconds for _, milliseconds in found)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found += pool.map(lambda item: ask(port, item), items[TIMED:])
        said.update(
            predictions=[answer for answer, _ in found],
            milliseconds_per_item=times[len(times) // 2],
            milliseconds_p95=times[min(len(times) - 1, int(0.95 * len(times)))],
            versions={name: importlib.metadata.version(name) for name in packages},
        )
    except Exception as error:
        said["error"] = str(error)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def main(home: Path, listed: Path, packages: list[str], options: list[str]) -> int:
    os.environ.pop("GRAFT_API_KEY", None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    items = [Path(line) for line in listed.read_text(encoding="utf-8").splitlines()]
    sys.argv = ["server.py", "--port", str(port), *options]
    # The server gives the signal on when it has answered all: to us, who want to say what came of it.
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    threading.Thread(target=ask_all, args=(port, items, packages), daemon=True).start()
    try:
        runpy.run_path(str(home / "server.py"), run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            return int(ended.code)
    if "error" in said:
        sys.stderr.write(said["error"] + "\n")
        return 1
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3].split(","), sys.argv[4:]))
