"""Downloads the weights of a backbone into the cache of Keras or of KerasHub, and goes on where a download ended.

It knows addresses, files and hashes. It does not read weights, nor show how far it is.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import replace
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from filelock import FileLock

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.weights import (
    PRESET_CONFIG,
    applications_folder,
    check_weights,
    missing_sentence,
    presets_folder,
    weights_path,
    weights_state,
)
from tlcore.errors import WeightsError
from tlcore.progress import Pace, Progress
from tlcore.workspace import Workspace

MEGABYTE = 10**6
SECONDS_TO_ANSWER = 30.0
SECONDS_BETWEEN_LOOKS = 0.5
PART_OF_IT, WHOLE_ALREADY = 206, 416  # what a server answers that was asked for the rest of a file
# In a process of its own: it can be ended, and goes on where it was when it is started again.
FETCH_PRESET = "import sys, kagglehub\nfor name in sys.argv[2:]: kagglehub.model_download(sys.argv[1], path=name)"


def download(backbone: Backbone, workspace: Workspace) -> Generator[Progress, None, Path]:
    """Fetch the weights unless they are on this machine, and check them; progress is in megabytes.

    Whoever closes the generator stops the download; the next one goes on with what is there.

    Raises:
        WeightsError: They are damaged, or cannot be had.
    """
    if backbone.weights_package or backbone.own or weights_state(backbone, workspace).path is not None:
        return weights_path(backbone, workspace)
    keep = presets_folder() / backbone.preset if backbone.preset else applications_folder()
    try:
        keep.mkdir(parents=True, exist_ok=True)
        with FileLock(keep / f".{backbone.key}.lock"):
            if weights_state(backbone, workspace).path is None:
                yield from _fetch_preset(backbone, keep) if backbone.preset else _fetch_file(backbone, keep)
    except (OSError, HTTPException) as error:
        raise WeightsError(f"{missing_sentence(backbone, workspace)} The download failed: {error}") from error
    return weights_path(backbone, workspace)


def _fetch_file(backbone: Backbone, folder: Path) -> Generator[Progress, None, None]:
    part = folder / f"{backbone.weights_file}.part"
    yield from _stream(backbone.weights_url, part, f"Downloading the weights of {backbone.title}")
    try:
        check_weights(backbone, part)
    except WeightsError:
        part.unlink()  # to go on with it would only repeat the fault
        raise
    part.replace(folder / backbone.weights_file)


def _stream(url: str, part: Path, note: str) -> Generator[Progress, None, None]:
    """Write what an address gives behind what is there of it already."""
    begun = part.stat().st_size if part.exists() else 0
    asked = Request(url, headers={"Range": f"bytes={begun}-"} if begun else {})  # noqa: S310 - of the catalogue
    try:
        response = urlopen(asked, timeout=SECONDS_TO_ANSWER)  # noqa: S310
    except HTTPError as error:
        if error.code == WHOLE_ALREADY and begun:
            return
        raise
    with response:
        done = begun if response.status == PART_OF_IT else 0
        total = done + int(response.headers.get("Content-Length") or 0)
        there, pace = done, Pace((total - done) // MEGABYTE, note)
        with part.open("ab" if done else "wb") as stream:
            while chunk := response.read(MEGABYTE):
                stream.write(chunk)
                done += len(chunk)
                if pace.due():
                    step = pace.at((done - there) // MEGABYTE)
                    yield replace(step, done=done // MEGABYTE, total=total // MEGABYTE)
    if total > done:
        raise HTTPException(f"The connection ended after {done:,} of {total:,} bytes. Start it again to go on.")


def _fetch_preset(backbone: Backbone, folder: Path) -> Generator[Progress, None, None]:
    """Let KerasHub's own library fetch a preset: it goes on where it was, and compares hashes."""
    weights = folder / Path(backbone.weights_file).name
    pace = Pace(round(backbone.download_megabytes), f"Downloading the weights of {backbone.title}")
    command = [sys.executable, "-c", FETCH_PRESET, backbone.preset, PRESET_CONFIG, weights.name]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,  # a pipe that nobody reads fills up
        subprocess.Popen(command, stdout=said, stderr=said) as process,
    ):
        try:
            while process.poll() is None:
                yield pace.at(weights.stat().st_size // MEGABYTE if weights.exists() else 0)
                time.sleep(SECONDS_BETWEEN_LOOKS)
        finally:
            process.kill()
        if process.returncode:
            said.seek(0)
            raise OSError((said.read().strip().splitlines() or ["it said nothing"])[-1])
