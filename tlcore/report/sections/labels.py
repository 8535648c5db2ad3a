"""The classes or labels of a run, each with its figures.

It knows what an evaluation says of each label. It does not know what the labels' answers are.
"""

from __future__ import annotations

from collections.abc import Iterator

from tlcore.report import charts
from tlcore.report.document import Block, Cell, Column, Figure, Table, Text
from tlcore.report.facts import Facts
from tlcore.tasks.evaluation import Figure as Interval

MOST_DRAWN = 40
TITLES = {"precision": "precision", "recall": "recall", "f1": "F1", "average_precision": "average precision"}


def per_label(facts: Facts) -> Table:
    """Every class or label with its figures and their intervals."""
    known, one = facts.judged.per_label, facts.one_label
    keys = [key for key in TITLES if any(key in each.figures for each in known)]
    areas = [key for key in ("roc_auc", "average_precision") if any(key in each.areas for each in known)]
    thresholds = any(each.threshold is not None for each in known)
    columns = (
        Column(one),
        *(Column(TITLES[key], "percent") for key in keys),
        *((Column("threshold", "number"),) if thresholds else ()),
        Column("test examples", "count"),
        Column("predicted", "count"),
        *(Column({"roc_auc": "ROC area"}.get(key, TITLES.get(key, key)), "number") for key in areas),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            each.label,
            *(each.figures.get(key) for key in keys),
            *((each.threshold,) if thresholds else ()),
            each.support,
            each.answered,
            *(each.areas.get(key) for key in areas),
        )
        for each in known
    ]
    return Table(f"per-{one}", columns, tuple(rows), most=200)


def figures(facts: Facts, explains: str, drawn: str) -> Iterator[Block]:
    """The figures of every label, after what they mean, and one of them `drawn`, the lowest first."""
    yield Text(explains)
    yield per_label(facts)
    known = [(each.label, each.figures.get(drawn)) for each in facts.judged.per_label if each.support]
    rows = [(label, figure) for label, figure in known if isinstance(figure, Interval)]
    rows.sort(key=lambda row: row[1].value)
    if not rows:
        return
    shown, title = rows[:MOST_DRAWN], TITLES[drawn]
    every = "each" if len(shown) == len(rows) else f"the {len(shown)} lowest"
    caption = f"{title.capitalize()} of {every} {facts.one_label}, the lowest first."
    table = Table(title.replace(" ", "-"), (Column(facts.one_label), Column(title, "percent")), tuple(rows))
    yield Figure(charts.intervals(shown, caption), caption, table)
