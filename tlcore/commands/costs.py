"""`costs`: what mistakes cost, and what is saved by answering with that in mind.

It knows its arguments and what it prints. It does not know how the cheapest answer is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.errors import DataError, RunError
from tlcore.runs.run import open_run
from tlcore.tasks import find_task
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.tasks.classification.costs import Weighed

Missed = Annotated[
    list[str] | None,
    typer.Option("--missed", metavar="CLASS=COST", help="The cost of missing an example of a class; 1 if not given."),
]
Mistake = Annotated[
    list[str] | None,
    typer.Option("--mistake", metavar="TRUE:ANSWER=COST", help="The cost of one answer for examples of one class."),
]
Asking = Annotated[
    float | None,
    typer.Option(min=0.0, help="The cost of leaving a prediction to a person; if not given, this is never done."),
]


def costs(
    run: RunArgument, missed: Missed = None, mistake: Mistake = None, asking: Asking = None, as_json: AsJson = False
) -> None:
    """Compute the cost of mistakes on the test set, and the savings with the cheapest answers."""
    terminal = Terminal(as_json=as_json)
    found = open_run(Workspace.default(), run)
    from tlcore.evaluation.costs import weigh_run  # not before a typing error could show
    from tlcore.tasks.classification.costs import cost_table

    if found.dataset.task != CLASSIFICATION.key:
        raise RunError(
            f"A run of a classification is needed: its mistakes are pairs of classes. {found.name} is one of "
            f"{find_task(found.dataset.task).title.lower()}."
        )
    classes = found.dataset.classes
    prices = cost_table(
        classes,
        missed=dict(_priced(text) for text in missed or ()),
        pairs={_pair(text, name, classes): cost for text in mistake or () for name, cost in [_priced(text)]},
    )
    weighed = weigh_run(found.path, prices, asking=asking)
    content = {"run": found.id, **asdict(weighed), "thresholds": [each.model_dump() for each in weighed.thresholds]}
    terminal.result(content, _text(found.name, weighed))


def _text(name: str, weighed: Weighed) -> str:
    rows: list[tuple[str, ...]] = [
        (
            each.label,
            f"{each.ratio:.3g}",
            f"{each.threshold:.3f}",
            f"{each.usual.misses} → {each.test.misses}",
            f"{each.usual.alarms} → {each.test.alarms}",
        )
        for each in weighed.thresholds
    ]
    unsure = f" {weighed.not_sure:.1%} are left to a person." if weighed.not_sure else ""
    return (
        f"{name}: a test example costs {weighed.likeliest:.3f} on average with the likeliest class, "
        f"{weighed.cheapest:.3f} with the cheapest answer ({weighed.n} examples, "
        f"{weighed.changed:.1%} with another answer).{unsure}\n"
        "Each class by itself, with a threshold from the validation set, instead of the likeliest class:\n"
        + table(("class", "alarms a miss costs", "threshold", "missed", "false alarms"), rows)
    )


def _priced(text: str) -> tuple[str, float]:
    name, _, cost = text.rpartition("=")
    try:
        return name, float(cost)
    except ValueError as error:
        raise DataError(f"A cost is given as NAME=COST, such as defect=10. Received '{text}'.") from error


def _pair(text: str, name: str, classes: Sequence[str]) -> tuple[str, str]:
    """The two classes of `TRUE:ANSWER`; a class may have a colon in its own name."""
    for place, letter in enumerate(name):
        if letter == ":" and name[:place] in classes and name[place + 1 :] in classes:
            return name[:place], name[place + 1 :]
    raise DataError(f"A mistake is given as TRUE:ANSWER=COST, with two classes of the run. Received '{text}'.")
