"""Runs the learning-rate finder in its own process, for pages that must not import the backend.

It knows a process and the JSON that it prints. It does not know how rates are tried.
"""

from __future__ import annotations

from collections.abc import Generator

from pydantic import BaseModel, ConfigDict, ValidationError

from tlcore.errors import RunError
from tlcore.jobs.command import carry_out
from tlcore.progress import Progress
from tlcore.runs.config import INPUT, TrainingConfig, option_of, settings

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
    command = ("lr-find", config.dataset, *options, "--json")
    found = yield from carry_out(command, "Trying learning rates in a process of its own", fault=RunError)
    try:
        return Rates.model_validate(found)
    except ValidationError as error:
        raise RunError(
            "The search for a learning rate should end with a curve. It printed none. Try it again."
        ) from error
