"""How soon the first page of a running server shows, and whether its process has TensorFlow in it.

    python benchmarks/first_page.py [--visits 7]

A server is started as `make run` starts it, on an empty workspace. After one visit that is not counted, a fresh browser
context opens the first page again and again; a visit lasts from the request until the headline and the ways to bring
pictures are visible. The last line is one JSON object; `value` is the median, in seconds.
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
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine, versions  # noqa: E402
from tests.browser.chromium import find_or_install  # noqa: E402

BAR_SECONDS = 1.0


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=7)
    asked = parser.parse_args()
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="graft-first-page-") as home:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        server = subprocess.Popen(
            [*command, "--server.headless", "true"],
            cwd=ROOT,
            env={**os.environ, "GRAFT_HOME": home},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://localhost:{port}"
            wait_for(f"{url}/_stcore/health")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=str(find_or_install()), args=["--no-sandbox", "--disable-background-networking"]
                )
                first = visit(browser, url)
                seconds = [visit(browser, url) for _ in range(asked.visits)]
                browser.close()
            heavy = sorted(
                {
                    name
                    for name in ("tensorflow", "keras", "jax")
                    for mapped in psutil.Process(server.pid).memory_maps()
                    if f"/{name}/" in mapped.path
                }
            )
        finally:
            server.terminate()
            server.wait(timeout=20)
    median = statistics.median(seconds)
    details = {"seconds": seconds, "first_visit_seconds": first, "backends_in_the_server": heavy}
    holds = median < BAR_SECONDS and not heavy
    result = {"name": "first_page", "value": median, "bar": BAR_SECONDS, "holds": holds, "details": details}
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
