"""Classes as numbers: the place of each in the list of classes, which is the order of a model's outputs.

It knows lists of names. It does not know where they are from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt


def class_codes(labels: Iterable[str], classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Give each label's place in `classes`, `(n,)`.

    Raises:
        KeyError: A label is none of the classes.
    """
    places = {label: place for place, label in enumerate(classes)}
    return np.array([places[label] for label in labels], np.int64)
