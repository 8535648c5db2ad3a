"""Classes as numbers: the place of each in the list of classes, which is the order of a model's outputs.

It knows lists of names. It does not know where they are from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


def class_codes(labels: Iterable[str], classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Give each label's place in `classes`, `(n,)`.

    Raises:
        KeyError: A label is none of the classes.
    """
    places = {label: place for place, label in enumerate(classes)}
    return np.array([places[label] for label in labels], np.int64)


def likeliest(outputs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Give the position of the likeliest class of each row `(n, classes)`; of equals the first."""
    best: npt.NDArray[np.int64] = outputs.argmax(axis=1) if len(outputs) else np.empty(0, np.int64)
    return best
