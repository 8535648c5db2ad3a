"""The fonts of a PDF: those that come with ReportLab, and those that every viewer brings.

It knows letters and ReportLab. It does not know what is written.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

# Characters that these fonts lack are looked for in those that every viewer of PDFs knows, by where they stand in
# Unicode: Greek, Cyrillic, kana and their punctuation, then Chinese, then Korean.
ELSEWHERE = (
    ("HeiseiKakuGo-W5", ((0x370, 0x52F), (0x2190, 0x2BFF), (0x3000, 0x30FF), (0xFF00, 0xFFEF))),
    ("STSong-Light", ((0x3400, 0x9FFF),)),
    ("HYSMyeongJo-Medium", ((0xAC00, 0xD7A3),)),
)
PLAIN = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0", "→": "to", "−": "-"})


def font_of(text: str) -> str:
    """The font that has the letters: our own, or one of those that a viewer brings."""
    for letter in text:
        for font, ranges in ELSEWHERE:
            if any(first <= ord(letter) <= last for first, last in ranges):
                return font
    return "Vera"


@cache
def fonts() -> None:
    """Make the fonts known: those that come with ReportLab are embedded, the others every viewer has."""
    import reportlab
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(reportlab.__file__).parent / "fonts"
    for name in ("Vera", "VeraBd"):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    for name, _ in ELSEWHERE:
        pdfmetrics.registerFont(UnicodeCIDFont(name))
