"""What programs of ours answered, read back: every output, and whether the answer follows from it.

It knows the JSON that a bundle's program, a notebook, a server and a web page give for an item. It does not know how
they are asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.contract import UNFAMILIARITY, Contract
from tlcore.errors import ExportError

# Of an end of an interval, as a share of its width: it is written with less digits than it is computed with.
TOLERANCE = 1e-4


def outputs_of(answers: Sequence[Mapping[str, Any]], contract: Contract) -> npt.NDArray[np.float32]:
    """Collect the outputs `(n, width)` of answers.

    Raises:
        ExportError: An answer names other labels than those above their thresholds, or another interval.
    """
    if contract.kind.output == "values":
        rows = [[answer["value"]] for answer in answers]
    else:
        rows = [[answer["probabilities"][label] for label in contract.classes] for answer in answers]
    found = np.array(rows, np.float32).reshape(len(rows), contract.kind.width(len(contract.classes)))
    for answer, row in zip(answers, found, strict=True):
        _check(answer, row, contract)
    return found


def unfamiliarity_of(answers: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.float32] | None:
    """Collect how unfamiliar each item is, `(n,)`; None where it is not told."""
    scores = [answer.get(UNFAMILIARITY) for answer in answers]
    return None if None in scores else np.array(scores, np.float32)


def _check(answer: Mapping[str, Any], row: npt.NDArray[np.float32], contract: Contract) -> None:
    reply = contract.kind.reply(row, contract.classes, contract.decision)
    if contract.task == "multilabel" and set(answer["labels"]) != set(reply.labels):
        raise ExportError(f"it gives the labels {answer['labels']}, by their thresholds they are {list(reply.labels)}")
    if reply.low is None or reply.high is None:
        return
    off = max(abs(answer["low"] - reply.low), abs(answer["high"] - reply.high))
    if off > TOLERANCE * max(reply.high - reply.low, abs(reply.low), abs(reply.high)):
        raise ExportError(
            f"it gives the interval {answer['low']} to {answer['high']}, it should be {reply.low} to {reply.high}"
        )
