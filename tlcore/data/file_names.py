"""Which file a cell of a table names.

It knows how paths are spelt: by other systems, by browsers, in clouds and by spreadsheets. It does not know tables.

Tables name files from where they lie, from the top or from a place on another machine; the end of the path tells. Names
compare as file names do, without regard to case and Unicode form. What is spelt exactly so goes before everything else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from unicodedata import normalize

from tlcore.data.annotations import without_upload_mark
from tlcore.data.path_spellings import MOST_DIGITS, compatible, folded, number_of, readings, split_suffix
from tlcore.data.value_kinds import part_in
from tlcore.modalities import SUFFIXES

_HERE = PurePosixPath()


@dataclass(frozen=True)
class Match:
    """The file that a cell names.

    Attributes:
        file: None where no file fits, or several fit equally well.
        fit: How many folders of its path agree with what the cell says.
        how: What had to be overlooked: "exact", "case", "form" (of Unicode), "url", "query", "percent-encoded",
            "upload mark", "suffix", "leading zeros" or "number"; without a file, "none" or "several".
    """

    file: PurePosixPath | None
    fit: int = 0
    how: str = "none"

    @property
    def several(self) -> bool:
        return self.how == "several"


_NONE = Match(None)


@dataclass(frozen=True)
class ColumnMatches:
    """The files that the cells of one column name."""

    matches: dict[str, Match]

    def find(self, text: str) -> Match:
        return self.matches.get(text, _NONE)

    @property
    def files(self) -> list[str]:
        """The different cells that name a file."""
        return [text for text, match in self.matches.items() if match.file is not None]

    def note(self) -> str:
        """Say what was overlooked that a person should know; empty where nothing was."""
        examples: dict[str, tuple[str, str]] = {}
        for text, match in self.matches.items():
            if match.file is not None:
                examples.setdefault(match.how, (text.strip(), match.file.name))
        counts = Counter(match.how for match in self.matches.values() if match.file is not None)
        told = []
        if counts["leading zeros"] or counts["number"]:
            text, file = examples.get("leading zeros") or examples["number"]
            told.append(
                f"A spreadsheet changed {counts['leading zeros'] + counts['number']:,} names into numbers, such as "
                f"'{text}' for {file}; they were matched by their number."
            )
        if counts["suffix"]:
            text, file = examples["suffix"]
            told.append(f"{counts['suffix']:,} names have another suffix or none, such as '{text}' for {file}.")
        return " ".join(told)


class FileIndex:
    """Files that can be found by what a table says of them."""

    def __init__(self, paths: Sequence[PurePosixPath]) -> None:
        self._exact: dict[str, PurePosixPath] = {str(path): path for path in paths}
        self._named: dict[str, list[PurePosixPath]] = defaultdict(list)
        self._stems: dict[str, list[PurePosixPath]] = defaultdict(list)
        self._wide: dict[str, list[PurePosixPath]] | None = None
        self._numbers: dict[int, list[PurePosixPath]] | None = None
        for text, path in self._exact.items():
            name = folded(text.rpartition("/")[2])
            self._named[name].append(path)
            self._stems[split_suffix(name)[0]].append(path)

    def find(self, text: str, folder: PurePosixPath = _HERE) -> Match:
        """Find the one file that a cell of a table in `folder` names."""
        best = _NONE
        for how, parts in readings(text):
            match = self._find(parts, folder, how) if parts else _NONE
            if match.file is not None:
                # Decoded, more folders may agree.
                best = match if best.file is None or match.fit > best.fit else best
                if "%" not in text:
                    break
            elif match.several and best.file is None:
                best = match
        return best

    def match_column(self, cells: Iterable[str], folder: PurePosixPath = _HERE, part: str = "") -> ColumnMatches:
        """Find the files that a whole column names; only so it shows that a spreadsheet made numbers of the names.

        Args:
            cells: Of the column.
            folder: Of the table.
            part: Of the split, as the table's name says it: of several files, that in a folder of this part counts.
        """
        counted = Counter(cell for cell in cells if cell.strip())
        matches = {cell: self.find(cell, folder) for cell in counted}
        if part and any(match.several for match in matches.values()):
            inside = self._in_part(part)
            again = {cell: inside.find(cell, folder) for cell, match in matches.items() if match.several}
            matches |= {cell: match for cell, match in again.items() if match.file is not None}
        missing = [cell for cell, match in matches.items() if match.how == "none"]
        if missing and (by_number := self._by_number(counted, missing, folder)):
            matches |= by_number
        return ColumnMatches(matches)

    def _in_part(self, part: str) -> FileIndex:
        folders = {path.parent for path in self._exact.values()}
        of_part = {folder for folder in folders if any(part_in(name)[0] == part for name in folder.parts)}
        return FileIndex([path for path in self._exact.values() if path.parent in of_part])

    def _find(self, parts: Sequence[str], folder: PurePosixPath, how: str) -> Match:
        if not folder.parts and (exact := self._exact.get("/".join(parts))):
            return Match(exact, len(parts) - 1, how)
        name = parts[-1]
        for overlooked, files in self._candidates(name):
            if files:
                return _chosen(files, parts, folder, overlooked or how)
        return _NONE

    def _candidates(self, name: str) -> Iterator[tuple[str, Sequence[PurePosixPath]]]:
        yield "", self._named.get(folded(name), ())
        yield "suffix", self._other_suffix(name)
        bare = without_upload_mark(name)
        if bare != name:
            yield "upload mark", self._named.get(folded(bare), ())
            yield "suffix", self._other_suffix(bare)
        if not name.isascii():
            yield "form", self._by_wide_name().get(compatible(name), ())

    def _other_suffix(self, name: str) -> Sequence[PurePosixPath]:
        """Files that have the name but for the suffix, which may be missing or another item's."""
        name = folded(name)
        if found := self._stems.get(name):
            return found
        stem, suffix = split_suffix(name)
        if suffix not in SUFFIXES:
            return ()
        return [file for file in self._stems.get(stem, ()) if file.suffix.casefold() in SUFFIXES]

    def _by_wide_name(self) -> dict[str, list[PurePosixPath]]:
        if self._wide is None:
            self._wide = defaultdict(list)
            for files in self._named.values():
                for file in files:
                    self._wide[compatible(file.name)].append(file)
        return self._wide

    def _by_number(self, counted: Counter[str], missing: Sequence[str], folder: PurePosixPath) -> dict[str, Match]:
        """Match by number what a spreadsheet made numbers of; nothing where the column or the files say otherwise."""
        numbers = {cell: number_of(cell) for cell in counted}
        # Zeros that are still there were not dropped; a number in powers of ten may stand for several.
        kept = any(
            len(cell.strip()) > 1 and cell.strip().startswith("0") and cell.strip().isdigit() for cell in counted
        )
        if kept or any(number is None for number in numbers.values()):
            return {}
        if self._numbers is None:
            self._numbers = defaultdict(list)
            for stem, files in self._stems.items():
                if stem.isascii() and stem.isdigit() and len(stem) <= MOST_DIGITS:
                    self._numbers[int(stem)] += files
        found = {}
        for cell in missing:
            number = numbers[cell]
            files = self._numbers.get(number, []) if number is not None else []
            if files and ("E" not in cell.upper() or counted[cell] == 1):
                padded = any(file.stem != str(number) for file in files)
                how = "leading zeros" if padded else "number"
                found[cell] = _chosen(files, (str(number),), folder, how)
        widths = {len(match.file.stem) for match in found.values() if match.file and match.how == "leading zeros"}
        taken = Counter(match.file for match in found.values() if match.file)
        whole = 2 * sum(match.file is not None for match in found.values()) >= len(missing)
        return found if len(widths) < 2 and whole and max(taken.values(), default=0) < 2 else {}


