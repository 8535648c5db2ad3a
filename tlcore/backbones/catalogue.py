"""The catalogue of backbones, as data: `catalogue.json`, validated by its schema.

Its facts are held true by tests that build every entry. It does not know Keras, nor where weights lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter

from tlcore.backbones.backbone import Backbone
from tlcore.errors import ConfigError, Problem

DEFAULT = "efficientnet_lite0"


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


def _read(path: Path) -> Mapping[str, Backbone]:
    entries = TypeAdapter(list[Backbone]).validate_json(path.read_bytes())
    catalogue = {entry.key: entry for entry in entries}
    if len(catalogue) != len(entries):
        raise ValueError(f"Every key in {path.name} should stand there once.")
    return MappingProxyType(catalogue)


CATALOGUE: Mapping[str, Backbone] = _read(Path(__file__).with_name("catalogue.json"))
