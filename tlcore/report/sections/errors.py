"""The part of a report about failures: the worst errors, slices, saliency, robustness, out-of-distribution inputs.

It knows what an error analysis of a run has found, and words. It does not know how it was found, nor how a report is
laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tlcore.errors import GraftError
from tlcore.evaluation.ood_evaluation import NO_SECOND_OUTPUT
from tlcore.evaluation.robustness import Robustness
from tlcore.evaluation.slices import Slices
from tlcore.modalities.analysis import Attention
from tlcore.report import charts
from tlcore.report.document import Block, Column, Figure, Items, Kind, Table, Text
from tlcore.report.facts import Facts
from tlcore.tasks.evaluation import Figure as Interval

MOST_ERRORS, SIDE = 12, 200
Worst = Callable[[Facts, int], Iterator[tuple[str, str]]]


def failures(facts: Facts, worst: Worst, *, items: bool) -> Iterator[Block]:
    """What is known of where the model fails; with `items`, the worst errors to look at."""
    found = list(worst(facts, MOST_ERRORS))
    if not found:
        yield Text("The model made no error on the test set.")
    else:
        yield Text("The worst errors on the test set; wrong labels often show up here:")
        shown = tuple(_shown(facts, found)) if items else ()
        columns = (Column("file"), Column("error"))
        yield Items(shown) if shown else Table("worst-errors", columns, tuple(found))
    if facts.slices is None and facts.attention is None and facts.robustness is None:
        yield Text(
            f"There is no error analysis yet. `python -m tlcore understand {facts.run.id}` finds groups of difficult "
            f"{facts.noun.many} and measures the robustness.",
            "note",
        )
    if facts.slices:
        yield from _slices(facts.slices)
    if facts.attention:
        yield from _attention(facts.attention)
    if facts.robustness:
        yield from _robustness(facts.robustness)


def _shown(facts: Facts, worst: list[tuple[str, str]]) -> Iterator[tuple[bytes, str]]:
    """Small JPEGs of items; those whose file is gone are left out."""
    if facts.items is None:
        return
    for file, sentence in worst:
        try:
            yield facts.items.thumbnail(file, SIDE, reading=facts.dataset.reading), sentence
        except GraftError:
            continue


def unfamiliar(facts: Facts) -> Iterator[Block]:
    """How the model tells items that are none of its own."""
    found, noun = facts.ood, facts.noun
    if found is None:
        yield Text(NO_SECOND_OUTPUT, "note")
        return
    yield Text(
        f"A second output says how unlike the training {noun.many} a {noun.one} is. It flags {found.test.value:.1%} "
        f"of the test {noun.many} as out of distribution ({found.test.low:.1%} to {found.test.high:.1%}); it is set "
        "to flag about 5 %."
    )
    if found.strangers:
        columns = (
            Column("examples of"),
            Column("examples", "count"),
            Column("AUROC", "number"),
            Column("flagged", "percent"),
        )
        rows = tuple((each.name, each.n, each.auroc, each.recognised) for each in found.strangers)
        yield Table("unfamiliar", columns, rows)


def _slices(found: Slices) -> Iterator[Block]:
    """The kinds of items that were tested, those on which the model is worse first."""
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
    """The headline metric under each corruption, beside the frozen baseline."""
    share: Kind = "percent" if found.of.kind == "share" else "number"
    for sentence in found.says:
        yield Text(sentence)
    columns = (
        Column("corruption"),
        Column("unit"),
        Column("strength", "number"),
        Column("this model", share),
        Column("frozen backbone", share),
    )
    for curve in found.curves:
        strengths: tuple[str | float, ...] = ("none", *curve.strengths)
        shares = zip(strengths, (found.model, *curve.model), (found.baseline, *curve.baseline), strict=True)
        rows = tuple((curve.title, curve.unit, strength, ours, theirs) for strength, ours, theirs in shares)
        caption = f"{curve.title}: {found.of.name} as it gets stronger."
        yield Figure(charts.robustness(found, curve), caption, Table(f"robustness-{curve.key}", columns, rows))