# === Which of several ===


def _chosen(files: Sequence[PurePosixPath], parts: Sequence[str], folder: PurePosixPath, how: str) -> Match:
    """The file whose folders agree best, in any spelling; else the one that is spelt exactly so."""
    if len(files) > 1:
        full = (*folder.parts, *parts)
        for judge in (_loosely, _exactly):
            fits = {file: judge(file, parts, full) for file in files}
            best = max(fits.values())
            files = [file for file in files if fits[file] == best]
        if len(files) > 1:
            return Match(None, 0, "several")
    file, name = files[0], parts[-1].strip()
    if how == "exact" and file.name != name:
        how = "case" if normalize("NFC", file.name).casefold() == name.casefold() else "form"
    return Match(file, _agreeing(file, parts, folded), how)


def _loosely(file: PurePosixPath, parts: Sequence[str], full: Sequence[str]) -> tuple[int, int]:
    return _agreeing(file, parts, folded), _agreeing(file, full, folded)


def _exactly(file: PurePosixPath, parts: Sequence[str], full: Sequence[str]) -> tuple[bool, bool, int, int]:
    return str(file) == "/".join(parts), file.name == parts[-1], _agreeing(file, parts, str), _agreeing(file, full, str)


def _agreeing(file: PurePosixPath, parts: Sequence[str], spelling: Callable[[str], str]) -> int:
    count = 0
    for ours, theirs in zip(reversed(file.parts[:-1]), reversed(parts[:-1]), strict=False):
        if spelling(ours) != spelling(theirs):
            break
        count += 1
    return count
