"""Runs the learning-rate finder in its own process, for pages that must not import the backend.

It knows a process and the JSON that it prints. It does not know how rates are tried.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator

from pydantic import BaseModel, ConfigDict, ValidationError

from tlcore.errors import RunError
from tlcore.jobs.launch import worker_environment
from tlcore.progress import Progress
from tlcore.runs.config import INPUT, TrainingConfig, option_of, settings

POLL_SECONDS = 0.3
# Of the settings that change the curve, those that are options of `lr-find`, beside those of the input.
OPTIONS = ("backbone", "mode", "blocks", "batch_size", "loss", "seed")


class Rates(BaseModel):
    """The loss over the learning rate.

    Attributes:
        rates: Growing.
        losses: Smoothed, at each rate; in nats but for regression.
        suggested: Where the loss falls fastest.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggested: float


def find_rates(config: TrainingConfig) -> Generator[Progress, None, Rates]:
    """Compute the curve for these settings; closing the iterator ends the process.

    Raises:
        RunError: It could not be found.
    """
    wanted = [*OPTIONS, *(name for name in config.values() if name.startswith(INPUT))]
    known = settings(config.input.modality)
    options = [text for name in wanted for text in (option_of(name, known[name]), str(config.value(name)))]
    began = time.monotonic()
    # Files and not pipes: a full pipe would stop the work.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaint:
        process = subprocess.Popen(
            [sys.executable, "-m", "tlcore", "lr-find", config.dataset, *options, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaint,
            start_new_session=True,
            env=worker_environment(),
        )
        threading.Thread(target=process.wait, name="reaper of a search for rates", daemon=True).start()
        try:
            while process.poll() is None:
                seconds = time.monotonic() - began
                yield Progress(0, 0, note=f"Trying learning rates in a process of its own: {seconds:.0f} s")
                time.sleep(POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
        output.seek(0)
        complaint.seek(0)
        said = complaint.read().decode(errors="replace").strip().splitlines()
        lines = output.read().decode(errors="replace").strip().splitlines()
    if process.returncode:
        raise RunError(said[-1] if said else f"The search ended with code {process.returncode}. Try it again.")
    try:
        return Rates.model_validate(json.loads(lines[-1]))
    except (IndexError, ValueError, ValidationError) as error:
        raise RunError(
            "The search for a learning rate should end with a curve. It printed none. Try it again."
        ) from error
