"""Find a Chromium, or install one: on the machine, else through Playwright, else by the system's package manager.

`python -m tests.browser.chromium` prints its path as the only line of standard output.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_PATHS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
# Each is tried in turn until a Chromium is found; a manager that is not there is passed over.
INSTALLERS = (
    (sys.executable, "-m", "playwright", "install", "chromium"),
    ("apt-get", "update"),
    ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"),
    ("apt-get", "install", "--yes", "chromium-browser"),
    ("dnf", "install", "--assumeyes", "chromium"),
    ("pacman", "--sync", "--noconfirm", "chromium"),
    ("brew", "install", "--cask", "chromium"),
)


def find() -> Path | None:
    """The first Chromium of this machine that can be started, or None."""
    for path in _candidates():
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def find_or_install() -> Path:
    for command in INSTALLERS:
        if found := find():
            return found
        _run(command)
    if found := find():
        return found
    sys.exit(
        "The browser tests need a Chromium. None was found, and none could be installed. "
        "Install Chromium or Google Chrome, or set GRAFT_CHROMIUM to its path."
    )


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("GRAFT_CHROMIUM"):
        yield Path(named)
    for name in NAMES:
        if found := shutil.which(name):
            yield Path(found)
    yield from MAC_PATHS
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    for folder in (cache, Path.home() / "Library/Caches/ms-playwright"):
        yield from sorted(folder.glob("chromium-*/chrome-linux*/chrome"), reverse=True)
        yield from sorted(folder.glob("chromium-*/chrome-mac*/*.app/Contents/MacOS/*"), reverse=True)


def _run(command: tuple[str, ...]) -> None:
    if not shutil.which(command[0]):
        return
    needs_root = command[0] in {"apt-get", "dnf", "pacman"} and os.geteuid() != 0
    if needs_root and not shutil.which("sudo"):
        return
    # What the installers print belongs on standard error: standard output carries the path alone.
    with_rights = ("sudo", "--non-interactive", *command) if needs_root else command
    subprocess.run(with_rights, check=False, stdout=sys.stderr, timeout=600)


if __name__ == "__main__":
    sys.stdout.write(f"{find_or_install()}\n")
