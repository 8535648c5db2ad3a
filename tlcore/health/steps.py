"""The steps of a check, each an iterator that adds what it found.

It knows which step needs what another one has made, and asks the modality and the task for what is theirs. It does not
know processes, nor the backbone: whoever drives it fills in the features.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.data.store import ArrayStore
from tlcore.errors import DataError
from tlcore.health import embed
from tlcore.health.classes import (
    confusable_findings,
    imbalance_findings,
    outlier_findings,
    split_class_findings,
)
from tlcore.health.clusters import cluster_findings
from tlcore.health.curve import LearningCurve, Words, learning_curve
from tlcore.health.labels import label_findings
from tlcore.health.leaks import leak_findings
from tlcore.health.shortcuts import shortcut_findings
from tlcore.modalities import find_modality
from tlcore.modalities.checks import Finding, ItemChecks, ItemTable, Pairs
from tlcore.progress import Progress
from tlcore.tasks import find_task
from tlcore.tasks.doubts import Doubts
from tlcore.tasks.evaluation import Figure
from tlcore.tasks.linear_probe import STRENGTHS, CrossValidated, Floats, cross_validate, principal_axes
from tlcore.workspace import Workspace

COMPACT = 128
# Of each class, for what takes long to look at.
PER_CLASS = 40
# The figure of the probe is resampled a thousand times; of more items it takes long and says no more.
MOST_SCORED = 20_000


class CheckSteps:
    """What was looked at and found so far.

    Attributes:
        items: One row for each item, in the order of the store.
        features: `(n, d)`; to be filled in before `find_copies`; None where the modality has no bundled backbone.
        turned: `(n, c)`, the features on their principal axes; None where there are none.
        compact: `(n, COMPACT)`, of length 1.
        clusters: `sha256, cluster`.
        rows_of: For each class, the rows of the items that have it.
        doubts: What the probe says against the labels.
        score: The headline metric of the task for the probe's out-of-fold predictions.
    """

    store: ArrayStore | None = None
    features: npt.NDArray[Any] | None = None
    own: ItemChecks
    measures: pd.DataFrame
    turned: Floats | None = None
    compact: Floats | None = None
    clusters: pd.DataFrame
    probed: CrossValidated | None = None
    doubts: Doubts = Doubts()
    score: Figure | None = None
    curve: LearningCurve | None = None

    def __init__(self, workspace: Workspace, dataset: Dataset) -> None:
        self.workspace, self.dataset, self.info = workspace, dataset, dataset.info
        self.modality, self.task = find_modality(self.info.modality), find_task(self.info.task)
        self.noun = self.modality.noun
        items = dataset.items().drop_duplicates("sha256").sort_values("sha256", ignore_index=True)
        if len(items) < 2:
            raise DataError(
                f"A check needs at least two {self.noun.many}. {self.info.name} has {len(items)}. Add {self.noun.many}."
            )
        self.items = items
        self.paths = [dataset.image_path(file) for file in items["file"]]
        labels, names = list(items["label"]), self.info.classes
        self.targets = self.task.targets(labels, names)
        rows_of: dict[str, list[int]] = {name: [] for name in names}
        for row, label in enumerate(labels):
            for name in self.task.names(label):
                rows_of[name].append(row)
        self.rows_of = {name: np.array(rows, np.int64) for name, rows in rows_of.items()}
        self.one_class = self.task.probe == "class"
        self.findings: list[Finding] = []
        self.notes: list[str] = []

    def prepare(self) -> Generator[Progress, None, None]:
        """Decode every item, or find it decoded."""
        if embed.bundled_for(self.modality) is None:
            self.notes.append(
                f"No backbone for {self.noun.many} is bundled: near-duplicates, labels and outliers were not looked at."
            )
            return
        self.store = yield from ArrayStore.open_or_build(
            self.paths, tuple(self.items["sha256"]), embed.settings(self.info.reading), self.workspace.cache
        )

    def measure(self) -> Generator[Progress, None, None]:
        """Look for what is wrong with single items, and for what gives a class away."""
        arrays = {} if self.store is None else self.store.inputs.each
        self.own = self.modality.checks.start(ItemTable(self.items, self.paths, arrays, self.info.reading))
        self.measures, found = yield from self.own.measure()
        self.findings += found
        if not self.modality.checks.traits:
            return
        if self.task.class_metric is None:
            self.notes.append(
                f"Shortcuts are looked for only where {self.noun.many} have classes or labels, not numbers."
            )
            return
        yield Progress(0, 0, note="Looking for what gives a class away")
        some = self.items.sample(frac=1.0, random_state=0)
        some = some.groupby("label", sort=True).head(PER_CLASS) if self.one_class else some.head(
            PER_CLASS * max(1, len(self.info.classes))
        )  # fmt: skip
        traits = yield from self.own.traits(sorted(some.index.tolist()))
        self.findings += shortcut_findings(self.items, traits, self.rows_of, self.noun)

    def find_copies(self) -> Generator[Progress, None, None]:
        """Look for near-duplicates, for items that belong together, and for either on two sides of a split."""
        shas = self.items["sha256"].to_numpy(dtype=object)
        self.clusters = Pairs.none().clusters(shas)
        if self.features is None:
            return
        yield Progress(0, 0, note="Turning the features")
        self.turned = principal_axes(self.features)(self.features)
        short = self.turned[:, :COMPACT]
        self.compact = short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), 1e-6)
        self.clusters = (yield from self.own.copies(self.compact)).clusters(shas)
        self.findings += cluster_findings(self.clusters, self.items, self.info)
        self.findings += yield from self.own.groups(self.compact)
        self.findings += leak_findings(self.workspace, self.dataset, self.items, self.clusters)

    def ask_probe(self) -> Generator[Progress, None, None]:
        """Ask a linear probe about every label, out of fold: near-duplicates are never on both sides."""
        if self.turned is None:
            return
        yield Progress(0, 0, note="Asking a probe about every label")
        names = self.info.classes
        if self.targets.size and len(np.unique(self.targets, axis=0)) > 1:
            self.probed = cross_validate(
                self.turned, self.targets, answers=self.task.probe, classes=len(names), groups=self._groups()
            )
        if self.probed is None:
            what = "values" if self.task.output == "values" else "labels"
            self.notes.append(
                f"The {what} could not be checked: {self.noun.many} that differ in them are needed, two of each kind."
            )
            return
        self.doubts = self.task.doubts(self.probed.outputs, self.targets, names, self.info.unit)
        some = np.random.default_rng(0).permutation(len(self.items))[:MOST_SCORED]
        self.score = self.task.headline(self.probed.outputs[some], self.targets[some], self._groups()[some])
        self.findings += label_findings(self.items, self.doubts, self.info)
        if self.doubts.note:
            self.notes.append(self.doubts.note)

    def look_at_classes(self) -> Generator[Progress, None, None]:
        """Look for uneven classes, for two that look the same, for one that is two, and for odd ones out."""
        yield Progress(0, 0, note="Looking at whole classes")
        names, shas = self.info.classes, self.items["sha256"].to_numpy(dtype=object)
        if names:
            counts = np.array([len(rows) for rows in self.rows_of.values()], np.int64)
            self.findings += imbalance_findings(counts, names, self.noun)
        if self.turned is None or self.features is None:
            return
        if self.one_class:
            if self.probed is not None:
                found = confusable_findings(shas, self.probed.predictions, self.targets, names, self.noun)
                self.findings += found
            yield Progress(0, 0, note="Looking for classes that are two")
            self.findings += split_class_findings(shas, self.turned, self.targets, names, self.noun)
        else:
            self.notes.append(
                f"Confusable classes, and classes that may be two, are looked for only where each {self.noun.one} has "
                "one class."
            )
        yield Progress(0, 0, note="Looking for odd ones out")
        kinds = (self.targets, names) if self.one_class else (np.zeros(len(self.items), np.int64), ("",))
        self.findings += outlier_findings(self.items, self.features, kinds[0], kinds[1], self.noun)

    def draw_curve(self) -> Generator[Progress, None, None]:
        """Learn from growing parts of the items."""
        if self.turned is None:
            return
        yield Progress(0, 0, note=f"Would more {self.noun.many} help?")
        self.curve = learning_curve(
            self.turned,
            list(self.items["label"]),
            self.task,
            self.info.classes,
            Words(self.noun, self.info.unit),
            strength=self.probed.strength if self.probed else STRENGTHS[1],
            groups=self._groups(),
        )
        if self.curve is None:
            self.notes.append(
                f"Whether more {self.noun.many} would help cannot be said yet: there are too few of them."
            )

    def left_out(self) -> int:
        """How many files were not taken in at all: damaged ones, and what is no item."""
        return int((self.dataset.triage()["outcome"] == "left out").sum())

    def _groups(self) -> npt.NDArray[np.int64]:
        """A number for each item, the same for near-duplicates and for those of one group."""
        cluster = self.items["sha256"].map(self.clusters.set_index("sha256")["cluster"])
        given = self.items["group"].fillna("").astype(object).replace("", np.nan)
        unit = given.fillna(cluster.astype(object)).fillna(self.items["sha256"])
        return pd.factorize(unit)[0].astype(np.int64)
