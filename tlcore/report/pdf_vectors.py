"""Charts of matplotlib as vectors of ReportLab.

It knows both. It does not know what is drawn.
"""

from __future__ import annotations

from typing import Any

from matplotlib.backend_bases import RendererBase
from matplotlib.path import Path
from reportlab.graphics.shapes import Group, String
from reportlab.graphics.shapes import Path as Shape
from reportlab.lib.colors import Color

from tlcore.markup import one_line
from tlcore.report.fonts import PLAIN, font_of, fonts


class Vectors(RendererBase):
    """Draws into `group`, in points from the lower left corner.

    Everything that matplotlib draws comes down to paths and words; words keep the letters that its own font lacks.
    """

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        fonts()
        self.group = Group()
        self._size = width, height

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self._size

    def flipy(self) -> bool:
        return False

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:  # noqa: N803
        dashes = gc.get_dashes()[1]
        shape = Shape(
            fillColor=_colour(rgbFace, gc),
            strokeColor=_colour(gc.get_rgb(), gc) if gc.get_linewidth() else None,
            strokeWidth=gc.get_linewidth(),
            strokeDashArray=None if dashes is None else [float(each) for each in dashes],
        )
        for points, code in path.iter_segments(transform):
            places = [float(each) for each in points]
            if code == Path.MOVETO:
                shape.moveTo(*places)
            elif code == Path.CURVE4:
                shape.curveTo(*places)
            elif code == Path.CLOSEPOLY:
                shape.closePath()
            else:
                shape.lineTo(*places[-2:])
        self.group.add(shape)

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        text = one_line(s).translate(PLAIN)
        word = String(0, 0, text, fontSize=prop.get_size_in_points(), fontName=font_of(text))
        word.fillColor = _colour(gc.get_rgb(), gc)
        placed = Group(word)
        placed.translate(float(x), float(y))
        placed.rotate(float(angle))
        self.group.add(placed)


def _colour(rgba: Any, gc: Any) -> Color | None:
    """A colour of matplotlib; None where nothing of it is seen."""
    if rgba is None:
        return None
    red, green, blue, *alpha = (float(each) for each in rgba)
    seen = float(gc.get_alpha()) if gc.get_forced_alpha() or not alpha else alpha[0]
    return Color(red, green, blue, seen) if seen else None
