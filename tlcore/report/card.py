"""A run's model card, in the form that the Hugging Face Hub reads: Markdown below a head of YAML.

The fields of the head are those of its model card specification (`modelcard.md` and `model-index` of the Hub's
documentation). It knows what is known of a run, and words; nothing is invented: what Graft cannot know (who made the
model, what for, under which licence) is left to whoever publishes it, and the card says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tlcore.evaluation.figures import Interval
from tlcore.markup import markdown
from tlcore.report import card_sections, sections, task_card
from tlcore.report.card_text import joined, of_table, yaml
from tlcore.report.commands import command_line
from tlcore.report.document import said
from tlcore.report.facts import Facts, TaskFacts, read_facts
from tlcore.runs.run import Run

TASK = "image-classification"
USE = """```python
import keras

model = keras.models.load_model("model.keras")
probabilities = model.predict({inputs})
```"""


def model_card(run: Run) -> str:
    """The text of `README.md`.

    Raises:
        RunError: The run was not judged.
    """
    return card(read_facts(run))


def card(facts: Facts | TaskFacts) -> str:
    """The same from facts at hand."""
    if isinstance(facts, TaskFacts):
        return task_card.card(facts)
    return f"---\n{yaml(head(facts))}---\n\n{_body(facts)}"


def head(facts: Facts) -> dict[str, Any]:
    """The metadata.

    The Hub has `unknown` for a licence that nobody has chosen. `datasets` names data sets of the Hub alone, so a
    dataset of the workspace stands in the results, and there only.
    """
    tags = [TASK, "transfer-learning", "graft", facts.config.backbone]
    if any(each.format.startswith("onnx") and each.agrees for each in facts.exports):
        tags.append("onnx")
    return {
        "license": "unknown",
        "library_name": "keras",
        "pipeline_tag": TASK,
        "tags": tags,
        "metrics": ["accuracy", "f1"],
        "model-index": [{"name": facts.run.name, "results": _results(facts)}],
    }


def _results(facts: Facts) -> list[dict[str, Any]]:
    judged, found = facts.judged, facts.judged.scores
    if not judged.n:
        return []
    figures: list[tuple[str, str, Interval]] = [
        ("accuracy", "Accuracy", Interval(value=judged.accuracy, low=judged.low, high=judged.high))
    ]
    if found:
        figures += [
            ("balanced_accuracy", "Balanced accuracy", found.balanced_accuracy),
            ("f1", "Macro F1", found.macro_f1),
            ("log_loss", "Log loss", found.log_loss),
            ("brier_score", "Brier score", found.brier),
        ]
    if facts.calibration and facts.calibration.test:
        figures.append(("expected_calibration_error", "Expected calibration error", facts.calibration.after.ece))
    metrics = [
        {
            "type": kind,
            "value": round(figure.value, 6),
            "name": f"{name} (95 % interval {figure.low:.3f} to {figure.high:.3f})",
        }
        for kind, name, figure in figures
    ]
    dataset = {"type": "imagefolder", "name": facts.dataset.name, "split": "test"}
    return [{"task": {"type": TASK, "name": "Image classification"}, "dataset": dataset, "metrics": metrics}]


def _body(facts: Facts) -> str:
    parts = [f"# {markdown(facts.run.name)}", *_about(facts)]
    for title, lines in (
        ("How to use it", _use(facts)),
        ("Results", _figures(facts)),
        ("Precision, recall and F1 per class", of_table(sections.per_class(facts))),
        ("Probabilities", _probabilities(facts)),
        (f"Kinds of {facts.noun.many} that it is worse on", _slices(facts)),
        ("Limits", (f"- {markdown(limit)}" for limit in sections.limits(facts))),
        ("Training data", card_sections.data(facts)),
        ("Training", card_sections.made(facts)),
        ("Reproduce this run", (f"```\n{command_line(facts.config)}\n```",)),
    ):
        if said_there := list(lines):
            parts += [f"## {title}", *said_there]
    return "\n\n".join(joined(parts)) + "\n"


def _about(facts: Facts) -> Iterator[str]:
    classes = ", ".join(f"“{markdown(label)}”" for label in facts.dataset.classes)
    yield f"Tells apart {len(facts.dataset.classes)} classes of {facts.noun.many}: {classes}."
    yield sections.headline(facts)
    yield card_sections.origin(facts)


def _use(facts: Facts) -> Iterator[str]:
    gives = f"probabilities `(n, {len(facts.dataset.classes)})` in the order of the classes above"
    yield from card_sections.use(facts, gives, USE)


def _figures(facts: Facts) -> Iterator[str]:
    yield from of_table(sections.scores(facts))
    known = facts.judged.baselines
    if known.linear_probe and known.nearest_mean:
        probe, mean = (said(share, "percent") for share in (known.linear_probe, known.nearest_mean))
        yield f"There a linear probe on the untouched backbone scores {probe}, the nearest class mean {mean}."
    baseline = facts.judged.baseline
    if facts.judged.n:
        yield f"Always answering “{markdown(baseline.label)}” would score {baseline.accuracy:.1%}."


def _probabilities(facts: Facts) -> Iterator[str]:
    found, noun = facts.calibration, facts.noun
    if found is None or not found.test:
        yield "The calibration of the probabilities was not measured."
        return
    before, after = (said(each.ece, "number") for each in (found.before, found.after))
    yield (
        f"A temperature of {found.temperature:.2f}, fitted on {found.validation:,} validation {noun.many}, is "
        f"{'part of the model' if found.in_model else 'not part of the model'}. The expected calibration error on the "
        f"test {noun.many} is {after}; without it {before}."
    )
    if found.unfamiliarity:
        yield (
            f"A second output of `model.onnx` says how unlike the training {noun.many} a {noun.one} is; it calls "
            f"{found.unfamiliarity.test.value:.1%} of the test {noun.many} unfamiliar."
        )


def _slices(facts: Facts) -> Iterator[str]:
    if facts.slices is None:
        return
    yield f"{len(facts.slices.slices):,} kinds were tested, {len(facts.slices.worse):,} found."
    yield from (f"- {markdown(each.says)}" for each in facts.slices.worse)
