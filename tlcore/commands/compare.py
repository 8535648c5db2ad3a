"""`compare`: runs side by side.

It knows its arguments and what it prints. It does not know how runs are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.disk import size
from tlcore.modalities import find_modality
from tlcore.numbers import signed
from tlcore.runs.run import open_run
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.evaluation.compare import Comparison, Pair
    from tlcore.modalities.modality import Noun


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN…", help="Runs; the first is compared with the others.")],
    as_json: AsJson = False,
) -> None:
    """Compare evaluated runs, item by item if they have test items in common."""
    terminal = Terminal(as_json=as_json)
    found = [open_run(Workspace.default(), name) for name in runs]
    from tlcore.evaluation.compare import compare as put_side_by_side  # not before a typing error could show

    compared = put_side_by_side(found)
    terminal.result(_content(compared), _text(compared, find_modality(found[0].config.input.modality).noun))


def _content(found: Comparison) -> dict[str, Any]:
    """Give everything for JSON; of classes also by the names that scripts have relied on from the first."""
    content = found.model_dump(mode="json")
    for run in content["runs"]:
        run |= {"items": run["n"], **run["figures"]} if found.metric == "accuracy" else {}
    for pair in content["pairs"]:
        if right := pair["right"]:
            pair |= {**right, "items": pair["n"], "to_right": pair["better"], "to_wrong": pair["worse"]}
    return content


def _text(found: Comparison, noun: Noun) -> str:
    """Lay out runs: every metric with its interval, then the pairs in sentences."""
    task, names = find_task(found.task), {each.run: each.name for each in found.runs}
    rows = []
    for run in found.runs:
        cells = []
        for metric in task.metrics:
            figure = run.figures.get(metric.key)
            known = figure and [metric.plain(each, found.unit) for each in (figure.value, figure.low, figure.high)]
            cells.append(f"{known[0]} ({known[1]} to {known[2]})" if known else "–")
        size_of = "–" if run.bytes is None else size(run.bytes)
        time = "–" if run.milliseconds is None else f"{run.milliseconds:.0f} ms"
        rows.append((run.name, run.backbone, *cells, f"{run.n}", size_of, time))
    head = ("run", "backbone", *(metric.title for metric in task.metrics), noun.many, "model", f"one {noun.one}")
    pairs = [_sentence(pair, names, found, noun) for pair in found.pairs if pair.n]
    return "\n".join([table(head, rows), *pairs, *found.warnings])


def _sentence(pair: Pair, names: dict[str, str], found: Comparison, noun: Noun) -> str:
    metric, by = find_task(found.task).find_metric(found.metric), pair.difference
    if by is None:
        return ""
    unit = found.unit if metric.kind == "value" else ""
    low, high, value = (signed(each, unit) for each in (by.low, by.high, by.value))
    verdict = "significant" if pair.significant else "not significant"
    said = (
        f"{names[pair.second]} against {names[pair.first]}, on {pair.n:,} {noun.many}: {metric.title} {value} (95 % "
        f"between {low} and {high}): the difference is {verdict}"
    )
    if pair.right is None:
        return f"{said}."
    return (
        f"{said} (McNemar's exact test, p = {pair.right.p_value:.2g}). {pair.right.only_second:,} went from wrong to "
        f"right, {pair.right.only_first:,} from right to wrong."
    )
