"""`compare`: runs side by side.

It knows its arguments and what it prints. It does not know how runs are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.disk import size
from tlcore.numbers import signed
from tlcore.runs.run import open_run
from tlcore.tasks import find_task
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.evaluation.compare import Comparison, Pair
    from tlcore.evaluation.task_compare import TaskComparison, TaskPair

CHANCE = 0.05


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN…", help="Runs; the first is compared with the others.")],
    as_json: AsJson = False,
) -> None:
    """Compare evaluated runs, item by item if they have test items in common."""
    terminal = Terminal(as_json=as_json)
    found = [open_run(Workspace.default(), name) for name in runs]
    from tlcore.evaluation.compare import compare as put_side_by_side  # not before a typing error could show
    from tlcore.evaluation.task_compare import compare_task_runs

    if found[0].dataset.task != CLASSIFICATION.key:
        compared = compare_task_runs(found)
        terminal.result(compared.model_dump(mode="json"), _task_text(compared))
        return
    comparison = put_side_by_side(found)
    terminal.result(comparison.model_dump(mode="json"), _text(comparison))


def _task_text(found: TaskComparison) -> str:
    """Lay out runs whose task is not classification: every metric with its interval, then the pairs in sentences."""
    task, names = find_task(found.task), {each.run: each.name for each in found.runs}
    rows = []
    for run in found.runs:
        cells = []
        for metric in task.metrics:
            figure = run.figures.get(metric.key)
            known = figure and [metric.plain(each, found.unit) for each in (figure.value, figure.low, figure.high)]
            cells.append(f"{known[0]} ({known[1]} to {known[2]})" if known else "–")
        rows.append((run.name, run.backbone, *cells, f"{run.n}", "–" if run.bytes is None else size(run.bytes)))
    head = ("run", "backbone", *(metric.title for metric in task.metrics), "examples", "model")
    pairs = [_task_sentence(pair, names, found) for pair in found.pairs if pair.n]
    return "\n".join([table(head, rows), *pairs, *found.warnings])


def _task_sentence(pair: TaskPair, names: dict[str, str], found: TaskComparison) -> str:
    metric, by = find_task(found.task).find_metric(found.metric), pair.difference
    if by is None:
        return ""
    unit = found.unit if metric.kind == "value" else ""
    low, high, value = (signed(each, unit) for each in (by.low, by.high, by.value))
    verdict = "significant" if pair.significant else "not significant"
    return (
        f"{names[pair.second]} against {names[pair.first]}, on {pair.n:,} examples: {metric.title} {value} (95 % "
        f"between {low} and {high}): the difference is {verdict}."
    )


def _text(comparison: Comparison) -> str:
    names = {each.run: each.name for each in comparison.runs}
    rows: list[tuple[str, ...]] = [
        (
            each.name,
            each.backbone,
            f"{each.accuracy.value:.3f}",
            f"{each.accuracy.low:.3f}–{each.accuracy.high:.3f}",
            f"{each.items}",
            "–" if each.bytes is None else size(each.bytes),
            "–" if each.milliseconds is None else f"{each.milliseconds:.0f} ms",
        )
        for each in comparison.runs
    ]
    head = ("run", "backbone", "accuracy", "95 %", "examples", "model", "per example")
    pairs = [_sentence(pair, names) for pair in comparison.pairs if pair.items]
    return "\n".join([table(head, rows), *pairs, *comparison.warnings])


def _sentence(pair: Pair, names: dict[str, str]) -> str:
    more, second = pair.difference, names[pair.second]
    verdict = "not significant" if pair.p_value >= CHANCE else "significant"
    return (
        f"{second} against {names[pair.first]}, on {pair.items:,} examples: {100 * more.value:+.1f} points (95 % "
        f"between {100 * more.low:+.1f} and {100 * more.high:+.1f}). {pair.only_second:,} went from wrong to right, "
        f"{pair.only_first:,} from right to wrong. The difference is {verdict} (McNemar's exact test, p = "
        f"{pair.p_value:.2g})."
    )
