"""Every figure of a judgement by its name, as `evaluate --json` gives it.

It knows the files of a judgement and the shape that scripts rely on. It does not know how the figures are made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tlcore.evaluation.files import read_calibration, read_ood
from tlcore.tasks.classification import LARGEST_CLASS, LINEAR_PROBE, NEAREST_MEAN
from tlcore.tasks.evaluation import NOTHING, Evaluation, Figure, LabelFigures

WHOLE = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier")


def summary(run: Path, judged: Evaluation) -> dict[str, Any]:
    """Give the evaluation of a run folder; a figure is `{"value", "low", "high"}`, null where it is not known.

    Raises:
        RunError: `calibration.json` is damaged.
    """
    ood = read_ood(run)
    said = {"ood": ood.model_dump(mode="json") if ood else None}
    if judged.task == "classification":
        return {**_of_classes(run, judged), **said}
    return {**judged.model_dump(mode="json", exclude={"schema_version"}), **said}


def _of_classes(run: Path, judged: Evaluation) -> dict[str, Any]:
    """Give a classifier's, by the names that scripts have relied on from the first."""
    calibration, figures = read_calibration(run), judged.figures
    above = judged.above_baselines.get(LINEAR_PROBE)
    largest = judged.baseline(LARGEST_CLASS)
    return {
        **{name: _figure(figures.get(name)) for name in WHOLE},
        "top_k": [
            {**figure.model_dump(), "k": int(name.removeprefix("top_"))}
            for name, figure in figures.items()
            if name.startswith("top_")
        ],
        "n": judged.n,
        "units": judged.groups,
        "grouped": judged.grouped,
        "baselines": {
            "largest_class": {"label": judged.largest_class, **(_figure(largest) or _figure(NOTHING) or {})},
            "nearest_mean": _figure(judged.baseline(NEAREST_MEAN)),
            "linear_probe": _figure(judged.baseline(LINEAR_PROBE)),
            "above_probe": _figure(above),
            "learnt_from": judged.learned_from,
        },
        "classes": list(judged.labels),
        "per_class": [_class(each) for each in judged.per_label],
        "confusion": [list(row) for row in judged.confusion],
        "order": list(judged.order),
        "calibration": calibration.model_dump(mode="json", exclude={"schema_version"}) if calibration else None,
        "notes": list(judged.notes),
    }


def _class(scores: LabelFigures) -> dict[str, Any]:
    return {
        "label": scores.label,
        **{name: _figure(scores.figure(name)) for name in ("precision", "recall", "f1")},
        "support": scores.support,
        "answered": scores.answered,
        "auc": scores.areas.get("roc_auc"),
        "average_precision": scores.areas.get("average_precision"),
    }


def _figure(figure: Figure | None) -> dict[str, float] | None:
    return figure.model_dump() if figure else None
