"""Text from bytes whose encoding nobody states: tables, and the names in an archive or a folder.

It knows encodings. It does not know tables or archives.

A byte-order mark decides, then valid UTF-8; what is left is a guess. Every encoding that can read the bytes is rated by
how likely its text is (`alphabets`); on long texts charset-normalizer, which knows more languages, is asked as well. A
guess is marked as one and comes with the alternatives, so that a person can choose another.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from charset_normalizer import from_bytes

from tlcore.data.alphabets import bits
from tlcore.errors import DataError

# What a person calls an encoding, and how much (in bits) speaks against it from the start. The second number is for
# names: archives of Windows programs have the names of the console, tables have those of the windows.
_NAMES = {
    "utf-8": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16, little-endian", "utf-16-be": "UTF-16, big-endian",
    "utf-32": "UTF-32", "ascii": "ASCII", "iso2022_jp": "Japanese (ISO-2022-JP)", "cp932": "Shift-JIS (cp932)",
    "euc_jp": "Japanese (EUC-JP)", "gbk": "Simplified Chinese (GBK)", "gb18030": "Simplified Chinese (GB18030)",
    "big5": "Traditional Chinese (Big5)", "cp950": "Traditional Chinese (cp950)",
    "big5hkscs": "Traditional Chinese (Big5-HKSCS)", "cp949": "Korean (cp949)",
    "cp1252": "Western European (cp1252)", "cp850": "Western European, DOS (cp850)", "cp437": "DOS (cp437)",
    "mac_roman": "Western European, Macintosh (mac_roman)", "cp1250": "Central European (cp1250)",
    "cp852": "Central European, DOS (cp852)", "iso8859_2": "Central European (ISO-8859-2)",
    "cp1251": "Cyrillic (cp1251)", "cp866": "Cyrillic, DOS (cp866)", "koi8_r": "Cyrillic (KOI8-R)",
    "koi8_u": "Cyrillic (KOI8-U)", "cp1253": "Greek (cp1253)", "cp737": "Greek, DOS (cp737)",
    "cp1254": "Turkish (cp1254)", "cp857": "Turkish, DOS (cp857)", "cp1255": "Hebrew (cp1255)",
    "cp862": "Hebrew, DOS (cp862)", "cp1256": "Arabic (cp1256)", "cp720": "Arabic, DOS (cp720)",
    "cp1257": "Baltic (cp1257)", "cp775": "Baltic, DOS (cp775)", "cp1258": "Vietnamese (cp1258)",
    "cp874": "Thai (cp874)", "iso8859_15": "Western European (ISO-8859-15)", "latin_1": "Latin-1",
}  # fmt: skip
_PRIORS = {
    "cp932": (0, 0), "gbk": (0, 0), "gb18030": (1, 1), "big5": (1, 1), "cp950": (2, 2), "big5hkscs": (4, 4),
    "cp949": (1, 1), "euc_jp": (5, 8), "cp1252": (0, 1), "cp850": (4, 1), "cp437": (8, 4), "mac_roman": (6, 5),
    "cp1250": (2, 4), "cp852": (6, 3), "iso8859_2": (5, 6), "cp1251": (0, 1), "cp866": (4, 1), "koi8_r": (4, 6),
    "koi8_u": (6, 8), "cp1253": (2, 3), "cp737": (6, 3), "cp1254": (2, 4), "cp857": (7, 4), "cp1255": (3, 4),
    "cp862": (7, 4), "cp1256": (3, 4), "cp720": (7, 4), "cp1257": (4, 5), "cp775": (8, 6), "cp1258": (8, 9),
    "cp874": (3, 3), "iso8859_15": (6, 6),
}  # fmt: skip
# Another name of the same; the way that people write it.
_ALIASES = {
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "ms932": "cp932", "windows-31j": "cp932",
    "gb2312": "gbk", "euc_kr": "cp949", "euc-kr": "cp949", "iso8859-1": "cp1252", "latin-1": "cp1252",
    "latin1": "cp1252", "iso-8859-1": "cp1252", "ansi": "cp1252", "utf-8-sig": "utf-8",
}  # fmt: skip
_NO_ENCODINGS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# These bytes are never the second half of a character: pieces between them can be decoded one by one.
_PIECE = re.compile(rb"[^\x00-\x2f:;<=>?]*[\x80-\xff][^\x00-\x2f:;<=>?]*")
_MOST_BYTES_RATED = 16_000
_MOST_BYTES_OF_PIECE = 400
_MOST_BYTES_TRIED = 8 * 10**6
_LONG_ENOUGH = 400
_IMPLAUSIBLE_BITS = 11.0
_MOST_SHOWN = 8


@dataclass(frozen=True)
class Decoded:
    """Text that was decoded.

    Attributes:
        text: All of it; of the names in an archive, a sample with one name on each line.
        encoding: What a person calls the encoding.
        codec: What Python calls it; give this to choose it.
        guessed: Whether neither a mark in the bytes, nor valid UTF-8, nor a person says that it is this encoding.
        alternatives: Other codecs that can read the bytes, the likeliest first.
    """

    text: str
    encoding: str
    codec: str
    guessed: bool = False
    alternatives: tuple[str, ...] = ()


def encoding_name(codec: str) -> str:
    """What a person calls an encoding."""
    return _NAMES.get(codec, codec)


def encoding_names() -> dict[str, str]:
    """Every encoding that can be offered for a choice: the codec, and what a person calls it."""
    offered = ("utf-8", *_PRIORS, "utf-16-le", "utf-16-be")
    return {codec: _NAMES[codec] for codec in offered}


def canonical(encoding: str) -> str:
    """The codec of an encoding that a person names.

    Raises:
        DataError: There is no such encoding.
    """
    wanted = encoding.strip().casefold().replace(" ", "-")
    wanted = _ALIASES.get(wanted, wanted)
    try:
        found = codecs.lookup(wanted).name
        b"ab".decode(found, errors="replace")  # refused where it is a packing, such as hex
    except (LookupError, ValueError) as error:
        raise DataError(_no_encoding(encoding)) from error
    if found.replace("-", "_") in _NO_ENCODINGS:
        raise DataError(_no_encoding(encoding))
    found = {codecs.lookup(codec).name: codec for codec in _NAMES}.get(found, found)
    return _ALIASES.get(found, found)


def _no_encoding(encoding: str) -> str:
    return (
        f"The name of a text encoding is needed. '{encoding}' is none that is known here. Examples are utf-8, cp1252, "
        "cp932 (Shift-JIS), gbk, big5 and cp1251."
    )


def decode(content: bytes, encoding: str | None = None) -> Decoded:
    """Decode a text; `encoding` is what a person chose.

    Raises:
        DataError: The chosen encoding is not known, or does not fit.
    """
    if encoding:
        return _chosen(content, canonical(encoding))
    for mark, codec in _MARKS:
        if content.startswith(mark):
            text, damaged = _lenient(content, "utf-8-sig" if codec == "utf-8" else codec)
            return Decoded(text, _NAMES[codec], codec, damaged)
    if wide := _utf_16(content):
        return Decoded(content.decode(wide), _NAMES[wide], wide, True, ranked(content, but=wide))
    return _unmarked(content, names=False)


def decode_names(names: Sequence[bytes], encoding: str | None = None) -> tuple[list[str], Decoded]:
    """Decode names that one program wrote: all with one codec, and different names stay different.

    Raises:
        DataError: The chosen encoding is not known, or does not fit.
    """
    if encoding:
        codec = canonical(encoding)
        texts = [_fitting(name, codec) for name in names]
        found = Decoded("", encoding_name(codec), codec, False, ranked(b"\n".join(names), but=codec, names=True))
    else:
        found = _unmarked(b"\n".join(names), names=True)
        texts = [_lenient(name, found.codec)[0] for name in names]
    telling = [text for name, text in zip(names, texts, strict=True) if not name.isascii()]
    by_folder = {text.rpartition("/")[0] or text: text for text in reversed(telling or texts)}  # one of each folder
    sample = "\n".join([*reversed(by_folder.values())][:_MOST_SHOWN])
    return _kept_apart(names, texts), replace(found, text=sample)


def _kept_apart(names: Sequence[bytes], texts: list[str]) -> list[str]:
    """Mark names of which a codec makes the same text: some characters have two codes in Shift-JIS."""
    if len(set(texts)) == len(set(names)):
        return texts
    owner: dict[str, bytes] = {}
    kept = []
    for name, text in zip(names, texts, strict=True):
        path, free, number = PurePosixPath(text), text, 1
        while owner.setdefault(free, name) != name:
            number += 1
            free = text[: len(text) - len(path.suffix)] + f"~{number}{path.suffix}"
        kept.append(free)
    return kept


def _chosen(content: bytes, codec: str) -> Decoded:
    text = _fitting(content, codec)
    return Decoded(text.removeprefix("\ufeff"), encoding_name(codec), codec, False, ranked(content, but=codec))


def _fitting(content: bytes, codec: str) -> str:
    text = _strict(content, codec)
    if text is None:
        raise DataError(
            f"An encoding that fits is needed. {encoding_name(codec)} cannot read this text. Choose another encoding."
        )
    return text


def _unmarked(content: bytes, *, names: bool) -> Decoded:
    if content.isascii():
        if b"\x1b$" in content and (text := _strict(content, "iso2022_jp")) is not None:
            return Decoded(text, _NAMES["iso2022_jp"], "iso2022_jp", True, ("utf-8",))
        return Decoded(content.decode("ascii"), _NAMES["utf-8"], "utf-8")
    if (text := _strict(content, "utf-8")) is not None:
        return Decoded(text, _NAMES["utf-8"], "utf-8", False, ranked(content, but="utf-8", names=names))
    codecs_ = ranked(content, names=names)
    if _mostly_utf_8(content):
        return Decoded(_lenient(content, "utf-8")[0], _NAMES["utf-8"], "utf-8", True, codecs_)
    for place, codec in enumerate(codecs_):
        if (text := _strict(content, codec)) is not None:
            return Decoded(text, _NAMES[codec], codec, True, (*codecs_[:place], *codecs_[place + 1 :]))
    return Decoded(content.decode("latin_1"), _NAMES["latin_1"], "latin_1", True)


def ranked(content: bytes, *, but: str = "", names: bool = False) -> tuple[str, ...]:
    """Every codec that can read the bytes, the likeliest first."""
    if content.isascii():
        return ()
    tried = content[:_MOST_BYTES_TRIED] if len(content) > _MOST_BYTES_TRIED else content
    if tried is not content:
        tried = tried[: tried.rfind(b"\n") + 1] or tried
    pieces = _telling(tried)
    rated = {}
    for codec, priors in _PRIORS.items():
        words = _words(pieces, codec) if codec != but else []
        if words and _strict(tried, codec) is not None:
            rated[codec] = bits(words, codec) + priors[names]
    found = sorted(rated, key=lambda codec: rated[codec])
    length = sum(map(len, pieces))
    if found and length >= _LONG_ENOUGH and rated[found[0]] / length > _IMPLAUSIBLE_BITS / 2:
        found = _asked_elsewhere(b"\n".join(pieces), found)
    wide = [] if names or len(content) % 2 else [codec for codec in ("utf-16-le", "utf-16-be") if codec != but]
    wide = [codec for codec in wide if _strict(tried[: len(tried) // 2 * 2], codec) is not None]
    utf_8 = ["utf-8"] if but not in {"", "utf-8"} and _strict(tried, "utf-8") is not None else []
    return (*utf_8, *found, *wide)


def _telling(content: bytes) -> list[bytes]:
    """Different pieces with bytes beyond ASCII, from all over the text, as many as are worth rating."""
    pieces = list(dict.fromkeys(match[0] for match in _PIECE.finditer(content)))
    pieces = [piece[:_MOST_BYTES_OF_PIECE] for piece in pieces]
    total = sum(map(len, pieces))
    return pieces[:: max(1, -(-total // _MOST_BYTES_RATED))]


def _words(pieces: Sequence[bytes], codec: str) -> list[str]:
    """Decode every piece, but for half a character at its end; nothing where one of them cannot be."""
    decoder = codecs.getincrementaldecoder(codec)
    try:
        return [decoder().decode(piece) for piece in pieces]
    except UnicodeError:
        return []


def _asked_elsewhere(sample: bytes, found: list[str]) -> list[str]:
    """Put the choice of charset-normalizer first, where no language that is known here fits."""
    best = from_bytes(sample, cp_isolation=found, enable_fallback=False).best()
    choice = best.encoding if best is not None else ""
    return sorted(found, key=lambda codec: codec != choice)


def _strict(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _lenient(content: bytes, codec: str) -> tuple[str, bool]:
    """Decode, and write bytes that do not belong there as their number, so that nothing is lost or becomes the same."""
    text = _strict(content, codec)
    return (text, False) if text is not None else (content.decode(codec, errors="backslashreplace"), True)


def _mostly_utf_8(content: bytes) -> bool:
    """Whether it is UTF-8 with a few damaged places, as files that were put together from several are."""
    text = content.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    whole = sum(not letter.isascii() for letter in text) - damaged
    return whole >= 20 * damaged


def _utf_16(content: bytes) -> str:
    """UTF-16 without a mark: separators and line ends have a byte that is zero, always on the same side."""
    some = content[: _MOST_BYTES_RATED * 4]
    if len(content) % 2 or len(content) < 4 or b"\0" not in some:
        return ""
    even, odd = some[::2].count(0), some[1::2].count(0)
    codec = "utf-16-be" if even > odd else "utf-16-le"
    if min(even, odd) * 10 > max(even, odd) or max(even, odd) * 20 < len(some) // 2:
        return ""
    return codec if _strict(content, codec) is not None else ""
