"""Features of pictures by the bundled backbone, without Keras once its graph is in the cache.

It knows the bundled backbone, the graph's place and threads. It does not know what the features are for, nor how the
graph is made: a process of its own does that, once for each cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import DEFAULT, find
from tlcore.backbones.weights import weights_path
from tlcore.data.caches import using
from tlcore.data.pixels import Policy, read_pixels
from tlcore.data.progress import Pace, Progress
from tlcore.errors import DataError, WeightsError
from tlcore.files import sha256
from tlcore.inference.trunk import Answer, cores, graph_path, start, trunk_identity
from tlcore.runs.launch import worker_environment
from tlcore.workspace import Workspace

RESIZE: Policy = "crop"
AT_ONCE = 4  # pictures in one call: what lies between two layers then stays in a core's cache


def bundled() -> Backbone:
    """The backbone whose weights need no network."""
    return find(DEFAULT)


def identity(workspace: Workspace) -> dict[str, Any]:
    """What the features depend on beside the pictures: all that a run depends on which freezes this backbone."""
    backbone = bundled()
    weights = sha256(weights_path(backbone, workspace))
    return trunk_identity(backbone, weights, cut=len(backbone.blocks), size=backbone.native_size)


def trunk(workspace: Workspace) -> Answer:
    """Make the bundled backbone ready to answer `(n, size, size, 3)` with `(n, d)`; its graph is made where need be.

    Raises:
        WeightsError: The weights are missing, or the graph could not be made of them.
    """
    path = graph_path(identity(workspace), workspace.cache)
    if not path.exists():
        _make_graph(path, workspace)
    with using(path.parent):  # not thrown away between the two
        try:
            return start(path.read_bytes())
        except FileNotFoundError:
            _make_graph(path, workspace)
            return start(path.read_bytes())


def embed(workspace: Workspace, sources: Sequence[Path]) -> Generator[Progress, None, npt.NDArray[np.float16]]:
    """Features `(n, d)` of picture files, in their order, computed now and not kept; for few pictures.

    Raises:
        DataError: A file is no picture.
        WeightsError: The backbone is not there.
    """
    size = bundled().native_size
    pace = Pace(len(sources), "Looking at the pictures")
    yield pace.at(0)
    answer = trunk(workspace)

    def features(first: int) -> npt.NDArray[np.float32]:
        return answer(np.stack([_pixels(source, size) for source in sources[first : first + AT_ONCE]]))

    found: list[npt.NDArray[np.float32]] = []
    with ThreadPoolExecutor(cores()) as pool:
        for part in pool.map(features, range(0, len(sources), AT_ONCE)):
            found.append(part)
            if pace.due():
                yield pace.at(len(found) * AT_ONCE)
    length = bundled().feature_length
    return np.concatenate(found).astype(np.float16) if found else np.empty((0, length), np.float16)


def _pixels(source: Path, size: int) -> npt.NDArray[np.uint8]:
    try:
        return read_pixels(source, size, RESIZE)
    except ValueError as error:
        raise DataError(f"The picture {source} can no longer be read. {error}") from error


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
