"""What classes are called that a source only numbers: `classes.txt`, `labels.csv` with a number and a name in each row.

It knows tables of text. It does not know where the classes come from.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from tlcore.data.column_facts import CLASS_NAMES
from tlcore.data.import_plan import ImportPlan, listed
from tlcore.data.label_tasks import AMOUNTS
from tlcore.data.tables import Table
from tlcore.data.value_kinds import is_number, is_whole
from tlcore.modalities import SUFFIXES
from tlcore.tasks import find_task

_HINT = re.compile(r"class|label|categ|names?\b|names|species|breed|disease|synset|sign|map")
_NUMBERED = re.compile(r"(\d+)\s*(?:[\s:;,=|)-]|\.\s)\s*(\S.*)")
_MOST_COLUMNS = 8
Named = tuple[str, dict[str, str]]


def names_for(labels: Collection[str], tables: Iterable[tuple[PurePosixPath, Table]]) -> Named | None:
    """Find the table that says what numbered classes are called; give its path and the name of each number."""
    if len(labels) < 2 or not all(map(is_whole, labels)):
        return None
    numbers = {label: int(float(label)) for label in labels}
    for path, table in tables:
        rows = [row for row in (table.header, *table.rows) if any(cell.strip() for cell in row)]
        # Far more names than classes are names of something else.
        if table.fault or not _hints(path, table) or not 2 <= len(rows) <= 3 * len(labels) + 100:
            continue
        wanted = set(numbers.values())
        found = _of_rows(rows, wanted) if table.width > 1 else _of_lines([row[0] for row in rows], wanted)
        if found:
            return str(path), {label: found[number] for label, number in numbers.items()}
    return None


def _hints(path: PurePosixPath, table: Table) -> bool:
    texts = (path.name, *table.header) if table.width > 1 else (path.name,)
    return any(_HINT.search(text.casefold()) for text in texts)


def _of_lines(lines: Sequence[str], wanted: set[int]) -> dict[int, str]:
    """Read one name in each line, in the order of the numbers from 0 or 1 on, or behind its number."""
    numbered = [match for line in lines if (match := _NUMBERED.fullmatch(line.strip()))]
    if len(numbered) >= len(lines) - 1:  # perhaps below a title
        return _checked([(int(match[1]), match[2].strip()) for match in numbered], wanted)
    names = [line.strip() for line in lines]
    if names[0].casefold() in {*CLASS_NAMES, "name", "names"}:
        names = names[1:]
    first = 0 if 0 in wanted else 1
    if first and max(wanted) != len(names):
        return {}
    return _checked(list(enumerate(names, start=first)), wanted)


def _of_rows(rows: Sequence[Sequence[str]], wanted: set[int]) -> dict[int, str]:
    """Read a number and a name in each row."""
    width = min(_MOST_COLUMNS, max(map(len, rows)))
    columns = [[Table.cell(row, place) for row in rows] for place in range(width)]
    for numbers in columns:
        below = 0 if is_whole(numbers[0]) else 1  # perhaps below titles
        if len(rows) - below < 2 or not all(map(is_whole, numbers[below:])):
            continue
        order = sorted(columns, key=lambda column: not re.search("name|label|descr", column[0].casefold()))
        for names in order:
            pairs = [(int(float(number)), name) for number, name in zip(numbers[below:], names[below:], strict=True)]
            if found := _checked(pairs, wanted):
                return found
    return {}


def _checked(pairs: Sequence[tuple[int, str]], wanted: set[int]) -> dict[int, str]:
    """Give the pairs where each number and each name is there once, and every class has a name: no number, no file."""
    found = dict(pairs)
    whole = len(found) == len(pairs) == len({*found.values()}) and wanted <= found.keys()
    strange = any(not name or is_number(name) or PurePosixPath(name).suffix in SUFFIXES for name in found.values())
    return found if whole and not strange else {}


def name_classes(found: ImportPlan, tables: Iterable[tuple[PurePosixPath, Table]]) -> None:
    """Call classes that are only numbered by the names that another file of the source gives them."""
    named = names_for(found.counts(), tables)
    if named is None:
        return
    file, names = named
    if found.places.pop(PurePosixPath(file), None):
        found.skipped.append((file, "It says what the classes are called."))
    renamed = find_task(found.task).renamed
    found.places = {path: replace(place, label=renamed(place.label, names)) for path, place in found.places.items()}
    shown = [f"{number} is {name}" for number, name in sorted(names.items(), key=lambda one: float(one[0]))]
    found.notes.append(f"The names of the classes come from {file}: {listed(shown)}.")
    found.questions = [each for each in found.questions if not each.sentence.endswith(AMOUNTS)]
