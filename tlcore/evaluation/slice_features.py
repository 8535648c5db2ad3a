"""Traits that slices are made by: what a modality measures of an item, where it came from, what a table says of it.

It knows tables of items. It does not know which answers were right: a slice that was chosen by
them would be worse by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.evaluation.slices import Trait
from tlcore.modalities.analysis import Measurement

BANDS = 3
MOST_VALUES = 50  # of a text that a table gives: more are names and not kinds
Numbers = npt.NDArray[np.float64]


def item_traits(items: pd.DataFrame, measured: Sequence[Measurement]) -> Iterator[Trait]:
    """Make traits of the items themselves and of where they came from.

    Args:
        items: `source`, a row for each test item.
        measured: What the modality measures of them.
    """
    for each in measured:
        yield Trait(each.name, bands(np.asarray(each.numbers, float), each.bands), "that are {value}")
    folders = np.array([str(PurePosixPath(source.replace("\\", "/")).parent) for source in items["source"]], object)
    yield Trait("folder", np.where(folders == ".", "", folders), "from the folder '{value}'")


def column_traits(columns: pd.DataFrame) -> Iterator[Trait]:
    """Traits that tables gave: numbers in three bands, texts as they are.

    Args:
        columns: A text for each test item and column; empty where the table is silent.
    """
    for name in columns.columns:
        values = columns[name].fillna("").astype(str).str.strip()
        numbers = pd.to_numeric(values.where(values != ""), errors="coerce")
        told = int((values != "").sum())
        called = f"column {name}"
        phrase = "with " + str(name).replace("{", "{{").replace("}", "}}") + " '{value}'"
        if told and int(numbers.notna().sum()) == told and numbers.nunique() > 2 * BANDS:
            yield Trait(
                called, bands(numbers.to_numpy(float), ("up to {high:g}", "in the middle", "from {low:g}")), phrase
            )
        elif 1 < values[values != ""].nunique() <= MOST_VALUES:
            yield Trait(called, values.to_numpy(dtype=object), phrase)


def bands(numbers: Numbers, names: Iterable[str]) -> npt.NDArray[Any]:
    """Part numbers into bands with about as many in each, and name them; `nan` has no band, equal numbers one.

    A name may hold `{low}` and `{high}`: the least and the greatest number in its band.
    """
    names = tuple(names)
    known = ~np.isnan(numbers)
    found = np.full(len(numbers), "", object)
    if not known.any():
        return found
    edges = np.quantile(numbers[known], np.linspace(0, 1, len(names) + 1)[1:-1])
    if len(np.unique(edges)) < len(edges) or edges[0] == numbers[known].max():
        return found  # nearly all are equal: there are no thirds
    place = np.searchsorted(edges, numbers, side="left")
    for index, name in enumerate(names):
        here = known & (place == index)
        if here.any():
            found[here] = name.format(low=numbers[here].min(), high=numbers[here].max())
    return found
