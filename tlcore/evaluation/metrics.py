"""How good the answers are: numbers with their interval, from stored predictions.

It knows tables of predictions and scikit-learn. It does not know items, models or files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from tlcore.evaluation.baselines import Guesses
from tlcore.evaluation.confusion_tree import merge_classes, order_classes
from tlcore.evaluation.figures import Baselines, Merge, Scores
from tlcore.evaluation.paired import difference
from tlcore.evaluation.roc_pr import areas
from tlcore.evaluation.scores import Scoring, scoring, share
from tlcore.tasks import Decision, Task
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.classification.class_codes import class_codes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FEW = 30
MOST_NAMED = 8  # of a thousand names nobody reads


class Baseline(BaseModel):
    """What "always the largest class of the training items" scores on the test items."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    accuracy: float


class ClassScores(BaseModel):
    """One class. A share without a denominator counts as 0; its interval is then 0 to 1.

    Attributes:
        precision: Of the items answered with this class, the share that is of it.
        recall: Of the items of this class, the share answered with it.
        f1: The harmonic mean of the two; by the share of hits among the items of either.
        support: Test items of this class.
        answered: Test items answered with this class.
        auc: The area under the ROC curve of this class against the others, 0.5 for guesses; None where there are no
            items of it, or of no other.
        average_precision: The area under the precision–recall curve; the class's share of the items for guesses.
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
    f1_low: float | None = None
    f1_high: float | None = None
    auc: float | None = None
    average_precision: float | None = None


class Evaluation(BaseModel):
    """`evaluation.json`: what the test items say.

    Attributes:
        accuracy, low, high: Share of right answers with its 95 % interval (Wilson; by groups where the split has some).
        n: Test items.
        classes: In the order of the rows and columns of `confusion`.
        confusion: Counts, `confusion[true][predicted]`.
        log_loss: Mean of −ln(probability of the right class), nats; None without test items.
        macro_f1: Mean F1 of the classes that occur among the test items or the answers.
        balanced_accuracy: Mean recall of the classes that occur among the test items.
        notes: What to know before trusting the numbers, in sentences.
        scores: Every figure of the whole with its interval; None without test items, and in runs of long ago.
        baselines: What less than this model scores.
        order: The positions of the classes in an order in which those that are confused stand together.
        tree: The classes by their confusion, the most confused first; empty in runs of long ago.
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
    scores: Scores | None = None
    baselines: Baselines = Baselines()
    order: tuple[int, ...] = ()
    tree: tuple[Merge, ...] = ()


def evaluate(
    predictions: pd.DataFrame,
    classes: Sequence[str],
    train_counts: Mapping[str, int],
    *,
    units: NDArray[np.int64] | None = None,
    guesses: Guesses | None = None,
) -> Evaluation:
    """Judge a table of predictions.

    Args:
        predictions: As `predictions_table` makes them.
        classes: In the order of the probabilities.
        train_counts: Training items of each class. The largest class of the baseline is theirs: the test items
            are not to choose anything.
        units: `(n,)`, numbers from 0 on; items of one number belong together. Each alone where there are none.
        guesses: What the baselines that learn answer about the same items.
    """
    from sklearn import metrics  # takes a second, and pages only read what was computed

    true, answered = (class_codes(predictions[name], classes) for name in ("label", "predicted"))
    n, right = len(true), true == answered
    every = list(range(len(classes)))
    confusion = metrics.confusion_matrix(true, answered, labels=every) if n else np.zeros((len(every),) * 2, int)
    chances = probabilities(predictions, len(classes))
    scored = scoring(true, answered, chances, units) if n else None
    scores = scored.scores() if scored else None
    per_class = _per_class(scored, chances, classes)
    baseline = _baseline(predictions, train_counts)
    tree = merge_classes(confusion)
    return Evaluation(
        accuracy=float(right.mean()) if n else 0.0,
        low=scores.accuracy.low if scores else 0.0,
        high=scores.accuracy.high if scores else 1.0,
        n=n,
        baseline=baseline,
        classes=tuple(classes),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        per_class=per_class,
        log_loss=scores.log_loss.value if scores else None,
        macro_f1=scores.macro_f1.value if scores else 0.0,
        balanced_accuracy=scores.balanced_accuracy.value if scores else 0.0,
        notes=_notes(n, scores.units if scores else 0, per_class),
        scores=scores,
        baselines=_baselines(true, right, predictions["label"].to_numpy() == baseline.label, guesses, units),
        order=order_classes(tree, len(classes)),
        tree=tree,
    )


