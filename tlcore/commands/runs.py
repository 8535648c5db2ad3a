"""What `runs` can do: `list`, `show`, `stop`, `pause`, `resume`, `rename`, `rename-class`, `delete`, and the queue.

It knows what they print. It does not know how a run comes to be.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from tlcore.commands.follow import (
    Beside,
    begin_beside,
    conclude,
    follow,
    named,
    terminated_like_interrupted,
    way_on,
    words,
)
from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.errors import RunError
from tlcore.jobs import queue as waiting
from tlcore.runs.manifest import read_manifests
from tlcore.runs.run import Run, broken_runs, list_runs, open_run
from tlcore.runs.state import RunState
from tlcore.tasks import find_metric
from tlcore.workspace import Workspace

app = typer.Typer(
    help="Runs: list, show, pause, resume, stop, rename and delete them, and manage their queue.",
    no_args_is_help=True,
)
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The id, the name or the folder of a run.")]
STOP_SECONDS = 60.0
OF_EXPORTS = {"format", "agrees", "same_answers", "largest_difference", "n", "of"}
OF_FOLDS = {"metric", "unit", "value", "deviation", "folds", "repeats", "n"}


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the runs, the newest first."""
    workspace = Workspace.default()
    runs = [_summary(run, run.state()) for run in list_runs(workspace)]
    for broken, reason in broken_runs(workspace):
        typer.echo(f"{broken} cannot be read: {reason}", err=True)
    judged = ("accuracy",) if all(entry["metric"] in (None, "accuracy") for entry in runs) else ("metric", "value")
    head = ("run", "name", "dataset", "backbone", "mode", "state", *judged, "seconds")
    shown = [{**entry, "name": entry["name"] if entry["name"] != entry["run"] else None} for entry in runs]
    if "value" in head:
        shown = [{**entry, "value": _value(entry)} for entry in shown]
    rows = [tuple(_cell(column, entry[column]) for column in head) for entry in shown]
    text = table(head, rows) if rows else "There are no runs yet. `train DATA` makes one."
    Terminal(as_json=as_json).result({"runs": runs}, text)


@app.command("show")
def show(run: RunArgument, as_json: AsJson = False) -> None:
    """Show the settings, the events and the result of a run."""
    found = open_run(Workspace.default(), run)
    state = found.state()
    content = {
        **_summary(found, state),
        "path": str(found.path.resolve()),
        "config": found.config.model_dump(mode="json"),
        "best_epoch": state.best_epoch,
        "test": state.test and state.test.figures,
        "seconds_by_phase": state.seconds,
        "images_per_second": state.images_per_second,
        "epochs": [epoch.model_dump(mode="json", exclude={"kind", "schema_version"}) for epoch in state.epochs],
        "candidates": [entry.model_dump(mode="json", exclude={"kind", "schema_version"}) for entry in state.candidates],
        "notes": list(state.notes),
        "folds": state.folds and state.folds.model_dump(include=OF_FOLDS),
        "exports": [each.model_dump(mode="json", include=OF_EXPORTS) for each in read_manifests(found.path)],
        "error": state.error,
    }
    settings = ", ".join(
        f"{field} {value}" for field, value in found.config.values().items() if field != "schema_version"
    )
    lines = [f"{found.name}: {state.state}", str(content["path"]), settings]
    lines += [line for event in found.events() for line in words(event, state)]
    if state.test:
        lines.append(f"Test {named(state.test)}, from epoch {state.best_epoch}.")
    Terminal(as_json=as_json).result(content, "\n".join([*lines, *filter(None, [state.error, way_on(found, state)])]))


@app.command("stop")
def stop(run: RunArgument, as_json: AsJson = False) -> None:
    """Stop a run, and wait until its best weights are saved and evaluated."""
    found = _under_way(run, "stopped")
    found.stop()
    _wait_for_end(found, "It is still keeping and judging its best weights.", as_json=as_json)


@app.command("pause")
def pause(run: RunArgument, as_json: AsJson = False) -> None:
    """Pause a run, and wait until its worker has saved a checkpoint and ended."""
    found = _under_way(run, "paused")
    found.pause()
    _wait_for_end(found, "It is still at a step that cannot be interrupted.", as_json=as_json)


@app.command("resume")
def resume(
    run: RunArgument,
    detach: Annotated[
        bool, typer.Option("--detach", help="Return when the run has started, not when it has ended.")
    ] = False,
    beside: Beside = False,
    as_json: AsJson = False,
) -> None:
    """Resume a run that was paused, stopped, killed or cancelled, and follow it until it ends."""
    from tlcore.runs.resume import resume as take_up

    began = time.monotonic()
    found, terminal = open_run(Workspace.default(), run), Terminal(as_json=as_json)
    seen, before = len(found.events()), found.state().worked
    with terminated_like_interrupted():
        take_up(found)
        if beside:
            begin_beside(found)
        if detach:
            state = found.state()
            terminal.result({"run": found.id, "state": state.state}, f"{found.name} is {state.state}.")
            return
        state, interrupted = follow(found, terminal, seen=seen)
    conclude(found, state, terminal, seconds=before + time.monotonic() - began, interrupted=interrupted)


