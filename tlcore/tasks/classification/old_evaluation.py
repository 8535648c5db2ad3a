"""Reads `evaluation.json` as it was while classification was the only task.

It knows the names of then. It does not know how figures are computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WHOLE = ("balanced_accuracy", "macro_f1", "log_loss", "brier")
BASELINES = {
    "largest_class": "Always the largest class",
    "nearest_mean": "Nearest class mean",
    "linear_probe": "Linear probe",
}


def from_classes_only(data: Mapping[str, Any]) -> dict[str, Any]:
    """Give the content of a file of then by the names of now; a figure that had no interval is left out.

    Raises:
        KeyError: It is no such file.
    """
    scores, known, largest = data.get("scores") or {}, data.get("baselines") or {}, data["baseline"]
    figures = {name: scores[name] for name in WHOLE if name in scores}
    if data["n"]:
        figures["accuracy"] = {"value": data["accuracy"], "low": data["low"], "high": data["high"]}
    accuracy = largest["accuracy"]
    baselines = {name: known[name] for name in BASELINES if known.get(name)}
    if data["n"]:
        baselines.setdefault("largest_class", {"value": accuracy, "low": accuracy, "high": accuracy})
    return {
        "task": "classification",
        "n": data["n"],
        "groups": scores.get("units", data["n"]),
        "metric": "accuracy",
        "figures": figures | {f"top_{each['k']}": each for each in scores.get("top_k", ())},
        "baselines": {BASELINES[name]: {"accuracy": baselines[name]} for name in BASELINES if name in baselines},
        "above_baselines": {BASELINES["linear_probe"]: known["above_probe"]} if known.get("above_probe") else {},
        "largest_class": largest["label"],
        "learned_from": known.get("learnt_from", 0),
        "labels": data["classes"],
        "per_label": [_of_class(each) for each in data["per_class"]],
        "confusion": data["confusion"],
        "order": data.get("order", ()),
        "tree": data.get("tree", ()),
        "notes": [*data.get("notes", ()), *([known["note"]] if known.get("note") else [])],
    }


def _of_class(data: Mapping[str, Any]) -> dict[str, Any]:
    figures = {
        name: {"value": data[name], "low": data[f"{name}_low"], "high": data[f"{name}_high"]}
        for name in ("precision", "recall", "f1")
        if data.get(f"{name}_low") is not None
    }
    areas = {"roc_auc": data.get("auc"), "average_precision": data.get("average_precision")}
    return {
        **{name: data[name] for name in ("label", "support", "answered")},
        "figures": figures,
        "areas": {name: value for name, value in areas.items() if value is not None},
    }
