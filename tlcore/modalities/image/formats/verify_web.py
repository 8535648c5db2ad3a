"""Open an exported web page in a browser without a window and ask it about item files: a program of its own.

It imports nothing of Graft's. It serves the page's folder on this machine only, with one more page that asks the
page's own code about each item and sends back what it said; it ends when all have been answered.

    python -I verify_web.py

It reads one JSON object from its standard input: `browser` (a Chromium), `page` (the folder), `pictures` (files),
`battery` (`files` to see, `side`, and `seen`, where to write the pixels of all: zeros for one that is refused), and
`scratch` (an empty place for the browser). It writes one, with `browser`, `answers` and `refused`: why, for each file
of the battery.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROOF = """<!doctype html><meta charset="utf-8"><script src="pixels.js"></script><script src="model-runner.js"></script>
<script>
const told = (where, what) => fetch(where, { method: "POST", body: JSON.stringify(what) });
(async () => {
  const { size, resize, value_range: range } = (await GraftModel.contract()).input;
  await GraftModel.load();
  for (let place = 0; place < COUNT; place++) {
    const picture = await (await fetch(`/pictures/${place}`)).blob();
    const began = performance.now();
    const answer = await GraftModel.ask(await GraftPixels.read(picture, size, resize, range));
    await told("/answer", { place, ...answer, milliseconds: performance.now() - began });
  }
  for (let place = 0; place < BATTERY; place++) {
    const file = await (await fetch(`/battery/${place}`)).blob();
    try {
      const pixels = await GraftPixels.read(file, size, resize, range);
      await fetch(`/seen/${place}`, { method: "POST", body: pixels });
    } catch (error) {
      await told("/refused", { place, reason: error.message });
    }
  }
  await told("/end", { error: null, browser: navigator.userAgent });
})().catch((error) => told("/end", { error: String(error), browser: navigator.userAgent }));
</script>"""
FLAGS = (
    *("--headless=new", "--disable-gpu", "--no-first-run", "--mute-audio"),
    *("--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync"),
    "--disable-dev-shm-usage",  # small in containers
)


class Proof(ThreadingHTTPServer):
    """The page's folder, the items, and what the page says of them."""

    daemon_threads = True

    def __init__(self, page: str, items: list[str], battery: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), partial(Answering, directory=page))
        self.items = items
        self.battery = battery
        self.seen: dict[int, bytes] = {}
        self.refused: dict[int, str] = {}
        self.answers: dict[int, dict[str, Any]] = {}
        self.outcome: dict[str, Any] = {}
        self.ended = threading.Event()


class Answering(SimpleHTTPRequestHandler):
    """Hands out files and takes in answers."""

    server: Proof

    def do_GET(self) -> None:
        if self.path == "/proof":
            proof = PROOF.replace("COUNT", str(len(self.server.items)))
            self._send(proof.replace("BATTERY", str(len(self.server.battery))).encode(), "text/html")
        elif self.path.startswith(("/pictures/", "/battery/")):
            files = self.server.items if self.path.startswith("/pictures/") else self.server.battery
            self._send(Path(files[int(self.path.rpartition("/")[2])]).read_bytes(), "")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/seen/"):
            self.server.seen[int(self.path.rpartition("/")[2])] = content
            self._send(b"", "text/plain")
            return
        said = json.loads(content)
        if self.path == "/answer":
            self.server.answers[said["place"]] = said
        if self.path == "/refused":
            self.server.refused[said["place"]] = said["reason"] or "It was not read."
        self._send(b"", "text/plain")
        if self.path == "/end":
            self.server.outcome = said
            self.server.ended.set()

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *values: Any) -> None:
        """Say nothing: standard output is the answer's."""


def open_browser(browser: str, profile: str, address: str) -> subprocess.Popen[bytes]:
    """Start a browser that ends with this program, however that ends: it holds on to a pipe of ours."""
    flags = [*FLAGS, f"--user-data-dir={profile}"]
    if os.name != "posix":
        return subprocess.Popen([browser, *flags, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if os.geteuid() == 0:  # as in containers; Chromium's sandbox does not start for root
        flags.append("--no-sandbox")
    held = ["/bin/sh", "-c", 'exec "$0" "$@" 3<&0 4>/dev/null', browser, "--remote-debugging-pipe", *flags, address]
    return subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    battery = asked["battery"]
    server = Proof(asked["page"], asked["pictures"], battery["files"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    profile = str(Path(asked["scratch"]) / "profile")
    process = open_browser(asked["browser"], profile, f"http://127.0.0.1:{server.server_port}/proof")
    try:
        while not server.ended.wait(0.2):
            if process.poll() is not None:
                sys.exit(f"The browser ended with code {process.returncode} before it had answered.")
    finally:
        process.kill()
        process.wait()
    if server.outcome["error"]:
        sys.exit(f"The page said: {server.outcome['error']}")
    answers = [server.answers[place] for place in range(len(asked["pictures"]))]
    nothing = bytes(battery["side"] ** 2 * 3)
    places = range(len(battery["files"]))
    Path(battery["seen"]).write_bytes(b"".join(server.seen.get(place, nothing) for place in places))
    refused = [server.refused.get(place, "") for place in places]
    agent = server.outcome["browser"]
    named = re.search(r"Chrome/[\d.]+", agent)
    sys.stdout.write(json.dumps({"browser": named.group() if named else agent, "answers": answers, "refused": refused}))


if __name__ == "__main__":
    main()
