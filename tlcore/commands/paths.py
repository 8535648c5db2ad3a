"""From the paths of a command line to picture files.

It knows folders and names. It does not open pictures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from tlcore.errors import DataError


def files_in(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Every file that is named or lies in a folder that is named, in a fixed order, and whether it may be a picture.

    A file that is named counts as one, whatever it is called. Only the names of the folders on the way are kept, so
    that there may be any number of files. Hidden files are passed over, links to folders not followed.

    Raises:
        DataError: There is nothing at a path.
    """
    from tlcore.data.pixels import SUFFIXES

    for path in paths:
        if path.is_dir():
            yield from ((file, file.suffix.lower() in SUFFIXES) for file in _below(path))
        elif path.exists():
            yield path, True
        else:
            raise DataError(f"A picture or a folder of pictures is needed. There is nothing at {path}. Check the path.")


def pictures_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Those that may be pictures."""
    return (file for file, is_picture in files_in(paths) if is_picture)


def others_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Those that are in the way."""
    return (file for file, is_picture in files_in(paths) if not is_picture)


def count_pictures(paths: Sequence[Path]) -> int:
    """How many there are to ask about.

    Raises:
        DataError: None, or there is nothing at a path.
    """
    number = sum(1 for _ in pictures_in(paths))
    if not number:
        raise DataError(f"Pictures are needed. There are none in {', '.join(map(str, paths))}. Check the path.")
    return number


def _below(folder: Path) -> Iterator[Path]:
    # Not `rglob`: it has to be sorted, and for that it would have to be read to its end.
    with os.scandir(folder) as entries:
        found = sorted((entry.name, entry.is_dir(follow_symlinks=False), entry.is_file()) for entry in entries)
    for name, is_folder, is_file in found:
        if is_folder:
            yield from _below(folder / name)
        elif is_file and not name.startswith("."):
            yield folder / name
