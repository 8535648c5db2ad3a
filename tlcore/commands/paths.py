"""From the paths of a command line to item files.

It knows folders and names. It does not open items.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from tlcore.errors import DataError


def files_in(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Every file that is named or lies in a folder that is named, in a fixed order, and whether it may be an item.

    A file that is named counts as one, whatever it is called. What is named twice, or lies in another folder that is
    named, comes once, where it comes first. Only the names of the folders on the way are kept, so that there may be any
    number of files. Hidden files and those of systems (`@eaDir`, `__MACOSX`) are passed over, links to folders not
    followed.

    Raises:
        DataError: There is nothing at a path.
    """
    from tlcore.modalities import SUFFIXES

    before: set[Path] = set()
    for path in paths:
        place = _place(path)
        if path.is_dir():
            if not any(folder in before for folder in (place, *place.parents)):
                yield from ((file, file.suffix.lower() in SUFFIXES) for file in _below(path, place, before))
        elif path.exists():
            listed = path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
            if place not in before and not (listed and any(folder in before for folder in place.parents)):
                yield path, True
        else:
            raise DataError(f"A file or a folder is needed. There is nothing at {path}. Check the path.")
        before.add(place)


def items_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Those that may be items."""
    return (file for file, is_item in files_in(paths) if is_item)


def others_in(paths: Sequence[Path]) -> Iterator[Path]:
    """Those that are in the way."""
    return (file for file, is_item in files_in(paths) if not is_item)


def count_items(paths: Sequence[Path]) -> int:
    """How many there are to ask about.

    Raises:
        DataError: None, or there is nothing at a path.
    """
    number = sum(1 for _ in items_in(paths))
    if not number:
        raise DataError(
            f"Files that a model can read are needed. There are none in {', '.join(map(str, paths))}. Check the path."
        )
    return number


def _place(path: Path) -> Path:
    """Where a path leads, however it is spelt; a link to a file is a file of its own."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def _below(folder: Path, place: Path, before: set[Path]) -> Iterator[Path]:
    from tlcore.data.system_files import made_by_system

    # Not `rglob`: it has to be sorted, and for that it would have to be read to its end.
    with os.scandir(folder) as entries:
        found = sorted((entry.name, entry.is_dir(follow_symlinks=False), entry.is_file()) for entry in entries)
    for name, is_folder, is_file in found:
        if (before and place / name in before) or made_by_system(PurePosixPath(name)):
            continue
        if is_folder:
            yield from _below(folder / name, place / name, before)
        elif is_file and not name.startswith("."):
            yield folder / name
