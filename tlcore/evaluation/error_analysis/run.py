"""Understand a run: look at it from every side, and leave a file of each look.

It knows the order of the looks and what each needs. It does not know processes, nor how the files are read.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

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
from tlcore.evaluation.frozen_baseline import PER_CLASS, rivals
from tlcore.evaluation.grad_cam import Trust, grad_cam, middle, shuffled, trust
from tlcore.evaluation.robustness import try_distortions
from tlcore.evaluation.saliency import Attention, look_at_classes
from tlcore.evaluation.slice_features import column_traits, item_traits, measure
from tlcore.evaluation.slices import Trait, find_slices, traits_table
from tlcore.files import replacing, write_json
from tlcore.memmap import MappedRows
from tlcore.modalities.image.atlas import blank_atlas, put_tile
from tlcore.progress import Pace, Progress
from tlcore.runs.items import Decoded, decode
from tlcore.runs.run import Run
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.classification.class_codes import class_codes
from tlcore.workspace import Workspace

Floats = npt.NDArray[np.float32]
GALLERY = 40  # heat maps that are kept of each class
CHECKED = 8  # items whose maps are checked with shuffled weights
# What is said of items that count as right, where that is not one class.
RIGHT = {
    "multilabel": "have all labels right",
    "regression": "have their true value within the prediction interval",
}
DISTORTED = 200  # test items; each is answered some forty times


@dataclass(frozen=True)
class Basis:
    """What every look is at.

    Attributes:
        test: The predictions, each item once.
        items: `sha256, file, label, split` of the items that the model was opened for: every test item that
            fits the map, and others.
        features: `(m, d)`, of `items`.
        heats: Grad-CAM of the answer by SHA-256, for at most 40 test items of each class.
    """

    run: Run
    workspace: Workspace
    model: OpenedModel
    decoded: Decoded
    test: pd.DataFrame
    items: pd.DataFrame
    features: Floats
    heats: dict[str, Floats]

    @property
    def understanding(self) -> Understanding:
        return Understanding(self.run)

    @property
    def has_classes(self) -> bool:
        """Whether each item has exactly one class."""
        return self.run.dataset.task == CLASSIFICATION.key


def understand(run: Run, workspace: Workspace) -> Generator[Progress, None, tuple[str, ...]]:
    """Write every file of `understanding/` but the last; give what could not be looked at, in sentences.

    Raises:
        GraftError: The run has not been judged, has no model, or its items are gone.
    """
    basis = yield from _open(run, workspace)
    yield from _slices(basis)
    if basis.has_classes:  # heat maps and distortions ask about one class
        yield from _attention(basis)
    yield from _map(basis)
    if basis.test.empty:
        return ("There are no test pictures: only the map could be drawn.",)
    if not basis.has_classes:
        return ()
    return (yield from _robustness(basis))


def _open(run: Run, workspace: Workspace) -> Generator[Progress, None, Basis]:
    """Have the model look at every item once."""
    test = read_predictions(run.path).drop_duplicates("sha256").reset_index(drop=True)
    model = OpenedModel.from_run(run.path)
    decoded = yield from decode(run, workspace)
    items = choose(run.split())
    gallery = test.groupby("label", observed=True, sort=False).head(GALLERY)
    one_class = run.dataset.task == CLASSIFICATION.key
    kept = dict(zip(gallery["sha256"], gallery["predicted"], strict=True)) if one_class else {}
    features, heats = np.empty((len(items), len(model.kernel)), np.float32), {}
    pace = Pace(len(items), "Looking through the model's eyes")
    yield pace.at(0)
    shas = tuple(items["sha256"])
    for row, seen in enumerate(model.each(decoded.rows(shas))):
        features[row] = seen.features
        if shas[row] in kept:
            heats[shas[row]] = grad_cam(seen, model.kernel, model.labels.labels.index(kept[shas[row]]))
        if pace.due():
            yield pace.at(row + 1)
    return Basis(run, workspace, model, decoded, test, items, features, heats)


def _slices(basis: Basis) -> Generator[Progress, None, None]:
    yield Progress(0, 0, note="Looking for kinds of pictures that are hard")
    dataset, shas = open_dataset(basis.workspace, basis.run.dataset.id), basis.test["sha256"]
    items = dataset.all_items().drop_duplicates("sha256").set_index("sha256").reindex(shas)
    items = items.fillna({"width": 0, "height": 0, "source": ""})
    traits = list(item_traits(items, measure(basis.decoded.rows(tuple(shas)))))
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


def _attention(basis: Basis) -> Generator[Progress, None, None]:
    yield Progress(0, 0, note="Checking the heat maps")
    rows = basis.test[basis.test["sha256"].isin(basis.heats)].reset_index(drop=True)
    maps = np.array([basis.heats[sha] for sha in rows["sha256"]], np.float16)
    right = rows["correct"].to_numpy(dtype=bool)
    labels, classes = rows["label"].to_numpy(dtype=object), basis.model.labels.labels
    folder = basis.understanding.path
    with replacing(folder / "heats.parquet") as beside:
        rows[["sha256", "file", "label", "predicted", "confidence"]].to_parquet(beside, index=False)
    with replacing(folder / "heats.npy") as beside, beside.open("wb") as stream:
        np.save(stream, maps, allow_pickle=False)
    found = look_at_classes(maps[right].astype(np.float32), labels[right], classes) if right.any() else ()
    write_json(folder / "attention.json", Attention(classes=found, trust=_trust(basis, rows[right])))


def _trust(basis: Basis, rows: pd.DataFrame) -> Trust | None:
    """The median over a few items that were answered right."""
    few = rows.sample(min(CHECKED, len(rows)), random_state=0)
    if few.empty:
        return None
    model, others = basis.model, shuffled(basis.model)
    pixels = basis.decoded.rows(tuple(few["sha256"]))
    classes = list(model.labels.labels)
    found = [trust(model, others, item, classes.index(label)) for item, label in zip(pixels, few["label"], strict=True)]
    return middle(found)


def _map(basis: Basis) -> Generator[Progress, None, None]:
    pace = Pace(len(basis.items), "Drawing the map")
    yield pace.at(0)
    folder, atlas = basis.understanding.path, blank_atlas(len(basis.items))
    for place, pixels in enumerate(basis.decoded.rows(tuple(basis.items["sha256"]))):
        put_tile(atlas, place, pixels)
        if pace.due():
            yield pace.at(place + 1)
    with replacing(folder / "map.jpg") as beside:
        atlas.save(beside, "JPEG", quality=80)
    table = basis.items[["sha256", "split", "label"]].reset_index(drop=True)
    # Last: where the map is, its items are too.
    with replacing(folder / "map.parquet") as beside:
        pd.concat([table, draw_map(basis.features)], axis=1).to_parquet(beside, index=False)


def _robustness(basis: Basis) -> Generator[Progress, None, tuple[str, ...]]:
    """Try distortions on some test items; where there is no frozen backbone to compare with, say so."""
    yield Progress(0, 0, note="Making the frozen backbone ready")
    split = basis.run.split().drop_duplicates("sha256")
    learnt = split[split["split"] == "train"].groupby("label", observed=True).head(PER_CLASS)
    try:
        both = rivals(
            basis.run,
            basis.workspace,
            basis.model,
            basis.decoded.rows(tuple(learnt["sha256"])),
            class_codes(learnt["label"], basis.model.labels.labels),
        )
    except WeightsError as error:
        return (f"Nothing was distorted: {error}",)
    some = basis.test.sample(min(DISTORTED, len(basis.test)), random_state=0)
    pixels = MappedRows(np.asarray(basis.decoded.rows(tuple(some["sha256"]))))  # read forty times
    found = yield from try_distortions(
        pixels, class_codes(some["label"], basis.model.labels.labels), both.each, baseline_says=both.says
    )
    write_json(basis.understanding.path / "robustness.json", found)
    return ()
