"""Quotes a text as one word of a shell command, so that a person can copy and paste it.

It knows what shells read in a text. It does not know which options there are.
"""

from __future__ import annotations

import shlex

from tlcore.markup import one_line

_PLAIN = frozenset("-_./")
_READ_IN_DOUBLE_QUOTES = frozenset('"$`\\!%')


def quote(text: str, encoding: str = "utf-8") -> str:
    """Quote a text where a shell would read more in it than letters.

    Double quotes where they do, for Windows has no others. What a terminal of this encoding cannot show is written as
    escapes, which Bash, Zsh and POSIX.1-2024 know: a pasted replacement character would be another text.
    """
    if one_line(text) != text or not _has(encoding, text):
        return "$'" + "".join(map(_escaped, text.encode(errors="surrogateescape"))) + "'"
    if text and all(letter.isalnum() or letter in _PLAIN for letter in text):
        return text
    return shlex.quote(text) if _READ_IN_DOUBLE_QUOTES & set(text) else f'"{text}"'


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _escaped(byte: int) -> str:
    letter = chr(byte)
    return letter if " " <= letter <= "~" and letter not in "'\\!" else f"\\{byte:03o}"
