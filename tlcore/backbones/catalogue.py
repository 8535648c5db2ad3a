"""The catalogue of backbones, as data: the rows of every modality, validated by their schema, then a person's own.

The facts of the first are held true by tests that build every entry; those of the second were measured when the
weights were added to the workspace. It does not know Keras, nor where weights lie.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.own import own_rows
from tlcore.errors import ConfigError, Problem
from tlcore.modalities import MODALITIES, Modality, find_modality
from tlcore.workspace import Workspace, home


class Catalogue(Mapping[str, Backbone]):
    """The rows that Graft brings, and those of the workspace, which are read anew whenever they are asked for."""

    def __init__(self, published: Mapping[str, Backbone]) -> None:
        self.published = published

    def __getitem__(self, key: str) -> Backbone:
        return self.published[key] if key in self.published else self._own()[key]

    def __iter__(self) -> Iterator[str]:
        yield from self.published
        yield from self._own()

    def __len__(self) -> int:
        return len(self.published) + len(self._own())

    def _own(self) -> dict[str, Backbone]:
        return own_rows(Workspace(home()))


def find(key: str) -> Backbone:
    """The entry of that key.

    Raises:
        ConfigError: There is none.
    """
    try:
        return CATALOGUE[key]
    except KeyError:
        sentence = f"A backbone of the catalogue is needed. Received: {key!r}. Choose one of {', '.join(CATALOGUE)}."
        raise ConfigError([Problem("backbone", sentence)]) from None


def usual_backbone(modality: str) -> Backbone | None:
    """Give the backbone of a run where nobody chose, by the key of the modality; None where it has none."""
    return CATALOGUE.get(find_modality(modality).backbone)


def suitable(modality: str, task: str) -> tuple[Backbone, ...]:
    """List the backbones for a modality and a task, by their keys."""
    return tuple(entry for entry in CATALOGUE.values() if entry.modality == modality and task in entry.tasks)


def _read(modalities: Iterable[Modality]) -> Mapping[str, Backbone]:
    catalogue: dict[str, Backbone] = {}
    for modality in modalities:
        for row in json.loads(modality.backbones.read_bytes()) if modality.backbones else ():
            entry = Backbone(modality=modality.key, **row)
            if entry.key in catalogue:
                raise ValueError(f"Every key of a backbone should stand once in the catalogue. '{entry.key}' does not.")
            catalogue[entry.key] = entry
    return MappingProxyType(catalogue)


CATALOGUE: Mapping[str, Backbone] = Catalogue(_read(MODALITIES.values()))
