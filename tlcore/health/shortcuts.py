"""Tell-tale shortcuts: what all items of a class share and the others lack, and which has nothing to do with it.

A model that can tell a class by the size, the border, the camera or the format of its files learns that, and fails on
the first item from elsewhere. It knows tables. It does not know pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from tlcore.health.findings import Finding

SHARED, LACKED = 0.9, 0.1
FEW = 8
_SAYS = {
    "size": "are {value} pixels in size",
    "format": "are {value} files",
    "camera": "were taken with {value}",
    "border": "have a border ({value})",
}
_WITHOUT = {"camera": "name no camera", "border": "have no border"}


def shortcut_findings(items: pd.DataFrame, traits: Mapping[str, pd.Series]) -> list[Finding]:
    """A finding for each class and trait that gives the class away.

    Args:
        items: The items, with `sha256` and `label`.
        traits: For each of `size`, `format`, `camera` and `border` a text for each item, by the index of `items`;
            items that are not in a series were not looked at.
    """
    return [finding for name, values in traits.items() for finding in _of_trait(items, name, values)]


def label_shortcut_findings(
    items: pd.DataFrame, traits: Mapping[str, pd.Series], has: Mapping[str, np.ndarray]
) -> list[Finding]:
    """The same where items may have several labels: `has` says for each label which of the items have it."""
    found = []
    for label, rows in has.items():
        against = items.assign(label=np.where(rows, label, f"without {label}"))
        found += [each for each in shortcut_findings(against, traits) if f" of '{label}' " in each.says]
    return found


def _of_trait(items: pd.DataFrame, name: str, values: pd.Series) -> Iterator[Finding]:
    labels = items.loc[values.index, "label"]
    counts = pd.crosstab(values, labels)
    totals = counts.sum(axis=0)
    told = []
    for label in counts.columns:
        others = int(totals.sum() - totals[label])
        if totals[label] < FEW or others < FEW:
            continue
        inside = counts[label] / totals[label]
        outside = (counts.sum(axis=1) - counts[label]) / others
        for value in counts.index[(inside >= SHARED) & (outside <= LACKED)]:
            told.append((str(label), str(value), float(inside[value]), float(outside[value])))
    # Where there are two classes, each is told by what the other lacks: said of the one that has something.
    for label, value, shared, elsewhere in told:
        if not value and any(other[1] for other in told):
            continue
        shas = tuple(items.loc[values.index[((labels == label) & (values == value)).to_numpy()], "sha256"].astype(str))
        what = _SAYS[name].format(value=value) if value else _WITHOUT[name]
        says = (
            f"{shared:.0%} of the pictures of '{label}' {what}, against {elsewhere:.0%} of the others: a model can "
            "tell the class by that alone, and will fail on pictures from elsewhere."
        )
        gap = shared - elsewhere
        yield Finding("shortcut", shas, float(np.clip(0.55 + 0.35 * (gap - 0.8) / 0.2, 0.5, 0.9)), says)
