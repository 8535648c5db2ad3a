"""The real server, as `make run` starts it, and a real browser that looks at it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import conformal_clip_data
import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.chromium import find_or_install
from tests.trunk_graphs import lent

ROOT = Path(__file__).resolve().parents[2]
ITEMS_PER_CLASS = 24


@dataclass
class Server:
    """One server for the whole session; what it shows is in the folder `home`, a new one for each module."""

    place: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def home(self) -> Path:
        return self._link.resolve()

    @property
    def _link(self) -> Path:
        return self.place / "home"

    def move_to(self, home: Path) -> None:
        """Show another workspace: the server looks where its own lies with every page that it draws."""
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(home)

    def start(self) -> None:
        command = ["make", "--silent", "run", f"PORT={self.port}", "HEADLESS=1"]
        environment = {
            **os.environ,
            "GRAFT_HOME": str(self._link / "workspace"),
            "GRAFT_QUEUE": str(self._link / "queue"),
        }
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.2)
        pytest.fail(f"The server did not come up: {self._log.read_text()}")

    @property
    def _log(self) -> Path:
        return self.place / "server.log"

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=20)
            self.process = None


@pytest.fixture(scope="session")
def session_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = Server(tmp_path_factory.mktemp("server"), port)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(session_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server with an empty workspace."""
    session_server.move_to(home := tmp_path_factory.mktemp("home"))
    with lent(tmp_path_factory, home / "workspace"):
        yield session_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = find_or_install()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium),
            # A container's user is often root, where Chromium's sandbox does not start; and it need not call home.
            # Its camera shows a disc that loses its slices, and nobody is asked whether it may be used.
            args=[
                *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
                *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000}, accept_downloads=True, reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


class Wire:
    """What the server says on its way to the browser: all of it, or some messages, can be held back for a while."""

    def __init__(self, page: Page, held: Callable[[ForwardMsg], bool] = lambda message: True) -> None:
        self.held = held
        self.late: list[bytes | str] = []
        self._holding = False
        self._browser: WebSocketRoute | None = None
        page.route_web_socket("**/_stcore/stream", self._connect)

    def hold(self) -> None:
        self._holding = True

    def let_go(self) -> None:
        self._holding = False
        while self.late:
            self._browser.send(self.late.pop(0))

    def _connect(self, browser: WebSocketRoute) -> None:
        self._browser = browser
        browser.connect_to_server().on_message(self._pass_on)

    def _pass_on(self, message: bytes | str) -> None:
        if self._holding and self.held(ForwardMsg.FromString(message)):
            self.late.append(message)
        else:
            self._browser.send(message)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip as people make them: a wrapping folder, classes, and things that are no pictures."""
    path = tmp_path_factory.mktemp("photographs") / "textile.zip"
    root = conformal_clip_data.textile_simulated_root()
    with zipfile.ZipFile(path, "w") as archive:
        for label in ("nominal", "local", "global"):
            items = sorted((root / label).glob("*.jpg"))[:ITEMS_PER_CLASS]
            for item in items:
                archive.write(item, f"textile/{label}/{item.name}")
            archive.write(items[0], f"textile/{label}/a copy.jpg")
        archive.writestr("textile/local/cut short.jpg", items[0].read_bytes()[:900])
        archive.writestr("textile/nominal/notes.txt", "taken on Tuesday")
        archive.writestr("__MACOSX/textile/._nominal", b"\0\5\26\7")
    return path


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a fresh Python that does not know this project."""
    return subprocess.run(
        [sys.executable, "-I", *arguments], capture_output=True, text=True, check=False, timeout=300, cwd="/"
    )
