"""The part of a report about how the model was made: backbone, settings, curves, time, and the pictures.

It knows settings, events and counts, and words. It does not know how a report is laid out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tlcore.numbers import duration
from tlcore.report import charts
from tlcore.report.document import Block, Cell, Column, Figure, Table, Text
from tlcore.report.facts import Facts
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.recommend import Advice

NO_ENERGY = "Energy was not measured."
NOT_GIVEN = {"start": "the pretrained weights", "views": "chosen"}


def making(facts: Facts) -> Iterator[Block]:
    """Backbone, settings, what the curves show, time and machine."""
    config, backbone = facts.config, facts.backbone
    if backbone:
        yield Text(
            f"{backbone.title} has {backbone.parameters:,} weights, pretrained on ImageNet, licence "
            f"{backbone.licence}. " + _trained(facts)
        )
    yield from _curves(facts)
    for reading in facts.readings:
        yield Text(f"{reading.title}. {reading.sign} {_changes(reading.changes)}", "warning")
    columns = (Column("setting"), Column("value"))
    named = [name for name in TrainingConfig.model_fields if name != "schema_version"]
    rows = tuple((name, setting(getattr(config, name), nothing=NOT_GIVEN.get(name, "chosen"))) for name in named)
    yield Table("settings", columns, rows)
    yield Text(time_and_machine(facts))
    if facts.exports:
        yield from _exports(facts)


def data(facts: Facts) -> Iterator[Block]:
    """Which pictures there were, and how they were divided."""
    about = facts.dataset
    yield Text(
        f"“{about.name}”, version {about.version}, {len(about.classes)} classes. Its licence is not known to Graft. "
        f"Training pictures teach, validation pictures choose, test pictures judge."
    )
    counts = facts.counts
    columns = (Column("class"), *(Column(part, "count") for part in ("training", "validation", "test")))
    rows: list[tuple[Cell, ...]] = [(label, *map(int, counts.loc[label])) for label in about.classes]
    rows.append(("all", *map(int, counts.sum())))
    yield Table("pictures", columns, tuple(rows), most=201)
    for note in about.notes:
        yield Text(note, "note")
    if facts.looks is None:
        yield Text("The dataset has been deleted since.", "note")


def setting(value: Any, *, nothing: str = "chosen") -> str:
    """A setting as a person reads it; `nothing` is what it means that none was given."""
    match value:
        case None:
            return nothing
        case bool():
            return "yes" if value else "no"
        case Fractions():
            return f"{value.train:g} training, {value.val:g} validation, {value.test:g} test"
        case tuple():
            return ", ".join(value) or "none"
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def time_and_machine(facts: Facts) -> str:
    """How long it took and on what, and that nobody measured the energy."""
    seconds, environment = facts.state.total_seconds, facts.environment
    said = "How long it took is not known." if seconds is None else f"It took {duration(seconds)} in all."
    if environment:
        device = facts.state.device or environment.device or "a processor"
        said += (
            f" Device: {device}; {environment.cpus} cores, {environment.memory_bytes / 2**30:.0f} GiB of memory, "
            f"Python {environment.python}, Keras {environment.packages.get('keras', '?')} on {environment.backend}."
        )
    return f"{said} {NO_ENERGY}"


def _trained(facts: Facts) -> str:
    config, blocks = facts.config, len(facts.backbone.blocks) if facts.backbone else 0
    if config.start:
        return f"The training began with the weights of {config.start}, not with these."
    if config.mode == "freeze":
        return "All of them stayed as they were; only a new head was trained."
    depth = "all of its blocks" if config.blocks >= blocks else f"its last {config.blocks} of {blocks} blocks"
    return f"A new head was trained first, then {depth}."


def _curves(facts: Facts) -> Iterator[Block]:
    epochs = facts.state.epochs
    if not epochs:
        return
    columns = (
        Column("epoch", "count"),
        Column("phase"),
        Column("training loss", "number"),
        Column("validation loss", "number"),
        Column("training accuracy", "percent"),
        Column("validation accuracy", "percent"),
        Column("learning rate", "number"),
        Column("seconds", "number"),
    )
    rows = tuple(
        (e.epoch, e.phase, e.loss, e.val_loss, e.accuracy, e.val_accuracy, e.learning_rate, e.seconds) for e in epochs
    )
    table = Table("training-curves", columns, rows)
    several = len(epochs) > 1
    best = facts.state.best_epoch
    yield Figure(
        charts.learning(epochs, "loss", best) if several else None, "Loss over the epochs; lower is better.", table
    )
    if several:
        yield Figure(charts.learning(epochs, "accuracy", best), "Accuracy over the epochs; higher is better.", table)


def _changes(changes: tuple[Advice, ...]) -> str:
    return "To change: " + "; ".join(f"{each.field} to {setting(each.value)}" for each in changes) + "."


def _exports(facts: Facts) -> Iterator[Block]:
    yield Text("Each download was loaded again in a fresh process and asked about the test pictures:")
    columns = (
        Column("download"),
        Column("size, MB", "number"),
        Column("same answers", "percent"),
        Column("largest difference", "number"),
        Column("ms a picture", "number"),
        Column("agrees with the app"),
        Column("SHA-256"),
    )
    rows = tuple(
        (
            each.title,
            each.bytes / 1e6,
            each.same_answers,
            each.largest_difference,
            each.milliseconds_per_picture,
            "yes" if each.agrees else "no",
            each.sha256[:12] + "…",
        )
        for each in facts.exports
    )
    yield Table("downloads", columns, rows)
