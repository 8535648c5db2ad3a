"""Drawings as data: a few marks on a plane, which a page shows as SVG and a PDF as its own vectors.

It knows marks, axes and colours by what they are for. It does not know what is drawn. Positions are in points from the
upper left corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Anchor: TypeAlias = Literal["start", "middle", "end"]
# What a mark is for: light and dark pages give `ink`, `quiet` and `grid` other colours, the rest stays.
INKS = {"ink": "#1f2328", "quiet": "#6b7280", "grid": "#d5d9df"}
INKS_DARK = {"ink": "#e6e8eb", "quiet": "#9aa1ab", "grid": "#3a3f47"}
# The hues are Okabe and Ito's and Tol's, which stay apart for colour-blind eyes, at a lightness that can be read on
# white and on black.
TRAIN, VAL, TEST, WRONG = "#2f7fc1", "#e08214", "#1b9e83", "#d1495b"
COLOURS = (
    "#4477aa",
    "#ee7733",
    "#228855",
    "#cc4477",
    "#33a9cc",
    "#b39b1e",
    "#8866cc",
    "#a0623a",
    "#009988",
    "#dd5555",
    "#6b8e23",
    "#7788a0",
)


@dataclass(frozen=True)
class Line:
    """A line through points; `colour` is a hexadecimal one or one of `INKS`."""

    points: tuple[tuple[float, float], ...]
    colour: str = "ink"
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True)
class Box:
    """A filled rectangle; `says` is shown where a pointer rests on it."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    opacity: float = 1.0
    says: str = ""


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    colour: str
    radius: float = 3.0
    says: str = ""


@dataclass(frozen=True)
class Word:
    """A word whose `anchor` stands at `x`, on the line `y`."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    size: float = 9.0
    colour: str = "ink"
    upright: bool = False


Mark: TypeAlias = Line | Box | Dot | Word


@dataclass(frozen=True)
class Drawing:
    """Marks, the lowest first; `says` is what it shows, for those who cannot see it."""

    width: float
    height: float
    says: str
    marks: tuple[Mark, ...]


@dataclass
class Plane:
    """A plane with two axes, onto which values are put.

    Args:
        x, y: The lowest and the highest value of each axis.
        left, top, width, height: Where the plane is in the drawing.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    left: float = 46.0
    top: float = 14.0
    width: float = 300.0
    height: float = 190.0
    marks: list[Mark] = field(default_factory=list)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where two values are in the drawing."""
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1.0)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1.0)
        return self.left + across * self.width, self.top + (1 - up) * self.height

    def axes(self, x: str, y: str, *, ticks: tuple[Sequence[float], Sequence[float]], percent: str = "") -> None:
        """Draw the grid and both axes' numbers and titles; `percent` names the axes that are shares."""
        bottom, right = self.top + self.height, self.left + self.width
        for value in ticks[0]:
            place = self.at(value, self.y[0])[0]
            self.marks.append(Word(place, bottom + 12, _tick(value, "x" in percent), "middle", 8, "quiet"))
        for value in ticks[1]:
            place = self.at(self.x[0], value)[1]
            self.marks.append(Line(((self.left, place), (right, place)), "grid", 0.6))
            self.marks.append(Word(self.left - 5, place + 3, _tick(value, "y" in percent), "end", 8, "quiet"))
        self.marks.append(Line(((self.left, bottom), (right, bottom)), "quiet", 0.8))
        self.marks.append(Word(self.left + self.width / 2, bottom + 26, x, "middle", 9, "ink"))
        self.marks.append(Word(11, self.top + self.height / 2, y, "middle", 9, "ink", upright=True))

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: str, *, dashed: bool = False) -> None:
        """A line through values; single ones become a dot."""
        points = tuple(self.at(x, y) for x, y in zip(xs, ys, strict=True))
        if len(points) == 1:
            self.marks.append(Dot(*points[0], colour))
        else:
            self.marks.append(Line(points, colour, 1.6, dashed))

    def whisker(self, x: float, low: float, high: float, colour: str) -> None:
        self.marks.append(Line((self.at(x, low), self.at(x, high)), colour, 1.1))

    def dot(self, x: float, y: float, colour: str, *, radius: float = 3.0, says: str = "") -> None:
        self.marks.append(Dot(*self.at(x, y), colour, radius, says))

    def legend(self, entries: Sequence[tuple[str, str]]) -> None:
        """Names and their colours, in a line above the plane."""
        place = self.left
        for name, colour in entries:
            self.marks.append(Box(place, self.top - 11, 10, 3, colour))
            self.marks.append(Word(place + 14, self.top - 6, name, "start", 8, "ink"))
            place += 14 + 4.6 * len(name) + 14

    def drawing(self, says: str) -> Drawing:
        return Drawing(self.left + self.width + 12, self.top + self.height + 34, says, tuple(self.marks))


def steps(low: float, high: float, *, about: int = 5) -> tuple[float, ...]:
    """Round values between two, about so many."""
    if high <= low:
        return (low,)
    rough = (high - low) / about
    power = 10.0 ** _exponent(rough)
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * 0.999)
    first = -int(-low / step) if low < 0 else int(-(-low // step))
    return tuple(round(step * number, 10) for number in range(first, int(high / step + 1e-9) + 1))


def _exponent(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def _tick(value: float, percent: bool) -> str:
    return f"{100 * value:g} %" if percent else f"{value:g}"
