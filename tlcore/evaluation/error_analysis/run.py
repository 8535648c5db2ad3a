"""Understand a run: look at it from every side, and leave a file of each look.

It knows the order of the looks and what each needs. It does not know processes, nor how the files are read.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.data.dataset import open_dataset
from tlcore.data.metadata import read_columns
from tlcore.errors import WeightsError
from tlcore.evaluation.clusters import cluster_traits
from tlcore.evaluation.embedding_map import choose, draw_map
from tlcore.evaluation.error_analysis.files import Understanding
from tlcore.evaluation.feature_map import OpenedModel
from tlcore.evaluation.files import read_predictions
from tlcore.evaluation.frozen_baseline import rivals
from tlcore.evaluation.robustness import Asked, try_corruptions
from tlcore.evaluation.slice_features import column_traits, item_traits
from tlcore.evaluation.slices import Trait, find_slices, traits_table
from tlcore.files import replacing, write_json
from tlcore.memmap import MappedRows
from tlcore.modalities import find_modality
from tlcore.modalities.analysis import Analysis, find_analysis
from tlcore.modalities.modality import Modality
from tlcore.progress import Pace, Progress
from tlcore.runs.items import Decoded, decode
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

Floats = npt.NDArray[np.float32]
# What is said of items that count as right, where that is not one class.
RIGHT = {
    "multilabel": "have all labels right",
    "regression": "have their true value within the prediction interval",
}
PER_STRATUM, MOST_LEARNED = 50, 2000  # training items that the frozen baseline learns from
CORRUPTED = 200  # test items; each is answered some forty times


@dataclass(frozen=True)
class Basis:
    """What every look is at.

    Attributes:
        test: The predictions, each item once.
        items: `sha256, file, label, split` of the items that the model was opened for: every test item that
            fits the map, and others.
        features: `(m, d)`, of `items`.
        saliency: Heat maps of answers about test items; None where the modality or the task has none.
    """

    run: Run
    workspace: Workspace
    modality: Modality
    analysis: Analysis
    model: OpenedModel
    decoded: Decoded
    test: pd.DataFrame
    items: pd.DataFrame
    features: Floats
    saliency: Any

    @property
    def understanding(self) -> Understanding:
        return Understanding(self.run)

    @property
    def has_classes(self) -> bool:
        """Whether each item has exactly one class."""
        return find_task(self.run.dataset.task).counts_right


def understand(run: Run, workspace: Workspace) -> Generator[Progress, None, tuple[str, ...]]:
    """Write every file of `understanding/` but the last; give what could not be looked at, in sentences.

    What only some kinds of items have (heat maps, corruptions, a mosaic) is asked of the modality, and left out where
    it has none.

    Raises:
        GraftError: The run has not been judged, has no model, or its items are gone.
    """
    basis = yield from _open(run, workspace)
    yield from _slices(basis)
    if basis.saliency is not None:
        yield Progress(0, 0, note="Checking the heat maps")
        basis.saliency.write(basis.understanding.path, basis.decoded.rows)
    yield from _map(basis)
    if basis.test.empty:
        return (f"There are no test {basis.modality.noun.many}: only the map could be drawn.",)
    return (yield from _robustness(basis)) if basis.analysis.corruptions else ()


def _open(run: Run, workspace: Workspace) -> Generator[Progress, None, Basis]:
    """Have the model look at every item once."""
    test = read_predictions(run.path).drop_duplicates("sha256").reset_index(drop=True)
    model = OpenedModel.from_run(run.path)
    modality = find_modality(model.labels.modality)
    analysis, saliency = find_analysis(modality), None
    if (
        analysis.saliency and find_task(model.labels.task).counts_right
    ):  # heat maps are of the one class that is answered
        saliency = import_module(analysis.saliency).SaliencyMaps(model, test)
    decoded = yield from decode(run, workspace)
    items = choose(run.split())
    features = np.empty((len(items), len(model.kernel)), np.float32)
    pace = Pace(len(items), "Looking through the model's eyes")
    yield pace.at(0)
    shas = tuple(items["sha256"])
    for row, seen in enumerate(model.each(decoded.rows(shas))):
        features[row] = seen.features
        if saliency is not None:
            saliency.see(shas[row], seen)
        if pace.due():
            yield pace.at(row + 1)
    return Basis(run, workspace, modality, analysis, model, decoded, test, items, features, saliency)


def _slices(basis: Basis) -> Generator[Progress, None, None]:
    yield Progress(0, 0, note=f"Looking for kinds of {basis.modality.noun.many} that are hard")
    dataset, shas = open_dataset(basis.workspace, basis.run.dataset.id), basis.test["sha256"]
    items = dataset.all_items().drop_duplicates("sha256").set_index("sha256").reindex(shas)
    items = items.fillna({"source": ""})
    measure = basis.analysis.measure
    measured = measure(items, basis.decoded.rows(tuple(shas))) if measure is not None and len(shas) else ()
    traits = list(item_traits(items, measured))
    columns = read_columns(dataset).drop_duplicates("sha256").set_index("sha256").reindex(shas)
    traits += column_traits(columns)
    traits += _clusters(basis, items["source"])
    folder = basis.understanding.path
    with replacing(folder / "traits.parquet") as beside:
        traits_table(basis.test, traits).to_parquet(beside, index=False)
    found = find_slices(
        basis.test,
        traits,
        groups=_groups(basis),
        right=RIGHT.get(basis.run.dataset.task, "are answered right"),
        by_class=basis.has_classes,
        items=basis.modality.noun.many,
    )
    write_json(folder / "slices.json", found)


def _groups(basis: Basis) -> npt.NDArray[np.int64] | None:
    """Equal numbers for test items that belong together; None where all stand alone."""
    split = basis.run.split().drop_duplicates("sha256")
    if "group" not in split:
        return None
    group = split.set_index("sha256")["group"].reindex(basis.test["sha256"]).fillna("")
    own = group.where(group != "", pd.Series(group.index, group.index))
    numbers: npt.NDArray[np.int64] = pd.factorize(own)[0].astype(np.int64)
    return numbers if len(set(numbers)) < len(numbers) else None


def _clusters(basis: Basis, sources: pd.Series) -> list[Trait]:
    """Clusters of the test items that the model was opened for; the others are in none."""
    rows = pd.Series(range(len(basis.items)), index=basis.items["sha256"]).reindex(basis.test["sha256"])
    there = rows.notna().to_numpy()
    features = basis.features[rows[there].to_numpy(dtype=np.int64)]
    labels = basis.test["label"].to_numpy(dtype=object)[there]
    if not basis.has_classes:
        labels = np.full(len(labels), "", object)
    found = []
    for trait in cluster_traits(features, labels, [str(source) for source in sources[there]]):
        values, typical = np.full(len(there), "", object), np.full(len(there), -np.inf)
        values[there], typical[there] = trait.values, trait.typical
        found.append(Trait(trait.name, values, trait.phrase, trait.within, typical))
    return found


def _map(basis: Basis) -> Generator[Progress, None, None]:
    pace = Pace(len(basis.items), "Drawing the map")
    yield pace.at(0)
    folder, shas = basis.understanding.path, tuple(basis.items["sha256"])
    if basis.analysis.mosaic is not None:
        with replacing(folder / "map.jpg") as beside:
            for place in basis.analysis.mosaic(beside, len(shas), basis.decoded.rows(shas)):
                if pace.due():
                    yield pace.at(place + 1)
    table = basis.items[["sha256", "split", "label"]].reset_index(drop=True)
    # Last: where the map is, its items are too.
    with replacing(folder / "map.parquet") as beside:
        pd.concat([table, draw_map(basis.features)], axis=1).to_parquet(beside, index=False)


def _robustness(basis: Basis) -> Generator[Progress, None, tuple[str, ...]]:
    """Corrupt some test items; where there is no frozen backbone to compare with, say so."""
    yield Progress(0, 0, note="Making the frozen backbone ready")
    about, noun = basis.run.dataset, basis.modality.noun
    task, split = find_task(about.task), basis.run.split().drop_duplicates("sha256")
    learned = split[split["split"] == "train"].reset_index(drop=True)
    strata = pd.Series(["|".join(each) for each in task.strata(list(learned["label"]))], learned.index)
    learned = learned[strata.groupby(strata).cumcount() < PER_STRATUM].head(MOST_LEARNED)
    try:
        both = rivals(
            basis.run,
            basis.workspace,
            basis.model,
            (basis.decoded.rows(tuple(learned["sha256"])), list(learned["label"])),
            resized=basis.analysis.resized,
            noun=noun,
        )
    except (WeightsError, ValueError) as error:
        return (f"Robustness was not measured: {error}",)
    some, groups = basis.test.sample(min(CORRUPTED, len(basis.test)), random_state=0), _groups(basis)
    items = MappedRows(np.asarray(basis.decoded.rows(tuple(some["sha256"]))))  # read forty times
    asked = Asked(
        items,
        task.targets(list(some["label"]), about.classes),
        None if groups is None else np.unique(groups[some.index], return_inverse=True)[1],
        task,
        noun,
        about.unit,
    )
    found = yield from try_corruptions(asked, both.each, basis.analysis.corruptions, baseline_says=both.says)
    write_json(basis.understanding.path / "robustness.json", found)
    return ()
