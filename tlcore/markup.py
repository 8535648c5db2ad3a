"""Escapes user text, such as a class name or a file name, so that it is shown as it is.

It knows what Markdown, charts and spreadsheets take for more than text. It does not know who shows the text.
"""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile(r"\r\n|[\n\r\t\v\f\x1c-\x1f\x85\u2028\u2029]")
# Marks that turn the direction of what follows: a name must not mirror the sentence around it.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Only what Markdown would read is marked, so that a sentence stays a sentence in the source as well.
_MARKED = re.compile(
    r"[\\`*\[\]~$<>|#]"  # code, emphasis, links and items, formulas, HTML, tables, headings
    r"|:(?=\S)|^:"  # directives
    r"|&(?=#?\w+;)"  # `&lt;`
    r"|^\0?[-+=]|(?<=\d)[.)](?=\s|$)"  # lists, lines below headings, quotes
)
_UNDERSCORES = re.compile(r"_+")
# These are found in the text after Markdown was read, where no backslash holds them off: addresses, shortcodes of emoji
# and icons, typographic arrows. The two sides of each place are kept apart.
_JOINTS = re.compile(
    r"(?<=:)(?=//|material/|[\w+-]+(?::|$))"
    r"|(?<=\b[wW]{3})(?=\.)"
    r"|(?<=@)(?=[\w-])"
)
_ARROWS = re.compile(r"(?<!\S)[<>~=-]{2,}(?!\S)")
APART = "\0"  # until it is known what keeps them apart; no line has one
NO_BREAK = "\u00a0"


def one_line(text: object) -> str:
    """The text in one line: ends of lines are spaces, what cannot be shown is a replacement character."""
    line = _LINE_ENDS.sub(" ", str(text))
    return line if line.isascii() and line.isprintable() else "".join(_visible(letter) for letter in line)


def lines(text: object) -> str:
    """The text with its lines kept and nothing in it that would steer a terminal."""
    return "\n".join(one_line(line) for line in str(text).split("\n"))


def markdown(text: object, *, apart: str = "<!-- -->") -> str:
    """The text for Markdown: no emphasis, link, item, heading, list, HTML or formula comes of it.

    `apart` is what keeps the two sides of an address or shortcode from being read as one; it must show nothing.
    """
    line = _ARROWS.sub(lambda found: APART.join(found[0]), _JOINTS.sub(APART, one_line(text)))
    line = _MARKED.sub(r"\\\g<0>", line)
    line = _UNDERSCORES.sub(lambda found: _underscores(line, found), line)
    return _outer_spaces(line).replace(APART, apart)


def chart_text(text: object) -> str:
    """The text for Plotly, which reads some HTML, TeX between dollars, and `%{…}` in templates."""
    line = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return line.replace("$", "&#36;").replace("%{", "&#37;{")


def _visible(letter: str) -> str:
    hidden = letter in _TURNS or unicodedata.category(letter) in {"Cc", "Cs"}
    return "\ufffd" if hidden else letter


def _underscores(line: str, found: re.Match[str]) -> str:
    """Between letters they are no emphasis: `image_size` stays as it is."""
    before, after = line[: found.start()][-1:], line[found.end() :][:1]
    return found[0] if before.isalnum() and after.isalnum() else "\\_" * len(found[0])


def _outer_spaces(line: str) -> str:
    """Spaces at the ends stay, and do not break: four of them would make a code block."""
    inner = line.strip()
    before, _, after = line.partition(inner) if inner else (line, "", "")
    return before.replace(" ", NO_BREAK) + inner + after.replace(" ", NO_BREAK)
