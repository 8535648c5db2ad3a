"""Features of items by the bundled backbone, without Keras once its graph is in the cache.

It knows the bundled backbone, the graph's place and threads. It does not know what the features are for, nor how the
graph is made: a process of its own does that, once for each cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import find
from tlcore.backbones.weights import weights_path
from tlcore.data.caches import using
from tlcore.errors import DataError, WeightsError
from tlcore.files import sha256
from tlcore.inference.trunk import AT_ONCE, Single, graph_path, start_single, trunk_identity
from tlcore.items import Reading
from tlcore.jobs.launch import worker_environment
from tlcore.modalities import BEFORE, InputSettings, Modality, find_modality
from tlcore.progress import Progress, map_blocks
from tlcore.workspace import Workspace


def bundled() -> Backbone:
    """The backbone of the first modality whose weights need no network."""
    return find(find_modality(BEFORE).backbone)


def bundled_for(modality: Modality) -> Backbone | None:
    """The backbone of a modality whose weights need no network; None where there is none."""
    return bundled() if bundled().modality == modality.key else None


def settings(reading: Reading) -> InputSettings:
    """How an item becomes the input of the bundled backbone."""
    modality = find_modality(bundled().modality)
    own = {"modality": modality.key, **modality.made_for(bundled().native_size)}
    return modality.settings.model_validate({**own, **reading})


def identity(workspace: Workspace) -> dict[str, Any]:
    """What the features depend on beside the items: all that a run depends on which freezes this backbone."""
    backbone = bundled()
    weights = sha256(weights_path(backbone, workspace))
    return trunk_identity(backbone, weights, cut=len(backbone.blocks), input=backbone.native_input)


def trunk(workspace: Workspace) -> Single:
    """Make the bundled backbone ready to answer `(n, size, size, 3)` with `(n, d)`; its graph is made where need be.

    Raises:
        WeightsError: The weights are missing, or the graph could not be made of them.
    """
    path = graph_path(identity(workspace), workspace.cache)
    if not path.exists():
        _make_graph(path, workspace)
    with using(path.parent):  # not thrown away between the two
        try:
            return start_single(path.read_bytes())
        except FileNotFoundError:
            _make_graph(path, workspace)
            return start_single(path.read_bytes())


def embed(
    workspace: Workspace, sources: Sequence[Path], reading: Reading | None = None
) -> Generator[Progress, None, npt.NDArray[np.float16]]:
    """Features `(n, d)` of files of the bundled backbone's modality, in their order, computed now; for few items.

    Raises:
        DataError: A file is no item.
        WeightsError: The backbone is not there.
    """
    backbone = bundled()
    modality = find_modality(backbone.modality)
    made = settings(reading or {})
    note = f"Looking at the {modality.noun.many}"
    yield Progress(0, len(sources), note=note)
    answer = trunk(workspace)

    def features(first: int) -> npt.NDArray[np.float32]:
        return answer(np.stack([_decoded(modality, source, made) for source in sources[first : first + AT_ONCE]]))

    found = yield from map_blocks(features, len(sources), AT_ONCE, note)
    return np.concatenate(found).astype(np.float16) if found else np.empty((0, backbone.feature_length), np.float16)


def _decoded(modality: Modality, source: Path, settings: Any) -> npt.NDArray[Any]:
    """The one array of an item: the bundled backbones take one."""
    try:
        (array,) = modality.decode(source, settings).values()
    except ValueError as error:
        raise DataError(f"The {modality.noun.one} {source} can no longer be read. {error}") from error
    return array


def _make_graph(path: Path, workspace: Workspace) -> None:
    """Have a process that has Keras convert the backbone; it takes some ten seconds and gives its memory back."""
    command = [sys.executable, "-m", "tlcore", "graph-work"]
    environment = {**worker_environment(), "GRAFT_HOME": os.fspath(workspace.root)}
    environment |= {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}  # the converter knows no other
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not path.exists():
        said = " ".join(done.stderr.split())[-300:]
        raise WeightsError(
            f"The bundled backbone is needed as a graph at {path}. It could not be made: {said or 'no word'}. "
            "Run `make install`, and look whether the disk is full."
        )
