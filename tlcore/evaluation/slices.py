"""Slices: kinds of test items on which the model is worse than on the others, beyond what chance would do.

It knows answers and traits. It does not know how a trait is measured, nor items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from tlcore.evaluation.significance import by_groups, fisher
from tlcore.intervals import wilson

RATE = 0.05
FEW = 5
EXAMPLES = 6


@dataclass(frozen=True)
class Trait:
    """Something that each test item is or is not.

    Attributes:
        name: What it is called in the table of traits.
        values: `(n,)`, texts, in the order of the predictions; empty for an item that has none.
        phrase: How items of a value are spoken of: "that are {value}".
        within: The class whose items alone have it; empty where all may.
        typical: `(n,)`: how typical each item is of its value, more is more; None where all are alike.
    """

    name: str
    values: npt.NDArray[Any]
    phrase: str
    within: str = ""
    typical: npt.NDArray[np.floating] | None = None


class Slice(BaseModel):
    """The test items that share a value of a trait.

    Attributes:
        trait, value: Its items are the rows of `traits.parquet` with this value in the column of this name.
        within: The class among whose items it was looked for; empty for all.
        n, right: Items, and right answers.
        accuracy, low, high: Share of right answers with its 95 % interval (Wilson).
        elsewhere: Share of right answers among the other items (of the class, where `within` names one).
        expected: The share if each of its items were answered right as often as its class is: where it is as low,
            the slice is hard because of its classes.
        p: How often chance alone gives so few right answers or fewer.
        q: The same, corrected for how many slices were tested (Benjamini and Hochberg).
        worse: Whether `q` is at most the rate of false alarms that is put up with.
        examples: SHA-256 of a few of its items, the most typical first.
        says: All this in a sentence.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    trait: str
    value: str
    within: str = ""
    n: int
    right: int
    accuracy: float
    low: float
    high: float
    elsewhere: float
    expected: float
    p: float
    q: float
    worse: bool
    examples: tuple[str, ...] = ()
    says: str


class Slices(BaseModel):
    """`understanding/slices.json`.

    Attributes:
        n, accuracy: Of all test items.
        rate: Of the slices that are called worse, the share that may be so by chance, on average.
        slices: All that were tested, the surest first.
        notes: What to know before trusting them, in sentences.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    n: int
    accuracy: float
    rate: float = RATE
    slices: tuple[Slice, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def worse(self) -> tuple[Slice, ...]:
        return tuple(each for each in self.slices if each.worse)


def find_slices(
    predictions: pd.DataFrame,
    traits: Sequence[Trait],
    *,
    groups: npt.NDArray[Any] | None = None,
    right: str = "are answered right",
    by_class: bool = True,
    items: str = "items",
) -> Slices:
    """Test every value of every trait.

    A slice is compared with the other items by Fisher's exact test, or by dealing out whole groups anew where
    items belong together. Over all slices the false discovery rate is held: Y. Benjamini and Y. Hochberg, Journal of
    the Royal Statistical Society B 57 (1995), 289–300.

    Args:
        predictions: `sha256, label, correct`, as `predictions.predictions_table` makes them.
        traits: What slices are made by.
        groups: `(n,)`, equal for items that belong together, such as a burst; None where each stands alone.
        right: What is said of items that are `correct`.
        by_class: Whether each item has one class; else no slice is explained by its classes.
        items: What a person calls them.
    """
    from scipy.stats import false_discovery_control

    if not by_class:
        predictions = predictions.assign(label="")
    hits = predictions["correct"].to_numpy(dtype=bool)
    found = [
        each for trait in traits for each in _of_trait(predictions, trait, groups, (items, right), by_class=by_class)
    ]
    q = false_discovery_control([each.p for each in found]) if found else []
    judged = [
        each.model_copy(update={"q": float(value), "worse": bool(value <= RATE)})
        for each, value in zip(found, q, strict=True)
    ]
    return Slices(
        n=len(hits),
        accuracy=float(hits.mean()) if len(hits) else 0.0,
        slices=tuple(sorted(judged, key=lambda each: (each.p, each.accuracy))),
        notes=_notes(len(hits), found, items),
    )


def slice_items(table: pd.DataFrame, found: Slice) -> list[str]:
    """The SHA-256 of a slice's items, of a table of traits as `traits_table` makes it."""
    return list(table.loc[table[found.trait] == found.value, "sha256"]) if found.trait in table else []


def traits_table(predictions: pd.DataFrame, traits: Sequence[Trait]) -> pd.DataFrame:
    """`sha256` and a text for each trait, rows as in the predictions."""
    values = {trait.name: trait.values.astype(str) for trait in traits if trait.name != "sha256"}
    return pd.DataFrame({"sha256": predictions["sha256"].to_numpy(dtype=str), **values})


def _of_trait(
    predictions: pd.DataFrame, trait: Trait, groups: npt.NDArray[Any] | None, words: tuple[str, str], *, by_class: bool
) -> Iterator[Slice]:
    right = predictions["correct"].to_numpy(dtype=bool)
    labels = predictions["label"].to_numpy(dtype=object)
    among = labels == trait.within if trait.within else np.ones(len(right), bool)
    class_share = predictions.assign(correct=right).groupby("label", observed=True)["correct"].transform("mean")
    expected = class_share.to_numpy(dtype=float)
    for value in sorted({str(value) for value in trait.values[among] if value}):
        here = among & (trait.values == value)
        rest = among & ~here
        n = int(here.sum())
        if n < FEW or not rest.any() or (not trait.within and _is_a_class(labels, here)):
            continue
        hits = int(right[here].sum())
        low, high = wilson(hits, n)
        draft = Slice(
            trait=trait.name,
            value=value,
            within=trait.within,
            n=n,
            right=hits,
            accuracy=hits / n,
            low=low,
            high=high,
            elsewhere=float(right[rest].mean()),
            expected=float(expected[here].mean()),
            p=fisher(right[among], here[among])
            if groups is None
            else by_groups(right[among], here[among], groups[among]),
            q=1.0,
            worse=False,
            examples=_examples(predictions, here, trait.typical),
            says="",
        )
        yield draft.model_copy(update={"says": _says(draft, trait, words, by_class=by_class)})


def _is_a_class(labels: npt.NDArray[Any], here: npt.NDArray[np.bool_]) -> bool:
    """Whether a slice is just a class, of which the table of classes speaks already."""
    inside = set(labels[here])
    return len(inside) == 1 and not np.isin(labels[~here], list(inside)).any()


def _examples(
    predictions: pd.DataFrame, here: npt.NDArray[np.bool_], typical: npt.NDArray[np.floating] | None
) -> tuple[str, ...]:
    rows = np.flatnonzero(here)
    if typical is not None:
        rows = rows[np.argsort(-typical[rows], kind="stable")]
    return tuple(predictions["sha256"].iloc[rows[:EXAMPLES]].astype(str))


def _says(found: Slice, trait: Trait, words: tuple[str, str], *, by_class: bool) -> str:
    which = f" of '{found.within}'" if found.within else ""
    items, right = words
    said = (
        f"{found.right} of the {found.n} {items}{which} {trait.phrase.format(value=found.value)} {right} "
        f"({found.accuracy:.0%}), against {found.elsewhere:.0%} of the others{which}."
    )
    if by_class and not found.within and found.expected < found.elsewhere - 0.02:
        said += f" Their classes alone would lead one to expect {found.expected:.0%}."
    return said


def _notes(n: int, found: Sequence[Slice], items: str) -> tuple[str, ...]:
    if n and not found:
        return (f"A slice needs at least {FEW} {items}, and others beside it. Here nothing has both.",)
    return ()
