"""How soon the first page of a running server shows, and whether its process has TensorFlow in it.

    python benchmarks/first_page.py [--visits 7]

A server is started as `make run` starts it, on an empty workspace. After one visit that is not counted, a fresh browser
context opens the first page again and again; a visit lasts from the request until the headline and the ways to bring
pictures are visible. A page of three lines, a bare title and two tabs, is visited in turn: that is what Streamlit
itself takes in this browser on this machine. The last line is one JSON object; `value` is the median of the ratios of
a visit to the bare page's next to it.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine, versions  # noqa: E402
from tests.browser.chromium import find_or_install  # noqa: E402

BAR = 1.15

BARE_PAGE = """import streamlit as st
st.title("Data")
st.tabs(["Zip", "Folder"])
"""


def visit(browser: Browser, url: str) -> float:
    """Seconds until a person can read the page and act on it."""
    context = browser.new_context()
    page = context.new_page()
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.get_by_role("heading", name="Data", exact=True).wait_for(timeout=60_000)
    page.get_by_role("tab", name="Zip").wait_for(timeout=60_000)
    seconds = time.perf_counter() - began
    context.close()
    return seconds


@contextmanager
def server(app: Path, home: str) -> Iterator[tuple[str, int]]:
    """Serve a page; its address and the server's process id."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    process = subprocess.Popen(
        [*command, "--server.headless", "true"],
        cwd=ROOT,
        env={**os.environ, "GRAFT_HOME": home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://localhost:{port}/_stcore/health")
        yield f"http://localhost:{port}", process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def backends(pid: int) -> list[str]:
    """The training backends of which a process has files in its memory."""
    mapped = [each.path for each in psutil.Process(pid).memory_maps()]
    return [name for name in ("tensorflow", "keras", "jax") if any(f"/{name}/" in path for path in mapped)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-first-page-") as home, sync_playwright() as playwright:
        bare = Path(home) / "bare.py"
        bare.write_text(BARE_PAGE)
        browser = playwright.chromium.launch(
            executable_path=str(find_or_install()), args=["--no-sandbox", "--disable-background-networking"]
        )
        with server(ROOT / "app.py", home) as (ours, pid), server(bare, home) as (theirs, _):
            first = visit(browser, ours)
            visit(browser, theirs)
            pairs = [(visit(browser, ours), visit(browser, theirs)) for _ in range(asked.visits)]
            heavy = backends(pid)
        browser.close()
    seconds, bare_seconds = ([pair[side] for pair in pairs] for side in (0, 1))
    ratio = statistics.median(mine / bare for mine, bare in pairs)
    details = {
        "seconds": seconds,
        "bare_streamlit_seconds": bare_seconds,
        "median_seconds": statistics.median(seconds),
        "first_visit_seconds": first,
        "backends_in_the_server": heavy,
    }
    holds = ratio <= BAR and not heavy
    result = {"name": "first_page", "value": ratio, "bar": BAR, "holds": holds, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0 if holds else 1


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
