"""The parts of a modality: which files are items, what is known about them, and how they become arrays."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel, ConfigDict

from tlcore.errors import Problem
from tlcore.file_format import Format
from tlcore.items import Arrays, Reading, Spec
from tlcore.modalities.checks import NO_CHECKS, Checks
from tlcore.numbers import plural
from tlcore.progress import Progress

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Noun:
    """What a person calls one item, and several."""

    one: str
    many: str

    def counted(self, number: int) -> str:
        """Count items: `1 text`, `1,200 texts`."""
        return plural(number, self.one, self.many)


def any_of(nouns: Sequence[Noun]) -> Noun:
    """Join what items are called: `text or sound`."""
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


class Samples(Protocol):
    """What is collected of all items of a dataset, one after the other."""

    def add(self, sample: Any) -> None:
        """Add what `Examined.sample` has of one item."""


@dataclass(frozen=True)
class Before:
    """A dataset before items are added: how its items are read, how many there are, how many of them that concerns."""

    reading: Reading = field(default_factory=dict)
    concerned: int = 0
    items: int = 0


@dataclass(frozen=True)
class Settling:
    """How all items of a dataset decide together how each of them is read, such as by one range of values.

    Attributes:
        concerns: Which rows of a dataset's items it is about.
        samples: Begins to collect what is needed of the items.
        sample: Takes it from one file; None where the file is not concerned. Raises DataError.
        settle: Finds the reading that new items bring, empty where they bring none, and sentences about it; from what
            was collected of them, the flags of each, and the dataset before.
        measure: Finds the reading of files anew; empty where it concerns none of them. Raises DataError.
        checked: Gives a reading that can be used. Raises DataError.
        told: Says which reading was set, in a sentence.
        renoted: Changes the notes of a dataset for another reading; from the notes, both readings, how many items are
            concerned, and how many there are.
        concerns_none: Says that a dataset has no such items, in a sentence.
    """

    concerns: Callable[[pd.DataFrame], pd.Series[bool]]
    samples: Callable[[], Samples]
    sample: Callable[[Path], Any]
    settle: Callable[[Any, Sequence[str], Before], tuple[Reading, tuple[str, ...]]]
    measure: Callable[[Iterable[Path]], Generator[Progress, None, Reading]]
    checked: Callable[[Reading], Reading]
    told: Callable[[Reading], str]
    renoted: Callable[[tuple[str, ...], Reading, Reading, int, int], tuple[str, ...]]
    concerns_none: str


@dataclass(frozen=True)
class Records:
    """What files record about how they came to be, such as the camera: items that agree in it belong together.

    Attributes:
        table: The file beside the items of a dataset that keeps what was read; safe to delete.
        says: What agrees, by the name of each record, to end "… stay together".
        read: Reads the records of a file, in the order of `says`; each is empty where the file does not say.
        advice: What to know where no file says it.
    """

    table: str
    says: Mapping[str, str]
    read: Callable[[Path], tuple[str, ...]]
    advice: str


@dataclass(frozen=True)
class Extent:
    """How large an item is in memory: a small file can hold very much.

    Attributes:
        unit: In which it is counted, such as `pixels`.
        usual: The most that a server takes where nothing else is said.
        most: The most that can be decoded.
        measure: That of a file's content, without decoding it. Raises ValueError with the reason.
    """

    unit: str
    usual: int
    most: int
    measure: Callable[[bytes], int]


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

    def problems(self, *, title: str, native: int, minimum: int, step: int) -> list[Problem]:
        """Find what a backbone, by its title and sizes, cannot take; `step` divides the sizes that it takes."""
        return []


@dataclass(frozen=True)
class Modality:
    """A kind of item.

    Attributes:
        key: As written to `dataset.json` and to the contract of a model.
        noun: What a page calls its items.
        suffixes: Of files that are items, lower case, with the dot.
        file_types: What these files are called: "JPEG, PNG".
        facts: The columns of `items.parquet` that only this modality has.
        fault: Why a file cannot be an item, from its first bytes and what is known of another kind of file; empty
            where it may be one.
        examine: Everything known of a whole file, from its content, its suffix and a way to wait for memory in bytes.
            Raises ItemError with the reason.
        preview: A small file that shows an item, from its file, how large it is to be and the reading of its dataset.
            Raises ItemError where the item can no longer be read.
        preview_suffix: Of such a file, with the dot.
        decode: A file as the arrays that a model sees, without a number of items, from its source and the input
            settings. Raises ValueError with the reason.
        decoder: The text of the standalone program that decodes, which every export carries.
        augmentations: By name, each with its title and for what it is good; none is a good answer.
        usual_augmentations, more_augmentations: Those of a run where nobody chose, and those that are tried against
            overfitting.
        different_views: How many views some augmentations can make; None where there are endlessly many.
        view_name: What the view of a number is called; equal names mean equal views of equal items.
        view: The view of a number of arrays, from the augmentations and a key for each item; 0 is the plain one.
        augmented: A batch of arrays, augmented for an epoch.
        settings: The input settings.
        spec: The arrays of one item, from the input settings.
        identity: A text that is equal where the settings, and the version of the way from file to arrays, make equal
            arrays of equal files.
        described: What the settings make of an item, in a few words, after its noun: `of 224 pixels, crop`.
        made_for: The input settings that a backbone was made for, from its native size.
        told_by_shape: The input settings that the shape of a model's input tells. Raises ValueError where it is none.
        takes: What a model takes, in words, and how a file becomes that, in sentences; from the input settings.
        usual_size: How large the items of a table mostly are, in the unit of the backbones' native sizes.
        larger: Input settings that show more detail of items of that size than others do, from both and the step of
            sizes that the backbone takes; none where there are none.
        advice: The input settings and augmentations that are recommended for that size, from a backbone's `title` and
            `native` size.
        backbones: The rows of the catalogue, a JSON file; None where nobody has trained one.
        backbone: The key of that which a run has where nobody chose; its weights need no network. Empty without one.
        mixing: The settings of a run that mix items and make sense for these, of `mixup` and `cutmix`.
        build: The heavy function, `package.module:callable`, that builds a backbone of it in Keras, from its row, the
            input settings and the file of its weights, None for new ones: arrays to the last feature map.
        adopt: The heavy function, `package.module:callable`, that makes a `backbones.own.Adopted` of a person's own
            weights, from their folder, their description and a folder to keep them in; empty where there is none.
        before: Names that files of before had for input settings, beside all others, and those of today.
        settling: How all items of a dataset decide together how each is read; None where each is read by itself.
        records: What files record, by the name of the group of records, such as `exif`; none is a good answer.
        other_suffixes: Of items that few programs read, each with that of what `convert` writes.
        convert: Writes an item, from its file, to another file that most programs read.
        extent: How large an item is in memory; None where its file's size says it.
        media_type: How the types of its files begin, such as `image/`.
        formats: The export formats that only its items can have.
        exports: What makes and checks its exports, an `export.item_exports.ItemExports`, as `module:name`; only exports
            import it. Empty where it has nothing of its own.
        script: Its part of the script that trains a model again, an `export.script_parts.ItemScript`, as `module:name`;
            empty where there is no such script.
        checks: What the check of a dataset looks for in items of this modality alone.
        analysis: The module whose `ANALYSIS` says what an error analysis can do with its items beside what it does with
            any; imported only for that, and empty where there is nothing.
        commands: Commands about a dataset of its items beside those about any, by name, as `module:function`.
    """

    key: str
    noun: Noun
    suffixes: frozenset[str]
    file_types: str
    facts: tuple[str, ...]
    fault: Callable[[bytes, str], str]
    examine: Callable[[bytes, str, Callable[[int], AbstractContextManager[None]]], Examined]
    preview: Callable[[Path, int, Reading], bytes]
    preview_suffix: str
    decode: Callable[[Any, Any], Arrays]
    decoder: Callable[[], str]
    settings: type[InputSettings]
    spec: Callable[[Any], Spec]
    identity: Callable[[Any], str]
    described: Callable[[Any], str]
    made_for: Callable[[int], dict[str, Any]]
    told_by_shape: Callable[[Sequence[int]], dict[str, Any]]
    takes: Callable[[Any], tuple[str, str]]
    usual_size: Callable[..., int]
    advice: Callable[..., tuple[Advice, ...]]
    backbones: Path | None
    build: str
    adopt: str = ""
    backbone: str = ""
    mixing: tuple[str, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    augmentations: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    usual_augmentations: tuple[str, ...] = ()
    more_augmentations: tuple[str, ...] = ()
    larger: Callable[[Any, int, int], dict[str, Any]] = lambda settings, usual, step: {}
    different_views: Callable[[Sequence[str]], int | None] = lambda names: 1
    view_name: Callable[[Sequence[str], int], str] = lambda names, number: "plain"
    view: Callable[..., Arrays] = lambda arrays, names, **chance: arrays
    augmented: Callable[..., Arrays] = lambda arrays, names, **chance: arrays
    settling: Settling | None = None
    records: Mapping[str, Records] = field(default_factory=dict)
    other_suffixes: Mapping[str, str] = field(default_factory=dict)
    convert: Callable[[Path, Path], None] | None = None
    extent: Extent | None = None
    media_type: str = ""
    formats: tuple[Format, ...] = ()
    exports: str = ""
    script: str = ""
    checks: Checks = NO_CHECKS
    analysis: str = ""
    commands: Mapping[str, str] = field(default_factory=dict)
