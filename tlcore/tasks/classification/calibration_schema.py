"""`calibration.json`: whether the probabilities mean what they say, and what can be made of them.

It knows names, units and ranges of what is said. It does not know how it is computed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tlcore.tasks.evaluation import Figure


class _Part(BaseModel):
    # A newer worker may add fields: an older page ignores them.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Bin(_Part):
    """The items whose answer was given with a confidence above `low` and up to `high`, at least one.

    Attributes:
        confidence: Their mean confidence, 0 to 1.
        accuracy: The share of right answers among them, with its 95 % interval (Wilson).
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: Figure


class Reliability(_Part):
    """How far confidence and accuracy are apart.

    Attributes:
        ece: The expected calibration error, 0 to 1: the mean distance of the two over 15 bins of equal width, each
            counting by its items (M. P. Naeini, G. F. Cooper, M. Hauskrecht, AAAI 2015). Chance alone makes it more
            than 0, the more so the fewer items there are.
        log_loss: Mean of −ln(probability of the right class), nats.
        brier: Mean of the squared differences from the truth, added up over the classes, 0 to 2.
        bins: Those with an item, the least confident first.
    """

    ece: Figure
    log_loss: float
    brier: float
    bins: tuple[Bin, ...]


class CoveragePoint(_Part):
    """What it is worth to answer only where the model is sure.

    Attributes:
        confidence: Answers of at least this confidence are given; to the others it says "not sure".
        coverage: The share of items that get an answer.
        accuracy: The share of right answers among those that are given, with its 95 % interval (Wilson).
    """

    confidence: float
    coverage: float
    accuracy: Figure


class ConformalSets(_Part):
    """Answers that are sets of classes, as large as it takes to hold the right one with a chosen share.

    Attributes:
        method: `lac` makes the smallest sets on average, `aps` larger ones for hard items and never an empty one.
        wanted: The share of items whose set should hold the right class.
        threshold: Found on the validation items; what it is compared with is the method's.
        coverage: That share among the test items, with its 95 % interval (Wilson).
        sizes: Test items with a set of 0, 1, 2 … classes.
        mean_size: Classes in a set, on average.
    """

    method: Literal["lac", "aps"]
    wanted: float
    threshold: float
    coverage: Figure
    sizes: tuple[int, ...]
    mean_size: float


class Outcome(_Part):
    """What a threshold does to `n` items: `misses` are of the class and not found, `alarms` are taken for it."""

    n: int
    misses: int
    alarms: int


class ClassThreshold(_Part):
    """From which probability on an item counts as one of a class, when missing one costs more than a false alarm.

    Attributes:
        ratio: False alarms that cost as much as one item of the class that is missed.
        threshold: The cheapest on the validation items, 0 to 1; above 1 no item ever counts.
        validation, test: What it does there.
        usual: What it does to the test items to take the likeliest class instead.
    """

    label: str
    ratio: float
    threshold: float
    validation: Outcome
    test: Outcome
    usual: Outcome


class Calibration(_Part):
    """`calibration.json`.

    Attributes:
        temperature: By which logits are divided; above 1 the model was too sure of itself.
        in_model: Whether the model's files do so themselves; else train again to have it in them.
        validation, test: Items.
        before, after: Of the test items, without the temperature and with it.
        coverage: From every item answered to few; of the test items.
        notes: What to know before trusting the numbers, in sentences.
    """

    schema_version: Literal[1] = 1
    temperature: float
    in_model: bool
    validation: int
    test: int
    before: Reliability
    after: Reliability
    coverage: tuple[CoveragePoint, ...] = ()
    conformal: tuple[ConformalSets, ...] = ()
    thresholds: tuple[ClassThreshold, ...] = ()
    notes: tuple[str, ...] = ()
