"""How good several labels for each item are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from tlcore.tasks.evaluation import Measure, Measures
from tlcore.tasks.multilabel.answers import chosen
from tlcore.tasks.task import Decision, Floats, Targets, Validated

Booleans = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]


def measure(logits: Floats, targets: Targets, weights: Floats) -> Validated:
    """Measure logits `(n, labels)` with every threshold at 0.5; the loss is the mean over items and labels, in nats."""
    exact = logits.astype(np.float64)
    # −log sigmoid(x) is log(1 + e^−x), and −log(1 − sigmoid(x)) is x more.
    surprise = np.logaddexp(0, -exact) + (1 - targets) * exact
    shares = expit(exact)
    counted, once = measures(shares, chosen(shares, Decision()), targets > 0), np.ones((1, len(targets)))
    loss = float(np.average(surprise.mean(axis=1), weights=weights))
    return Validated(loss, {key: float(each(once)[0]) for key, (each, *_) in counted.items()})


def measures(shares: Floats, given: Booleans, true: Booleans) -> Measures:
    """Make each metric a function of how often each item occurs, `(b, n)`, with its least and largest value.

    Args:
        shares: Probabilities `(n, labels)`.
        given: The labels that were given, `(n, labels)`.
        true: The labels that each item has, `(n, labels)`.
    """
    hits, both = (given & true).astype(np.float64), given.astype(np.float64) + true
    exact, wrong = (given == true).all(axis=1).astype(np.float64), (given != true).mean(axis=1)

    def average(values: Numbers, counts: Numbers) -> Numbers:
        means: Numbers = counts @ values / counts.sum(axis=1)
        return means

    def macro_f1(counts: Numbers) -> Numbers:
        all_of_both = counts @ both
        with np.errstate(invalid="ignore"):
            return mean_of_known(2 * (counts @ hits) / all_of_both)

    def micro_f1(counts: Numbers) -> Numbers:
        f1: Numbers = 2 * (counts @ hits.sum(axis=1)) / np.maximum(counts @ both.sum(axis=1), 1e-12)
        return f1

    def mean_average_precision(counts: Numbers) -> Numbers:
        each = [average_precision(shares[:, label], true[:, label], counts) for label in range(true.shape[1])]
        return mean_of_known(np.stack(each, axis=1))

    return {
        "mean_average_precision": (mean_average_precision, 0.0, 1.0),
        "micro_f1": (micro_f1, 0.0, 1.0),
        "macro_f1": (macro_f1, 0.0, 1.0),
        "exact_match": (lambda counts: average(exact, counts), 0.0, 1.0),
        "hamming_loss": (lambda counts: average(wrong, counts), 0.0, 1.0),
    }


def measures_of_label(shares: Floats, given: Booleans, true: Booleans) -> Measures:
    """Make precision, recall, F1 and average precision of one label, of which all arguments are `(n,)`, alike."""
    hits, answered, wanted = ((each).astype(np.float64) for each in (given & true, given, true))

    def ratio(above: Numbers, below: Numbers) -> Numbers:
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Numbers = np.where(below > 0, above / below, np.nan)
        return found

    return {
        "precision": (lambda counts: ratio(counts @ hits, counts @ answered), 0.0, 1.0),
        "recall": (lambda counts: ratio(counts @ hits, counts @ wanted), 0.0, 1.0),
        "f1": (lambda counts: ratio(2 * (counts @ hits), counts @ (answered + wanted)), 0.0, 1.0),
        "average_precision": (lambda counts: average_precision(shares, true, counts), 0.0, 1.0),
    }


def average_precision(shares: Floats, true: Booleans, counts: Numbers) -> Numbers:
    """Compute the area under a label's precision–recall curve in each resample, `(b,)`; NaN where no item has it.

    The step-wise sum Σ (Rₖ − Rₖ₋₁) Pₖ, as scikit-learn's `average_precision_score`; equal probabilities are one step.

    Args:
        shares: Probabilities of the label, `(n,)`.
        true: Whether each item has it, `(n,)`.
        counts: How often each item occurs, `(b, n)`.
    """
    if not len(shares):
        return np.full(len(counts), np.nan)
    order = np.argsort(-shares, kind="stable")
    ranked, number = shares[order], counts[:, order]
    ends = np.append(ranked[1:] != ranked[:-1], True)
    seen = np.cumsum(number, axis=1)[:, ends]
    hits = np.cumsum(number * true[order], axis=1)[:, ends]
    steps = np.diff(hits, axis=1, prepend=0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        area: Numbers = np.where(steps > 0, steps * hits / seen, 0.0).sum(axis=1) / hits[:, -1]
    return area


def mean_of_known(values: Numbers) -> Numbers:
    """Average each row over what is a number; 0 where nothing is."""
    known = np.isfinite(values)
    means: Numbers = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return means


def headline(outputs: Floats, targets: Targets) -> Measure:
    """Make the mean average precision a function of how often each item occurs."""
    true = targets > 0
    return measures(outputs, chosen(outputs, Decision()), true)["mean_average_precision"]


def of_classes(outputs: Floats, targets: Targets) -> list[Measure]:
    """Make the average precision of each label a function of how often each item occurs."""
    given, true = chosen(outputs, Decision()), targets > 0
    return [
        measures_of_label(outputs[:, label], given[:, label], true[:, label])["average_precision"]
        for label in range(outputs.shape[1])
    ]
