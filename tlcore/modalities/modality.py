"""The parts of a modality: which files are items, what is known about them, and how they become arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from tlcore.errors import Problem
from tlcore.items import Arrays, Spec
from tlcore.modalities.checks import NO_CHECKS, Checks
from tlcore.numbers import plural


@dataclass(frozen=True)
class Noun:
    """What a person calls one item, and several."""

    one: str
    many: str

    def counted(self, number: int) -> str:
        """Count items: `1 picture`, `1,200 pictures`."""
        return plural(number, self.one, self.many)


def any_of(nouns: Sequence[Noun]) -> Noun:
    """Join what items are called: `picture, text or sound`."""
    ones, manies = ([getattr(noun, name) for noun in nouns] for name in ("one", "many"))
    one, many = (" or ".join(filter(None, (", ".join(each[:-1]), each[-1]))) for each in (ones, manies))
    return Noun(one, many)


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
class Advice:
    """A value of a setting, and in one sentence why."""

    field: str
    value: Any
    reason: str


class InputSettings(BaseModel):
    """How a file becomes the input of a model. Each modality has settings of its own.

    What a person chooses has a title; its `json_schema_extra` says the `option` of the command line, the `step` of a
    number and the `words` of a choice. `input.NAME` is what a setting is called beside the others of a run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    modality: str

    def problems(self, *, title: str, native: int, minimum: int) -> list[Problem]:
        """Find what a backbone, by its title and sizes, cannot take."""
        return []


@dataclass(frozen=True)
class Modality:
    """A kind of item.

    Attributes:
        key: As written to `dataset.json` and to the contract of a model.
        noun: What a page calls its items.
        suffixes: Of files that are items, lower case, with the dot.
        formats: What these files are called: "JPEG, PNG".
        facts: The columns of `items.parquet` that only this modality has.
        fault: Why a file cannot be an item, from its first bytes and what is known of another kind of file; empty
            where it may be one.
        examine: Everything known of a whole file, from its content, its suffix and a way to wait for memory in bytes.
            Raises ItemError with the reason.
        decode: A file as the arrays that a model sees, without a number of items, from its source and the input
            settings. Raises ValueError with the reason.
        decoder: The text of the standalone program that decodes, which every export carries.
        augmentations: By name; none is a good answer.
        different_views: How many views some augmentations can make; None where there are endlessly many.
        view_name: What the view of a number is called; equal names mean equal views of equal items.
        view: The view of a number of arrays, from the augmentations and a key for each item; 0 is the plain one.
        augmented: A batch of arrays, augmented for an epoch.
        settings: The input settings.
        spec: The arrays of one item, from the input settings.
        made_for: The input settings that a backbone was made for, from its native size.
        told_by_shape: The input settings that the shape of a model's input tells. Raises ValueError where it is none.
        takes: What a model takes, in words, and how a file becomes that, in sentences; from the input settings.
        usual_size: How large the items of a table mostly are, in the unit of the backbones' native sizes.
        advice: The input settings that are recommended for that size, from a backbone's `title` and `native` size.
        before: Names that files of before had for input settings, beside all others, and those of today.
        checks: What the check of a dataset looks for in items of this modality alone.
    """

    key: str
    noun: Noun
    suffixes: frozenset[str]
    formats: str
    facts: tuple[str, ...]
    fault: Callable[[bytes, str], str]
    examine: Callable[[bytes, str, Callable[[int], AbstractContextManager[None]]], Examined]
    decode: Callable[[Any, Any], Arrays]
    decoder: Callable[[], str]
    augmentations: tuple[str, ...]
    different_views: Callable[[Sequence[str]], int | None]
    view_name: Callable[[Sequence[str], int], str]
    view: Callable[..., Arrays]
    augmented: Callable[..., Arrays]
    settings: type[InputSettings]
    spec: Callable[[Any], Spec]
    made_for: Callable[[int], dict[str, Any]]
    told_by_shape: Callable[[Sequence[int]], dict[str, Any]]
    takes: Callable[[Any], tuple[str, str]]
    usual_size: Callable[..., int]
    advice: Callable[..., tuple[Advice, ...]]
    before: Mapping[str, str]
    checks: Checks = NO_CHECKS
