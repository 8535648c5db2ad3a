"""The part of a report about how the model was made: backbone, settings, curves, time, and the items.

It knows settings, events and counts, and words. It does not know how a report is laid out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tlcore.modalities import Advice
from tlcore.numbers import duration, plural
from tlcore.report import charts
from tlcore.report.document import Block, Cell, Column, Figure, Table, Text
from tlcore.report.facts import Facts
from tlcore.runs.config import Fractions

NO_ENERGY = "Energy was not measured."
NOT_GIVEN = {"start": "the pretrained weights", "views": "chosen"}


def making(facts: Facts) -> Iterator[Block]:
    """Backbone, settings, what the curves show, time and machine."""
    config, backbone = facts.config, facts.backbone
    if backbone:
        yield Text(
            f"{backbone.title} has {backbone.parameters:,} parameters, {backbone.origin}, licence {backbone.licence}. "
            + _trained(facts)
        )
    if facts.state.candidates:
        yield from _candidates(facts)
    yield from _curves(facts)
    for reading in facts.readings:
        yield Text(f"{reading.title}. {reading.sign} {_changes(reading.changes)}", "warning")
    columns = (Column("setting"), Column("value"))
    values = config.values()
    rows = tuple(
        (name, setting(value, nothing=NOT_GIVEN.get(name, "chosen")))
        for name, value in values.items()
        if name != "schema_version"
    )
    yield Table("settings", columns, rows)
    yield Text(time_and_machine(facts))
    if facts.exports:
        yield from _exports(facts)


def data(facts: Facts) -> Iterator[Block]:
    """Which items there were, and how they were divided."""
    about, one = facts.dataset, facts.one_label
    what = plural(len(about.classes), one, "classes" if one == "class" else "") if about.classes else _number_of(facts)
    yield Text(
        f"“{about.name}”, version {about.version}, {what}. Its licence is not known to Graft. The model learns from "
        "the training set; its settings and the epoch are chosen on the validation set; the figures are those of the "
        "test set."
    )
    counts = facts.counts
    columns = (Column(one), *(Column(part, "count") for part in ("training", "validation", "test")))
    rows: list[tuple[Cell, ...]] = [(label, *map(int, counts.loc[label])) for label in about.classes]
    rows.append(("all", *facts.totals))
    yield Table("items", columns, tuple(rows), most=201)
    for note in about.notes:
        yield Text(note, "note")
    if facts.looks is None:
        yield Text("The dataset has been deleted since.", "note")


def _number_of(facts: Facts) -> str:
    """Say which number each item has."""
    name, unit = facts.dataset.value_name or "a number", facts.dataset.unit
    return f"each {facts.noun.one} with its {name}" + (f" in {unit}" if unit else "")


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


def _candidates(facts: Facts) -> Iterator[Block]:
    """What Auto tried, what it brought, and why the best of it is."""
    leader, of = facts.state.leader, facts.task.metrics[0]
    judged = [each for each in facts.state.candidates if each.value is not None]
    yield Text(
        f"Auto tried {plural(len(judged), 'candidate')} in the order of their cost, each judged on "
        f"{facts.noun.many} that it had not learned from; no test {facts.noun.one} was used. The best is: "
        f"{leader.title if leader else 'none'}."
    )
    columns = (
        Column("candidate"),
        Column("outcome"),
        *(Column(title, "number") for title in (of.name, "95 % from", "to")),
        Column("judged by"),
        Column("seconds", "number"),
        Column("expected seconds", "number"),
        Column("reason"),
    )
    rows = tuple(
        (
            each.title,
            each.outcome,
            *(each.value, each.low, each.high),
            f"{each.by}, {facts.noun.counted(each.n)}" if each.n else "",
            *(each.seconds if each.n else None, each.expected_seconds),
            each.reason,
        )
        for each in facts.state.candidates
    )
    table = Table("candidates", columns, rows)
    yield Figure(
        charts.candidates(judged, leader, facts.judged.unit) if len(judged) > 1 else None,
        f"{of.title} of the candidates with its 95 % interval; "
        f"{'higher' if of.higher_is_better else 'lower'} is better.",
        table,
    )


def _curves(facts: Facts) -> Iterator[Block]:
    """The loss over the epochs, and the headline metric; the table has every metric of the validation set."""
    epochs, task, best = facts.state.of_the_model.epochs, facts.task, facts.state.best_epoch
    if not epochs:
        return
    metrics = [metric for metric in task.metrics if any(metric.key in epoch.val_figures for epoch in epochs)]
    columns = (
        Column("epoch", "count"),
        Column("phase"),
        *(Column(title, "number") for title in ("training loss", "validation loss")),
        *(Column(f"validation {metric.name}", "number") for metric in metrics),
        *(Column(title, "number") for title in ("learning rate", "seconds")),
    )
    rows = tuple(
        (e.epoch, e.phase, e.loss, e.val_loss, *(e.val_figures.get(m.key) for m in metrics), e.learning_rate, e.seconds)
        for e in epochs
    )
    table, several = Table("training-curves", columns, rows), len(epochs) > 1
    yield Figure(
        charts.learning(epochs, None, best) if several else None, "Loss over the epochs; lower is better.", table
    )
    if several and metrics:
        better = "higher" if metrics[0].higher_is_better else "lower"
        drawing = charts.learning(epochs, metrics[0], best, unit=facts.judged.unit)
        yield Figure(drawing, f"{metrics[0].title} over the epochs; {better} is better.", table)


def _changes(changes: tuple[Advice, ...]) -> str:
    return "To change: " + "; ".join(f"{each.field} to {setting(each.value)}" for each in changes) + "."


def _exports(facts: Facts) -> Iterator[Block]:
    yield Text("Each download was loaded again in a fresh process and compared with the app on the test set:")
    columns = (
        Column("download"),
        Column("size, MB", "number"),
        Column("same answers", "percent"),
        Column("largest difference", "number"),
        Column(f"ms per {facts.noun.one}", "number"),
        Column("agrees with the app"),
        Column("SHA-256"),
    )
    rows = tuple(
        (
            each.title,
            each.bytes / 1e6,
            each.same_answers,
            each.largest_difference,
            each.milliseconds_per_item,
            "yes" if each.agrees else "no",
            each.sha256[:12] + "…",
        )
        for each in facts.exports
    )
    yield Table("downloads", columns, rows)
