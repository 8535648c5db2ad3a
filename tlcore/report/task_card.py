"""The model card of a run that gives several labels or a number; its form is that of `card`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tlcore.markup import markdown
from tlcore.numbers import significant
from tlcore.report import card_sections
from tlcore.report.card_text import joined, of_table, yaml
from tlcore.report.commands import command_line
from tlcore.report.facts import TaskFacts
from tlcore.report.sections import multilabel, regression, tasks

# By the task's key: what the Hub calls it, and its pipeline; the Hub has none for numbers from items.
KINDS: Mapping[str, tuple[str, str, str]] = {
    "multilabel": ("image-classification", "Multi-label image classification", "image-classification"),
    "regression": ("image-regression", "Image regression", ""),
}
LABELS_CODE = """```python
import json

import keras

model = keras.models.load_model("model.keras")
probabilities = model.predict({inputs})
about = json.load(open("contract.json"))
given = probabilities >= about["decision"]["thresholds"]  # labels are in about["classes"]
```"""
VALUES_CODE = """```python
import keras

model = keras.models.load_model("model.keras")
values = model.predict({inputs})
```"""


def card(facts: TaskFacts) -> str:
    """The text of `README.md`."""
    return f"---\n{yaml(head(facts))}---\n\n{_body(facts)}"


def head(facts: TaskFacts) -> dict[str, Any]:
    """The metadata; as in `card`, nothing is invented."""
    kind, _, pipeline = KINDS[facts.task.key]
    tags = [kind, *(["multi-label"] if facts.task.key == "multilabel" else []), "transfer-learning", "graft"]
    if any(each.format.startswith("onnx") and each.agrees for each in facts.exports):
        tags.append("onnx")
    return {
        "license": "unknown",
        "library_name": "keras",
        **({"pipeline_tag": pipeline} if pipeline else {}),
        "tags": [*tags, facts.config.backbone],
        "metrics": [metric.key for metric in facts.task.metrics],
        "model-index": [{"name": facts.run.name, "results": _results(facts)}],
    }


def _results(facts: TaskFacts) -> list[dict[str, Any]]:
    judged, (kind, title, _) = facts.judged, KINDS[facts.task.key]
    if not judged.n:
        return []
    metrics = []
    for metric in facts.task.metrics:
        if figure := judged.figures.get(metric.key):
            unit = f" in {judged.unit}" if judged.unit and metric.kind == "value" else ""
            name = f"{metric.title}{unit} (95 % interval {figure.low:.4g} to {figure.high:.4g})"
            metrics.append({"type": metric.key, "value": round(figure.value, 6), "name": name})
    dataset = {"type": "imagefolder", "name": facts.dataset.name, "split": "test"}
    return [{"task": {"type": kind, "name": title}, "dataset": dataset, "metrics": metrics}]


def _body(facts: TaskFacts) -> str:
    parts = [f"# {markdown(facts.run.name)}", *_about(facts)]
    for title, lines in (
        ("How to use it", _use(facts)),
        ("Results", _figures(facts)),
        ("Precision, recall and F1 per label", _labels(facts)),
        ("Limits", (f"- {markdown(limit)}" for limit in tasks.limits(facts))),
        ("Training data", card_sections.data(facts)),
        ("Training", card_sections.made(facts)),
        ("Reproduce this run", (f"```\n{command_line(facts.config)}\n```",)),
    ):
        if said_there := list(lines):
            parts += [f"## {title}", *said_there]
    return "\n\n".join(joined(parts)) + "\n"


def _about(facts: TaskFacts) -> Iterator[str]:
    classes, judged = facts.dataset.classes, facts.judged
    if classes:
        named = ", ".join(f"“{markdown(label)}”" for label in classes)
        yield f"Gives a {facts.noun.one} any number of {len(classes)} labels: {named}."
    else:
        unit = f", in {markdown(judged.unit)}" if judged.unit else ""
        yield f"Predicts a number for a {facts.noun.one}: {markdown(judged.value_name or 'its value')}{unit}."
    yield markdown(tasks.headline(facts))
    yield card_sections.origin(facts)


def _use(facts: TaskFacts) -> Iterator[str]:
    classes, judged = facts.dataset.classes, facts.judged
    if classes:
        gives = f"independent probabilities `(n, {len(classes)})` in the order of the labels above"
        yield from card_sections.use(facts, gives, LABELS_CODE)
        yield "A label is given when its probability reaches its threshold, which was chosen on the validation set."
        return
    unit = f" in {markdown(judged.unit)}" if judged.unit else ""
    yield from card_sections.use(facts, f"values `(n, 1)`{unit}", VALUES_CODE)
    if judged.margin is not None and judged.target_coverage is not None:
        yield (
            f"A prediction interval is the value ± {markdown(significant(judged.margin, judged.unit))}: "
            f"{judged.target_coverage:.0%} of such intervals should hold the true value."
        )


def _figures(facts: TaskFacts) -> Iterator[str]:
    if not facts.judged.n or facts.judged.metric not in facts.judged.figures:
        return
    yield from of_table(tasks.metrics(facts))
    yield "Beside simple baselines, on the same test set:"
    yield from of_table(tasks.baselines(facts))
    if facts.judged.margin is not None:
        yield markdown(regression.coverage(facts))


def _labels(facts: TaskFacts) -> Iterator[str]:
    if facts.judged.per_label:
        yield from of_table(multilabel.per_label(facts))
