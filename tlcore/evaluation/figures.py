"""What a judgement says beside its counts: figures with their intervals, baselines, and classes by their confusion.

It knows their names, units and ranges. It does not know how they are computed.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Figure(BaseModel):
    # A newer worker may add fields: an older page ignores them.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Interval(_Figure):
    """A figure with its 95 % interval, in the figure's own unit."""

    value: float
    low: float
    high: float


class TopK(Interval):
    """The share of items whose class is among the `k` likeliest answers; with k = 1 it would be the accuracy."""

    k: int


class Scores(_Figure):
    """Every figure of the whole with its interval.

    Attributes:
        accuracy: Share of right answers.
        balanced_accuracy: Mean recall of the classes that occur among the test items, 0 to 1.
        macro_f1: Mean F1 of the classes that occur among the test items or the answers, 0 to 1.
        log_loss: Mean of −ln(probability of the right class), nats; less is better, ln(classes) is a guess.
        brier: Mean of the squared differences between the probabilities and the truth, added up over the classes, 0 to
            2; less is better (G. W. Brier, Monthly Weather Review 78 (1950), 1–3).
        top_k: For each k of 2, 3 and 5 that is less than the number of classes.
        units: What was resampled: groups where the split keeps groups together, else items.
        grouped: Whether some items belong together, which makes the intervals wider.
    """

    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval
    log_loss: Interval
    brier: Interval
    top_k: tuple[TopK, ...] = ()
    units: int
    grouped: bool = False


class Baselines(_Figure):
    """What less than this model scores on the same test items; all learn from the training items alone.

    Attributes:
        largest_class: Always answering the largest class of the training items.
        nearest_mean: The class whose mean of the frozen backbone's features is nearest.
        linear_probe: A logistic regression on the frozen backbone's features.
        above_probe: The model's accuracy less the probe's, item by item, −1 to 1: what training has added.
        learnt_from: Training items that the two learnt from.
        note: Why there are no features, in a sentence; empty where there are.
    """

    largest_class: Interval | None = None
    nearest_mean: Interval | None = None
    linear_probe: Interval | None = None
    above_probe: Interval | None = None
    learnt_from: int = 0
    note: str = ""


class Merge(_Figure):
    """Two branches of the tree of classes become one.

    Attributes:
        left, right: Positions in the classes; from the number of classes on, the merges in their order.
        distance: 1 less the mean share of mix-ups between the two branches, 0 to 1.
        size: Classes below.
    """

    left: int
    right: int
    distance: float
    size: int
