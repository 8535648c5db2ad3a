"""The features of the frozen backbone for the items of a run: found in the cache of training, else computed.

It knows the cache, the graph of a trunk and the pixel store. It does not know what the features are for. Keras is not
needed: where neither the features nor the graph are there, there are none.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.backbones.catalogue import find
from tlcore.backbones.weights import weights_path
from tlcore.data.caches import using
from tlcore.errors import GraftError
from tlcore.evaluation.files import FrozenFeatures
from tlcore.files import sha256
from tlcore.inference.trunk import AT_ONCE, graph_path, kept_features, start_single, trunk_identity
from tlcore.memmap import MappedRows
from tlcore.progress import Progress, map_blocks
from tlcore.runs.items import Decoded, find_decoded
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

# Enough for the mean of a class and for a linear probe; 1,280 numbers of each take 26 MB.
MOST_OF_TRAINING = 10_000
COLUMNS = ["sha256", "file", "label", "split"]


def frozen_features(run: Run, workspace: Workspace) -> Generator[Progress, None, FrozenFeatures | None]:
    """The features of every validation and test item and of at most 10,000 training items.

    None where the items are not decoded, or the backbone is not there as a graph.
    """
    decoded, identity = find_decoded(run, workspace), _identity(run, workspace)
    if decoded is None or identity is None:
        return None
    items = _items(run)
    places = np.searchsorted(np.array(decoded.shas), items["sha256"].to_numpy(dtype=str))
    shape = (len(decoded.shas), find(run.config.backbone).feature_length)
    kept = kept_features(identity, decoded.store.key, shape, workspace.cache)
    if kept is not None:
        return FrozenFeatures(items, MappedRows(kept, places)[:])
    path = graph_path(identity, workspace.cache)
    if not path.exists():
        return None
    with using(path.parent):
        graph = path.read_bytes()
    rows = yield from _compute(graph, decoded, places)
    return FrozenFeatures(items, rows)


def _identity(run: Run, workspace: Workspace) -> dict[str, Any] | None:
    """What the features depend on; None where the weights are not on this machine."""
    try:
        backbone = find(run.config.backbone)
        weights = sha256(weights_path(backbone, workspace))
    except (GraftError, OSError):
        return None
    return trunk_identity(backbone, weights, cut=len(backbone.blocks), input=run.config.input)


def _items(run: Run) -> pd.DataFrame:
    table = run.split()
    table = table.loc[table["split"].isin(["train", "val", "test"]), COLUMNS]
    learnt = np.flatnonzero(table["split"] == "train")
    spared = np.random.default_rng(0).permutation(learnt)[MOST_OF_TRAINING:]
    return table.drop(table.index[spared]).reset_index(drop=True)


def _compute(
    graph: bytes, decoded: Decoded, places: npt.NDArray[np.int64]
) -> Generator[Progress, None, npt.NDArray[np.float16]]:
    answer, pixels = start_single(graph), decoded.inputs.only(places).first

    def features(first: int) -> npt.NDArray[np.float32]:
        return answer(pixels[first : first + AT_ONCE])

    found = yield from map_blocks(features, len(places), AT_ONCE, "Asking the frozen backbone")
    return np.concatenate(found).astype(np.float16)
