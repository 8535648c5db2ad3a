"""The range of values that becomes black to white in the grey pictures of more than 8 bits of a whole dataset.

It knows when a dataset takes or keeps one, and what is said of it. It does not know how it is found (`value_counts`),
how values become pixels (`pixels`), nor where the range is kept.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from tlcore.errors import DataError
from tlcore.items import Reading
from tlcore.modalities.image.pixels import ValueRange
from tlcore.modalities.image.value_counts import PLAIN, ValueCounts, measure_range, sample_file
from tlcore.modalities.modality import Before, Settling
from tlcore.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

DEEP = "deep"  # the flag of a picture that the range is for
HIGH_BYTE = "upper 8 bits"  # the flag of a colour picture of 16 bits, which Pillow reads by the upper half
MOST_OUTSIDE = 0.01  # of the values of later pictures, before somebody is told
NO_RANGE = (
    "This dataset has pictures of more than 8 bits and no range of values: an earlier version made it. Each of them is "
    "scaled by itself, so their brightness cannot be compared. Set a range on the Data page, or with `data range`."
)


def range_of(reading: Reading) -> ValueRange | None:
    """The range of a dataset's or a run's reading; None where it has none."""
    match reading.get("value_range"):
        case (low, high):
            return low, high
        case _:
            return None


def as_reading(value_range: ValueRange | None) -> Reading:
    """Give a range as what all pictures of a dataset decide together."""
    return {"value_range": value_range} if value_range else {}


def flagged(items: pd.DataFrame, flag: str = DEEP) -> pd.Series[bool]:
    """Which of a dataset's pictures have a flag."""
    return items["flags"].fillna("").str.split(",").map(lambda flags: flag in flags).astype(bool)


def _checked(reading: Reading) -> Reading:
    """Give a range that can be used.

    Raises:
        DataError: An end is no number, or they are not in order.
    """
    low, high = range_of(reading) or (0.0, 0.0)
    if not (isfinite(low) and isfinite(high) and low < high):
        raise DataError(
            f"A range of values is needed whose lower end, black, is below its upper end, white. Received {low:g} to "
            f"{high:g}."
        )
    return as_reading((float(low), float(high)))


def _measure(paths: Iterable[Path]) -> Generator[Progress, None, Reading]:
    return as_reading((yield from measure_range(paths)))


# === What is said ===


def number(value: float) -> str:
    """A value for people: whole numbers as they are, others with six digits."""
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:,.6g}"


def spoken(value_range: ValueRange) -> str:
    """A range for people, as 'from 12 to 4,013'."""
    low, high = value_range
    return f"from {number(low)} to {number(high)}"


def range_note(value_range: ValueRange, deep: int, all_: int) -> str:
    """Say which range was taken, and that other pictures are not touched by it where there are any."""
    if deep == all_:
        return f"The pictures have more than 8 bits: values {spoken(value_range)} are shown as black to white."
    return (
        f"{deep:,} of the {all_:,} pictures have more than 8 bits: their values {spoken(value_range)} are shown as "
        f"black to white. The other {all_ - deep:,} stay as they are; make sure that this difference does not give a "
        "class away."
    )


def _settle(counts: ValueCounts, flags: Sequence[str], before: Before) -> tuple[Reading, tuple[str, ...]]:
    """Find the range that new pictures bring to a dataset that needs one, and what is to be said about them.

    A dataset keeps the range that it has. One with deep pictures and no range, as an earlier version made it, keeps
    scaling each picture by itself until somebody sets a range.

    Args:
        counts: The values of the new pictures.
        flags: Of each new picture.
        before: The dataset before.
    """
    deep, pictures = sum(DEEP in each.split(",") for each in flags), before.items + len(flags)
    halved = sum(HIGH_BYTE in each.split(",") for each in flags)
    had = range_of(before.reading)
    found = counts.range() if deep and not before.concerned and had is None else None
    holds, said = found or had, []
    newly_mixed = before.concerned == before.items != 0 and deep < len(flags)
    if holds and (found or newly_mixed) and before.concerned + deep:
        said.append(range_note(holds, before.concerned + deep, pictures))
    if deep and not found:
        said.append(_added_note(had, counts))
    if holds and (plain := counts.nearly_plain(holds)):
        said.append(_plain_note(plain))
    if halved:
        said.append(high_byte_note(halved))
    return as_reading(found), tuple(filter(None, said))


def _plain_note(pictures: int) -> str:
    """Say that the values of some pictures lie close together in the range: they may be on another scale."""
    have = "1 picture uses" if pictures == 1 else f"{pictures:,} pictures use"
    return (
        f"{have} less than {PLAIN:.0%} of the range of values and show next to nothing. Their values may be on "
        "another scale than those of the others: bring all of them to one, or take them in as a dataset of their own."
    )


def _added_note(value_range: ValueRange | None, counts: ValueCounts) -> str:
    """Say what the dataset's range does to the deep pictures of an addition; empty where there is nothing to say."""
    if value_range is None:
        return NO_RANGE
    share = counts.share_outside(value_range)
    if share <= MOST_OUTSIDE:
        return ""
    return (
        f"{share:.0%} of the values of pictures that were added lay outside of the dataset's range, "
        f"{number(value_range[0])} to {number(value_range[1])}, and became black or white. If they are of interest, "
        "set another range on the Data page, or with `data range`."
    )


def high_byte_note(pictures: int) -> str:
    """Say what becomes of colour pictures of 16 bits."""
    count = "1 picture has" if pictures == 1 else f"{pictures:,} pictures have"
    return (
        f"{count} colour or transparency in 16 bits for each channel: the upper 8 of them are used, without a range "
        "of values."
    )


def _told(reading: Reading) -> str:
    return f"Set the range: values {spoken(range_of(reading) or (0.0, 0.0))} are shown as black to white."


def _renoted(notes: tuple[str, ...], before: Reading, now: Reading, deep: int, all_: int) -> tuple[str, ...]:
    """Let the notes of a dataset tell of another range."""
    had, has = range_of(before), range_of(now)
    if has is None:
        return notes
    if had is None:
        return (*(note for note in notes if note != NO_RANGE), range_note(has, deep, all_))
    return tuple(note.replace(f"values {spoken(had)} are shown", f"values {spoken(has)} are shown") for note in notes)


SETTLING = Settling(
    concerns=flagged,
    samples=ValueCounts,
    sample=sample_file,
    settle=_settle,
    measure=_measure,
    checked=_checked,
    told=_told,
    renoted=_renoted,
    concerns_none=(
        "A range of values is for grey pictures of more than 8 bits, such as 16-bit PNG and floating-point TIFF. "
        "This dataset has none of them."
    ),
)
