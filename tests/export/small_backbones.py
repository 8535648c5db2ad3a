"""A run of a backbone as small as it gets: up to the block by which it has shown every kind of its layers.

Later blocks repeat what earlier ones have, and a converter stumbles over a kind of layer, not over the twelfth of it.
Where many layers make a difference, and each at full length, is measured by `benchmarks/conformance.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import onnx
from sklearn.linear_model import LogisticRegression

from benchmarks.own_weights import settle
from tests.conftest import CLASSES, draw_shape
from tests.contracts import image_contract
from tests.heads import head
from tests.training.layer_kinds import kind
from tlcore.backbones.backbone import Backbone
from tlcore.data.dataset import Dataset
from tlcore.data.intake import ingest
from tlcore.export.calibration_data import sample
from tlcore.export.parity import AppAnswers
from tlcore.files import write_json
from tlcore.inference.ood import learn_known
from tlcore.inference.trunk import FEATURES
from tlcore.modalities.image.settings import PIXELS, ImageInput
from tlcore.progress import drain
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.run import Run
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.training.backbones import build_backbone
from tlcore.training.head_graph import POOLED, head_graph, join
from tlcore.training.model import TransferModel
from tlcore.training.save import save_keras, save_onnx, to_onnx
from tlcore.workspace import Workspace

PER_CLASS = 50
EVERY_ITEM = 1000
# A picture whose two likeliest classes are so near is left out: either answer is as right as the other.
UNDECIDED = 0.05


class Small(NamedTuple):
    """A run, the pixels of test pictures `(n, size, size, 3)`, uint8, and what Keras itself says of them."""

    run: Run
    pixels: np.ndarray
    expected: AppAnswers


def take_in_shapes(workspace: Workspace, folder: Path) -> Dataset:
    """Coloured shapes, so many that two points of accuracy are more than one picture of the test part."""
    rng = np.random.default_rng(0)
    for label in CLASSES:
        (folder / label).mkdir(parents=True)
        for number in range(PER_CLASS):
            draw_shape(label, rng).save(folder / label / f"{number:02d}.png")
    return drain(ingest(workspace, folder), lambda step: None).dataset


def make_small(workspace: Workspace, dataset: Dataset, backbone: Backbone) -> Small:
    """Build the backbone as far as it is needed, under a head that tells the shapes apart, and save it as a run."""
    size = backbone.minimum_size
    fractions = Fractions(train=0.4, val=0.2, test=0.4)
    config = TrainingConfig(dataset=dataset.id, backbone=backbone.key, input={"size": size}, fractions=fractions)
    run = create_run(workspace, dataset, config)
    labels = image_contract(
        classes=run.dataset.classes,
        size=size,
        resize=config.input.resize,
        backbone=backbone.key,
        dataset="shapes",
        temperature=1.0,
    )
    write_json(run.contract_json, labels)
    train, val, test = (sample(run, part, EVERY_ITEM) for part in ("train", "val", "test"))

    keras.utils.set_random_seed(0)
    body = as_far_as_needed(build_backbone(backbone, input=ImageInput(size=size), weights="random"), backbone)
    settle(body, train.arrays[PIXELS].astype(np.float32))
    model = TransferModel(backbone, body, head(len(CLASSES)), dropout=0.0, seed=0)
    known, validated, tested = (
        np.asarray(model.features({PIXELS: part.arrays[PIXELS].astype(np.float32)})) for part in (train, val, test)
    )
    model.set_head(*learn_head(known, train.targets))
    seen = learn_known(known, validated)
    graph = graph_of(model, body)
    save_onnx(
        join(graph, head_graph(*model.head, seen, CLASSIFICATION, like=graph, source=POOLED), "head/"), run.model_onnx
    )
    save_keras(model.whole, run.model_keras)
    said = np.asarray(model.whole(test.arrays[PIXELS].astype(np.float32)))
    sure = np.diff(np.sort(said, axis=1)[:, -2:], axis=1)[:, 0] > UNDECIDED
    return Small(
        run, test.arrays[PIXELS][sure], AppAnswers(said[sure], seen.unfamiliarity(tested[sure]), test.targets[sure])
    )


def graph_of(model: TransferModel, body: keras.Model) -> onnx.ModelProto:
    """Pixels to features, joined from both sides of the last cut there is, as a run of frozen blocks has it."""
    names = {operation.name for operation in body.operations[:-1]}
    if cut := sum(block.last_layer in names for block in model.backbone.blocks):
        trunk = to_onnx(model.trunk(cut), target=FEATURES)
        return join(trunk, to_onnx(model.pooled(cut), target=POOLED))
    return to_onnx(model.features, target=POOLED)


def as_far_as_needed(body: keras.Model, backbone: Backbone) -> keras.Model:
    """Up to the first end of a block, or of a cell that joins its branches, that has every kind of layer below it."""
    kinds = {kind(operation) for operation in body.operations}
    ends = {block.last_layer for block in backbone.blocks}
    for operation in body.operations:
        if operation.name in ends or isinstance(operation, keras.layers.Concatenate):
            found = keras.Model(body.inputs[0], operation.output, name=body.name)
            if {kind(each) for each in found.operations} == kinds:
                return found
    raise AssertionError(f"{backbone.key} should end with a block.")


def learn_head(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A head's kernel and bias, all features in one unit: those that hardly vary would make rounding loud in theirs."""
    middle, scale = features.mean(axis=0), features.std()
    found = LogisticRegression(C=10.0, max_iter=1000).fit((features - middle) / scale, labels)
    kernel = found.coef_.T / scale
    return kernel.astype(np.float32), (found.intercept_ - middle @ kernel).astype(np.float32)
