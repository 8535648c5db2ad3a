"""Every figure of a judgement by its name, as `evaluate --json` gives it.

It knows the files of a judgement and the shape that scripts rely on. It does not know how the figures are made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tlcore.evaluation.calibration_schema import read_calibration
from tlcore.evaluation.metrics import ClassScores, Evaluation

WHOLE = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier")


def summary(run: Path, judged: Evaluation) -> dict[str, Any]:
    """The judgement of a run folder; a figure is `{"value", "low", "high"}`, null where it is not known.

    Raises:
        RunError: `calibration.json` is damaged.
    """
    scores, calibration = judged.scores, read_calibration(run)
    whole = {name: getattr(scores, name).model_dump() if scores else None for name in WHOLE}
    ood = calibration.unfamiliarity if calibration else None
    return {
        **whole,
        "top_k": [each.model_dump() for each in scores.top_k] if scores else [],
        "n": judged.n,
        "units": scores.units if scores else 0,
        "grouped": bool(scores and scores.grouped),
        "baselines": _baselines(judged),
        "classes": list(judged.classes),
        "per_class": [_class(each) for each in judged.per_class],
        "confusion": [list(row) for row in judged.confusion],
        "order": list(judged.order),
        "calibration": calibration.model_dump(mode="json", exclude={"schema_version", "unfamiliarity"})
        if calibration
        else None,
        "ood": ood.model_dump(mode="json") if ood else None,
        "notes": list(judged.notes),
    }


def _baselines(judged: Evaluation) -> dict[str, Any]:
    known = judged.baselines.model_dump(mode="json")
    largest = known["largest_class"] or {"value": judged.baseline.accuracy, "low": None, "high": None}
    return {**known, "largest_class": {"label": judged.baseline.label, **largest}}


def _class(scores: ClassScores) -> dict[str, Any]:
    figures = {
        name: {
            "value": getattr(scores, name),
            "low": getattr(scores, f"{name}_low"),
            "high": getattr(scores, f"{name}_high"),
        }
        for name in ("precision", "recall", "f1")
    }
    rest = scores.model_dump(include={"support", "answered", "auc", "average_precision"})
    return {"label": scores.label, **figures, **rest}
