"""A run as a report: which sections it has and what they say.

It knows what is known of a run, and words. It does not know how a report is laid out. The sentences are for people who
have never seen Graft; everything that is not known is said not to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tlcore.report.commands import command_line
from tlcore.report.document import Block, Code, Document, Section, Text
from tlcore.report.facts import Facts
from tlcore.report.sections import errors, summary, training
from tlcore.report.sections.classification import CLASSIFICATION
from tlcore.report.sections.multilabel import MULTILABEL
from tlcore.report.sections.regression import REGRESSION
from tlcore.report.sections.task_report import TaskReport

REPORTS: Mapping[str, TaskReport] = {
    "classification": CLASSIFICATION,
    "multilabel": MULTILABEL,
    "regression": REGRESSION,
}


def document(facts: Facts, *, items: bool = True) -> Document:
    """The whole report; without `items` there is nothing to look at of the dataset itself."""
    return Document(
        title=facts.run.name if facts.run.name != facts.run.id else f"{facts.backbone_title} on {facts.dataset.name}",
        subtitle=f"{facts.backbone_title}, trained on “{facts.dataset.name}”. Run {facts.run.id}.",
        sections=tuple(_sections(facts, items=items)),
    )


def limits(facts: Facts) -> Iterator[str]:
    """What the model cannot do and what is not known of it, each in a sentence."""
    yield REPORTS[facts.task.key].limit(facts)
    yield from summary.limits(facts)


def _sections(facts: Facts, *, items: bool) -> Iterator[Section]:
    own = REPORTS[facts.task.key]
    yield Section("Summary", tuple(summary.summary(facts)))
    yield Section("Metrics and confidence intervals", tuple(summary.figures(facts)))
    if facts.judged.n:
        yield from own.sections(facts)
        yield Section("Error analysis", tuple(errors.failures(facts, own.worst, items=items)))
        yield Section("Out-of-distribution inputs", tuple(errors.unfamiliar(facts)))
    yield Section("Training", tuple(training.making(facts)))
    yield Section("Dataset", tuple(training.data(facts)))
    yield Section("Limits", tuple(Text(limit) for limit in limits(facts)))
    yield Section("Reproduce this run", tuple(_again(facts)))


def _again(facts: Facts) -> Iterator[Block]:
    yield Text("This command repeats the run where the dataset is what it was:")
    yield Code(command_line(facts.config))
    graft = facts.environment.graft if facts.environment else "of an unknown version"
    yield Text(
        f"It was made with Graft {graft}, from version {facts.dataset.version} of the dataset (fingerprint "
        f"{facts.dataset.fingerprint[:16]}…). `python -m tlcore report {facts.run.id} --format script --out train.py` "
        "writes a plain Keras script that does the same without Graft."
    )
