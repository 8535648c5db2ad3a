"""Which picture is for training, which for validation, which for the test.

It knows counts, classes and chance. It does not know pictures: a table goes in, a table comes out.

Every class is split by itself, so that each part has its share of it. Equal bytes, and pictures of one group, are never
on two sides. A split that the pictures came with is respected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tlcore.errors import DataError

PARTS = ("train", "val", "test")
_WORDS = {"train": "training", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class SplitResult:
    """`table` has `sha256`, `file`, `label` and `split`, one row for each picture, in the order given."""

    table: pd.DataFrame
    notes: tuple[str, ...]


def split(items: pd.DataFrame, *, train: float, val: float, test: float, seed: int) -> SplitResult:
    """Assign every picture to a part.

    A given test part stays the test part; a given validation part stays, or is drawn from the rest where there is none.
    Pictures that the given split does not name, such as those added later, go to training. Equal seeds and equal
    pictures give equal splits, in whatever order the rows come.

    `items` has the columns `sha256`, `file` and `label`, and may have `split` and `group`; the shares add up to 1.

    Raises:
        DataError: The shares do not fit.
    """
    shares = {"train": train, "val": val, "test": test}
    if min(shares.values()) < 0 or not np.isclose(sum(shares.values()), 1.0):
        raise DataError(
            f"The shares of the parts must be 0 or more and add up to 1. Received {train:g}, {val:g} and {test:g}."
        )
    table = items[["sha256", "file", "label"]].copy()
    given = items["split"].fillna("").to_numpy(dtype=object) if "split" in items else np.full(len(items), "", object)
    units = _units(items)
    given, notes = _settle_given(given, units)
    parts = set(given) & {"val", "test"}
    rng = np.random.default_rng(seed)
    if not parts:
        assigned = np.full(len(items), "train", dtype=object)
        wanted = {"test": test, "val": val}
        free = np.arange(len(items))
    else:
        assigned = np.where(given == "", "train", given).astype(object)
        free = np.flatnonzero(assigned == "train")
        rest = train + (val if "val" not in parts else 0) + (test if "test" not in parts else 0)
        wanted = {part: shares[part] / rest if rest else 0.0 for part in ("test", "val") if part not in parts}
        if unnamed := int((given == "").sum()):
            notes.append(f"{unnamed:,} pictures are not in the given split, so they are used for training.")
        notes += [
            f"The given split has no {_WORDS[part]} part; it is drawn from the training part."
            for part in wanted
            if wanted[part]
        ]
    labels = table["label"].to_numpy(dtype=object)
    for part_of_row, rows in _drawn(free, labels, units, table["sha256"].to_numpy(dtype=object), wanted, rng):
        assigned[rows] = part_of_row
    table["split"] = assigned.astype(str)
    return SplitResult(table, (*notes, *_lacking(table, [part for part in PARTS if shares[part] > 0 or part in parts])))


def _units(items: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Number what must stay together: rows that share their bytes or their group, also by way of a third."""
    shas = pd.factorize(items["sha256"])[0].astype(np.int64)
    if "group" not in items or not (items["group"].fillna("") != "").any():
        return shas
    named = items["group"].fillna("").to_numpy(dtype=object)
    first: dict[tuple[str, object], int] = {}
    parents = list(range(len(items)))

    def root(row: int) -> int:
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    for row, (sha, group) in enumerate(zip(shas, named, strict=True)):
        for key in (("sha", sha), ("group", group)):
            if key[1] != "":
                parents[root(row)] = root(first.setdefault(key, row))
    return np.array([root(row) for row in range(len(items))], dtype=np.int64)


def _settle_given(
    given: np.ndarray[tuple[int], np.dtype[np.object_]], units: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.object_]], list[str]]:
    """Put what must stay together on one side: test before validation before training."""
    if not (set(given) & {"val", "test"}):
        return given, []
    rank = pd.Series(given).map({"": 0, "train": 1, "val": 2, "test": 3})
    highest = rank.groupby(units).transform("max")
    moved = int(((highest != rank) & (rank > 0)).sum())
    settled = highest.map({0: "", 1: "train", 2: "val", 3: "test"}).to_numpy(dtype=object)
    if not moved:
        return settled, []
    return settled, [f"{moved:,} pictures were moved, because equal or grouped ones were in another part."]


def _drawn(
    free: np.ndarray[tuple[int], np.dtype[np.int64]],
    labels: np.ndarray[tuple[int], np.dtype[np.object_]],
    units: np.ndarray[tuple[int], np.dtype[np.int64]],
    shas: np.ndarray[tuple[int], np.dtype[np.object_]],
    wanted: dict[str, float],
    rng: np.random.Generator,
) -> list[tuple[str, list[int]]]:
    """Draw the wanted parts from the free rows, class by class; what is not drawn stays."""
    members: dict[int, list[int]] = {}
    for row in free:
        members.setdefault(int(units[row]), []).append(int(row))
    by_label: dict[str, list[list[int]]] = {}
    for rows in members.values():
        here = [str(labels[row]) for row in rows]
        by_label.setdefault(max(sorted(set(here)), key=here.count), []).append(rows)
    drawn = []
    for label in sorted(by_label):
        blocks = sorted(by_label[label], key=lambda rows: min(str(shas[row]) for row in rows))
        order = [blocks[place] for place in rng.permutation(len(blocks))]
        pictures = sum(len(rows) for rows in order)
        for part, count in _amounts(pictures, len(order), wanted).items():
            taken = 0
            # One block always stays for training.
            while taken < count and len(order) > 1:
                rows = order.pop()
                taken += len(rows)
                drawn.append((part, rows))
    return drawn


def _amounts(pictures: int, blocks: int, wanted: dict[str, float]) -> dict[str, int]:
    """Say how many pictures of a class each wanted part gets: its share, but at least one while training keeps one."""
    left = blocks - 1
    amounts = {}
    for part, share in wanted.items():  # the test part first: a number without a test is worth nothing
        amounts[part] = max(1, round(pictures * share)) if share > 0 and left > 0 else 0
        left -= amounts[part] > 0
    over = sum(amounts.values()) - (pictures - 1)
    for part in sorted(amounts, key=lambda part: -amounts[part]):
        if over > 0 and amounts[part] > 1:
            less = min(over, amounts[part] - 1)
            amounts[part] -= less
            over -= less
    return amounts


def _lacking(table: pd.DataFrame, parts: Sequence[str]) -> list[str]:
    """Say which class has no picture in which part."""
    counts = pd.crosstab(table["label"], table["split"])
    notes = []
    for label in counts.index:
        without = [_WORDS[part] for part in parts if part not in counts.columns or counts.loc[label, part] == 0]
        if without:
            total = int(counts.loc[label].sum())
            has = f"has only {total:,} {'picture' if total == 1 else 'pictures'}, and so" if total < 3 else "has"
            notes.append(f"'{label}' {has} none for {' and '.join(without)}. Add pictures of it.")
    return notes
