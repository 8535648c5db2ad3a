"""Evaluates a multi-label model on its test set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tlcore.tasks.evaluation import (
    Evaluation,
    Figure,
    LabelFigures,
    Measures,
    difference,
    figures,
    named,
    share,
    usual_notes,
)
from tlcore.tasks.linear_probe import LinearProbe, principal_axes
from tlcore.tasks.multilabel.answers import USUAL_THRESHOLD, chosen, decide
from tlcore.tasks.multilabel.curves import label_calibration_error
from tlcore.tasks.multilabel.labels import targets
from tlcore.tasks.multilabel.measures import measures, measures_of_label
from tlcore.tasks.task import Decision, Evidence, Floats

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import BaseModel

Booleans = npt.NDArray[np.bool_]


def evaluate(evidence: Evidence, classes: Sequence[str], decision: Decision) -> Evaluation:
    """Compute every figure; baselines learn from the training items alone."""
    true, shares = targets(evidence.labels, classes) > 0, evidence.outputs
    given = chosen(shares, decision)
    thresholds = decision.thresholds or (USUAL_THRESHOLD,) * len(classes)
    counted = true.astype(np.int64)
    per_label = tuple(
        LabelFigures(
            label=label,
            figures=_of_label(shares[:, at], given[:, at], true[:, at], evidence.groups),
            support=int(true[:, at].sum()),
            answered=int(given[:, at].sum()),
            threshold=thresholds[at],
        )
        for at, label in enumerate(classes)
    )
    mine, metric, groups = measures(shares, given, true), "mean_average_precision", evidence.groups
    guesses = _baselines(evidence, classes)
    theirs = {title: measures(guessed, answered, true) for title, (guessed, answered) in guesses.items()}
    return Evaluation(
        task="multilabel",
        n=len(true),
        groups=len(np.unique(evidence.groups)),
        metric=metric,
        figures=_whole(mine, given, true, groups),
        baselines={title: _whole(each, guesses[title][1], true, groups) for title, each in theirs.items()},
        above_baselines={title: difference(each, mine, metric, groups) for title, each in theirs.items()}
        if len(true)
        else {},
        labels=tuple(classes),
        per_label=per_label,
        co_occurrence=_rows(counted.T @ counted),
        errors=_rows(counted.T @ (given & ~true)),
        notes=tuple(_notes(evidence, per_label)),
    )


def files(evidence: Evidence, classes: Sequence[str]) -> Mapping[str, pd.DataFrame | BaseModel | None]:
    """Make nothing: every view of this task is computed from its answers."""
    return {}


def measures_of(labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision) -> Measures:
    """Make each metric a function of how often each item occurs."""
    return measures(outputs, chosen(outputs, decision), targets(labels, classes) > 0)


def probe(features: Floats, labels: Sequence[str], classes: Sequence[str]) -> Callable[[Floats], Floats]:
    """Fit a logistic regression of each label; it gives independent probabilities."""
    axes = principal_axes(features)
    fitted = LinearProbe.fit(axes(features), targets(labels, classes), answers="labels")
    return lambda others: fitted.predict(axes(others)).astype(np.float64)


def item_errors(
    labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision
) -> npt.NDArray[np.float64]:
    """Count the wrong decisions about each item, `(n,)`."""
    wrong: npt.NDArray[np.float64] = (
        ((targets(labels, classes) > 0) != chosen(outputs, decision)).sum(axis=1).astype(np.float64)
    )
    return wrong


def _whole(found: Measures, given: Booleans, true: Booleans, groups: npt.NDArray[np.int64]) -> dict[str, Figure]:
    """Compute every metric of the whole; the exact-match ratio is a plain share of items."""
    exact = share((given == true).all(axis=1), groups)
    return {**figures(found, groups), **({"exact_match": exact} if exact else {})}


def _of_label(shares: Floats, given: Booleans, true: Booleans, groups: npt.NDArray[np.int64]) -> dict[str, Figure]:
    """Compute every metric of a label, of which all arguments are `(n,)`; precision and recall are plain shares."""
    measured = dict(measures_of_label(shares, given, true))
    ranked = {"average_precision": measured.pop("average_precision")}
    found = {**figures({"f1": measured["f1"]}, groups, about=given | true), **figures(ranked, groups, about=true)}
    for key, hits, among in (("precision", true, given), ("recall", given, true)):
        if figure := share(hits[among], groups[among]):
            found[key] = figure
    return {**found, "calibration_error": label_calibration_error(shares, true, groups)}


def _rows(table: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(count) for count in row) for row in table)


def _baselines(
    evidence: Evidence, classes: Sequence[str]
) -> dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]]:
    """Answer by the labels' frequencies, and by a linear probe on the frozen backbone's features."""
    learned = targets(evidence.learned, classes)
    often = np.repeat(learned.mean(axis=0, keepdims=True).astype(np.float64), len(evidence.labels), axis=0)
    found = {"Label frequencies": (often, chosen(often, Decision()))}
    if evidence.features is not None:
        train, test = evidence.features
        answer = probe(train, evidence.learned_with_features, classes)
        decision = decide(answer(train), targets(evidence.learned_with_features, classes))
        found["Linear probe"] = (shares := answer(test), chosen(shares, decision))
    return found


def _notes(evidence: Evidence, per_label: Sequence[LabelFigures]) -> list[str]:
    notes = usual_notes(evidence)
    for none, sentence in (
        ([each.label for each in per_label if not each.support], "The test set has no example of {}."),
        ([each.label for each in per_label if each.support and not each.answered], "The model never predicts {}."),
    ):
        if none and evidence.labels:
            notes.append(sentence.format(named(none, "label", "labels")))
    return notes
