"""`evaluate`: what is done with a run that has a model; and which runs have one.

It knows its arguments and what it prints. It does not know metrics.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.errors import RunError
from tlcore.numbers import signed, significant
from tlcore.runs.run import Run, open_run
from tlcore.tasks import Metric, find_task
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.evaluation.metrics import Evaluation
    from tlcore.evaluation.training_diagnostics import Reading
    from tlcore.tasks.evaluation import Figure, TaskEvaluation


def evaluate(run: RunArgument, as_json: AsJson = False) -> None:
    """Evaluate a run's model.onnx on its test set again."""
    terminal = Terminal(as_json=as_json)
    found = with_model(run)
    from tlcore.data.dataset import open_dataset  # not before a typing error could show
    from tlcore.data.test_usage import read_looks, sentence
    from tlcore.evaluation.run import evaluate_run
    from tlcore.evaluation.summary import summary
    from tlcore.evaluation.training_diagnostics import read_curves
    from tlcore.tasks.evaluation import TaskEvaluation

    with terminal.bar() as bar:
        judged = evaluate_run(found, bar.step)
    looks = len(read_looks(open_dataset(Workspace.default(), found.dataset.id), found.dataset.draw))
    readings = read_curves(found.state(), found.config)
    if isinstance(judged, TaskEvaluation):
        terminal.result(
            {
                "run": found.id,
                "looks": looks,
                **judged.model_dump(mode="json", exclude={"schema_version"}),
                "readings": [asdict(reading) for reading in readings],
            },
            "\n".join([_task_text(found.name, judged), sentence(looks), *map(_reading, readings)]),
        )
        return
    content = {
        "run": found.id,
        "looks": looks,
        **summary(found.path, judged),
        "readings": [asdict(reading) for reading in readings],
    }
    rows: list[tuple[str, ...]] = [
        (entry.label, f"{entry.precision:.3f}", f"{entry.recall:.3f}", f"{entry.f1:.3f}", f"{entry.support}")
        for entry in judged.per_class
    ]
    text = (
        f"{found.name}: test accuracy {judged.accuracy:.3f} (95 % between {judged.low:.3f} and {judged.high:.3f}, "
        f"{judged.n} examples).\n"
        f"{_baselines(judged)}\n"
        + table(("class", "precision", "recall", "F1", "examples"), rows)
        + f"\n{sentence(looks, accuracy=judged.accuracy, items=judged.n)}"
        + "".join(f"\n{_reading(reading)}" for reading in readings)
    )
    terminal.result(content, text)


def _task_text(name: str, judged: TaskEvaluation) -> str:
    """Lay out the figures of a task's evaluation: the model's and its baselines', then those of each label."""
    task = find_task(judged.task)

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
    parts = [f"{name}: {task.title}, {judged.n} test examples; 95 % intervals in parentheses."]
    parts.append(table(("", *(metric.title for metric in task.metrics)), rows))
    parts += [_above(judged, task.find_metric(judged.metric), title) for title in judged.above_baselines]
    if judged.per_label:
        keys = ("precision", "recall", "f1", "average_precision")
        plain = [Metric(key, key, "") for key in keys]
        labels = [
            (each.label, *(cell(metric, each.figures) for metric in plain), f"{each.threshold:.2f}", f"{each.support}")
            for each in judged.per_label
        ]
        parts.append(
            table(("label", "precision", "recall", "F1", "average precision", "threshold", "examples"), labels)
        )
    if judged.coverage and judged.target_coverage is not None:
        found = judged.coverage
        target = judged.target_coverage
        parts.append(
            f"Prediction intervals of ±{significant(judged.margin or 0.0, judged.unit)} hold {found.value:.1%} of the "
            f"true values (95 % between {found.low:.1%} and {found.high:.1%}); {target:.0%} was aimed at."
        )
    return "\n".join([*parts, *judged.notes])


def _above(judged: TaskEvaluation, metric: Metric, title: str) -> str:
    """Say whether the model is better than a baseline, by the paired difference of the headline metric."""
    by, unit = judged.above_baselines[title], judged.unit if metric.kind == "value" else ""
    value, low, high = (signed(each, unit) for each in (by.value, by.low, by.high))
    verdict = metric.verdict(by.low, by.high)
    return f"{metric.title} less that of {title.lower()}: {value} (95 % between {low} and {high}): {verdict}."


def _baselines(judged: Evaluation) -> str:
    """What less than the model scores, in a sentence."""
    known, said = judged.baselines, f"Always '{judged.baseline.label}' would score {judged.baseline.accuracy:.3f}"
    if known.nearest_mean and known.linear_probe:
        mean, probe = known.nearest_mean.value, known.linear_probe.value
        said += f", the nearest class mean {mean:.3f}, a linear probe on the frozen backbone {probe:.3f}"
    return f"{said}."


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
