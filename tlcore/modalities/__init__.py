"""What an item is: one folder for each modality, one row each in the table below.

It knows files and the arrays that they become. It does not know labels, datasets, runs or models. It imports only the
ground floor; only files named `keras_*.py` import a backend.
"""

from tlcore.modalities.image import IMAGE
from tlcore.modalities.modality import Examined, Extent, Modality, Noun

__all__ = ["MODALITIES", "SUFFIXES", "Examined", "Extent", "Modality", "Noun", "find_modality"]

MODALITIES: dict[str, Modality] = {modality.key: modality for modality in (IMAGE,)}
# Of files that are items of any modality.
SUFFIXES = frozenset[str]().union(*(modality.suffixes for modality in MODALITIES.values()))


def find_modality(key: str) -> Modality:
    """Find a modality by its key.

    Raises:
        ValueError: There is none of that key.
    """
    if key not in MODALITIES:
        raise ValueError(f"A modality must be one of {', '.join(MODALITIES)}. Received '{key}'.")
    return MODALITIES[key]
