"""`evaluate`: what is done with a run that has a model; and which runs have one.

It knows its arguments and what it prints. It does not know metrics.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.contract import read_contract
from tlcore.errors import RunError
from tlcore.modalities import find_modality
from tlcore.numbers import signed, significant
from tlcore.runs.run import Run, open_run
from tlcore.tasks import Metric, find_task
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.evaluation.training_diagnostics import Reading
    from tlcore.tasks.evaluation import Evaluation, Figure, LabelFigures


def evaluate(run: RunArgument, as_json: AsJson = False) -> None:
    """Evaluate a run's model.onnx on its test set again."""
    terminal = Terminal(as_json=as_json)
    found = with_model(run)
    from tlcore.data.dataset import open_dataset  # not before a typing error could show
    from tlcore.data.test_usage import read_looks, sentence
    from tlcore.evaluation.run import evaluate_run
    from tlcore.evaluation.summary import summary
    from tlcore.evaluation.training_diagnostics import read_curves

    with terminal.bar() as bar:
        judged = evaluate_run(found, bar.step)
    looks = len(read_looks(open_dataset(Workspace.default(), found.dataset.id), found.dataset.draw))
    readings = read_curves(found.state().of_the_model, found.config)
    content = {"run": found.id, "looks": looks, **summary(found.path, judged)}
    content["readings"] = [asdict(reading) for reading in readings]
    accuracy = judged.headline.value if judged.metric == "accuracy" else None
    used = sentence(looks) if accuracy is None else sentence(looks, accuracy=accuracy, items=judged.n)
    terminal.result(content, "\n".join([_text(found, judged), used, *map(_reading, readings)]))


def _text(run: Run, judged: Evaluation) -> str:
    """Lay out the figures of an evaluation: the model's and its baselines', then those of each label."""
    task, noun = find_task(judged.task), find_modality(read_contract(run.path).modality).noun

    def cell(metric: Metric, known: dict[str, Figure]) -> str:
        figure = known.get(metric.key)
        if figure is None:
            return "–"
        value, low, high = (metric.plain(each, judged.unit) for each in (figure.value, figure.low, figure.high))
        return f"{value} ({low} to {high})"

    rows = [
        (title, *(cell(metric, known) for metric in task.metrics))
        for title, known in (("This model", judged.figures), *judged.baselines.items())
    ]
    parts = [f"{run.name}: {task.title}, {judged.n} test {noun.many}; 95 % intervals in parentheses."]
    parts.append(table(("", *(metric.title for metric in task.metrics)), rows))
    parts += [_above(judged, task.find_metric(judged.metric), title) for title in judged.above_baselines]
    if judged.per_label:
        titles = {"precision": "precision", "recall": "recall", "f1": "F1", "average_precision": "average precision"}
        shown = [key for key in titles if any(key in each.figures for each in judged.per_label)]
        rows = [
            (
                each.label,
                *(cell(Metric(key, key, ""), each.figures) for key in shown),
                *_threshold(each),
                f"{each.support}",
            )
            for each in judged.per_label
        ]
        heads = ("threshold",) if judged.per_label[0].threshold is not None else ()
        parts.append(table(("label", *(titles[key] for key in shown), *heads, f"test {noun.many}"), rows))
    if judged.coverage and judged.target_coverage is not None:
        found = judged.coverage
        target = judged.target_coverage
        parts.append(
            f"Prediction intervals of ±{significant(judged.margin or 0.0, judged.unit)} hold {found.value:.1%} of the "
            f"true values (95 % between {found.low:.1%} and {found.high:.1%}); {target:.0%} was aimed at."
        )
    return "\n".join([*parts, *judged.notes])


def _above(judged: Evaluation, metric: Metric, title: str) -> str:
    """Say whether the model is better than a baseline, by the paired difference of the headline metric."""
    by, unit = judged.above_baselines[title], judged.unit if metric.kind == "value" else ""
    value, low, high = (signed(each, unit) for each in (by.value, by.low, by.high))
    verdict = metric.verdict(by.low, by.high)
    return f"{metric.title} less that of {title.lower()}: {value} (95 % between {low} and {high}): {verdict}."


def _threshold(figures: LabelFigures) -> tuple[str, ...]:
    return () if figures.threshold is None else (f"{figures.threshold:.2f}",)


def _reading(reading: Reading) -> str:
    """What the curves show, and what to change."""
    changes = "; ".join(f"{change.field} → {change.value}" for change in reading.changes)
    return f"{reading.title}. {reading.sign} Change: {changes}."


def with_model(name: str) -> Run:
    """Find a run that is over and has a model.

    Raises:
        RunError: It is under way, or has none.
    """
    run = open_run(Workspace.default(), name)
    state = run.state()
    if state.live:
        raise RunError(f"A run that is over is needed. {run.name} is {state.state}. Wait for it, or stop it.")
    if not run.model_onnx.exists():
        raise RunError(f"A run with a model is needed. {run.name} is {state.state} and has none. Train it again.")
    return run
