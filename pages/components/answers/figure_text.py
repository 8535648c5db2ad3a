"""Figures of an evaluation as text for Markdown: in percent, or in the unit of the predicted value."""

from __future__ import annotations

from pages.components.shell import formats
from tlcore.tasks import Metric
from tlcore.tasks.evaluation import Figure

LARGE = 1000


def number(value: float, unit: str = "") -> str:
    """Write a number with three significant digits, a true minus and its unit: `12.3 kg`, `−0.04`, `1,235`."""
    digits = f"{value:.3g}" if abs(value) < LARGE else f"{value:,.0f}"
    return f"{digits} {unit}".rstrip().replace("-", "−", 1 if value < 0 else 0)


def signed_number(value: float, unit: str = "") -> str:
    """Write a number with its sign: `+12.3 kg`, `−0.04 kg`."""
    return f"{'+' if value >= 0 else ''}{number(value, unit)}"


def value(metric: Metric, figure: float, unit: str) -> str:
    """Write a figure with its unit: `93.5 %`, `3.2 kg`, `0.840`."""
    if metric.kind == "share":
        return formats.percent(figure)
    return formats.plain(number(figure, unit) if metric.kind == "value" else metric.plain(figure))


def interval(metric: Metric, figure: Figure, unit: str) -> str:
    """Write the ends of an interval: `80.1–85.2 %`, `2.1–3.4 kg`."""
    if metric.kind == "share":
        return f"{100 * figure.low:.1f}–{formats.percent(figure.high)}"
    if metric.kind == "value":
        return formats.plain(f"{number(figure.low)} to {number(figure.high, unit)}")
    return formats.plain(f"{metric.plain(figure.low)} to {metric.plain(figure.high)}")


def signed(metric: Metric, difference: float, unit: str) -> str:
    """Write a difference with its sign: `+1.2 points`, `−0.3 kg`."""
    if metric.kind == "share":
        return f"{100 * difference:+.1f} points"
    return formats.plain(signed_number(difference, unit))


def size(metric: Metric, difference: float, unit: str) -> str:
    """Write how large a difference is: `1.2 points`, `0.3 kg`."""
    if metric.kind == "share":
        return f"{100 * abs(difference):.1f} points"
    return formats.plain(number(abs(difference), unit))


def direction(metric: Metric, difference: float) -> str:
    """Say what a difference means: `higher (better)`."""
    side = "higher" if difference > 0 else "lower"
    return f"{side} ({'better' if (difference > 0) == metric.higher_is_better else 'worse'})"
