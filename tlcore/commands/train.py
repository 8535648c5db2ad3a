"""`train`: make a run, start its worker, follow it to its end.

It knows the settings as arguments. It does not know how training works.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.data import find_or_take_in
from tlcore.commands.follow import Beside, begin_beside, conclude, follow, terminated_like_interrupted
from tlcore.commands.import_options import with_import_options
from tlcore.commands.settings import (
    augmentations,
    budget_of,
    fractions_of,
    option,
    resolved,
    settings,
    start_of,
    with_input_options,
)
from tlcore.commands.terminal import AsJson, Terminal
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.data.import_plan import ImportChoices

OF_AUTO = "With `auto` every setting that is not given becomes the recommended one."


@with_input_options()
@with_import_options
def train(
    data: Annotated[
        str,
        typer.Argument(metavar="DATA", help="A dataset's id or name, a folder or zip to import first, or `sample`."),
    ],
    backbone: Annotated[str | None, option("backbone")] = None,
    start: Annotated[
        str | None, option("start", "--from", metavar="RUN|FILE.keras", unset="the pretrained weights")
    ] = None,
    mode: Annotated[str | None, option("mode", more=OF_AUTO)] = None,
    budget: Annotated[str | None, option("budget", metavar="quick|balanced|best|MINUTES")] = None,
    minutes: Annotated[float | None, option("minutes", unset="as the budget says")] = None,
    features: Annotated[str | None, option("features")] = None,
    blocks: Annotated[int | None, option("blocks", unset="every block")] = None,
    epochs: Annotated[int | None, option("epochs")] = None,
    batch_size: Annotated[int | None, option("batch_size")] = None,
    optimizer: Annotated[str | None, option("optimizer")] = None,
    head_learning_rate: Annotated[float | None, option("head_learning_rate")] = None,
    fine_tune_learning_rate: Annotated[float | None, option("fine_tune_learning_rate")] = None,
    dropout: Annotated[float | None, option("dropout")] = None,
    head: Annotated[str | None, option("head")] = None,
    gradual: Annotated[bool | None, option("gradual")] = None,
    weight_decay: Annotated[float | None, option("weight_decay")] = None,
    layer_decay: Annotated[float | None, option("layer_decay")] = None,
    ema: Annotated[float | None, option("ema")] = None,
    label_smoothing: Annotated[float | None, option("label_smoothing")] = None,
    loss: Annotated[str | None, option("loss")] = None,
    mixup: Annotated[float | None, option("mixup")] = None,
    cutmix: Annotated[float | None, option("cutmix")] = None,
    views: Annotated[int | None, option("views", unset="chosen")] = None,
    target_metric: Annotated[str | None, option("target_metric")] = None,
    precision: Annotated[str | None, option("precision")] = None,
    patience: Annotated[int | None, option("patience")] = None,
    balancing: Annotated[str | None, option("balancing")] = None,
    augment: Annotated[str | None, option("augment", more="A list with commas, or none.")] = None,
    fractions: Annotated[str | None, option("fractions")] = None,
    seed: Annotated[int | None, option("seed")] = None,
    name: Annotated[str | None, typer.Option(help="The name of the run.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder: a new or empty one.", show_default="in the workspace")
    ] = None,
    beside: Beside = False,
    as_json: AsJson = False,
    *,
    input: dict[str, Any],
    choices: ImportChoices,
) -> None:
    """Train a model, evaluate it on the test set and export it."""
    began = time.monotonic()
    asked = {
        "backbone": backbone,
        "mode": mode,
        "minutes": minutes,
        "features": features,
        "blocks": blocks,
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "head_learning_rate": head_learning_rate,
        "fine_tune_learning_rate": fine_tune_learning_rate,
        "head": head,
        "gradual": gradual,
        "weight_decay": weight_decay,
        "layer_decay": layer_decay,
        "ema": ema,
        "label_smoothing": label_smoothing,
        "loss": loss,
        "mixup": mixup,
        "cutmix": cutmix,
        "views": views,
        "target_metric": target_metric,
        "precision": precision,
        "dropout": dropout,
        "patience": patience,
        "balancing": balancing,
        "augment": None if augment is None else augmentations(augment),
        "fractions": None if fractions is None else fractions_of(fractions),
        "seed": seed,
    }
    terminal = Terminal(as_json=as_json)
    given = {field: value for field, value in asked.items() if value is not None} | input
    if budget is not None:
        given |= budget_of(budget)
    # A typing error shows before the items are taken in.
    settings("-", given)
    from tlcore.jobs.launch import launch
    from tlcore.runs.create import create_run

    workspace = Workspace.default()
    if start is not None:
        given = {**start_of(workspace, start), **given}
    dataset = find_or_take_in(workspace, data, terminal, choices)
    run = create_run(workspace, dataset, resolved(dataset, given, terminal), out)
    if name:
        run.rename(name)
    for note in run.dataset.notes:
        terminal.say(note)
    terminal.say(f"Run {run.id} on {run.dataset.name}, in {run.path.resolve()}")
    with terminated_like_interrupted():
        launch(run)
        if beside:
            begin_beside(run)
        state, interrupted = follow(run, terminal)
    conclude(run, state, terminal, seconds=time.monotonic() - began, interrupted=interrupted)
