"""The looks that a check takes at a dataset, each an iterator of steps that adds what it found.

It knows which look needs what another one has made. It does not know processes, nor the backbone: whoever drives it
fills in the features.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.data.store import ArrayStore
from tlcore.errors import DataError, ItemError
from tlcore.health import embed
from tlcore.health.classes import (
    confusable_findings,
    imbalance_findings,
    outlier_findings,
    split_class_findings,
)
from tlcore.health.clusters import cluster_findings, clusters_of
from tlcore.health.curve import LearningCurve, learning_curve
from tlcore.health.findings import Finding
from tlcore.health.frames import group_findings
from tlcore.health.labels import label_findings
from tlcore.health.leaks import leak_findings
from tlcore.health.quality import fault_findings
from tlcore.health.shortcuts import label_shortcut_findings, shortcut_findings
from tlcore.health.task_labels import (
    SKILLED,
    average_precision,
    explained,
    number_findings,
    several_label_findings,
)
from tlcore.modalities.image.image_statistics import TINT_SIDE, border, cameras, measure
from tlcore.modalities.image.near_duplicates import near_pairs
from tlcore.modalities.image.perceptual_hash import SIDE
from tlcore.modalities.image.pixels import open_picture
from tlcore.modalities.image.value_range import range_of
from tlcore.progress import Pace, Progress
from tlcore.tasks import find_task
from tlcore.tasks.linear_probe import STRENGTHS, Answers, CrossValidated, Floats, cross_validate, principal_axes
from tlcore.workspace import Workspace

COMPACT = 128
PER_CLASS_FOR_BORDERS = 40


class CheckSteps:
    """What was looked at and found so far.

    Attributes:
        items: One row for each item, in the order of the pixel store.
        features: `(n, d)`; to be filled in before `find_copies`.
        compact: `(n, COMPACT)`, of length 1.
        clusters: `sha256, cluster`.
    """

    store: ArrayStore
    features: npt.NDArray[Any]
    measures: pd.DataFrame
    thumbnails: npt.NDArray[np.uint8]
    tints: npt.NDArray[np.int16]
    turned: Floats
    compact: Floats
    clusters: pd.DataFrame
    probed: CrossValidated | None = None
    curve: LearningCurve | None = None

    def __init__(self, workspace: Workspace, dataset: Dataset) -> None:
        self.workspace, self.dataset, self.info = workspace, dataset, dataset.info
        items = dataset.items().drop_duplicates("sha256").sort_values("sha256", ignore_index=True)
        if len(items) < 2:
            raise DataError(f"A check needs at least two pictures. {self.info.name} has {len(items)}. Add pictures.")
        self.items = items
        self.task = find_task(self.info.task)
        self.one_class = self.info.task == "classification"
        self.targets = self.task.targets(list(items["label"]), self.info.classes)
        if self.info.task == "regression":
            self.targets = self.targets[:, 0]
        self.findings: list[Finding] = []
        self.notes: list[str] = []

    def prepare(self) -> Generator[Progress, None, None]:
        """Decode every item, or find it decoded."""
        paths = [self.dataset.image_path(file) for file in self.items["file"]]
        settings = embed.settings(self.info.reading)
        self.store = yield from ArrayStore.open_or_build(
            paths, tuple(self.items["sha256"]), settings, self.workspace.cache
        )

    def measure(self) -> Generator[Progress, None, None]:
        """Look at light, sharpness and size of every item, and at what gives a class away."""
        self.thumbnails = np.empty((len(self.items), SIDE, SIDE), np.uint8)
        self.tints = np.empty((len(self.items), TINT_SIDE, TINT_SIDE, 2), np.int16)
        self.measures = yield from measure(self.store.inputs.first, self.thumbnails, self.tints)
        self.findings += fault_findings(self.items, self.measures)
        yield Progress(0, 0, note="Looking for what gives a class away")
        named = cameras([self.dataset.image_path(file) for file in self.items["file"]])
        size = self.items["width"].astype(str) + " × " + self.items["height"].astype(str)
        self.measures["camera"] = named
        traits = {
            "size": size,
            "format": self.items["file"].str.rsplit(".", n=1).str[-1].str.upper(),
            "camera": self.measures["camera"],
        }
        if self.task.output == "values":
            self.notes.append("Shortcuts are looked for only where pictures have classes or labels, not numbers.")
            return
        traits["border"] = yield from self._borders()
        if self.one_class:
            self.findings += shortcut_findings(self.items, traits)
        else:
            has = {name: self.targets[:, at] > 0 for at, name in enumerate(self.info.classes)}
            self.findings += label_shortcut_findings(self.items, traits, has)

    def find_copies(self) -> Generator[Progress, None, None]:
        """Look for near-duplicates, for frames that belong together, and for either on two sides of a split."""
        yield Progress(0, 0, note="Turning the features")
        self.turned = principal_axes(self.features)(self.features)
        short = self.turned[:, :COMPACT]
        self.compact = short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), 1e-6)
        pairs = yield from near_pairs(self.thumbnails, self.compact, tints=self.tints)
        shas = self.items["sha256"].to_numpy(dtype=object)
        self.clusters = clusters_of(pairs, shas)
        self.findings += cluster_findings(self.clusters, self.items, self.info)
        self.findings += yield from group_findings(self.items, self.thumbnails, self.compact)
        self.findings += leak_findings(self.workspace, self.dataset, self.items, self.clusters)

    def ask_probe(self) -> Generator[Progress, None, None]:
        """Ask a linear probe about every label, out of fold: near-duplicates are never on both sides."""
        yield Progress(0, 0, note="Asking a probe about every label")
        names = self.info.classes
        if not self.one_class:
            self._ask_about_task()
            return
        self.probed = cross_validate(self.turned, self.targets, classes=len(names), groups=self._groups())
        if self.probed is None:
            self.notes.append(
                "Labels could not be checked: at least two classes with two pictures each are needed for that."
            )
            return
        self.findings += label_findings(self.items, self.probed.predictions, self.targets, names)

    def _ask_about_task(self) -> None:
        """Ask the probe about several labels or a number."""
        answers: Answers = "number" if self.task.output == "values" else "labels"
        told = len(np.unique(self.targets)) > 1 and self.targets.size > 0
        self.probed = (
            cross_validate(self.turned, self.targets, answers=answers, groups=self._groups()) if told else None
        )
        if self.probed is None:
            what = "values" if answers == "number" else "labels"
            self.notes.append(f"The {what} could not be checked: pictures that differ in them are needed for that.")
        elif answers == "number":
            self.findings += number_findings(self.items, self.probed.predictions, self.targets, self.info)
            share = explained(self.probed.predictions, self.targets)
            weak = "" if share >= SKILLED else " That is too little to tell which values look wrong."
            self.notes.append(f"A linear probe predicts the values with R² {share:.2f}, cross-validated.{weak}")
        else:
            self.findings += several_label_findings(self.items, self.probed.predictions, self.targets, self.info)
            score = average_precision(self.probed.predictions, self.targets)
            if score is not None:
                self.notes.append(f"A linear probe has a mean average precision of {score:.2f}, cross-validated.")

    def look_at_classes(self) -> Generator[Progress, None, None]:
        """Look for uneven classes, for two that look the same, for one that is two, and for odd ones out."""
        yield Progress(0, 0, note="Looking at whole classes")
        names, shas = self.info.classes, self.items["sha256"].to_numpy(dtype=object)
        if not self.one_class:
            if names:
                self.findings += imbalance_findings(self.targets.sum(axis=0).astype(np.int64), names)
            yield Progress(0, 0, note="Looking for odd ones out")
            everything = np.zeros(len(self.items), np.int64)
            self.findings += outlier_findings(self.items, self.features, everything, ("",))
            self.notes.append(
                "Confusable classes, and classes that may be two, are looked for only where each picture has one class."
            )
            return
        self.findings += imbalance_findings(np.bincount(self.targets, minlength=len(names)), names)
        if self.probed is not None:
            self.findings += confusable_findings(shas, self.probed.predictions, self.targets, names)
        yield Progress(0, 0, note="Looking for classes that are two")
        self.findings += split_class_findings(shas, self.turned, self.targets, names)
        yield Progress(0, 0, note="Looking for odd ones out")
        self.findings += outlier_findings(self.items, self.features, self.targets, names)

    def draw_curve(self) -> Generator[Progress, None, None]:
        """Learn from growing parts of the items."""
        yield Progress(0, 0, note="Would more pictures help?")
        if not self.one_class:
            self.notes.append("Whether more pictures would help is told only where each picture has one class.")
            return
        strength = self.probed.strength if self.probed else STRENGTHS[1]
        groups = self._groups()
        self.curve = learning_curve(self.turned, self.targets, self.info.classes, strength=strength, groups=groups)
        if self.curve is None:
            self.notes.append("Whether more pictures would help cannot be said yet: there are too few of them.")

    def left_out(self) -> int:
        """How many files were not taken in at all: damaged ones, and what is no item."""
        return int((self.dataset.triage()["outcome"] == "left out").sum())

    def _groups(self) -> npt.NDArray[np.int64]:
        """A number for each item, the same for near-duplicates and for those of one group."""
        cluster = self.items["sha256"].map(self.clusters.set_index("sha256")["cluster"])
        given = self.items["group"].fillna("").astype(object).replace("", np.nan)
        unit = given.fillna(cluster.astype(object)).fillna(self.items["sha256"])
        return pd.factorize(unit)[0].astype(np.int64)

    def _borders(self) -> Generator[Progress, None, pd.Series]:
        """Bars around items, of some of each class: whole ones, as the pixel store may have cut them off."""
        if self.one_class:
            some = self.items.groupby("label", sort=True).sample(frac=1.0, random_state=0)
            some = some.groupby("label", sort=True).head(PER_CLASS_FOR_BORDERS)
        else:
            most = PER_CLASS_FOR_BORDERS * max(1, len(self.info.classes))
            some = self.items.sample(frac=1.0, random_state=0).head(most)
        pace, found = Pace(len(some), "Looking for borders"), []
        for file in some["file"]:
            try:
                small = open_picture(self.dataset.image_path(file), side=64, value_range=range_of(self.info.reading))
            except (ItemError, ValueError):
                found.append("")
                continue
            small.thumbnail((96, 96))
            found.append(border(small))
            if pace.due():
                yield pace.at(len(found))
        return pd.Series(found, index=some.index, dtype=str)
