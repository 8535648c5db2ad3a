"""The browser in which a web page proves itself: any Chromium of this machine.

It knows where one is found. It does not know what is asked of it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("C:/Program Files/Google/Chrome/Application/chrome.exe"),
    Path("C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe"),
)


def find_browser() -> Path | None:
    """The Chromium that `GRAFT_CHROMIUM` names, else the first that is found; None where there is none."""
    if named := os.environ.get("GRAFT_CHROMIUM"):
        return Path(named) if Path(named).is_file() else None
    found = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in found if path), next((path for path in PLACES if path.is_file()), None))
