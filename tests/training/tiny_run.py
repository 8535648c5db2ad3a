"""A program: take a folder of pictures in and carry out a whole run on a tiny backbone, as the worker does.

    KERAS_BACKEND=jax GRAFT_HOME=… GRAFT_QUEUE=… python -m tests.training.tiny_run FOLDER

In a process of its own, because a process has one backend. The last line is one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from tlcore.backbones import catalogue
from tlcore.backbones.backbone import Backbone, Block
from tlcore.data.intake import ingest
from tlcore.modalities.image.settings import ImageInput
from tlcore.progress import drain
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.manifest import read_manifests
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

SIZE = 32
TINY = Backbone(
    key="tiny",
    title="Tiny",
    factory="tests.training.tiny_run:build",
    preprocessing="tf",
    native_size=SIZE,
    minimum_size=8,
    parameters=1,
    feature_length=8,
    licence="Apache-2.0",
    recommendation="For tests.",
    weights_file="tiny.weights.h5",
    download_megabytes=0.0,
    blocks=tuple(Block(name=f"block {n}", last_layer=f"activation{n}", parameters=1) for n in (1, 2)),
)
# One block more: two of them can be trained above a trunk.
DEEPER = TINY.model_copy(
    update={
        "key": "deeper",
        "factory": "tests.training.tiny_run:build_deeper",
        "weights_file": "deeper.weights.h5",
        "blocks": (*TINY.blocks, Block(name="block 3", last_layer="activation3", parameters=1)),
    }
)
WITH_TINY = MappingProxyType({**catalogue.CATALOGUE, TINY.key: TINY, DEEPER.key: DEEPER})


def build(*, weights: None, include_top: bool, input_tensor: Any, blocks: int = 2) -> Any:
    """The factory that the catalogue's entry names."""
    import keras
    from keras import layers

    x = input_tensor
    for number in range(1, blocks + 1):
        x = layers.Conv2D(8, 3, 2, "same", use_bias=False, name=f"convolution{number}")(x)
        x = layers.BatchNormalization(name=f"normalization{number}")(x)
        x = layers.ReLU(name=f"activation{number}")(x)
    return keras.Model(keras.utils.get_source_inputs(input_tensor), x)


def build_deeper(**asked: Any) -> Any:
    """The factory of the deeper one."""
    return build(blocks=3, **asked)


def prepare(folder: Path) -> Run:
    """Take the pictures in, write the backbone's weights, and create the run: every block, from an exact head."""
    workspace = Workspace.default()
    dataset = drain(ingest(workspace, folder), lambda progress: None).dataset
    write_weights(workspace)
    config = TrainingConfig(
        dataset=dataset.id,
        backbone=TINY.key,
        mode="fine-tune",
        blocks=2,
        head="logistic",  # new weights that do not depend on a backend's random numbers
        dropout=0.0,
        epochs=2,
        fine_tune_learning_rate=1e-4,
        input={"size": SIZE},
        batch_size=8,
        fractions=Fractions(train=0.5, val=0.25, test=0.25),
    )
    return create_run(workspace, dataset, config)


def write_weights(workspace: Workspace, tiny: Backbone = TINY) -> None:
    """Put the backbone's weights, the same ones every time, where somebody would put them by hand."""
    from tlcore.training.backbones import build_backbone

    backbone, rng = build_backbone(tiny, input=ImageInput(size=SIZE), weights="random"), np.random.default_rng(0)
    for variable in backbone.trainable_variables:
        if variable.name == "kernel":
            variable.assign(rng.normal(scale=0.3, size=variable.shape))
    workspace.weights.mkdir(parents=True, exist_ok=True)
    backbone.save_weights(workspace.weights / tiny.weights_file)


def main(folder: Path) -> dict[str, Any]:
    catalogue.CATALOGUE = WITH_TINY
    from tlcore.training.work import work

    run = prepare(folder)
    code, state = work(run.path), run.state()
    return {
        "code": code,
        "log": run.log()[-2000:],
        "losses": [[epoch.loss, epoch.val_loss] for epoch in state.epochs],
        "tested": state.test.n if state.test else 0,
        "agreeing": {made.format: made.agrees for made in read_manifests(run.path)},
    }


if __name__ == "__main__":
    found = main(Path(sys.argv[1]))
    sys.stdout.write("\n" + json.dumps(found))
