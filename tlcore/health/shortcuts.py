"""Tell-tale shortcuts: what all items of a class share and the others lack, and which has nothing to do with it.

A model that can tell a class by the camera or the format of its files learns that, and fails on the first item from
elsewhere. It knows tables. It does not know what the traits of files are: the modality says that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from tlcore.modalities import Noun
from tlcore.modalities.checks import Finding, Trait
from tlcore.tasks.linear_probe import Integers

SHARED, LACKED = 0.9, 0.1
FEW = 8


def shortcut_findings(
    items: pd.DataFrame, traits: Mapping[str, Trait], rows_of: Mapping[str, Integers], noun: Noun
) -> list[Finding]:
    """A finding for each class and trait that gives the class away; `rows_of` has the rows of each class."""
    return [finding for trait in traits.values() for finding in _of_trait(items, trait, rows_of, noun)]


def _of_trait(items: pd.DataFrame, trait: Trait, rows_of: Mapping[str, Integers], noun: Noun) -> Iterator[Finding]:
    rows = items.index.get_indexer(trait.values.index)
    codes, values = pd.factorize(trait.values, sort=True)
    every = np.bincount(codes, minlength=len(values))
    told = []
    for label, members in rows_of.items():
        of_all = np.zeros(len(items), np.bool_)
        of_all[members] = True
        own = of_all[rows]
        inside = np.bincount(codes[own], minlength=len(values))
        with_label, without = int(own.sum()), int((~own).sum())
        if min(with_label, without) < FEW:
            continue
        shares, elsewhere = inside / with_label, (every - inside) / without
        for place in map(int, np.flatnonzero((shares >= SHARED) & (elsewhere <= LACKED))):
            shas = tuple(items["sha256"].iloc[rows[own & (codes == place)]].astype(str))
            told.append((label, str(values[place]), float(shares[place]), float(elsewhere[place]), shas))
    # Where there are two classes, each is told by what the other lacks: said of the one that has something.
    for label, value, shared, others, shas in told:
        if not value and any(other[1] for other in told):
            continue
        what = trait.says.format(value=value) if value else trait.without
        says = (
            f"{shared:.0%} of the {noun.many} of '{label}' {what}, against {others:.0%} of the others: a model can "
            f"tell the class by that alone, and will fail on {noun.many} from elsewhere."
        )
        gap = shared - others
        yield Finding("shortcut", shas, float(np.clip(0.55 + 0.35 * (gap - 0.8) / 0.2, 0.5, 0.9)), says)
