"""The wrong decisions of a multi-label model one by one: labels given wrongly, and labels that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tlcore.tasks.multilabel.answers import chosen
from tlcore.tasks.multilabel.labels import targets
from tlcore.tasks.task import Decision, Floats

if TYPE_CHECKING:
    import pandas as pd

WRONG, MISSING = "wrong", "missing"


def label_errors(labels: Sequence[str], outputs: Floats, classes: Sequence[str], decision: Decision) -> pd.DataFrame:
    """List every wrong decision, the most confident first: `item` and `label` (positions), `kind` and `probability`."""
    import pandas as pd

    true, given = targets(labels, classes) > 0, chosen(outputs, decision)
    item, label = np.nonzero(true != given)
    found = pd.DataFrame(
        {
            "item": item,
            "label": label,
            "kind": np.where(given[item, label], WRONG, MISSING),
            "probability": outputs[item, label].astype(np.float64),
        }
    )
    sure = np.where(found["kind"] == WRONG, found["probability"], 1 - found["probability"])
    return found.iloc[np.argsort(-sure, kind="stable")].reset_index(drop=True)
