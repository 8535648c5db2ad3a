"""`evaluate`: what is done with a run that has a model; and which runs have one.

It knows its arguments and what it prints. It does not know metrics.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from tlcore.commands.runs import RunArgument
from tlcore.commands.terminal import AsJson, Terminal, table
from tlcore.errors import RunError
from tlcore.runs.run import Run, open_run
from tlcore.workspace import Workspace

if TYPE_CHECKING:
    from tlcore.evaluation.curves_read import Reading
    from tlcore.evaluation.metrics import Evaluation


def evaluate(run: RunArgument, as_json: AsJson = False) -> None:
    """Judge a run's model.onnx on its test pictures once more."""
    terminal = Terminal(as_json=as_json)
    found = with_model(run)
    from tlcore.data.dataset import open_dataset  # not before a typing error could show
    from tlcore.data.looks import read_looks, sentence
    from tlcore.evaluation.curves_read import read_curves
    from tlcore.evaluation.run import evaluate_run
    from tlcore.evaluation.summary import summary

    with terminal.bar() as bar:
        judged = evaluate_run(found, bar.step)
    looks = len(read_looks(open_dataset(Workspace.default(), found.dataset.id), found.dataset.draw))
    readings = read_curves(found.state(), found.config)
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
        f"{judged.n} pictures).\n"
        f"{_baselines(judged)}\n"
        + table(("class", "precision", "recall", "F1", "pictures"), rows)
        + f"\n{sentence(looks, accuracy=judged.accuracy, pictures=judged.n)}"
        + "".join(f"\n{_reading(reading)}" for reading in readings)
    )
    terminal.result(content, text)


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
