"""How the items of each modality are shown and asked for: one module each, one row each in the table below.

Each module has the same functions and constants: `small`, `thumbnail`, `tile`, `serve`, `detail`, `preview`, `ask`,
`seen`, `seen_as`, `column`, `extent`, `reading`, `told`, `KEEP`, `CAMERA`. No other component imports one of them.
"""

from pathlib import PurePath
from types import ModuleType

from pages.components.items import image
from tlcore.modalities import MODALITIES

DISPLAYS: dict[str, ModuleType] = {"image": image}


def find_display(modality: str) -> ModuleType:
    """Find the module that shows the items of a modality.

    Raises:
        ValueError: There is none.
    """
    if modality not in DISPLAYS:
        raise ValueError(f"A modality must be one of {', '.join(DISPLAYS)}. Received '{modality}'.")
    return DISPLAYS[modality]


def display_for(file: str) -> ModuleType:
    """Find the module that shows a file, by the ending of its name; the first one where no modality has that ending."""
    ending = PurePath(file).suffix.lower()
    return next((DISPLAYS[key] for key, each in MODALITIES.items() if ending in each.suffixes), image)
