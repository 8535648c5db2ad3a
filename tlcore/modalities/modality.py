"""The parts of a modality: which files are items, what is known about them, and how they become arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from tlcore.items import Arrays

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Noun:
    """What a person calls one item, and several."""

    one: str
    many: str


@dataclass(frozen=True)
class Examined:
    """What is known of a file that can be used.

    Attributes:
        suffix: That its content asks for, with the dot.
        facts: By column of `items.parquet`, as the modality names them.
        flags: What is unusual, each in a word or two.
        fixed: What had to be put right, in a sentence; empty where nothing had.
        sample: What is wanted of all items of a dataset together; None where nothing is.
    """

    suffix: str
    facts: Mapping[str, int]
    flags: tuple[str, ...] = ()
    fixed: str = ""
    sample: Any = None


@dataclass(frozen=True)
class Modality:
    """A kind of item.

    Attributes:
        key: As written to `dataset.json` and to the contract of a model.
        noun: What a page calls its items.
        suffixes: Of files that are items, lower case, with the dot.
        facts: The columns of `items.parquet` that only this modality has.
        fault: Why a file cannot be an item, from its first bytes and what is known of another kind of file; empty
            where it may be one.
        examine: Everything known of a whole file, from its content, its suffix and a way to wait for memory in bytes.
            Raises ItemError with the reason.
        decode: A file as the array that a model sees, from its source and the input settings of the model. Raises
            ValueError with the reason.
        decoder: The text of the standalone program that decodes, which every export carries.
        augmentations: By name; none is a good answer.
        different_views: How many views some augmentations can make; None where there are endlessly many.
        view_name: What the view of a number is called; equal names mean equal views of equal items.
        view: The view of a number of arrays, from the augmentations and a key for each item; 0 is the plain one.
        augmented: A batch of arrays, augmented for an epoch.
        analysis: The module whose `ANALYSIS` says what an error analysis can do with its items beside what it does with
            any; imported only for that, and empty where there is nothing.
    """

    key: str
    noun: Noun
    suffixes: frozenset[str]
    facts: tuple[str, ...]
    fault: Callable[[bytes, str], str]
    examine: Callable[[bytes, str, Callable[[int], AbstractContextManager[None]]], Examined]
    decode: Callable[..., Array]
    decoder: Callable[[], str]
    augmentations: tuple[str, ...]
    different_views: Callable[[Sequence[str]], int | None]
    view_name: Callable[[Sequence[str], int], str]
    view: Callable[..., Arrays]
    augmented: Callable[..., Arrays]
    analysis: str = ""
