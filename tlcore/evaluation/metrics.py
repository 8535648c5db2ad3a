"""How good the answers are: numbers with their interval, from stored predictions.

It knows tables of predictions and scikit-learn. It does not know pictures, models or files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Z_95 = 1.959963984540054  # the standard normal's 97.5 % quantile
FEW = 30


class Baseline(BaseModel):
    """What "always the largest class of the training pictures" scores on the test pictures."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    accuracy: float


class ClassScores(BaseModel):
    """One class. A share without a denominator counts as 0; its interval is then 0 to 1.

    Attributes:
        precision: Of the pictures answered with this class, the share that is of it.
        recall: Of the pictures of this class, the share answered with it.
        f1: The harmonic mean of the two.
        support: Test pictures of this class.
        answered: Test pictures answered with this class.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    precision: float
    precision_low: float
    precision_high: float
    recall: float
    recall_low: float
    recall_high: float
    f1: float
    support: int
    answered: int


class Evaluation(BaseModel):
    """`evaluation.json`: what the test pictures say.

    Attributes:
        accuracy, low, high: Share of right answers with its 95 % interval (Wilson).
        n: Test pictures.
        classes: In the order of the rows and columns of `confusion`.
        confusion: Counts, `confusion[true][predicted]`.
        log_loss: Mean of −ln(probability of the right class), nats; None without test pictures.
        macro_f1: Mean F1 of the classes that occur among the test pictures or the answers.
        balanced_accuracy: Mean recall of the classes that occur among the test pictures.
        notes: What to know before trusting the numbers, in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    accuracy: float
    low: float
    high: float
    n: int
    baseline: Baseline
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassScores, ...]
    log_loss: float | None
    macro_f1: float
    balanced_accuracy: float
    notes: tuple[str, ...] = ()


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share; 0 to 1 where nothing was counted.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22 (1927), 209–212. Unlike the textbook's p ± 1.96·√(p(1−p)/n) it stays within 0 and 1
    and is not empty when every answer is right (L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science 16 (2001)).
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    # Where all or none are right the bound is 1 or 0 exactly; rounding must not move it.
    return (0.0 if right == 0 else max(0.0, middle - reach)), (1.0 if right == n else min(1.0, middle + reach))


def evaluate(predictions: pd.DataFrame, classes: Sequence[str], train_counts: Mapping[str, int]) -> Evaluation:
    """Judge a table of predictions.

    The largest class of the baseline is that of the training pictures (`train_counts`): the test pictures are not to
    choose anything.
    """
    from sklearn import metrics  # takes a second, and pages only read what was computed

    codes = {label: index for index, label in enumerate(classes)}
    true = predictions["label"].map(codes).to_numpy(dtype=np.int64)
    answered = predictions["predicted"].map(codes).to_numpy(dtype=np.int64)
    n, right = len(true), int((true == answered).sum())
    every = list(range(len(classes)))
    confusion = metrics.confusion_matrix(true, answered, labels=every) if n else np.zeros((len(every),) * 2, int)
    per_class = _per_class(true, answered, classes)
    seen = [scores for scores in per_class if scores.support or scores.answered]
    low, high = wilson(right, n)
    return Evaluation(
        accuracy=right / n if n else 0.0,
        low=low,
        high=high,
        n=n,
        baseline=_baseline(predictions, train_counts),
        classes=tuple(classes),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        per_class=per_class,
        log_loss=_log_loss(true, probabilities(predictions, len(classes))) if n else None,
        macro_f1=_mean([scores.f1 for scores in seen]),
        balanced_accuracy=_mean([scores.recall for scores in seen if scores.support]),
        notes=_notes(n, per_class),
    )


