"""Weights of our own making for backbones whose published weights need a network, and a worker that takes them.

The time of a network does not depend on what its weights are. They are random, and the statistics of their
normalization are those of the pictures, so that numbers stay of the size that they have in a trained network.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MAKING = """
import sys, pathlib, h5py, keras, numpy as np
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group
from benchmarks.own_weights import settle
from tlcore.modalities.image.settings import ImageInput
from tlcore.backbones.catalogue import find
from tlcore.training.backbones import build_backbone
backbone, path, size = find(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
keras.utils.set_random_seed(0)
model = build_backbone(backbone, input=ImageInput(size=size), weights="random")
pixels = np.memmap(sys.argv[4], np.uint8, "r").reshape(-1, size, size, 3)[:32].astype(np.float32)
settle(model, pixels)
with h5py.File(path, "w") as file:  # as the published files are
    save_weights_to_hdf5_group(file, model)
"""
# The published file's hash is the one thing that cannot be made.
WORKING = """
import sys, pathlib
from tlcore.backbones import weights
weights.check_weights = lambda backbone, path: None
from tlcore.training.work import work
sys.exit(work(pathlib.Path(sys.argv[1])))
"""


def settle(model: Any, inputs: Any) -> None:
    """Take the statistics of normalizations from the inputs: with others a deep network forgets what it sees.

    Nearly: a channel that is the same for every input would else be divided by nothing and drown the rest.
    """
    import keras

    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.03
    model(inputs, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def make_weights(key: str, home: Path, *, size: int, pixels: Path, environment: dict[str, str]) -> None:
    """Put weights for a backbone into a workspace, where it has none; `pixels` is the file of a pixel store."""
    from tlcore.backbones.catalogue import find
    from tlcore.backbones.weights import weights_state
    from tlcore.workspace import Workspace

    if weights_state(find(key), Workspace(home)).path is not None:
        return
    path = home / "weights" / find(key).weights_file
    command = [sys.executable, "-c", MAKING, key, str(path), str(size), str(pixels)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)


def worker(run: Path) -> list[str]:
    """The command of a worker that takes weights of our own making."""
    return [sys.executable, "-c", WORKING, str(run)]
