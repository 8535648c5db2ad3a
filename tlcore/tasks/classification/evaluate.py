"""Evaluates a classifier on its test set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tlcore.tasks.classification import LARGEST_CLASS, LINEAR_PROBE, NEAREST_MEAN
from tlcore.tasks.classification.baselines import Guesses, guess
from tlcore.tasks.classification.calibration_fit import Answered, calibrate
from tlcore.tasks.classification.class_codes import class_codes, likeliest
from tlcore.tasks.classification.confusion_tree import merge_classes, order_classes
from tlcore.tasks.classification.measures import confusion_counts, measures
from tlcore.tasks.classification.roc_pr import areas, class_curves
from tlcore.tasks.classification.scores import Scoring, scoring, share
from tlcore.tasks.evaluation import NOTHING, Evaluation, Figure, LabelFigures, Measures, named, usual_notes
from tlcore.tasks.linear_probe import LinearProbe, principal_axes
from tlcore.tasks.paired import difference
from tlcore.tasks.task import Decision, Evidence, Floats

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import BaseModel

Integers = npt.NDArray[np.int64]


def evaluate(evidence: Evidence, classes: Sequence[str], decision: Decision) -> Evaluation:
    """Compute every figure; baselines learn from the training items alone."""
    true, outputs, groups = class_codes(evidence.labels, classes), evidence.outputs, evidence.groups
    answered, n = likeliest(outputs), len(true)
    confusion = confusion_counts(true, answered, len(classes))
    scored = scoring(true, answered, outputs, groups) if n else None
    per_label = tuple(_of_class(scored, outputs, place, label) for place, label in enumerate(classes))
    largest = max(classes, key=Counter(evidence.learned).__getitem__) if evidence.learned else ""
    guesses = _guesses(evidence, classes)
    tree = merge_classes(confusion)
    found = Evaluation(
        task="classification",
        n=n,
        groups=len(np.unique(groups)),
        metric="accuracy",
        figures=scored.figures() if scored else {},
        largest_class=largest,
        learned_from=guesses.learned_from,
        labels=tuple(classes),
        per_label=per_label,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        order=order_classes(tree, len(classes)),
        tree=tree,
        notes=(*_notes(evidence, per_label), *([guesses.note] if guesses.note else [])),
    )
    if not n:
        return found
    rivals = {LARGEST_CLASS: np.array([label == largest for label in evidence.labels])}
    for title, answers in ((NEAREST_MEAN, guesses.nearest_mean), (LINEAR_PROBE, guesses.linear_probe)):
        if answers is not None:
            rivals[title] = answers == true
    return found.model_copy(
        update={
            "baselines": {title: {"accuracy": share(hits, groups)} for title, hits in rivals.items()},
            "above_baselines": {title: difference(hits, answered == true, groups) for title, hits in rivals.items()},
        }
    )


def files(evidence: Evidence, classes: Sequence[str]) -> Mapping[str, pd.DataFrame | BaseModel | None]:
    """Make what a run folder holds beside the evaluation: the curves of each class, and `calibration.json`.

    Where no answers about validation items are known by a model that had not met them, nothing can be chosen, and there
    is no calibration.
    """
    true, calibration = class_codes(evidence.labels, classes), None
    if evidence.validation is not None:
        labels, outputs = evidence.validation
        calibration = calibrate(
            Answered(outputs, class_codes(labels, classes)),
            Answered(evidence.outputs, true, evidence.groups),
            classes,
            temperature=evidence.temperature,
            items=evidence.noun[1],
        )
    return {"evaluation/curves.parquet": class_curves(true, evidence.outputs), "calibration.json": calibration}


def measures_of(labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision) -> Measures:
    """Make each metric a function of how often each item occurs."""
    return measures(outputs, class_codes(labels, classes))


def item_errors(
    labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision
) -> npt.NDArray[np.float64]:
    """Count the wrong answers about each item, `(n,)`: 0 or 1."""
    wrong: npt.NDArray[np.float64] = (likeliest(outputs) != class_codes(labels, classes)).astype(np.float64)
    return wrong


def probe(features: Floats, labels: Sequence[str], classes: Sequence[str]) -> Callable[[Floats], Floats]:
    """Fit a logistic regression; it gives probabilities, 0 for a class that had no item."""
    axes = principal_axes(features)
    fitted = LinearProbe.fit(axes(features), class_codes(labels, classes), classes=len(classes))
    return lambda others: fitted.predict(axes(others))


def _guesses(evidence: Evidence, classes: Sequence[str]) -> Guesses:
    if evidence.features is None:
        return Guesses()
    train, test = evidence.features
    return guess(train, class_codes(evidence.learned_with_features, classes), test, classes=len(classes))


def _of_class(scored: Scoring | None, outputs: Floats, place: int, label: str) -> LabelFigures:
    """Compute what is known of one class; a share without a denominator counts as 0, somewhere between 0 and 1."""
    if scored is None:
        nothing = dict.fromkeys(("precision", "recall", "f1"), NOTHING)
        return LabelFigures(label=label, figures=nothing, support=0, answered=0)
    of_class = scored.answers.true == place
    figures: dict[str, Figure] = {
        "precision": scored.precision(place),
        "recall": scored.recall(place),
        "f1": scored.f1(place),
    }
    under: dict[str, Any] = dict(zip(("roc_auc", "average_precision"), areas(of_class, outputs[:, place]), strict=True))
    return LabelFigures(
        label=label,
        figures=figures,
        areas={name: value for name, value in under.items() if value is not None},
        support=int(of_class.sum()),
        answered=int((scored.answers.answered == place).sum()),
    )


def _notes(evidence: Evidence, per_class: Sequence[LabelFigures]) -> list[str]:
    notes = usual_notes(evidence)
    if not evidence.labels:
        return notes
    if missing := [each.label for each in per_class if not each.support]:
        notes.append(f"No test {evidence.noun[1]} of {named(missing, 'class', 'classes')}: their recall is unknown.")
    if never := [each.label for each in per_class if each.support and not each.answered]:
        notes.append(f"The model never answers {named(never, 'class', 'classes')}: precision without answers is 0.")
    return notes
