"""What slices are made by: how large, bright and sharp an item is, where it came from, what a table says of it.

It knows tables of items and their pixels. It does not know which answers were right: a slice that was chosen by
them would be worse by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.evaluation.slices import Trait
from tlcore.modalities.image.image_statistics import appearance

BANDS = 3
MOST_VALUES = 50  # of a text that a table gives: more are names and not kinds
Numbers = npt.NDArray[np.float64]

_OF_PIXELS = {
    "size": ("small (side up to {high:,.0f} pixels)", "of middling size", "large (side from {low:,.0f} pixels)"),
    "brightness": ("dark (up to {high:.0%} of white)", "of middling brightness", "bright (from {low:.0%} of white)"),
    "blur": ("blurred (the least sharp third)", "of middling sharpness", "sharp (the sharpest third)"),
}


def item_traits(items: pd.DataFrame, measured: pd.DataFrame) -> Iterator[Trait]:
    """Traits of the items themselves and of where they came from.

    Args:
        items: `width, height, source`, a row for each test item.
        measured: `brightness, sharpness`, rows alike.
    """
    side = np.sqrt(items["width"].to_numpy(float) * items["height"].to_numpy(float))
    numbers = {"size": side, "brightness": measured["brightness"].to_numpy(), "blur": measured["sharpness"].to_numpy()}
    for name, values in numbers.items():
        yield Trait(name, bands(values, _OF_PIXELS[name]), "that are {value}")
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


def measure(items: Iterable[npt.NDArray[np.uint8]]) -> pd.DataFrame:
    """`brightness` and `sharpness` of each item, as the model is given it."""
    rows = [appearance(pixels) for pixels in items]
    return pd.DataFrame(rows, columns=["brightness", "sharpness"], dtype=float)