def predictions_table(
    rows: pd.DataFrame,
    outputs: NDArray[np.float32],
    classes: Sequence[str],
    task: Task = CLASSIFICATION,
    decision: Decision | None = None,
) -> pd.DataFrame:
    """Put answers beside the items that they are about.

    `rows` has `sha256, file, label`, one for each row of the outputs `(n, width)`. The table has `sha256, file, label,
    predicted, confidence, correct`, what else the task says of an item, and its outputs (`p_0 …` or `value`), in the
    same order.
    """
    import pandas as pd

    table = rows[["sha256", "file", "label"]].reset_index(drop=True)
    answered = task.answers(outputs, classes, decision or Decision())
    answered["predicted"] = answered["predicted"].astype(table["label"].dtype)
    answered.insert(2, "correct", task.right(list(table["label"]), answered))
    # All at once: a hundred columns that are put in one by one are slow to use.
    return pd.concat([table, answered, pd.DataFrame(outputs, columns=task.columns(outputs.shape[1]))], axis=1)


def probabilities(predictions: pd.DataFrame, classes: int) -> NDArray[np.float32]:
    """The probabilities of a table of predictions, `(n, classes)`."""
    return predictions[[f"p_{index}" for index in range(classes)]].to_numpy(dtype=np.float32)


def mistakes(predictions: pd.DataFrame, n: int | None = None) -> pd.DataFrame:
    """The wrong answers, the most confident first."""
    wrong = predictions[~predictions["correct"].astype(bool)].sort_values("confidence", ascending=False, kind="stable")
    return wrong if n is None else wrong.head(n)


def cell(predictions: pd.DataFrame, true: str, predicted: str) -> pd.DataFrame:
    """The items of one cell of the confusion matrix, the most confident first."""
    here = (predictions["label"] == true) & (predictions["predicted"] == predicted)
    return predictions[here].sort_values("confidence", ascending=False, kind="stable")


def _per_class(scored: Scoring | None, chances: NDArray[np.float32], classes: Sequence[str]) -> tuple[ClassScores, ...]:
    if scored is None:
        nothing = dict.fromkeys(("precision", "precision_low", "recall", "recall_low", "f1"), 0.0)
        empty = {**nothing, "precision_high": 1.0, "recall_high": 1.0, "support": 0, "answered": 0}
        return tuple(ClassScores.model_validate({"label": label, **empty}) for label in classes)
    answers = scored.answers
    support = np.bincount(answers.true, minlength=len(classes))
    answered = np.bincount(answers.answered, minlength=len(classes))
    found = []
    for index, label in enumerate(classes):
        precision, recall = scored.precision(index), scored.recall(index)
        f1 = scored.f1(index)
        auc, average_precision = areas(answers.true == index, chances[:, index])
        found.append(
            ClassScores(
                label=label,
                precision=precision.value,
                precision_low=precision.low,
                precision_high=precision.high,
                recall=recall.value,
                recall_low=recall.low,
                recall_high=recall.high,
                f1=f1.value,
                f1_low=f1.low,
                f1_high=f1.high,
                support=int(support[index]),
                answered=int(answered[index]),
                auc=auc,
                average_precision=average_precision,
            )
        )
    return tuple(found)


def _baseline(predictions: pd.DataFrame, train_counts: Mapping[str, int]) -> Baseline:
    label = max(train_counts, key=lambda name: train_counts[name], default="")
    return Baseline(label=label, accuracy=float((predictions["label"] == label).mean()) if len(predictions) else 0.0)


def _baselines(
    true: NDArray[np.int64],
    right: NDArray[np.bool_],
    largest: NDArray[Any],
    guesses: Guesses | None,
    units: NDArray[np.int64] | None,
) -> Baselines:
    if not len(true):
        return Baselines()
    alone = np.arange(len(true), dtype=np.int64) if units is None else units
    guesses = guesses or Guesses()
    mean, probe = guesses.nearest_mean, guesses.linear_probe
    return Baselines(
        largest_class=share(largest.astype(bool), units),
        nearest_mean=None if mean is None else share(mean == true, units),
        linear_probe=None if probe is None else share(probe == true, units),
        above_probe=None if probe is None else difference(probe == true, right, alone),
        learnt_from=guesses.learnt_from,
        note=guesses.note,
    )


def _notes(n: int, units: int, per_class: Sequence[ClassScores]) -> tuple[str, ...]:
    if n == 0:
        return ("There are no test pictures, so nothing is known of how good the model is. Keep some for the test.",)
    notes = []
    if n < FEW:
        notes.append(
            f"Only {n} test pictures: the interval is wide, and one picture moves the accuracy by {1 / n:.0%}."
        )
    elif units < FEW:
        notes.append(
            f"The {n} test pictures come in only {units} groups that belong together: the intervals count groups, and "
            "are wide."
        )
    if missing := _named([scores.label for scores in per_class if not scores.support]):
        notes.append(f"No test pictures of {missing}: nothing is known of how well the model finds them.")
    if never := _named([scores.label for scores in per_class if scores.support and not scores.answered]):
        notes.append(f"The model never answers {never}: precision without answers counts as 0.")
    return tuple(notes)


def _named(labels: Sequence[str]) -> str:
    """Names in quotes; of many the first ones, and how many more there are."""
    said = ", ".join(f"'{label}'" for label in labels[:MOST_NAMED])
    more = len(labels) - MOST_NAMED
    return f"{said} and {more:,} more classes" if more > 1 else ", ".join(f"'{label}'" for label in labels)
