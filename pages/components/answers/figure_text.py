"""Figures of an evaluation as text for Markdown: in percent, or in the unit of the predicted value."""

from __future__ import annotations

from pages.components.answers.judged import Judged
from pages.components.shell import formats
from tlcore.tasks import Metric
from tlcore.tasks.evaluation import Figure


def value(judged: Judged, metric: Metric, figure: float) -> str:
    """Write a figure with its unit: `93.5 %`, `3.2 kg`."""
    return formats.figure(metric, figure, judged.evaluation.unit)


def interval(judged: Judged, metric: Metric, figure: Figure) -> str:
    """Write the ends of an interval: `80.1–85.2 %`, `2.1–3.4 kg`."""
    if metric.kind == "share":
        return f"{100 * figure.low:.1f}–{formats.percent(figure.high)}"
    return formats.plain(f"{metric.plain(figure.low)}–{metric.plain(figure.high, judged.evaluation.unit)}")
