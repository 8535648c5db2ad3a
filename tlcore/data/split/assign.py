"""Which item is for training, which for validation, which for the test.

It knows tables and given splits. It does not know items, or how parts are kept for a dataset (`locked`).

Every class is split by itself, as well as groups allow (`dealing`). Equal bytes, and items of one group, are never
on two sides. A split that the items came with is respected: what is given for the test stays there, and what belongs
to it but was given elsewhere is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tlcore.data.split.stratify import PARTS, WORDS, Integers, Objects, deal, together
from tlcore.errors import DataError
from tlcore.modalities import NOUN, Noun

# Of a class: a part that is off by less is said to have its share.
_SLIGHTLY = 0.02
# Of the classes in a sentence; the others are counted.
MOST_NAMED = 4


@dataclass(frozen=True)
class SplitResult:
    """`table` has `sha256`, `file`, `label` and `split`, one row for each item, in the order given.

    `split` is empty for an item that must be left out: it belongs to an item on a side that was given.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]


def split(
    items: pd.DataFrame, *, train: float, val: float, test: float, seed: int, units: Integers | None = None
) -> SplitResult:
    """Assign every item to a part.

    A given test part stays the test part; a given validation part stays, or is drawn from the rest where there is none.
    Items that the given split does not name, such as those added later, go to training. Equal seeds and equal
    items give equal splits, in whatever order the rows come.

    `items` has the columns `sha256`, `file` and `label`, and may have `split`, `group` and `strata` (a tuple of what is
    balanced in place of the label); the shares add up to 1; `units` numbers what must
    stay together, else it follows from equal bytes and `group`.

    Raises:
        DataError: The shares do not fit.
    """
    shares = {"train": train, "val": val, "test": test}
    check_shares(shares)
    table = items[["sha256", "file", "label"]].copy()
    if units is None:
        units = together(items["sha256"], items["group"].fillna("")) if "group" in items else together(items["sha256"])
    given = items["split"].fillna("").to_numpy(dtype=object) if "split" in items else np.full(len(items), "", object)
    parts = given_parts(given)
    notes: list[str] = []
    if not parts:
        fixed, wanted = np.full(len(items), "", object), shares
    else:
        fixed = beside(_agreed(given, together(items["sha256"])), units)
        unnamed = (given == "") & (fixed == "")
        notes += unnamed_note(int(unnamed.sum()), NOUN)
        fixed[unnamed] = "train"
        notes += [
            f"The given split has no {WORDS[part]} part; it is drawn from the training part."
            for part in ("test", "val")
            if part not in parts and shares[part]
        ]
        # What belongs to a given item is left out later, and must not be dealt.
        fixed[(fixed == "train") & ~np.isin(units, units[np.isin(fixed, ["val", "test"])])] = ""
        wanted = shares_of_rest(shares, parts)
    free = balanced(items).assign(sha256=items["sha256"], unit=units)[fixed == ""]
    fixed[fixed == ""] = deal(free, wanted, seed=seed)
    table["split"], left_out = without_straddlers(fixed, units, NOUN)
    used = [part for part in PARTS if shares[part] > 0 or part in parts]
    return SplitResult(table, (*notes, *left_out, *lacking(exploded(items, table["split"]), used, NOUN)))


def balanced(items: pd.DataFrame) -> pd.DataFrame:
    """Give the column of the items that a split balances: `strata` where there is one, else `label`."""
    return items[["strata" if "strata" in items else "label"]]


def exploded(items: pd.DataFrame, parts: pd.Series | np.ndarray) -> pd.DataFrame:
    """Give `label` and `split`, a row for each thing that is balanced of each item, by the place of the item."""
    table = items[["label"]].assign(split=np.asarray(parts)).reset_index(drop=True)
    if "strata" not in items:
        return table
    return table.assign(label=items["strata"].to_numpy()).explode("label")


def check_shares(shares: Mapping[str, float]) -> None:
    """Refuse shares that are no shares.

    Raises:
        DataError: One is below 0, or they do not add up to 1.
    """
    if not min(shares.values()) >= 0 or not np.isclose(sum(shares.values()), 1.0):
        said = ", ".join(f"{shares[part]:g}" for part in PARTS[:2]) + f" and {shares['test']:g}"
        raise DataError(f"The shares of the parts must be 0 or more and add up to 1. Received {said}.")