@app.command("queue")
def queue(as_json: AsJson = False) -> None:
    """Show the run that trains on this machine and the queue, from all your workspaces."""
    places = [
        {
            "position": place.position,
            "run": run.id,
            "name": run.name,
            "path": str(run.path),
            "state": run.state().state,
            "since": place.since.isoformat(),
        }
        for place in waiting.line()
        for run in (Run(place.path),)
    ]
    rows = [
        (str(place["position"] or "trains"), *(str(place[field]) for field in ("name", "since", "path")))
        for place in places
    ]
    text = table(("position", "run", "since", "folder"), rows) if rows else "No run trains or waits on this machine."
    Terminal(as_json=as_json).result({"queue": places}, text)


@app.command("move")
def move(
    run: RunArgument,
    to: Annotated[int, typer.Option("--to", help="Its new position: 1 is next, a large number is last.")],
    as_json: AsJson = False,
) -> None:
    """Move a waiting run to another position in the queue."""
    found = open_run(Workspace.default(), run)
    waiting.move(found, to)
    mine = found.path.resolve()
    position = next((place.position for place in waiting.line() if place.path == mine), 0)
    said = f"{found.name} is number {position} in line." if position else f"{found.name} has its turn."
    Terminal(as_json=as_json).result({"run": found.id, "position": position}, said)


@app.command("beside")
def beside(run: RunArgument, as_json: AsJson = False) -> None:
    """Start a waiting run now, beside the one that trains; both are slower."""
    found = open_run(Workspace.default(), run)
    waiting.begin_beside(found)
    Terminal(as_json=as_json).result({"run": found.id, "state": "running"}, f"{found.name} begins now.")


@app.command("cancel")
def cancel(run: RunArgument, as_json: AsJson = False) -> None:
    """Remove a waiting run from the queue; `runs resume` puts it at the end of the queue."""
    found = open_run(Workspace.default(), run)
    waiting.cancel(found)
    _wait_for_end(found, "It had just begun, and is stopping.", as_json=as_json)


@app.command("rename")
def rename(run: RunArgument, name: Annotated[str, typer.Argument()], as_json: AsJson = False) -> None:
    """Rename a run."""
    found = open_run(Workspace.default(), run)
    found.rename(name)
    Terminal(as_json=as_json).result({"run": found.id, "name": found.name}, f"{found.id} is called {found.name}.")


@app.command("rename-class")
def rename_class(
    run: RunArgument,
    old: Annotated[str, typer.Argument(help="The current name of the class.")],
    new: Annotated[str, typer.Argument(help="The new name.")],
    as_json: AsJson = False,
) -> None:
    """Rename a class of a run without training it again."""
    from tlcore.evaluation.class_names import rename_class as call

    found = open_run(Workspace.default(), run)
    call(found, old, new)
    content = {"run": found.id, "classes": list(found.dataset.classes)}
    said = f"{found.name} calls '{old}' '{new.strip()}' now. `export {found.id}` makes its files again."
    Terminal(as_json=as_json).result(content, said)


@app.command("delete")
def delete(
    run: RunArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a run and its model."""
    workspace = Workspace.default()
    broken = {key for key, _ in broken_runs(workspace)}
    found = Run(workspace.runs / run) if run in broken else open_run(workspace, run)
    name = found.name
    if not yes:
        typer.confirm(f"Delete the run {name} and its model?", abort=True, err=True)
    found.delete()
    Terminal(as_json=as_json).result({"run": found.id, "deleted": True}, f"Deleted {name}.")


def _under_way(run: str, what: str) -> Run:
    found = open_run(Workspace.default(), run)
    state = found.state()
    if not state.live:
        raise RunError(f"Only a run that is under way can be {what}. {found.name} is {state.state}.")
    return found


def _wait_for_end(run: Run, still: str, *, as_json: bool) -> None:
    """Wait until a run that was asked to end has, and say how it did."""
    deadline = time.monotonic() + STOP_SECONDS
    while (state := run.state()).live and time.monotonic() < deadline:
        time.sleep(0.1)
    said = " ".join(filter(None, (f"{run.name} is {state.state}.", still if state.live else way_on(run, state))))
    Terminal(as_json=as_json).result({"run": run.id, "state": state.state}, said)
    if state.state == "failed":
        raise RunError(state.error)


def _summary(run: Run, state: RunState) -> dict[str, Any]:
    config = run.config
    try:
        dataset = run.dataset.name
    except RunError:
        dataset = config.dataset
    return {
        "run": run.id,
        "state": state.state,
        "name": run.name,
        "dataset": dataset,
        "backbone": config.backbone,
        "mode": config.mode,
        "metric": state.test.metric if state.test else None,
        "value": state.test.value if state.test else None,
        "unit": state.test.unit if state.test else "",
        "accuracy": state.test.value if state.test and state.test.metric == "accuracy" else None,
        "seconds": state.total_seconds,
    }


def _value(entry: dict[str, Any]) -> str | None:
    """Write the headline figure of a run in its unit."""
    if entry["value"] is None:
        return None
    return find_metric(entry["metric"]).plain(entry["value"], entry["unit"])


def _cell(column: str, value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3f}" if column == "accuracy" else f"{value:.0f}"
    return str(value)
