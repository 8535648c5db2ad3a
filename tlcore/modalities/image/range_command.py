"""`data range`.

It knows its arguments and what it prints. It does not know how a range is found or kept.
"""

from __future__ import annotations

from typing import Annotated

import typer

from tlcore.commands.terminal import AsJson, Terminal
from tlcore.errors import ConfigError, DataError, Problem
from tlcore.workspace import Workspace


def value_range(
    data: Annotated[str, typer.Argument(metavar="DATA", help="The id or the name of a dataset.")],
    low: Annotated[float | None, typer.Option(help="The value up to which a pixel is black.")] = None,
    high: Annotated[float | None, typer.Option(help="The value from which on a pixel is white.")] = None,
    auto: Annotated[bool, typer.Option("--auto", help="Compute the range from the pictures in use.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show or set the values that are black and white in grey items of more than 8 bits."""
    from tlcore.data.dataset import open_dataset
    from tlcore.data.edits.operations import apply
    from tlcore.data.edits.types import SetReading
    from tlcore.modalities.image.value_counts import measure_range
    from tlcore.modalities.image.value_range import as_reading, range_of, spoken

    if auto and (low is not None or high is not None):
        raise ConfigError([Problem("range", "Either --auto or --low and --high are needed. Received both.")])
    terminal, dataset = Terminal(as_json=as_json), open_dataset(Workspace.default(), data)
    before, deep = range_of(dataset.info.reading), dataset.settling_paths()
    says = ""
    if auto:
        wanted = terminal.steps(measure_range(deep), "Looking at the values")
        if wanted is None:
            raise DataError(
                "Grey pictures of more than 8 bits are needed to find a range. This dataset has none of them."
            )
    else:
        ends = before or (None, None)
        low, high = (ends[0] if low is None else low), (ends[1] if high is None else high)
        if (low is None) != (high is None):
            raise ConfigError([Problem("range", "Both --low and --high are needed: the dataset has no range yet.")])
        wanted = None if low is None or high is None else (low, high)
    if wanted != before and wanted is not None:
        says = apply(dataset, SetReading(reading=as_reading(wanted))).says + " "
    info = dataset.info
    now = range_of(info.reading)
    if now:
        text = f"{len(deep):,} pictures have more than 8 bits. Values {spoken(now)} are black to white."
    else:
        text = f"{len(deep):,} pictures have more than 8 bits" + (
            ", each scaled by itself. `--auto` finds one range for all." if deep else ": there is no range."
        )
    found = now or (None, None)
    content = {"dataset": dataset.id, "version": info.version, "pictures": len(deep), "low": found[0], "high": found[1]}
    terminal.result(content, f"{says}{info.name}: {text}")
