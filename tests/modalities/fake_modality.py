"""A second modality, for tests alone: a `.num` file has some numbers, and a model sees so many of them.

It has what a modality must have, no augmentations, and one thing that all items of a dataset decide together: by which
number each is divided.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from tlcore.errors import DataError, ItemError
from tlcore.items import Field
from tlcore.modalities.modality import Before, Examined, InputSettings, Modality, Noun, Records, Settling
from tlcore.progress import Progress

SUFFIX = ".num"
DECODER = '''"""Numbers of a file."""


def read_numbers(path):
    return [float(word) for word in open(path).read().split()]
'''


class NumberInput(InputSettings):
    """How many numbers a model sees, and by what they are divided."""

    modality: Literal["number"] = "number"
    length: int = 4
    scale: float = 1.0


def read(source: Path | bytes) -> np.ndarray:
    content = source if isinstance(source, bytes) else source.read_bytes()
    return np.array([float(word) for word in content.decode("ascii").split()], np.float32)


def fault(head: bytes, known_as: str) -> str:
    return "" if head[:1].isdigit() else known_as or "This file has no numbers."


def examine(content: bytes, suffix: str, taking: Any) -> Examined:
    try:
        with taking(len(content)):
            numbers = read(content)
    except ValueError as error:
        raise ItemError("This file has no numbers.") from error
    return Examined(SUFFIX, {"numbers": len(numbers)}, sample=numbers)


def decode(source: Path | bytes, settings: NumberInput) -> dict[str, np.ndarray]:
    numbers = np.zeros(settings.length, np.float32)
    found = read(source)[: settings.length]
    numbers[: len(found)] = found
    return {"numbers": numbers / np.float32(settings.scale)}


def preview(path: Path, side: int, reading: Any) -> bytes:
    try:
        return path.read_bytes()[:side]
    except OSError as error:
        raise ItemError("The file is gone.") from error


class Largest:
    """The largest number of all items."""

    def __init__(self) -> None:
        self.number = 0.0

    def add(self, sample: np.ndarray) -> None:
        self.number = max(self.number, float(sample.max(initial=0.0)))


def settle(samples: Largest, flags: Any, before: Before) -> tuple[dict, tuple[str, ...]]:
    if before.reading or not samples.number:
        return {}, ()
    return {"scale": samples.number}, (f"All numbers are divided by {samples.number:g}.",)


def measure(paths: Iterable[Path]):
    samples = Largest()
    for path in paths:
        samples.add(read(path))
        yield Progress(1, 1)
    return {"scale": samples.number}


def checked(reading: dict) -> dict:
    if not reading.get("scale", 0) > 0:
        raise DataError("A scale above 0 is needed.")
    return {"scale": float(reading["scale"])}


NUMBER = Modality(
    key="number",
    noun=Noun("number file", "number files"),
    suffixes=frozenset({SUFFIX}),
    file_types="numbers",
    facts=("numbers",),
    fault=fault,
    examine=examine,
    preview=preview,
    preview_suffix=".txt",
    decode=decode,
    decoder=lambda: DECODER,
    settings=NumberInput,
    spec=lambda settings: (Field("numbers", (settings.length,), "float32"),),
    identity=lambda settings: f"numbers 1 {settings.length} {settings.scale!r}",
    described=lambda settings: f"of {settings.length} numbers",
    made_for=lambda native: {"length": native},
    told_by_shape=lambda shape: {"length": shape[0]},
    takes=lambda settings: (f"numbers `(n, {settings.length})`", f"They are divided by {settings.scale:g}."),
    backbones=None,
    build="",
    usual_size=lambda items: int(items["numbers"].median()) if len(items) else 0,
    advice=lambda size, **backbone: (),
    settling=Settling(
        concerns=lambda items: pd.Series(True, index=items.index),
        samples=Largest,
        sample=read,
        settle=settle,
        measure=measure,
        checked=checked,
        told=lambda reading: f"Numbers are divided by {reading['scale']:g}.",
        renoted=lambda notes, before, now, concerned, items: (*notes, "The scale was set."),
        concerns_none="There are no numbers.",
    ),
    records={
        "first": Records(
            table="first.parquet",
            says={"digit": "number files with the same first digit"},
            read=lambda path: (path.read_text()[:1],),
            advice="Every file begins with a digit.",
        )
    },
    other_suffixes={SUFFIX: ".txt"},
    convert=lambda path, to: to.write_text(" and ".join(path.read_text().split())),
)


def write(folder: Path, seed: int) -> Path:
    """Write a file of five numbers."""
    path = folder / f"{seed}{SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(" ".join(str(number) for number in np.random.default_rng(seed).integers(0, 100, 5)))
    return path
