"""The ways in which a table, a browser, a cloud or a spreadsheet spells the place of a file.

It knows texts. It does not know which files there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import normalize
from urllib.parse import parse_qsl, unquote

_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]+):/{1,3}", re.IGNORECASE)  # a drive has one letter only
_NO_NAMES = {"", ".", ".."}
_ODD_STARTS = {"?", "UNC", "."}  # of \\?\C:\… and \\?\UNC\server\share
_QUOTES = "\"'`“”„‘’«»"
_INTEGER = re.compile(r"(\d+)(?:\.0+)?")
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})")
MOST_DIGITS = 40
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")


def number_of(cell: str) -> int | None:
    """The whole number that a spreadsheet wrote: `7`, `7.0` or `1.2E+05`; None for any other text."""
    text = cell.strip()
    if match := _INTEGER.fullmatch(text):
        return int(match[1]) if len(match[1]) <= MOST_DIGITS else None
    if match := _SCIENTIFIC.fullmatch(text):
        digits, power = match[1] + (match[2] or ""), int(match[3])
        return int(digits.ljust(power + 1, "0")) if len(digits) <= power + 1 <= 18 else None
    return None


def folded(name: str) -> str:
    """One spelling for names that a file system may take for the same: of any case and any Unicode form."""
    return name.strip().lower() if name.isascii() else _folded(name)


@lru_cache(4096)
def _folded(name: str) -> str:
    return normalize("NFC", normalize("NFD", normalize("NFD", name).casefold())).strip()


def split_suffix(name: str) -> tuple[str, str]:
    """A folded name's stem and suffix, as `PurePosixPath` has them."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, f".{suffix}") if stem and suffix and dot else (name, "")


def compatible(name: str) -> str:
    return normalize("NFKC", normalize("NFKC", name).casefold())


def readings(text: str) -> Iterator[tuple[str, list[str]]]:
    """The paths that a cell may mean, the most literal first, each with what had to be done for it."""
    plain = text.strip()
    yield "exact", _parts(plain)
    bare = plain.strip(_QUOTES).strip()
    if bare != plain:
        yield "exact", _parts(bare)
    if bare.isalnum():
        return
    address = _ADDRESS.match(bare)
    if address:
        bare = bare[address.end() :]
    path, _, query = bare.partition("#")[0].partition("?")
    if address or "/?" in bare or query:
        yield "url", _parts(path)
    yield from _decoded(path if address else bare)
    if query:
        if not address:
            yield from _decoded(path)
        for _, value in parse_qsl(query) if "." in query else ():
            if "." in value:
                yield "query", _parts(value)


def _decoded(path: str) -> Iterator[tuple[str, list[str]]]:
    """Without percent-encoding; twice, since some programs encode what is encoded."""
    for _ in range(2):
        if not _PERCENT.search(path):
            break
        path = _unquoted(path)
        yield "percent-encoded", _parts(path)
    if "+" in path:
        yield "percent-encoded", _parts(_unquoted(path.replace("+", " ")))


def _unquoted(path: str) -> str:
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return unquote(path, encoding="cp1252", errors="replace")


def _parts(path: str) -> list[str]:
    parts = [part for part in path.replace("\\", "/").split("/") if part.strip() not in _NO_NAMES]
    while parts and (parts[0] in _ODD_STARTS or (len(parts[0]) == 2 and parts[0][1] == ":")):
        parts = parts[1:]
    return parts
