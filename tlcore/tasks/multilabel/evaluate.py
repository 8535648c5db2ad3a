"""Evaluates a multi-label model on its test set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tlcore.tasks.evaluation import (
    Figure,
    LabelFigures,
    Measures,
    TaskEvaluation,
    difference,
    figures,
    share,
    usual_notes,
)
from tlcore.tasks.linear_probe import LinearProbe, principal_axes
from tlcore.tasks.multilabel.answers import USUAL_THRESHOLD, chosen, decide
from tlcore.tasks.multilabel.curves import label_calibration_error
from tlcore.tasks.multilabel.labels import targets
from tlcore.tasks.multilabel.measures import measures, measures_of_label
from tlcore.tasks.task import Decision, Evidence, Floats

MOST_NAMED = 8
Booleans = npt.NDArray[np.bool_]


def evaluate(evidence: Evidence, classes: Sequence[str], decision: Decision) -> TaskEvaluation:
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
    return TaskEvaluation(
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


def measures_of(labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision) -> Measures:
    """Make each metric a function of how often each item occurs."""
    return measures(outputs, chosen(outputs, decision), targets(labels, classes) > 0)


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
        known, axes = targets(evidence.learned_with_features, classes), principal_axes(train)
        probe = LinearProbe.fit(axes(train), known, answers="labels")
        shares = probe.predict(axes(test)).astype(np.float64)
        found["Linear probe"] = (shares, chosen(shares, decide(probe.predict(axes(train)), known)))
    return found


def _notes(evidence: Evidence, per_label: Sequence[LabelFigures]) -> list[str]:
    notes = usual_notes(len(evidence.labels), len(np.unique(evidence.groups)))
    for none, sentence in (
        ([each.label for each in per_label if not each.support], "The test set has no example of {}."),
        ([each.label for each in per_label if each.support and not each.answered], "The model never predicts {}."),
    ):
        if none and evidence.labels:
            named = ", ".join(f"'{label}'" for label in none[:MOST_NAMED])
            more = len(none) - MOST_NAMED
            notes.append(
                sentence.format(named + (f" and {more:,} more label{'s' if more > 1 else ''}" if more > 0 else ""))
            )
    return notes
