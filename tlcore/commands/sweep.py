"""`sweep`: try several backbones, depths and learning rates, and lay the trials beside each other.

It knows the choices as arguments and what a sweep says to a person. It does not know how trials are chosen or trained.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from pydantic import ValidationError

from tlcore.backbones.catalogue import CATALOGUE
from tlcore.commands.data import find_or_take_in
from tlcore.commands.follow import INTERRUPTED, interval, named, terminated_like_interrupted
from tlcore.commands.import_options import with_import_options
from tlcore.commands.settings import option, with_input_options
from tlcore.commands.terminal import AsJson, Bar, Terminal, table
from tlcore.errors import ConfigError, Problem
from tlcore.jobs.launch import launch
from tlcore.runs.config import TargetMetric
from tlcore.runs.run import Run
from tlcore.sweeps.config import Depth, SweepConfig, most_trials
from tlcore.sweeps.events import Event, TrialEnded, TrialStarted
from tlcore.sweeps.state import SweepState
from tlcore.sweeps.sweep import Sweep, create_sweep, open_sweep
from tlcore.sweeps.table import Row, best, rows
from tlcore.tasks import Metric, find_metric
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.import_plan import ImportChoices

LOOK_SECONDS = 0.3
METRICS = "|".join(get_args(TargetMetric))


@with_input_options(unset="each backbone's own")
@with_import_options
def sweep(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A dataset's id or name, a folder or zip to import first, or `sample`. The id of an "
            "interrupted sweep continues that sweep, with its own settings.",
        ),
    ],
    backbones: Annotated[str | None, option("backbones", of=SweepConfig, more="A list with commas.")] = None,
    depths: Annotated[str | None, option("depths", of=SweepConfig, more="A list with commas.")] = None,
    rates: Annotated[
        str | None, option("rates", of=SweepConfig, more="A list with commas.", unset="a range is searched")
    ] = None,
    trials: Annotated[int | None, option("trials", of=SweepConfig)] = None,
    epochs: Annotated[int | None, option("epochs", of=SweepConfig)] = None,
    target_metric: Annotated[
        str | None, option("target_metric", of=SweepConfig, metavar=METRICS, unset="the task's headline metric")
    ] = None,
    seed: Annotated[int | None, option("seed", of=SweepConfig)] = None,
    as_json: AsJson = False,
    *,
    input: dict[str, Any],
    choices: ImportChoices,
) -> None:
    """Try several backbones, depths and learning rates; unpromising runs are pruned."""
    terminal = Terminal(as_json=as_json)
    asked = {
        "backbones": None if backbones is None else _list(backbones),
        "depths": None if depths is None else tuple(_depth(part) for part in _list(depths)),
        "rates": None if rates is None else tuple(_rate(part) for part in _list(rates)),
        "trials": trials,
        "epochs": epochs,
        "target_metric": target_metric,
        "seed": seed,
    }
    workspace = Workspace.default()
    found = _find_or_make(
        workspace, data, {key: value for key, value in asked.items() if value is not None} | input, terminal, choices
    )
    with terminated_like_interrupted():
        seen = len(found.events())
        launch(found)
        state, interrupted = _follow(workspace, found, terminal, seen)
    laid_out = rows(workspace, found, state.trials)
    winner = best(laid_out, found.config.metric)
    terminal.result(_content(found, state, laid_out, winner), _text(found, state, laid_out, winner))
    if state.state != "finished":
        typer.echo(state.error or f"The sweep was stopped. `sweep {found.id}` goes on with it.", err=True)
        raise typer.Exit(INTERRUPTED if interrupted else 1)


def _find_or_make(
    workspace: Workspace, data: str, given: dict[str, Any], terminal: Terminal, choices: ImportChoices
) -> Sweep:
    if (workspace.sweeps / data / "sweep.json").exists():
        found = open_sweep(workspace, data)
    else:
        _config("-", given)  # a typing error shows before the items are taken in
        dataset = find_or_take_in(workspace, data, terminal, choices)
        found = create_sweep(workspace, dataset, _config(dataset.id, given))
    trials = most_trials(found.config)
    terminal.say(f"Sweep {found.id}: at most {trials} {'trial' if trials == 1 else 'trials'}, in {found.path}")
    return found


def _follow(workspace: Workspace, found: Sweep, terminal: Terminal, seen: int) -> tuple[SweepState, bool]:
    """Say what happens after `seen` events until the end; Ctrl-C asks for a stop, a second one leaves it alone."""
    interrupted = False
    with terminal.bar() as bar:
        while True:
            try:
                # The state first: the events read after it hold all that it knows.
                state, events = found.state(), found.events()
                for event in events[seen:]:
                    if line := _words(workspace, found, event):
                        terminal.say(line)
                seen = len(events)
                if not state.live:
                    return state, interrupted
                _show(workspace, found, state, bar)
                time.sleep(LOOK_SECONDS)
            except KeyboardInterrupt:
                if interrupted:
                    terminal.say(f"Left alone. `sweep {found.id}` goes on with it when it is over.")
                    raise typer.Exit(INTERRUPTED) from None
                interrupted = True
                found.stop()
                terminal.say("Stopping: the run under way keeps and judges its best weights. Ctrl-C again leaves it.")


def _show(workspace: Workspace, found: Sweep, state: SweepState, bar: Bar) -> None:
    trial = state.trial
    if trial is None or not trial.run:
        bar.update("Choosing what to try", 0, 0)
        return
    progress = Run(workspace.runs / trial.run).progress()
    doing = f": {progress.title}" if progress else ""
    bar.update(f"Trial {trial.number}{doing}", trial.number - 1, most_trials(found.config))


def _words(workspace: Workspace, found: Sweep, event: Event) -> str:
    if isinstance(event, TrialStarted):
        what = _point(event.backbone, event.blocks, event.rate)
        return f"Trial {event.number}: {what}{f', run {event.run}' if event.run else ''}"
    if not isinstance(event, TrialEnded):
        return ""
    if event.state == "failed":
        return f"  failed: {event.error}"
    trial = next(trial for trial in found.state().trials if trial.number == event.number)
    (row,) = rows(workspace, found, [trial])
    parts = [{"pruned": "pruned, unpromising", "stopped": "stopped"}.get(event.state, "finished")]
    if row.validation is not None:
        metric = find_metric(found.config.metric)
        parts.append(f"validation {metric.name} {metric.plain(row.validation, row.test.unit if row.test else '')}")
    if row.test is not None:
        parts.append(f"test {named(row.test)}")
    return f"  {', '.join(parts)}"


def _content(found: Sweep, state: SweepState, laid_out: tuple[Row, ...], winner: Row | None) -> dict[str, Any]:
    return {
        "sweep": found.id,
        "path": str(found.path),
        "state": state.state,
        "target_metric": found.config.metric,
        "trials": [_entry(row) for row in laid_out],
        "best": None if winner is None else _entry(winner),
    }


def _entry(row: Row) -> dict[str, Any]:
    test = row.test
    return {
        "run": row.trial.run,
        "backbone": row.trial.backbone,
        "blocks": row.trial.blocks,
        "rate": row.trial.rate,
        "state": row.trial.state,
        "validation": row.validation,
        "test": None if test is None else test.figures,
        "seconds": None if row.seconds is None else round(row.seconds, 3),
        "bytes": row.bytes,
    }


def _text(found: Sweep, state: SweepState, laid_out: tuple[Row, ...], winner: Row | None) -> str:
    head = ("trial", "backbone", "depth", "rate", "state", "validation", "test (95 %)", "seconds", "megabytes", "run")
    metric = find_metric(found.config.metric)
    cells = [_cells(row, metric, chosen=row is winner) for row in laid_out]
    lines = [table(head, cells)] if cells else []
    if winner is not None and winner.test is not None:
        what = _point(winner.trial.backbone, winner.trial.blocks, winner.trial.rate)
        lines.append(
            f"The best (*) is {what}. It was chosen by its validation {metric.name}; "
            f"on the test set, which played no part in the choice, it is {interval(winner.test)}."
        )
    return "\n".join([*lines, f"{found.id}: {state.state}."])


def _cells(row: Row, metric: Metric, *, chosen: bool) -> tuple[str, ...]:
    trial, test = row.trial, row.test
    return (
        f"{trial.number}{'*' if chosen else ''}",
        trial.backbone,
        _depth_words(trial.backbone, trial.blocks),
        f"{trial.rate:.2g}",
        trial.state,
        "–" if row.validation is None else metric.plain(row.validation),
        "–"
        if test is None
        else f"{test.of.plain(test.value)} ({test.of.plain(test.low)} to {test.of.plain(test.high)})",
        "–" if row.seconds is None else f"{row.seconds:.0f}",
        "–" if row.bytes is None else f"{row.bytes / 1e6:.1f}",
        trial.run or "–",
    )


def _point(backbone: str, blocks: int, rate: float) -> str:
    return f"{CATALOGUE[backbone].title}, {_depth_words(backbone, blocks)}, rate {rate:.2g}"


def _depth_words(backbone: str, blocks: int) -> str:
    if not blocks:
        return "freeze"
    if blocks == len(CATALOGUE[backbone].blocks):
        return "every block"
    return "last block" if blocks == 1 else f"last {blocks} blocks"


def _config(dataset: str, given: dict[str, Any]) -> SweepConfig:
    try:
        return SweepConfig(dataset=dataset, **given)
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            needed = str(fault.get("ctx", {}).get("expected", "")) or fault["msg"]
            message = f"It must be {needed}. Received '{fault['input']}'."
            faults.append(Problem(str(fault["loc"][0]), message))
        raise ConfigError(faults) from error


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _depth(text: str) -> Depth:
    if text == "all":
        return "all"
    try:
        return int(text)
    except ValueError as error:
        message = f"A depth is a number of blocks, 0 to freeze, or 'all'. Received '{text}'."
        raise ConfigError([Problem("depths", message)]) from error


def _rate(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        message = f"A learning rate is a number above 0, such as 0.001. Received '{text}'."
        raise ConfigError([Problem("rates", message)]) from error