def predictions_table(rows: pd.DataFrame, chances: NDArray[np.float32], classes: Sequence[str]) -> pd.DataFrame:
    """Put answers beside the pictures that they are about.

    `rows` has `sha256, file, label`, one for each row of the probabilities `(n, classes)`. The table has `sha256, file,
    label, predicted, confidence, correct, p_0 …`, in the same order.
    """
    table = rows[["sha256", "file", "label"]].reset_index(drop=True)
    best = chances.argmax(axis=1) if len(chances) else np.empty(0, np.int64)
    table["predicted"] = [classes[index] for index in best]
    table["predicted"] = table["predicted"].astype(table["label"].dtype)
    table["confidence"] = chances[np.arange(len(best)), best]
    table["correct"] = table["predicted"] == table["label"]
    for index in range(len(classes)):
        table[f"p_{index}"] = chances[:, index]
    return table


def probabilities(predictions: pd.DataFrame, classes: int) -> NDArray[np.float32]:
    """The probabilities of a table of predictions, `(n, classes)`."""
    return predictions[[f"p_{index}" for index in range(classes)]].to_numpy(dtype=np.float32)


def mistakes(predictions: pd.DataFrame, n: int | None = None) -> pd.DataFrame:
    """The wrong answers, the most confident first."""
    wrong = predictions[~predictions["correct"].astype(bool)].sort_values("confidence", ascending=False, kind="stable")
    return wrong if n is None else wrong.head(n)


def cell(predictions: pd.DataFrame, true: str, predicted: str) -> pd.DataFrame:
    """The pictures of one cell of the confusion matrix, the most confident first."""
    here = (predictions["label"] == true) & (predictions["predicted"] == predicted)
    return predictions[here].sort_values("confidence", ascending=False, kind="stable")


def _per_class(true: NDArray[Any], answered: NDArray[Any], classes: Sequence[str]) -> tuple[ClassScores, ...]:
    from sklearn import metrics

    every = range(len(classes))
    hits = np.bincount(true[true == answered], minlength=len(classes))
    answers = np.bincount(answered, minlength=len(classes))
    precision, recall, f1, support = (
        metrics.precision_recall_fscore_support(true, answered, labels=list(every), zero_division=0.0)
        if len(true)
        else np.zeros((4, len(classes)))
    )
    found = []
    for index in every:
        precision_low, precision_high = wilson(int(hits[index]), int(answers[index]))
        recall_low, recall_high = wilson(int(hits[index]), int(support[index]))
        found.append(
            ClassScores(
                label=classes[index],
                precision=float(precision[index]),
                precision_low=precision_low,
                precision_high=precision_high,
                recall=float(recall[index]),
                recall_low=recall_low,
                recall_high=recall_high,
                f1=float(f1[index]),
                support=int(support[index]),
                answered=int(answers[index]),
            )
        )
    return tuple(found)


def _baseline(predictions: pd.DataFrame, train_counts: Mapping[str, int]) -> Baseline:
    label = max(train_counts, key=lambda name: train_counts[name], default="")
    return Baseline(label=label, accuracy=float((predictions["label"] == label).mean()) if len(predictions) else 0.0)


def _log_loss(true: NDArray[Any], chances: NDArray[np.float32]) -> float:
    from sklearn import metrics

    exact = chances.astype(np.float64)  # float32 rows sum to 1 only nearly, which scikit-learn remarks on
    exact /= exact.sum(axis=1, keepdims=True)
    return float(metrics.log_loss(true, exact, labels=list(range(chances.shape[1]))))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _notes(n: int, per_class: Sequence[ClassScores]) -> tuple[str, ...]:
    if n == 0:
        return ("There are no test pictures, so nothing is known of how good the model is. Keep some for the test.",)
    notes = []
    if n < FEW:
        notes.append(
            f"Only {n} test pictures: the interval is wide, and one picture moves the accuracy by {1 / n:.0%}."
        )
    missing = ", ".join(f"'{scores.label}'" for scores in per_class if not scores.support)
    if missing:
        notes.append(f"No test pictures of {missing}: nothing is known of how well the model finds them.")
    never = ", ".join(f"'{scores.label}'" for scores in per_class if scores.support and not scores.answered)
    if never:
        notes.append(f"The model never answers {never}: precision without answers counts as 0.")
    return tuple(notes)
