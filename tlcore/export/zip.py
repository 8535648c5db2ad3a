"""A folder as one file: what several files make up is downloaded as a zip.

It knows zips of our own making, which the proof opens again. Those of strangers are `data.archive`'s.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from tlcore.export.bundle import add

# Weights hardly get smaller.
STORED_SUFFIXES = frozenset({".bin", ".data-00000-of-00001", ".onnx", ".keras"})


def pack(folder: Path, target: Path) -> None:
    """Put every file of a folder into a zip, by its path within the folder."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            stored = any(path.name.endswith(suffix) for suffix in STORED_SUFFIXES)
            compression = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            add(archive, path.relative_to(folder).as_posix(), path.read_bytes(), compression)


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of a zip that `pack` made."""
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():  # relative names of our own, so that no path leads out of the folder
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(packed.read(name))
