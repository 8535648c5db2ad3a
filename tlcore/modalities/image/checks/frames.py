"""Frames of a video, told by numbers in their names and by how like each other neighbours are: which belong together.

Neighbouring frames on two sides of a split make a test worthless. It knows names and features. It does not know the
pixels, nor how a split is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.modalities.checks import Finding, Floats, Integers
from tlcore.modalities.image.checks.near_duplicates import MOMENTS, near_pairs
from tlcore.progress import Progress

NUMBERED = re.compile(r"^(?P<before>.*?)(?P<number>\d{1,9})(?P<after>\D*)$")
LEAST = 20  # pictures of one series
# Neighbours are frames where so many are more alike than nearly all pictures of the series that are far apart.
MOSTLY, FAR_QUANTILE = 0.6, 0.9
LONGER = 4  # a group is so many times as long as frames stay alike
FEWEST_GROUPS = 5
OFTEN = 0.1  # of the numbered pictures show the same thing as another
WORTH = 0.6


@dataclass(frozen=True)
class Stretch:
    """Frames that belong together: rows in order, and whose they are."""

    series: str
    rows: Integers
    first: int
    last: int
    alike: int


def group_findings(
    items: pd.DataFrame, thumbnails: npt.NDArray[np.uint8], compact: Floats
) -> Generator[Progress, None, list[Finding]]:
    """A finding for each group, with a name for it; pictures that have a group are left alone.

    Where neighbours by number are alike, a group is a stretch of them. Where they are not, as when frames were shuffled
    before they were numbered, a group is what shows the same thing within moments: its details can still be laid over
    each other. `thumbnails` `(n, SIDE, SIDE)` and `compact` `(n, c)`, features of length 1, stand in the order of
    `items`.
    """
    findings, shuffled = [], []
    for name, (rows, numbers) in sorted(_series(items).items()):
        if alike := _alike_for(compact[rows]):
            findings += [_of_stretch(items, stretch) for stretch in _stretches(name, rows, numbers, alike)]
        else:
            shuffled.append(rows)
    if shuffled:
        findings += yield from _moments(items, thumbnails, compact, np.sort(np.concatenate(shuffled)))
    return findings


def _moments(
    items: pd.DataFrame, thumbnails: npt.NDArray[np.uint8], compact: Floats, rows: Integers
) -> Generator[Progress, None, list[Finding]]:
    pairs = yield from near_pairs(thumbnails[rows], compact[rows], MOMENTS)
    shas = items["sha256"].to_numpy(dtype=object)[rows]
    clusters = pairs.clusters(shas)
    if len(clusters) < OFTEN * len(rows):
        return []  # a few copies, which are told as such
    known = clusters.merge(items[["sha256", "source"]], on="sha256").sort_values("source", kind="stable")
    findings = []
    for name, group in known.groupby("cluster", sort=True):
        one, other = group["source"].iloc[:2]
        says = (
            f"{len(group)} pictures, among them '{one}' and '{other}', show the same thing within moments, as "
            "frames of one video do: as a group they never straddle a split."
        )
        worth = WORTH * (1 - 1 / len(group))
        findings.append(Finding("groups", tuple(group["sha256"]), worth, says, group=f"moment-{str(name)[-12:]}"))
    return findings


def _of_stretch(items: pd.DataFrame, stretch: Stretch) -> Finding:
    shas = tuple(items["sha256"].iloc[stretch.rows].astype(str))
    says = (
        f"The {len(shas)} pictures '{stretch.series}' {stretch.first} to {stretch.last} follow each other like "
        f"frames of a video, of which about {stretch.alike} in a row look alike: as a group they never straddle a "
        "split."
    )
    return Finding("groups", shas, WORTH, says, group=f"{stretch.series} {stretch.first}–{stretch.last}")


def _stretches(name: str, rows: Integers, numbers: Integers, alike: int) -> Iterator[Stretch]:
    longest = max(2, min(LONGER * alike, len(rows) // FEWEST_GROUPS))
    cuts = np.flatnonzero(np.diff(numbers) > max(alike, 2)) + 1  # frames are missing: nothing runs across
    for part in np.split(np.arange(len(rows)), cuts):
        for piece in np.array_split(part, max(1, round(len(part) / longest))):
            yield Stretch(name, rows[piece], int(numbers[piece[0]]), int(numbers[piece[-1]]), alike)


def _series(items: pd.DataFrame) -> dict[str, tuple[Integers, Integers]]:
    """Rows and numbers, in order, of pictures whose names differ by a number only."""
    found: dict[str, list[tuple[int, int]]] = {}
    grouped = items["group"].fillna("").ne("").to_numpy() if "group" in items else np.zeros(len(items), bool)
    for row, source in enumerate(items["source"].astype(str)):
        match = NUMBERED.match(source.rsplit(".", 1)[0])
        if match and not grouped[row]:
            found.setdefault(f"{match['before']}…{match['after']}".rstrip("…"), []).append((int(match["number"]), row))
    series: dict[str, tuple[Integers, Integers]] = {}
    for name, places in found.items():
        numbers, rows = np.array(sorted(places), np.int64).reshape(-1, 2).T
        if len(rows) >= LEAST and len(np.unique(numbers)) == len(numbers):
            series[name] = rows, numbers
    return series


def _alike_for(compact: Floats) -> int:
    """How many frames in a row stay alike; 0 where neighbours are no more alike than others."""
    count = len(compact)
    far = _at_lag(compact, count // 2)
    bound, usual = float(np.quantile(far, FAR_QUANTILE)), float(np.median(far))
    near = _at_lag(compact, 1)
    if (near > bound).mean() < MOSTLY:
        return 0
    half = (float(np.median(near)) + usual) / 2
    lags = range(1, count // 2)
    return next((lag for lag in lags if float(np.median(_at_lag(compact, lag))) < half), count // 2)


def _at_lag(compact: Floats, lag: int) -> Floats:
    likeness: Floats = (compact[lag:] * compact[:-lag]).sum(axis=1)
    return likeness