def given_parts(given: Objects) -> tuple[str, ...]:
    """The parts that a split brings with it; a training part alone is no split."""
    return tuple(part for part in ("val", "test") if (given == part).any())


def unnamed_note(number: int, noun: Noun) -> list[str]:
    """Say how many items a given split does not name."""
    return [f"{number:,} {noun.many} are not in the given split, so they are used for training."] if number else []


def shares_of_rest(shares: Mapping[str, float], parts: Sequence[str]) -> dict[str, float]:
    """The shares of what is left when the parts named are taken away."""
    left = {part: share for part, share in shares.items() if part not in parts}
    whole = sum(left.values())
    return {part: share / whole if whole else float(part == "train") for part, share in left.items()}


def beside(parts: Objects, units: Integers) -> Objects:
    """Let what has no part yet join what it belongs to: the test part before the others."""
    placed = parts.copy()
    for part in ("test", "val", "train"):
        placed[(placed == "") & np.isin(units, units[parts == part])] = part
    return placed


def without_straddlers(parts: Objects, units: Integers, noun: Noun) -> tuple[np.ndarray, list[str]]:
    """Leave out what belongs to an item of a part that judges: no test item has its like anywhere else.

    Give the parts, empty for what is left out, and what to say about it.
    """
    clean = parts.copy()
    clean[(parts != "test") & np.isin(units, units[parts == "test"])] = ""
    clean[(clean == "train") & np.isin(units, units[clean == "val"])] = ""
    number = int(((clean == "") & (parts != "")).sum())
    if not number:
        return clean.astype(str), []
    said = f"{noun.counted(number)} {'is' if number == 1 else 'are'}"
    return clean.astype(str), [
        f"{said} left out, because {noun.many} of the same group are in a part that judges and stays as it is."
    ]


def lacking(table: pd.DataFrame, parts: Sequence[str], noun: Noun) -> list[str]:
    """Say which classes have no item in which part: a sentence for all that lack the same parts."""
    counts = pd.crosstab(table["label"], table["split"])
    lack: dict[str, list[str]] = {}
    for label in counts.index:
        without = [WORDS[part] for part in parts if part not in counts.columns or counts.loc[label, part] == 0]
        if without:
            lack.setdefault(" and ".join(without), []).append(label)
    notes = []
    for lacked, labels in lack.items():
        total = int(counts.loc[labels[0]].to_numpy().sum())
        has = f"has only {noun.counted(total)}, and so" if total < 3 else "has"
        names = [f"'{label}'" for label in labels[:MOST_NAMED]]
        last = f"{len(labels) - MOST_NAMED:,} more" if len(labels) > MOST_NAMED else names.pop()
        notes.append(
            f"{last} {has} none for {lacked}. Add {noun.many} of it."
            if not names
            else f"{', '.join(names)} and {last} have no {noun.many} for {lacked}. Add some to each of them."
        )
    return notes


def given_up(table: pd.DataFrame, units: Integers, shares: Mapping[str, float], noun: Noun = NOUN) -> list[str]:
    """Say where groups kept a class from having its share of a part, the worst first.

    `table` has `label` and `split`, as `exploded` gives them, of items whose `units` stay together; what is left out
    does not count.
    """
    found = []
    used = table.assign(unit=units[table.index])[table["split"] != ""]
    for label, rows in used.groupby("label", sort=True):
        groups, items = rows["unit"].nunique(), len(rows)
        if groups == items:
            continue
        off = {part: int((rows["split"] == part).sum()) - shares[part] * items for part in PARTS}
        worst = max(PARTS, key=lambda part: abs(off[part]))
        if abs(off[worst]) >= max(1.5, _SLIGHTLY * items):
            has = (off[worst] + shares[worst] * items) / items
            found.append(
                (
                    -abs(off[worst]) / items,
                    f"'{label}' has {has:.0%} of its {noun.many} in the {WORDS[worst]} part instead of "
                    f"{shares[worst]:.0%}: its {noun.counted(items)} come in {groups:,} groups, which stay whole.",
                )
            )
    return [sentence for _, sentence in sorted(found)]


def _agreed(given: Objects, same: Integers) -> Objects:
    """Keep equal bytes on one side: test before validation before training."""
    rank = pd.Series(given).map({"": 0, "train": 1, "val": 2, "test": 3})
    highest = rank.groupby(same).transform("max")
    return highest.map({0: "", 1: "train", 2: "val", 3: "test"}).to_numpy(dtype=object)
