"""The command line that repeats a run.

It knows settings and the options of `train`. It does not know how commands are carried out.
"""

from __future__ import annotations

import shlex
from typing import Any

from tlcore.runs.config import Fractions, TrainingConfig, option_of, settings

PROGRAM = "python -m tlcore"
# Where the option has a shorter name than the setting.
NAMES = {"start": "--from"}


def command_line(config: TrainingConfig) -> str:
    """`python -m tlcore train …` with every setting, so that other defaults of another version change nothing.

    It repeats the run where the dataset is what it was: the split follows from the dataset, its locked test part and
    the seed.
    """
    words = [*PROGRAM.split(), "train", shlex.quote(config.dataset)]
    for field, about in settings(config.input.modality).items():
        if field not in ("schema_version", "dataset"):
            words += _option(NAMES.get(field, option_of(field, about)), config.value(field))
    return " ".join(words)


def _option(name: str, value: Any) -> list[str]:
    match value:
        case None:
            return []
        case bool():
            return [name if value else f"--no-{name[2:]}"]
        case Fractions():
            return [name, f"{value.train:g},{value.val:g},{value.test:g}"]
        case tuple():
            return [name, ",".join(value) or "none"]
        case _:
            return [name, shlex.quote(str(value))]
