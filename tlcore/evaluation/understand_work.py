"""The worker that understands a run, in a process of its own, and the one place where it is started.

It knows processes, the lock and how to say how far it is. It does not know what is looked at.
"""

from __future__ import annotations

import sys
import time
import traceback
from pathlib import Path

from filelock import Timeout

from tlcore.data.progress import Progress as Step
from tlcore.data.progress import drain
from tlcore.errors import GraftError, RunError
from tlcore.evaluation.understanding import Outcome, Understanding
from tlcore.files import write_json
from tlcore.runs import locks
from tlcore.runs.events import Progress
from tlcore.runs.launch import start_worker
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

PROGRESS_SECONDS = 0.5
LOCK_SECONDS = 2.0  # longer than anybody who merely looks whether the lock is held keeps it


class StoppedError(Exception):
    """Somebody asked the worker to stop."""


def launch_understanding(run: Run) -> Understanding:
    """Start the worker and return when it has begun; it outlives this process.

    Raises:
        RunError: The run has not been judged, a worker is at it already, or it died before it began.
    """
    understanding = Understanding(run)
    if understanding.state().live:
        raise RunError(f"One worker looks at a run. {run.name} is being looked at already. Wait for it, or stop it.")
    if not run.predictions.exists():
        raise RunError(
            f"A run that has been judged on its test pictures is needed. {run.name} has not been. Evaluate it first."
        )
    understanding.path.mkdir(parents=True, exist_ok=True)
    understanding.outcome_file.unlink(missing_ok=True)
    understanding.stop_file.unlink(missing_ok=True)
    start_worker(
        [sys.executable, "-m", "tlcore", "understand-work", str(run.path.absolute())],
        understanding.worker_log,
        lambda: locks.is_held(understanding.lock) or understanding.outcome_file.exists(),
        what=f"the look at {run.id}",
    )
    return understanding


def work(folder: Path) -> int:
    """Look at a run and give the exit code: 0 when it was done or stopped, 1 when it failed."""
    understanding = Understanding(Run(folder))
    understanding.path.mkdir(parents=True, exist_ok=True)
    try:
        lock = locks.take(understanding.lock, timeout=LOCK_SECONDS)
    except Timeout:
        traceback.print_exc()  # the other one will say how it ends
        return 1
    try:
        outcome = _carry_out(understanding)
        understanding.progress_file.unlink(missing_ok=True)
        write_json(understanding.outcome_file, outcome)
    finally:
        lock.release()
    return 1 if outcome.state == "failed" else 0


def _carry_out(understanding: Understanding) -> Outcome:
    from tlcore.evaluation.understand import understand

    began, told = time.monotonic(), float("-inf")

    def show(step: Step) -> None:
        nonlocal told
        if understanding.stop_asked():
            raise StoppedError
        if time.monotonic() - told >= PROGRESS_SECONDS:
            told = time.monotonic()
            write_json(understanding.progress_file, _said(step))

    try:
        notes = drain(understand(understanding.run, Workspace.default()), show)
    except StoppedError:
        return Outcome(state="stopped", seconds=time.monotonic() - began)
    except GraftError as error:
        return Outcome(state="failed", error=str(error), seconds=time.monotonic() - began)
    except Exception as error:  # the log gets the whole
        traceback.print_exception(error)
        said = " ".join(str(error).split())[:500]
        sentence = f"It met a fault that nobody expected ({type(error).__name__}: {said}). Its log has the details."
        return Outcome(state="failed", error=sentence, seconds=time.monotonic() - began)
    return Outcome(state="finished", seconds=time.monotonic() - began, notes=notes)


def _said(step: Step) -> Progress:
    return Progress(
        phase="understand",
        title=step.note or "Looking closer",
        done=step.done,
        total=step.total,
        unit="",
        images_per_second=step.rate,
        seconds_left=step.seconds_left,
    )
