"""The way from a picture file to pixels as one text, which needs nothing of Graft's: what goes along with artefacts.

It knows the two modules of the way and joins them. It does not know what they do.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from tlcore.modalities.image import containers, pixels

_IMPORTS = re.compile(r"(?:^(?:import|from) [^\n]*\n|^\n)+", re.MULTILINE)
_OWN_IMPORT = re.compile(r"^from tlcore\.modalities\.image\.containers import [^\n]*\n", re.MULTILINE)
_FIRST_IMPORT = "from __future__ import annotations\n"


def pixels_py() -> str:
    """The text of `pixels.py` with that of `containers.py` in the place of its import, both word for word."""
    below = _text(containers).partition(_FIRST_IMPORT)[2].strip()
    return _OWN_IMPORT.sub(lambda found: f"{below}\n\n", _text(pixels), count=1)


def definitions() -> str:
    """The same without the module's own text and imports, for a script that has them: constants and functions."""
    bodies = (_text(module).partition(_FIRST_IMPORT)[2] for module in (containers, pixels))
    return "\n\n\n".join(_IMPORTS.sub("", body, count=1).strip() for body in bodies) + "\n"


def _text(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")
