"""The rows of the catalogue that a person added, each with its weights in a folder of the workspace.

    weights/<key>/backbone.json         the row
    weights/<key>/config.json           the network, as KerasHub describes it
    weights/<key>/model.weights.h5      its weights

The key ends in a hash of the weights and of what is made of them: caches and runs go by it, and never mix two networks
that had the same name. It knows rows. It does not know Keras, nor how weights become a row.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tlcore.backbones.backbone import Backbone
from tlcore.errors import WeightsError, WorkspaceError
from tlcore.files import read_json
from tlcore.items import Arrays
from tlcore.workspace import Workspace

ROW, DESCRIPTION, WEIGHTS = "backbone.json", "config.json", "model.weights.h5"
MOST_DESCRIPTION_BYTES = 16 * 10**6
LONGEST_NAME, LONGEST_KEY, HASH_DIGITS = 60, 30, 8


@dataclass(frozen=True)
class Adopted:
    """What a modality found in a folder of weights.

    Attributes:
        row: What the row says of it, but for what is counted.
        ends: The last layer of each block.
        size: Of an item's input, for which `answer` is asked.
        answer: What the network makes of the arrays of items, in the words of its own library.
        notes: What a person should know, in sentences.
    """

    row: Mapping[str, Any]
    ends: tuple[str, ...]
    size: int
    answer: Callable[[Arrays], Any]
    notes: tuple[str, ...] = ()


def read_description(path: Path) -> dict[str, Any]:
    """Read a description in JSON that came with weights.

    Raises:
        WeightsError: It is no JSON object.
    """
    try:
        if path.stat().st_size > MOST_DESCRIPTION_BYTES:
            raise ValueError("it is too large")
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(
            f"Weights are described by a {path.name} in JSON. This one cannot be read: {error}. Take the file that "
            "came with the weights."
        ) from error
    return found


def own_rows(workspace: Workspace) -> dict[str, Backbone]:
    """Read the rows of a workspace, by their keys. One that cannot be read is left out, and logged."""
    found = {}
    for path in sorted(workspace.weights.glob(f"*/{ROW}")):
        status = path.stat()
        row = _row(path, status.st_mtime_ns, status.st_size)
        if row is not None and row.key == path.parent.name:
            found[row.key] = row
    return found


def key_of(name: str, facts: Mapping[str, Any]) -> str:
    """Make a key of a name, and of the facts that tell one network from another."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:LONGEST_KEY].strip("_") or "own"
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return f"{words}_{digest[:HASH_DIGITS]}"


def checked_name(name: str, known: Mapping[str, Backbone]) -> str:
    """Give the name without spaces around it.

    Raises:
        WeightsError: It is empty, long, or that of a backbone in the catalogue.
    """
    title = " ".join(name.split())
    if not title or len(title) > LONGEST_NAME or not title.isprintable():
        raise WeightsError(
            f"A backbone needs a name of 1 to {LONGEST_NAME} characters on one line. Received {title!r}. Give another "
            "one."
        )
    taken = {text.casefold() for entry in known.values() for text in (entry.title, entry.key)}
    if title.casefold() in taken:
        raise WeightsError(
            f"A backbone needs a name of its own. '{title}' is in the catalogue already. Give another name."
        )
    return title


def checked_licence(licence: str) -> str:
    """Give the licence without spaces around it.

    Raises:
        WeightsError: Nothing was given.
    """
    if not (text := " ".join(licence.split())):
        raise WeightsError(
            "The licence of the weights is needed: the model card names it. Received nothing. Give it as its owner "
            "calls it, or 'unknown'."
        )
    return text


@lru_cache(maxsize=256)
def _row(path: Path, _changed: int, _size: int) -> Backbone | None:
    try:
        return read_json(path, Backbone)
    except WorkspaceError as error:
        logging.getLogger(__name__).warning("A backbone is left out. %s", error)
        return None
