"""How a column writes its numbers: which sign stands before the fraction, and which one separates thousands.

It knows texts. It does not know tables. `12,5` is 12.5, `1.234,5` and `1 234,5` are 1234.5; a column of nothing but
`1,234` may be either, so that somebody has to say which.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass

POINT, COMMA = "point", "comma"
SIGNS = {POINT: ".", COMMA: ","}
# What stands where there is no number.
MISSING = frozenset({"", "nan", "na", "n/a", "#n/a", "null", "none", "nil", "-", "--", "?", "missing", "unknown"})
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ '\u00a0\u2009\u202f\u2019](?=\d{3}(?!\d))")
_NUMBER = {
    sign: re.compile(
        rf"[+-]?(?:\d{{1,3}}(?:{other}\d{{3}})+(?:{own}\d*)?|\d+(?:{own}\d*)?|{own}\d+)(?:[eE][+-]?\d{{1,3}})?"
    )
    for sign, own, other in ((POINT, r"\.", ","), (COMMA, ",", r"\."))
}
_GROUPED = {mark: re.compile(rf"[+-]?[1-9]\d{{0,2}}{re.escape(mark)}\d{{3}}") for mark in ".,"}
_MOST_EXAMPLES = 2000


@dataclass(frozen=True)
class NumberFormat:
    """What was found of a column.

    Attributes:
        decimal: The sign before a fraction: `POINT` or `COMMA`.
        doubtful: A value that is another number by the other sign; empty where the sign is certain.
        comma: A value with a comma, to say how it is read; empty where there is none.
    """

    decimal: str = POINT
    doubtful: str = ""
    comma: str = ""


def read_number(text: str, decimal: str = POINT) -> float | None:
    """Read a number; None where the text is none. Of a single sign that cannot separate thousands, either is read."""
    plain = _plain(text)
    for sign in (decimal, COMMA if decimal == POINT else POINT):
        if _NUMBER[sign].fullmatch(plain):
            other = SIGNS[COMMA if sign == POINT else POINT]
            value = float(plain.replace(other, "").replace(SIGNS[sign], "."))
            return value if math.isfinite(value) else None
    return None


def is_missing(text: str) -> bool:
    """Tell whether a cell says that there is no number."""
    return text.strip().casefold() in MISSING


def find_format(values: Collection[str]) -> NumberFormat:
    """Find the sign before the fraction by what only one reading allows."""
    texts = [plain for text in values if (plain := _plain(text))]
    comma = next((text for text in texts if "," in text), "")
    votes = {sign for text in texts if (sign := _vote(text))}
    if len(votes) == 1:
        return NumberFormat(votes.pop(), comma=comma)
    grouped = {mark: [text for text in texts if _GROUPED[mark].fullmatch(text)] for mark in ".,"}
    # A number of four digits or more without a mark: thousands are not separated here.
    if any(re.fullmatch(r"[+-]?\d{4,}", text) for text in texts):
        return NumberFormat(COMMA if grouped[","] and not grouped["."] else POINT, comma=comma)
    if grouped[","]:
        return NumberFormat(POINT, doubtful=grouped[","][0], comma=comma)
    # 1.234 beside 950: three decimals in all of them would be a habit, in some of them they are thousands.
    if grouped["."] and not votes and len(grouped["."]) < len(texts):
        return NumberFormat(POINT, doubtful=grouped["."][0], comma=comma)
    return NumberFormat(POINT, comma=comma)


def _vote(text: str) -> str:
    """Tell which sign a number must have before its fraction; empty where either is possible, or none is needed."""
    commas, points = text.count(","), text.count(".")
    if not commas and not points:
        return ""
    if commas and points:
        return COMMA if text.rfind(",") > text.rfind(".") else POINT
    mark, other, times = (",", POINT, commas) if commas else (".", COMMA, points)
    if times > 1:
        return other
    return "" if _GROUPED[mark].fullmatch(text) else COMMA if commas else POINT


def _plain(text: str) -> str:
    """Write a number without blanks and apostrophes between its digits."""
    return _BETWEEN_DIGITS.sub("", text.strip()).replace("\u2212", "-")


def value_and_unit(title: str) -> tuple[str, str]:
    """Split the title of a column into the name of the value and a unit in brackets: `Weight (kg)`, `length [mm]`."""
    match = re.fullmatch(r"\s*(.+?)\s*(?:\(([^()\[\]]+)\)|\[([^()\[\]]+)\])\s*", title)
    return (match[1], (match[2] or match[3]).strip()) if match else (title.strip(), "")


def are_amounts(counts: Collection[str]) -> bool:
    """Tell whether nearly all of some different texts are numbers, and some have a fraction or separate thousands.

    A few may say something else, such as "broken": these rows are told of one by one.
    """
    given = [text for text in list(counts)[:_MOST_EXAMPLES] if not is_missing(text)]
    numbers = [value for text in given if (value := read_number(text)) is not None]
    if not numbers:
        return False
    written = any(mark in text for text in given for mark in ".,") or any(
        _BETWEEN_DIGITS.search(text) for text in given
    )
    enough = len(numbers) == len(given) or len(numbers) >= max(4, 0.9 * len(given))
    return enough and written
