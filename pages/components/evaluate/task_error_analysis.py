"""The error analysis of a model that gives several labels or a number: slices, and the embedding map."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from pages.components import answers
from pages.components.answers import Judged, item_gallery
from pages.components.evaluate import embedding_map, error_analysis, errors, robustness_chart
from pages.components.evaluate.embedding_map import Kinds
from pages.components.shell.theme import BAD, CLASS_COLOURS, GOOD, QUIET
from tlcore.evaluation.files import read_predictions
from tlcore.numbers import significant

LOOKS_FOR = """
- **Slices**: kinds of pictures with more errors than the rest, such as small, dark or blurred ones
- **Embedding map**: all pictures, placed by the model's features
- **Robustness** to blur, noise, light, JPEG compression, rotation and distance
"""
# What share of a slice's pictures is compared: those that count as `correct`.
MEASURES = {"multilabel": "exact-match ratio", "regression": "coverage"}
RIGHT = {
    "multilabel": ("all labels right", "some label wrong"),
    "regression": ("within its prediction interval", "outside its prediction interval"),
}
PARTS = 5  # of the values, each about as many
SHADES = ("#e0b341", "#dd7f3b", "#c9506a", "#8b4fb0", "#3f7fd0")  # seen on light and on dark ground


def show(judged: Judged, view: str) -> None:
    """The slices, the map, or the robustness; what starts the analysis where there is none yet."""
    understanding = error_analysis.show(judged.run, LOOKS_FOR)
    if understanding is None:
        return
    predictions, gallery = read_predictions(judged.run.path), partial(_gallery, judged)
    if view == "map":
        embedding_map.show(
            understanding, judged.dataset, predictions, task_kinds=partial(kinds, judged, predictions),
            show_items=gallery,
        )  # fmt: skip
    elif view == "robustness":
        robustness_chart.show(understanding.robustness())
    else:
        errors.slices(understanding, predictions, gallery, MEASURES[judged.task.key])


def kinds(judged: Judged, predictions: pd.DataFrame, table: pd.DataFrame) -> Mapping[str, Kinds]:
    """What the points of the map may be of: whether they have a label, or how large their value is; and the errors."""
    right, wrong = RIGHT[judged.task.key]
    known = predictions.drop_duplicates("sha256").set_index("sha256")["correct"].astype(object)
    answered = table["sha256"].map(known).map({True: right, False: wrong}).fillna("not in the test set")
    found: dict[str, Kinds] = {}
    if judged.evaluation.labels:
        named = [set(judged.task.names(text)) for text in table["label"]]
        for place, label in enumerate(judged.evaluation.labels):
            has = pd.Series(["has the label" if label in each else "does not" for each in named], table.index)
            found[label] = (has, {"has the label": CLASS_COLOURS[place % len(CLASS_COLOURS)], "does not": QUIET})
    else:
        found[judged.evaluation.value_name or "value"] = _values(table, judged.evaluation.unit)
    return {**found, "errors": (answered, {right: GOOD, wrong: BAD, "not in the test set": QUIET})}


def _values(table: pd.DataFrame, unit: str) -> Kinds:
    """Ranges of the values, each with about as many points."""
    values = table["label"].astype(float).to_numpy()
    edges = np.unique(np.quantile(values, np.linspace(0, 1, PARTS + 1))) if len(values) else np.zeros(1)
    titles = [f"{significant(float(low))} to {significant(float(high), unit)}" for low, high in pairwise(edges)] or [
        significant(float(edges[0]), unit)
    ]
    places = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(titles) - 1)
    return pd.Series([titles[place] for place in places], table.index), dict(zip(titles, SHADES, strict=False))


def _gallery(judged: Judged, shas: list[str], key: str, title: str) -> None:
    """Show pictures; those of the test set with what the model answered about them."""
    tested = set(judged.answers.table["sha256"])
    said = answers.SAID[judged.task.key](judged, [sha for sha in shas if sha in tested])
    item_gallery.show(judged, shas, said, key=key, title=title)
