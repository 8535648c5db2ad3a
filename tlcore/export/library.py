"""Lists the files of this library that one of its modules needs, so that an archive can carry them.

It knows how imports are written. It does not know what the modules do.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import tlcore

LIBRARY = Path(tlcore.__file__).parent


def needed_by(module: str) -> tuple[str, ...]:
    """Follow the imports of a module, without those inside functions and those for type checkers only.

    Returns:
        Paths within the library, such as `serving/api.py`, in alphabetical order.
    """
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if path is None or path in found:
            continue
        found.add(path)
        packages = name.split(".")
        waiting += [".".join(packages[:depth]) for depth in range(1, len(packages))]
        waiting += _imported(ast.parse(path.read_text(encoding="utf-8")).body)
    return tuple(sorted(path.relative_to(LIBRARY).as_posix() for path in found))


def _imported(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """Name what statements import; a name that is imported from a package may be a module of it."""
    for each in statements:
        if isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)
        elif isinstance(each, ast.ImportFrom) and each.module:
            yield from (each.module, *(f"{each.module}.{alias.name}" for alias in each.names))
        elif isinstance(each, ast.Try):
            yield from _imported(each.body)


def _file_of(name: str) -> Path | None:
    """Find the file of a module of ours; None for other names."""
    first, *rest = name.split(".")
    if first != LIBRARY.name:
        return None
    place = LIBRARY.joinpath(*rest)
    return next((path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()), None)
