"""A run's model card, in the form that the Hugging Face Hub reads: Markdown below a head of YAML.

The fields of the head are those of its model card specification (`modelcard.md` and `model-index` of the Hub's
documentation). It knows what is known of a run, and words; nothing is invented: what Graft cannot know (who made the
model, what for, under which licence) is left to whoever publishes it, and the card says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tlcore.markup import markdown
from tlcore.report.card_text import joined, of_table, yaml
from tlcore.report.commands import command_line
from tlcore.report.document import Table, Text
from tlcore.report.facts import Facts, read_facts
from tlcore.report.sections import REPORTS, limits, summary, training
from tlcore.runs.run import Run
from tlcore.tasks import Metric

CALIBRATION_ERROR = Metric(
    "expected_calibration_error", "Expected calibration error", "", higher_is_better=False, kind="score"
)
# What the Hub calls a metric, where it has another name for it.
HUB_METRICS = {"macro_f1": "f1", "brier": "brier_score"}


def model_card(run: Run) -> str:
    """The text of `README.md`.

    Raises:
        RunError: The run was not judged.
    """
    return card(read_facts(run))


def card(facts: Facts) -> str:
    """The same from facts at hand."""
    return f"---\n{yaml(head(facts))}---\n\n{_body(facts)}"


def head(facts: Facts) -> dict[str, Any]:
    """The metadata.

    The Hub has `unknown` for a licence that nobody has chosen. `datasets` names data sets of the Hub alone, so a
    dataset of the workspace stands in the results, and there only.
    """
    own, kind = REPORTS[facts.task.key], _kind(facts)
    tags = [*([kind] if own.pipeline else []), "transfer-learning", "graft", facts.config.backbone]
    if any(each.format.startswith("onnx") and each.agrees for each in facts.exports):
        tags.append("onnx")
    return {
        "license": "unknown",
        "library_name": "keras",
        **({"pipeline_tag": kind} if own.pipeline else {}),
        "tags": tags,
        "metrics": [HUB_METRICS.get(metric.key, metric.key) for metric in facts.task.metrics],
        "model-index": [{"name": facts.run.name, "results": _results(facts)}],
    }


def _kind(facts: Facts) -> str:
    return f"{facts.modality.key}-{REPORTS[facts.task.key].hub[0]}"


def _results(facts: Facts) -> list[dict[str, Any]]:
    judged = facts.judged
    if not judged.n:
        return []
    known = list(summary.measured(facts))
    if facts.calibration and facts.calibration.test:
        known.append((CALIBRATION_ERROR, facts.calibration.after.ece))
    metrics = []
    for metric, figure in known:
        low, high = metric.plain(figure.low), metric.plain(figure.high, judged.unit)
        metrics.append(
            {
                "type": HUB_METRICS.get(metric.key, metric.key),
                "value": round(figure.value, 6),
                "name": f"{metric.title} (95 % interval {low} to {high})",
            }
        )
    title = REPORTS[facts.task.key].hub[1].format(facts.modality.key)
    task = {"type": _kind(facts), "name": title[:1].upper() + title[1:]}
    dataset = {"type": f"{facts.modality.key}folder", "name": facts.dataset.name, "split": "test"}
    return [{"task": task, "dataset": dataset, "metrics": metrics}]


def _body(facts: Facts) -> str:
    own = REPORTS[facts.task.key]
    parts = [f"# {markdown(facts.run.name)}", own.about(facts), markdown(summary.headline(facts)), _origin(facts)]
    for title, lines in (
        ("How to use it", _use(facts)),
        ("Results", _figures(facts)),
        *own.card(facts),
        ("Where it is worse", _slices(facts)),
        ("Limits", (f"- {markdown(limit)}" for limit in limits(facts))),
        ("Training data", _data(facts)),
        ("Training", _made(facts)),
        ("Reproduce this run", (f"```\n{command_line(facts.config)}\n```",)),
    ):
        if said_there := list(lines):
            parts += [f"## {title}", *said_there]
    return "\n\n".join(joined(parts)) + "\n"


def _origin(facts: Facts) -> str:
    """What the model was made from, and under which licences."""
    known = facts.backbone
    pretrained = markdown(known.origin) if known else "pretrained"
    licence = markdown(known.licence) if known else "not known"
    return (
        f"It is {markdown(facts.backbone_title)}, {pretrained} (licence of those weights: {licence}), with a head of "
        f"its own. The licence of the {facts.noun.many} is not known to Graft, which wrote this card; whoever "
        "publishes the model chooses one that both allow, and puts it in place of `unknown` above."
    )


def _use(facts: Facts) -> Iterator[str]:
    """What the model takes and gives, the code that loads it, and what to do with its outputs."""
    own, (takes, becomes) = REPORTS[facts.task.key], facts.modality.takes(facts.contract.input)
    yield f"The model takes {takes} and gives {own.gives(facts)}. Its own preprocessing is inside. {becomes}"
    names = [field.name for field in facts.modality.spec(facts.contract.input)]
    inputs = names[0] if len(names) == 1 else "{" + ", ".join(f'"{name}": {name}' for name in names) + "}"
    yield own.code.format(inputs=inputs)
    yield from own.use(facts)


def _figures(facts: Facts) -> Iterator[str]:
    if not facts.judged.n or facts.judged.metric not in facts.judged.figures:
        return
    yield from of_table(summary.metrics(facts))
    yield "Beside simple baselines, on the same test set:"
    yield from of_table(summary.baselines(facts))


def _slices(facts: Facts) -> Iterator[str]:
    if facts.slices is None:
        return
    yield f"{len(facts.slices.slices):,} groups of test examples were compared, {len(facts.slices.worse):,} found."
    yield from (f"- {markdown(each.says)}" for each in facts.slices.worse)


def _data(facts: Facts) -> Iterator[str]:
    """Which items there were."""
    for block in training.data(facts):
        if isinstance(block, Table):
            yield from of_table(block)
        elif isinstance(block, Text):
            yield markdown(block.text)


def _made(facts: Facts) -> Iterator[str]:
    """How the model was trained."""
    for block in training.making(facts):
        if isinstance(block, Table) and block.name == "settings":
            yield from of_table(block)
        elif isinstance(block, Text) and block.tone == "plain" and not block.text.endswith(":"):
            yield markdown(block.text)
