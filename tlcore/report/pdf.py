"""A report as a PDF: the same content on A4, its charts as vectors.

It knows documents and ReportLab. It does not know runs.
"""

from __future__ import annotations

from html import escape
from io import BytesIO
from typing import Any

from tlcore.markup import one_line
from tlcore.report.document import Block, Code, Document, Figure, Items, Section, Table, Text, said
from tlcore.report.drawing import INKS, POINTS, Drawing, any_letter
from tlcore.report.fonts import PLAIN, font_of, fonts

MARGIN = 54.0  # points
WIDTH = 595.3 - 2 * MARGIN
SHADE, ACCENT, WARNING = "#f4f6f8", "#2f7fc1", "#e08214"
ITEMS_IN_A_ROW = 6
SCALE = 0.85


def as_pdf(document: Document) -> bytes:
    """The whole file; the same document gives the same bytes."""
    from reportlab.platypus import SimpleDocTemplate, Spacer

    fonts()
    stream, styles = BytesIO(), _styles()
    template = SimpleDocTemplate(
        stream,
        pagesize=(595.3, 841.9),
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=document.title,
        author="Graft",
        subject=document.subtitle,
        invariant=1,
    )
    story: list[Any] = [_paragraph(document.title, styles["title"]), _paragraph(document.subtitle, styles["quiet"])]
    for section in document.sections:
        story += [Spacer(1, 10), *_section(section, styles)]
    template.build(story, onFirstPage=_numbered, onLaterPages=_numbered)
    return stream.getvalue()


def as_graphic(drawing: Drawing, *, most: float = WIDTH) -> Any:
    """A chart as ReportLab's own vectors, not wider than a page."""
    from reportlab.graphics.shapes import Drawing as Graphic

    from tlcore.report.pdf_vectors import Vectors

    width, height = (float(POINTS * side) for side in drawing.figure.get_size_inches())
    scale = min(SCALE, most / width)
    vectors = Vectors(width, height)
    with any_letter():
        drawing.figure.draw(vectors)
    vectors.group.scale(scale, scale)
    graphic = Graphic(width * scale, height * scale)
    graphic.add(vectors.group)
    return graphic


def _section(section: Section, styles: dict[str, Any]) -> list[Any]:
    from reportlab.platypus import KeepTogether

    flowing = [each for block in section.blocks for each in _block(block, styles)]
    # A headline never stands alone at the foot of a page.
    return [KeepTogether([_paragraph(section.title, styles["section"]), *flowing[:1]]), *flowing[1:]]


def _block(block: Block, styles: dict[str, Any]) -> list[Any]:
    from reportlab.platypus import KeepTogether, Spacer

    match block:
        case Text(text=text, tone=tone):
            return [_paragraph(text, styles[tone])]
        case Code(text=text):
            return [_paragraph(text, styles["code"])]
        case Table():
            return [*_table(block, styles), Spacer(1, 8)]
        case Items():
            return [_items(block, styles), Spacer(1, 8)]
        case Figure(drawing=None):
            return []
        case Figure(drawing=drawing, caption=caption) if drawing is not None:
            return [KeepTogether([as_graphic(drawing), _paragraph(caption, styles["quiet"]), Spacer(1, 8)])]
    return []


def _table(table: Table, styles: dict[str, Any]) -> list[Any]:
    from reportlab.lib import colors
    from reportlab.platypus import Table as Grid

    if not table.rows:
        return []
    rows = [[_paragraph(column.title, styles["head"]) for column in table.columns]]
    for row in table.rows[: table.most]:
        cells = [said(cell, column.kind) for cell, column in zip(row, table.columns, strict=True)]
        rows.append([_paragraph(cell, styles["cell"]) for cell in cells])
    grid = Grid(rows, colWidths=_widths(table), repeatRows=1, hAlign="LEFT")
    line = colors.HexColor(INKS["grid"])
    grid.setStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, line),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ]
    )
    left = len(table.rows) - table.most
    more = (
        [_paragraph(f"… and {left:,} rows more, in the CSV files of the report.", styles["quiet"])] if left > 0 else []
    )
    return [grid, *more]


