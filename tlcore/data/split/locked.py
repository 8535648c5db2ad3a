"""The split of a dataset, kept: the test part is drawn once and locked.

It knows `parts.parquet`: the part of every item that ever had one, and how it was drawn. It does not know what makes
items belong together (`grouping`), nor how they are dealt (`dealing`).

* The first run, or `data split`, draws the parts. From then on no item changes sides. Items that were added join
  by the same rule; one that was excluded or deleted keeps its part for the day it is restored.
* A run with the seed and the shares of that draw has these very parts. One with others keeps the test part, and divides
  the other items into training and validation anew, in the proportion of its shares.
* An item that belongs to one on the other side, as a check that came later may find, is left out of runs: the test
  part stays what it was, and nothing in it has its like in training.
* To draw anew is an explicit act, as it makes older results incomparable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tlcore import disk
from tlcore.data.dataset import Dataset
from tlcore.data.split.assign import (
    balanced,
    beside,
    exploded,
    given_parts,
    given_up,
    lacking,
    shares_of_rest,
    split,
    unnamed_note,
    without_straddlers,
)
from tlcore.data.split.file import (
    GROUPING,
    SHARES,
    Draw,
    Parts,
    Stored,
    locking,
    read_draw,
    read_stored,
    reading,
    stored_in,
    write_stored,
)
from tlcore.data.split.grouping import Grouped, group, parse
from tlcore.data.split.stratify import PARTS, WORDS, Objects, deal
from tlcore.data.test_usage import read_looks
from tlcore.errors import DataError, WorkspaceError
from tlcore.tasks import find_task
from tlcore.tasks.multilabel.labels import NO_LABEL

MOST_SAID = 3


def read_parts(dataset: Dataset) -> Parts | None:
    """The parts of a dataset as they stand, for items that were added, too; None where nothing was drawn yet."""
    if not stored_in(dataset).exists():
        return None
    with reading(dataset):
        stored = read_stored(dataset)
        if stored is None:
            return None
        items = _items(dataset)
        grouped = group(dataset, items, [parse(rule) for rule in stored.draw.grouping])
        joined = _joined(stored, items, grouped)
        if joined.parts != stored.parts:
            with disk.keeping():
                write_stored(dataset, joined)
    return _parts(joined, items, grouped, dataset.info.task)


def draw_parts(
    dataset: Dataset,
    *,
    shares: Mapping[str, float] = SHARES,
    seed: int = 0,
    grouping: Sequence[str] = GROUPING,
) -> Parts:
    """Draw the parts of a dataset, also where they were drawn before: old results cannot be compared with new ones.

    Raises:
        DataError: The shares do not fit, a group is asked for that the items do not have, or the groups are too few.
    """
    with locking(dataset):
        before = read_stored(dataset)
        items = _items(dataset)
        grouped = group(dataset, items, [parse(rule) for rule in grouping])
        stored = _drawn(items, grouped, shares, seed, grouping, number=1 if before is None else before.draw.draw + 1)
        _check_filled(stored, grouped)
        write_stored(dataset, stored)
    return _parts(stored, items, grouped, dataset.info.task)


def regroup(dataset: Dataset, grouping: Sequence[str]) -> tuple[Parts, int]:
    """Keep the parts and group by something else from now on, if no group straddles the test part.

    Give the parts, and how many items have their like on the other side; where that is not 0, nothing was changed.

    Raises:
        DataError: A group is asked for that the items do not have.
        WorkspaceError: Nothing was drawn yet.
    """
    with locking(dataset):
        stored = read_stored(dataset)
        if stored is None:
            raise WorkspaceError("Parts are needed to group them by something else. None have been drawn yet.")
        items = _items(dataset)
        grouped = group(dataset, items, [parse(rule) for rule in grouping])
        changed = stored.draw.model_copy(update={"grouping": tuple(grouping)})
        joined = _joined(Stored(changed, stored.parts), items, grouped)
        parts = _parts(joined, items, grouped, dataset.info.task)
        straddling = int((parts.table["split"] == "").sum())
        if not straddling or stored.draw.given:
            write_stored(dataset, joined)
            straddling = 0
    return parts, straddling


def parts_for_run(dataset: Dataset, *, train: float, val: float, test: float, seed: int, keep: bool = True) -> Parts:
    """The parts of a new run; the first run of a dataset draws them, unless they leave a part empty.

    Without `keep` a first draw is for this run alone.

    Raises:
        DataError: The shares do not fit, or the groups that were asked for are gone.
    """
    shares = {"train": train, "val": val, "test": test}
    with locking(dataset):
        stored = read_stored(dataset)
        items = _items(dataset)
        rules = GROUPING if stored is None else stored.draw.grouping
        grouped = group(dataset, items, [parse(rule) for rule in rules])
        now = _drawn(items, grouped, shares, seed, rules) if stored is None else _joined(stored, items, grouped)
        complete = set(PARTS) <= set(now.parts.values())
        if (stored is None and complete and keep) or (stored is not None and now.parts != stored.parts):
            write_stored(dataset, now)
    as_drawn = seed == now.draw.seed and np.allclose(list(shares.values()), list(now.draw.shares.values()))
    if as_drawn or "val" in now.draw.given:
        return _parts(now, items, grouped, dataset.info.task)
    return _parts(now, items, grouped, dataset.info.task, anew=(shares_of_rest(shares, ("test",)), seed))


def _check_filled(stored: Stored, grouped: Grouped) -> None:
    empty = [part for part in PARTS if stored.draw.shares[part] > 0 and part not in stored.parts.values()]
    if empty:
        units, items = len(np.unique(grouped.units)), grouped.modality.noun.many
        said = f"all {units:,} stand alone" if units == len(grouped.units) else f"they come in {units:,} groups"
        raise DataError(
            f"{items.capitalize()} for each part are needed. Of {len(grouped.units):,} none are left for "
            f"{' and '.join(WORDS[part] for part in empty)}: {said}. Group by something finer, or add {items}."
        )


def cost_of_drawing_anew(dataset: Dataset) -> str:
    """Say what a new draw of the test set costs."""
    draw = read_draw(dataset)
    looks = len(read_looks(dataset, None if draw is None else draw.draw))
    seen = "" if not looks else f" It has been used {'once' if looks == 1 else f'{looks:,} times'} so far."
    return (
        f"A new draw moves {dataset.modality.noun.many} that earlier runs were trained on into the test set: their "
        f"results stay, but cannot be compared with those of later runs.{seen}"
    )


# === How parts come about ===


def _items(dataset: Dataset) -> pd.DataFrame:
    """Give the items, and where they have not one class each, what a split balances as `strata`."""
    items, task = dataset.items(), dataset.info.task
    if task == "classification":
        return items
    strata = pd.Series(find_task(task).strata(list(items["label"])), index=items.index, dtype=object)
    return items.assign(strata=strata)


def _drawn(
    items: pd.DataFrame,
    grouped: Grouped,
    shares: Mapping[str, float],
    seed: int,
    grouping: Sequence[str],
    *,
    number: int = 1,
) -> Stored:
    found = split(items, **shares, seed=seed, units=grouped.units).table
    # What is left out of runs is still on the side that learns.
    parts = dict(zip(found["sha256"].tolist(), found["split"].replace("", "train").tolist(), strict=True))
    given = given_parts(items["split"].to_numpy(dtype=object))
    draw = Draw(
        draw=number,
        seed=seed,
        train=shares["train"],
        val=shares["val"],
        test=shares["test"],
        grouping=tuple(grouping),
        given=given,
    )
    return Stored(draw, parts)


def _joined(stored: Stored, items: pd.DataFrame, grouped: Grouped) -> Stored:
    """Let items that have no part yet join: as they came, else beside their like, else where most is lacking."""
    shas = items["sha256"]
    parts = np.array([stored.parts.get(sha, "") for sha in shas.tolist()], dtype=object)
    new = parts == ""
    if not new.any():
        return stored
    came = items["split"].to_numpy(dtype=object)
    if stored.draw.given or given_parts(came[new]):
        parts[new] = came[new]
    parts = beside(parts, grouped.units)
    if stored.draw.given:
        parts[parts == ""] = "train"
    free = parts == ""
    rows = balanced(items).assign(sha256=shas, unit=grouped.units)[free]
    had = balanced(items).assign(split=parts)[~free]
    parts[free] = deal(rows, stored.draw.shares, seed=stored.draw.seed, had=had)
    return Stored(stored.draw, stored.parts | dict(zip(shas[new].tolist(), parts[new], strict=True)))


def _parts(
    stored: Stored,
    items: pd.DataFrame,
    grouped: Grouped,
    task: str,
    anew: tuple[dict[str, float], int] | None = None,
) -> Parts:
    """The parts of the items in use; `anew` has the shares and the seed that divide what is not for the test."""
    draw, noun = stored.draw, grouped.modality.noun
    sides: Objects = np.array([stored.parts[sha] for sha in items["sha256"].tolist()], dtype=object)
    table = items[["sha256", "file", "label"]].copy()
    shares, notes = draw.shares, list(grouped.notes)
    if anew is not None:
        rest, seed = anew
        free = (sides != "test") & ~np.isin(grouped.units, grouped.units[sides == "test"])
        rows = balanced(items).assign(sha256=items["sha256"], unit=grouped.units)[free]
        sides = sides.copy()
        sides[free] = deal(rows, rest, seed=seed)
        kept = int((sides == "test").sum())
        shares = {part: share * (1 - draw.test) for part, share in rest.items()} | {"test": draw.test}
        notes.append(
            f"The test set stays as it was drawn for this dataset, {noun.counted(kept)}; the seed and the shares of "
            f"this run only divide the other {noun.many} into training and validation set."
        )
    if draw.given:
        notes += unnamed_note(int(((items["split"] == "") & (sides == "train")).sum()), noun)
    table["split"], left_out = without_straddlers(sides, grouped.units, noun)
    table["group"] = grouped.names.to_numpy()
    notes += [f"{sentence} To change that, draw a new test set." for sentence in left_out]
    if find_task(task).output == "values":  # tenths of the values, which nobody has named
        return Parts(draw, table, tuple(notes), (), grouped.modality, task)
    each = exploded(items, table["split"])
    each = each[each["label"] != NO_LABEL]  # nobody adds items of nothing
    notes += lacking(each, PARTS, noun)
    gave_up = [] if draw.given else given_up(each, grouped.units, shares, noun)
    return Parts(draw, table, tuple(notes), tuple(gave_up), grouped.modality, task)
