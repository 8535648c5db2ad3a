"""Carries out a command of the command line in a process of its own, for pages that must not import the backend.

It knows a process and the JSON that it prints. It does not know what the commands do.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from typing import Any

from tlcore.errors import GraftError
from tlcore.jobs.launch import PROGRAM, worker_environment
from tlcore.progress import Progress
from tlcore.workspace import Workspace

POLL_SECONDS = 0.3


def carry_out(
    command: Sequence[str], note: str, *, fault: type[GraftError], workspace: Workspace | None = None
) -> Generator[Progress, None, dict[str, Any]]:
    """Carry out a command that has `--json`, and give what it prints; closing the iterator ends the process.

    Args:
        command: Its name and its arguments.
        note: What is being done, for a person to read.
        fault: Raised with the sentence of a command that failed.
        workspace: In which it works; the default one when None.
    """
    began = time.monotonic()
    # Files and not pipes: a full pipe would stop the work.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaint:
        process = subprocess.Popen(
            [*PROGRAM, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaint,
            start_new_session=True,
            env=worker_environment(workspace),
        )
        threading.Thread(target=process.wait, name=f"reaper of {command[0]}", daemon=True).start()
        try:
            while process.poll() is None:
                yield Progress(0, 0, note=f"{note}: {time.monotonic() - began:.0f} s")
                time.sleep(POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
        printed, said = _lines(output), _lines(complaint)
    if process.returncode:
        raise fault(said[-1] if said else f"{note} ended with code {process.returncode}. Try it again.")
    try:
        found = json.loads(printed[-1])
    except (IndexError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise fault(f"{note} should end with a result. It printed none. Try it again.")
    return found


def _lines(stream: Any) -> list[str]:
    stream.seek(0)
    return stream.read().decode(errors="replace").strip().splitlines()  # type: ignore[no-any-return]