def _widths(table: Table) -> list[float]:
    """As wide as what stands in a column; where that is too much, all give way alike."""
    shown = table.rows[: table.most]
    wanted = []
    for place, column in enumerate(table.columns):
        longest = max([len(said(row[place], column.kind)) for row in shown], default=0)
        word = max(len(word) for word in column.title.split())
        wanted.append(10 + max(4.2 * min(longest, 50), 5.3 * word))  # the head is bold
    return [width * min(1.0, WIDTH / sum(wanted)) for width in wanted]


def _items(block: Items, styles: dict[str, Any]) -> Any:
    from reportlab.platypus import Image
    from reportlab.platypus import Table as Grid

    side = WIDTH / ITEMS_IN_A_ROW
    cells = []
    for jpeg, caption in block.each:
        item = Image(BytesIO(jpeg))
        scale = (side - 8) / max(item.drawWidth, item.drawHeight)
        item.drawWidth, item.drawHeight = item.drawWidth * scale, item.drawHeight * scale
        cells.append([item, _paragraph(caption, styles["caption"])])
    cells += [[]] * (-len(cells) % ITEMS_IN_A_ROW)
    rows = [cells[start : start + ITEMS_IN_A_ROW] for start in range(0, len(cells), ITEMS_IN_A_ROW)]
    return Grid(rows, colWidths=[side] * ITEMS_IN_A_ROW, style=[("LEFTPADDING", (0, 0), (-1, -1), 0)])


def _paragraph(text: str, style: Any) -> Any:
    from reportlab.platypus import Paragraph

    return Paragraph(_marked_up(one_line(text).translate(PLAIN)), style)


def _marked_up(text: str) -> str:
    """Escaped, with the font named wherever it is another one."""
    parts: list[tuple[str, str]] = []
    for letter in text:
        font = font_of(letter)
        if parts and parts[-1][0] == font:
            parts[-1] = (font, parts[-1][1] + letter)
        else:
            parts.append((font, letter))
    return "".join(
        escape(words) if font == "Vera" else f'<font name="{font}">{escape(words)}</font>' for font, words in parts
    )


def _styles() -> dict[str, Any]:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    ink, quiet = (HexColor(INKS[name]) for name in ("ink", "quiet"))
    plain = ParagraphStyle("plain", fontName="Vera", fontSize=9, leading=13, textColor=ink, spaceAfter=5)
    boxed = {"backColor": HexColor(SHADE), "borderPadding": 4, "leftIndent": 6, "rightIndent": 6, "spaceBefore": 7}
    boxed |= {"borderWidth": 0.7, "spaceAfter": 10}
    bold = {"fontName": "VeraBd", "spaceAfter": 4}
    small = {"fontSize": 7.2, "leading": 9, "spaceAfter": 0}

    def of(name: str, **changes: Any) -> Any:
        return ParagraphStyle(name, parent=plain, **changes)

    return {
        "plain": plain,
        "title": of("title", **{**bold, "fontSize": 18, "leading": 22}),
        "section": of("section", **{**bold, "fontSize": 12.5, "leading": 16}),
        "quiet": of("quiet", textColor=quiet, fontSize=8, leading=11),
        "note": of("note", **boxed, borderColor=HexColor(ACCENT)),
        "warning": of("warning", **boxed, borderColor=HexColor(WARNING)),
        "code": of("code", **boxed, fontSize=8, leading=11, wordWrap="CJK"),  # may break anywhere
        "head": of("head", **{**bold, **small}),
        "cell": of("cell", **small),
        "caption": of("caption", textColor=quiet, **{**small, "fontSize": 6.5, "leading": 8}),
    }


def _numbered(canvas: Any, template: Any) -> None:
    canvas.saveState()
    canvas.setFont("Vera", 7.5)
    canvas.setFillGray(0.45)
    canvas.drawRightString(595.3 - MARGIN, MARGIN / 2, str(template.page))
    canvas.restoreState()
