"""What an item is: one folder for each modality, one row each in the table below.

It knows files and the arrays that they become. It does not know labels, datasets, runs or models. It imports only the
ground floor; only files named `keras_*.py` import a backend.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

from tlcore.modalities.image import IMAGE
from tlcore.modalities.modality import Examined, Modality, Noun, any_of

__all__ = ["MODALITIES", "NOUN", "SUFFIXES", "Examined", "Modality", "Noun", "find_modality", "modality_of"]

MODALITIES: dict[str, Modality] = {modality.key: modality for modality in (IMAGE,)}
# Of files that are items of any modality.
SUFFIXES = frozenset[str]().union(*(modality.suffixes for modality in MODALITIES.values()))
# What an item is called where its modality is not known yet: `picture`, or `picture, text or sound`.
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
