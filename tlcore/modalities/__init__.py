"""What an item is: one folder for each modality, one row each in the table below.

It knows files and the arrays that they become. It does not know labels, datasets, runs or models. It imports only the
ground floor, but for modules of a modality that need a higher room and stand above it, such as a camera's; only files
named `keras_*.py` import a backend.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath
from typing import Annotated, Any

from pydantic import BeforeValidator

from tlcore.keyed import by_key
from tlcore.modalities.image import IMAGE
from tlcore.modalities.modality import Advice, Examined, Extent, InputSettings, Modality, Noun, any_of

__all__ = [
    "BEFORE",
    "FILE_TYPES",
    "MODALITIES",
    "NOUN",
    "SUFFIXES",
    "Advice",
    "Examined",
    "Extent",
    "Input",
    "InputSettings",
    "Modality",
    "Noun",
    "find_modality",
    "modality_of",
    "read_input",
]

MODALITIES: dict[str, Modality] = dict(by_key((IMAGE,)))
# Of files that do not say theirs, as there was no other.
BEFORE = IMAGE.key
# Of files that are items of any modality.
SUFFIXES = frozenset[str]().union(*(modality.suffixes for modality in MODALITIES.values()))
# What the files of items are called: "JPEG, PNG".
FILE_TYPES = ", ".join(modality.file_types for modality in MODALITIES.values())
# What an item is called where its modality is not known yet, as in `text or sound`.
NOUN = any_of([modality.noun for modality in MODALITIES.values()])


def find_modality(key: str) -> Modality:
    """Find a modality by its key.

    Raises:
        ValueError: There is none of that key.
    """
    if key not in MODALITIES:
        raise ValueError(f"A modality must be one of {', '.join(MODALITIES)}. Received '{key}'.")
    return MODALITIES[key]


def modality_of(paths: Iterable[PurePath]) -> Modality:
    """Find the modality that most of some files have by their names; the first one of the table where none has."""
    suffixes = Counter(path.suffix.lower() for path in paths)
    return max(MODALITIES.values(), key=lambda each: sum(suffixes[suffix] for suffix in each.suffixes))


def read_input(content: Any) -> Any:
    """Read input settings, which name their modality; those of before are of the first modality.

    Raises:
        ValueError: There is no such modality, or it has no such settings.
    """
    if isinstance(content, dict):
        return find_modality(content.get("modality", BEFORE)).settings.model_validate(content)
    return content


# The settings of a field are those of its modality; only code of that modality knows their names.
Input = Annotated[Any, BeforeValidator(read_input)]
