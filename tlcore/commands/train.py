"""`train`: make a run, start its worker, follow it to its end.

It knows the settings as arguments. It does not know how training works.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from tlcore.commands.data import find_or_take_in
from tlcore.commands.follow import conclude, follow, terminated_like_interrupted
from tlcore.commands.settings import AUTO, augmentations, default, fractions_of, resolved, settings, start_of
from tlcore.commands.terminal import AsJson, Terminal
from tlcore.workspace import Workspace


def train(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="A dataset's id or name, a folder or zip that is taken in first, or `sample`."
        ),
    ],
    backbone: Annotated[
        str | None, typer.Option(help="`backbones list` shows them.", show_default=default("backbone"))
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN|FILE.keras",
            help="Begin with the weights of a run, or of a file that Graft exported.",
            show_default="the pretrained weights",
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            help="freeze, fine-tune, or auto: every setting that is not given becomes what fits these pictures.",
            show_default=default("mode"),
        ),
    ] = None,
    blocks: Annotated[
        int | None, typer.Option(help="Blocks to unfreeze when fine-tuning.", show_default=default("blocks"))
    ] = None,
    epochs: Annotated[int | None, typer.Option(show_default=default("epochs"))] = None,
    image_size: Annotated[
        int | None, typer.Option(help="Side of the square picture, pixels.", show_default=default("image_size"))
    ] = None,
    resize: Annotated[
        str | None, typer.Option(help="crop, letterbox or stretch.", show_default=default("resize"))
    ] = None,
    batch_size: Annotated[int | None, typer.Option(show_default=default("batch_size"))] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="adamw, adam or sgd.", show_default=default("optimizer"))
    ] = None,
    head_learning_rate: Annotated[float | None, typer.Option(show_default=default("head_learning_rate"))] = None,
    fine_tune_learning_rate: Annotated[
        float | None, typer.Option(show_default=default("fine_tune_learning_rate"))
    ] = None,
    dropout: Annotated[float | None, typer.Option(show_default=default("dropout"))] = None,
    head: Annotated[str | None, typer.Option(help="trained, logistic or both.", show_default=default("head"))] = None,
    gradual: Annotated[
        bool | None, typer.Option(help="Unfreeze block by block.", show_default=default("gradual"))
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(show_default=default("weight_decay"))] = None,
    layer_decay: Annotated[
        float | None,
        typer.Option(help="Rate of a block over that of the one above it.", show_default=default("layer_decay")),
    ] = None,
    ema: Annotated[
        float | None, typer.Option(help="Momentum of the weights' average; 0 is off.", show_default=default("ema"))
    ] = None,
    label_smoothing: Annotated[float | None, typer.Option(show_default=default("label_smoothing"))] = None,
    mixup: Annotated[float | None, typer.Option(help="Alpha; 0 is off.", show_default=default("mixup"))] = None,
    cutmix: Annotated[float | None, typer.Option(help="Alpha; 0 is off.", show_default=default("cutmix"))] = None,
    views: Annotated[
        int | None, typer.Option(help="Cached views of each training picture.", show_default="chosen")
    ] = None,
    target_metric: Annotated[
        str | None,
        typer.Option(help="loss, accuracy, balanced_accuracy or macro_f1.", show_default=default("target_metric")),
    ] = None,
    precision: Annotated[str | None, typer.Option(help="auto or float32.", show_default=default("precision"))] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Epochs without progress before it stops; 0 never.", show_default=default("patience")),
    ] = None,
    balancing: Annotated[
        str | None, typer.Option(help="none, weights or sampling.", show_default=default("balancing"))
    ] = None,
    augment: Annotated[
        str | None, typer.Option(help="A list with commas, or none.", show_default=default("augment"))
    ] = None,
    fractions: Annotated[
        str | None,
        typer.Option(help="Shares of training, validation, test.", show_default="0.7,0.15,0.15"),
    ] = None,
    seed: Annotated[int | None, typer.Option(show_default=default("seed"))] = None,
    name: Annotated[str | None, typer.Option(help="What to call the run.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder: a new or empty one.", show_default="in the workspace")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a model, judge it on test pictures and export it."""
    began = time.monotonic()
    asked = {
        "backbone": backbone,
        "mode": mode,
        "blocks": blocks,
        "epochs": epochs,
        "image_size": image_size,
        "resize": resize,
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
    given = {field: value for field, value in asked.items() if value is not None}
    # A typing error shows before the pictures are taken in.
    settings("-", {field: value for field, value in given.items() if (field, value) != ("mode", AUTO)})
    from tlcore.runs.create import create_run
    from tlcore.runs.launch import launch

    workspace = Workspace.default()
    if start is not None:
        given = {**start_of(workspace, start), **given}
    dataset = find_or_take_in(workspace, data, terminal)
    run = create_run(workspace, dataset, resolved(dataset, given, terminal), out)
    if name:
        run.rename(name)
    for note in run.dataset.notes:
        terminal.say(note)
    terminal.say(f"Run {run.id} on {run.dataset.name}, in {run.path.resolve()}")
    with terminated_like_interrupted():
        launch(run)
        state, interrupted = follow(run, terminal)
    conclude(run, state, terminal, seconds=time.monotonic() - began, interrupted=interrupted)
