"""What a format has to offer, and the fresh process in which an artefact proves itself.

It knows processes and what they answer. It does not know any one format.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psutil

from tlcore.errors import ExportError
from tlcore.runs.items import TestItems
from tlcore.runs.manifest import Awkward
from tlcore.runs.run import Run

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOADING_SECONDS = 300.0
SECONDS_PER_ITEM = 5.0
ENDING_SECONDS = 10.0


class UnprovenError(ExportError):
    """Nothing on this machine can open the artefact; that says nothing against it."""


@dataclass(frozen=True)
class Replay:
    """What an artefact answered when it was loaded again.

    Attributes:
        outputs: `(n, width)`, in the order of the test items.
        milliseconds_per_item: Of one core, median.
        unfamiliarity: `(n,)`; None where the artefact does not say.
        milliseconds_p95: 95 in 100 items took at most so long; None where it was not looked at.
        awkward: How it reads awkward files; None where it reads no files.
        note: What else was seen and a person should know, in sentences.
    """

    outputs: NDArray[np.float32]
    milliseconds_per_item: float
    versions: Mapping[str, str] = field(default_factory=dict)
    unfamiliarity: NDArray[np.float32] | None = None
    milliseconds_p95: float | None = None
    awkward: Awkward | None = None
    note: str = ""


class Exporter(Protocol):
    """A format.

    Attributes:
        key: Names its folder and is what the command line calls it.
        title, description: For a person to choose by.
        file: The name of the artefact.
    """

    @property
    def key(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def file(self) -> str: ...

    def export(self, run: Run, folder: Path) -> None:
        """Write the artefact into an empty folder."""

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        """Load the artefact in a fresh process and ask it about the test items; `scratch` is an empty folder.

        Raises:
            ExportError: It cannot be loaded, or does not answer.
        """


class FreshProcess:
    """Runs Python programs in isolation: no path, no site and no variable of ours leads them to this library."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._starting = threading.Lock()
        self.ended = False

    def __enter__(self) -> FreshProcess:
        return self

    def __exit__(self, *fault: object) -> None:
        self.end()

    def run(
        self, program: Path, arguments: Sequence[str], *, folder: Path, items: int, asked: str | None = None
    ) -> str:
        """Run a program to its end and give its standard output; `asked` is its standard input.

        Raises:
            ExportError: It failed, or took far too long.
        """
        with self._starting:
            if self.ended:
                raise ExportError("The proof was broken off.")
            process = self._start(_command(program, arguments), folder)
        limit = LOADING_SECONDS + SECONDS_PER_ITEM * items
        try:
            output, complaint = process.communicate(asked, timeout=limit)
        except subprocess.TimeoutExpired as error:
            raise ExportError(f"it gave no answer in {limit:.0f} seconds") from error
        finally:
            _end_all_of(process)
            self._running.discard(process)
        if process.returncode:
            lines = [line for line in complaint.splitlines() if line.strip()] or ["it said nothing"]
            raise ExportError(f"it ended with code {process.returncode} ({lines[-1].strip()[:300]})")
        return output

    def _start(self, command: tuple[str, ...], folder: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=_environment(),
            start_new_session=True,  # what it starts, such as a browser, is in its group and ends with it
        )
        self._running.add(process)
        return process

    def end(self) -> None:
        """End what is running and start nothing more."""
        with self._starting:
            self.ended = True
            for process in list(self._running):
                _end_all_of(process)


def _end_all_of(process: subprocess.Popen[str]) -> None:
    """End a program and all that it started, and wait until none of them can write any more."""
    until = time.monotonic() + ENDING_SECONDS
    with suppress(ProcessLookupError, PermissionError):
        while True:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not _lives(process.pid) or time.monotonic() > until:
                return
            time.sleep(ENDING_SECONDS / 100)
    process.kill()
    process.wait()


def _lives(group: int) -> bool:
    """Whether a process of the group can still do something; one that waits for its parent's look cannot."""
    for process in psutil.process_iter(["status"]):
        with suppress(ProcessLookupError, PermissionError, psutil.Error):
            if os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE:
                return True
    return False


def _command(program: Path, arguments: Sequence[str]) -> tuple[str, ...]:
    return (sys.executable, "-I", "-X", "utf8", str(program), *arguments)


def _environment() -> dict[str, str]:
    # On the processor: its results do not depend on a device, and a training run may need the device's memory.
    return {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONUTF8": "1",
    }
