"""The part of a report about failures: kinds of items, where the model looks, what it does not stand, mistakes.

It knows what a closer look at a run has found, and words. It does not know how it was found, nor how a report is laid
out.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from tlcore.evaluation.figures import Interval
from tlcore.evaluation.metrics import mistakes
from tlcore.evaluation.robustness import Robustness
from tlcore.evaluation.saliency import Attention
from tlcore.evaluation.slices import Slices
from tlcore.modalities.image.pixels import open_picture
from tlcore.modalities.image.value_range import range_of
from tlcore.report import charts
from tlcore.report.document import Block, Column, Figure, Items, Table, Text
from tlcore.report.facts import Facts

MOST_MISTAKES, SIDE = 12, 200


def failures(facts: Facts, *, items: bool) -> Iterator[Block]:
    """What is known of where the model fails; with `items`, the most confident mistakes to look at."""
    wrong = mistakes(facts.predictions)
    if facts.judged.n:
        yield Text(f"{len(wrong):,} of {facts.judged.n:,} test {facts.noun.many} were answered wrong.")
    if items and len(wrong) and (shown := _shown(facts)):
        yield Text("The mistakes that it is surest of; a wrong label shows up here, too:")
        yield Items(tuple(shown))
    if facts.slices is None and facts.attention is None and facts.robustness is None:
        yield Text(
            f"There is no error analysis yet. `python -m tlcore understand {facts.run.id}` finds groups of difficult "
            f"{facts.noun.many}, draws saliency maps and measures the robustness.",
            "note",
        )
    if facts.slices:
        yield from _slices(facts.slices)
    if facts.attention:
        yield from _attention(facts.attention)
    if facts.robustness:
        yield from _robustness(facts.robustness)


def _shown(facts: Facts) -> Iterator[tuple[bytes, str]]:
    """The most confident mistakes as small JPEGs; those whose file is gone are left out."""
    if facts.items is None:
        return
    for file, label, predicted, confidence in mistakes(facts.predictions, MOST_MISTAKES)[
        ["file", "label", "predicted", "confidence"]
    ].itertuples(index=False):
        try:
            path = facts.items.image_path(str(file))
            item = open_picture(path, side=SIDE, value_range=range_of(facts.dataset.reading))
        except ValueError:
            continue
        item.thumbnail((SIDE, SIDE))
        stream = BytesIO()
        item.save(stream, "JPEG", quality=80)
        yield stream.getvalue(), f"{label}, called {predicted} ({confidence:.0%} sure)"


def _slices(found: Slices) -> Iterator[Block]:
    if not found.slices:
        return
    said = f"{len(found.slices):,} groups of examples were tested"
    if found.worse:
        said += f"; on {len(found.worse):,} the model is significantly worse:"
    else:
        said += "; on none is the model significantly worse."
    yield Text(said)
    for each in found.worse:
        yield Text(each.says, "warning")
    columns = (
        Column("kind"),
        Column("is"),
        Column("class"),
        Column("examples", "count"),
        Column("right answers", "percent"),
        Column("elsewhere", "percent"),
        Column("q", "number"),
        Column("worse"),
    )
    rows = tuple(
        (
            each.trait,
            each.value,
            each.within or "all",
            each.n,
            Interval(value=each.accuracy, low=each.low, high=each.high),
            each.elsewhere,
            each.q,
            "yes" if each.worse else "no",
        )
        for each in found.slices
    )
    yield Table("slices", columns, rows, most=12)
    for note in found.notes:
        yield Text(note, "note")


def _attention(found: Attention) -> Iterator[Block]:
    warned = [each.warning for each in found.classes if each.warning]
    for warning in warned:
        yield Text(warning, "warning")
    if found.classes and not warned:
        yield Text("For no class does the model look at the border, or elsewhere than for the others.")
    if found.trust:
        yield Text(found.trust.says)
    columns = (
        Column("class"),
        Column("examples", "count"),
        Column("heat at the border", "percent"),
        Column("of the other classes", "percent"),
        Column("heat in the usual place", "percent"),
        Column("theirs", "percent"),
    )
    rows = tuple(
        (each.label, each.n, each.border, each.elsewhere_border, each.usual, each.elsewhere_usual)
        for each in found.classes
    )
    yield Table("attention", columns, rows, most=20)


def _robustness(found: Robustness) -> Iterator[Block]:
    for sentence in found.says:
        yield Text(sentence)
    columns = (
        Column("distortion"),
        Column("unit"),
        Column("strength", "number"),
        Column("this model", "percent"),
        Column("frozen backbone", "percent"),
    )
    for curve in found.curves:
        strengths: tuple[str | float, ...] = ("none", *curve.strengths)
        shares = zip(strengths, (found.model, *curve.model), (found.baseline, *curve.baseline), strict=True)
        rows = tuple(
            (curve.title, curve.unit, strength, Interval(**ours.model_dump()), Interval(**theirs.model_dump()))
            for strength, ours, theirs in shares
        )
        caption = f"{curve.title}: right answers as it gets stronger."
        yield Figure(charts.robustness(found, curve), caption, Table(f"robustness-{curve.key}", columns, rows))
