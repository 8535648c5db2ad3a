"""Every modality of the table, and a fake one beside them, each with files of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.data.conftest import write_picture
from tests.modalities import fake_modality
from tests.modalities.fake_modality import NUMBER
from tlcore import modalities
from tlcore.data.split import grouping
from tlcore.modalities import MODALITIES, InputSettings, Modality


@dataclass(frozen=True)
class Example:
    """A modality with what the battery needs of it: a file for each seed, and two settings that differ."""

    modality: Modality
    write: Callable[[Path, int], Path]
    settings: InputSettings
    other: InputSettings


def write_image(folder: Path, seed: int) -> Path:
    return write_picture(folder / f"{seed}.png", seed=seed)


IMAGE = MODALITIES["image"]
# Whoever adds a modality adds a line.
EXAMPLES = {
    "image": Example(IMAGE, write_image, IMAGE.settings(size=16), IMAGE.settings(size=16, resize="stretch")),
    "number": Example(NUMBER, fake_modality.write, NUMBER.settings(), NUMBER.settings(length=5)),
}


@pytest.fixture(params=[*MODALITIES, NUMBER.key])
def example(request, monkeypatch) -> Example:
    """One modality after the other; the fake one stands in the table for as long as its test lasts."""
    if request.param == NUMBER.key:
        monkeypatch.setitem(MODALITIES, NUMBER.key, NUMBER)
        monkeypatch.setitem(grouping.RECORDS, "first", NUMBER.records["first"])
        every, known = modalities.SUFFIXES | NUMBER.suffixes, modalities.SUFFIXES
        for module in list(sys.modules.values()):
            if module.__dict__.get("SUFFIXES") is known:
                monkeypatch.setattr(module, "SUFFIXES", every)
    return EXAMPLES[request.param]
