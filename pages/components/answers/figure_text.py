"""Figures of an evaluation as text for Markdown: in percent, or in the unit of the predicted value."""

from __future__ import annotations

from pages.components.shell import formats
from tlcore import numbers
from tlcore.tasks import Metric
from tlcore.tasks.evaluation import Figure


def value(metric: Metric, figure: float, unit: str) -> str:
    """Write a figure with its unit: `93.5 %`, `3.2 kg`, `0.840`."""
    if metric.kind == "share":
        return formats.percent(figure)
    return formats.plain(numbers.significant(figure, unit) if metric.kind == "value" else metric.plain(figure))


def interval(metric: Metric, figure: Figure, unit: str) -> str:
    """Write the ends of an interval: `80.1–85.2 %`, `2.1–3.4 kg`."""
    if metric.kind == "share":
        return f"{100 * figure.low:.1f}–{formats.percent(figure.high)}"
    if metric.kind == "value":
        return formats.plain(f"{numbers.significant(figure.low)} to {numbers.significant(figure.high, unit)}")
    return formats.plain(f"{metric.plain(figure.low)} to {metric.plain(figure.high)}")


def signed(metric: Metric, difference: float, unit: str) -> str:
    """Write a difference with its sign: `+1.2 points`, `−0.3 kg`."""
    if metric.kind == "share":
        return f"{100 * difference:+.1f} points"
    return formats.plain(numbers.signed(difference, unit))


def size(metric: Metric, difference: float, unit: str) -> str:
    """Write how large a difference is: `1.2 points`, `0.3 kg`."""
    if metric.kind == "share":
        return f"{100 * abs(difference):.1f} points"
    return formats.plain(numbers.significant(abs(difference), unit))


def direction(metric: Metric, difference: float) -> str:
    """Say what a difference means: `higher (better)`."""
    side = "higher" if difference > 0 else "lower"
    return f"{side} ({'better' if (difference > 0) == metric.higher_is_better else 'worse'})"
