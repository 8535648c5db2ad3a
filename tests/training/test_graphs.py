"""A backbone becomes a graph, from both sides of its middle cut where it has one, at its full depth.

Every backbone does in `tests/export/test_every_backbone.py`, as far as it brings new kinds of layers. Here are three at
full depth: the bundled one, one that is rewritten for the converter, and one that has no cut.
"""

from __future__ import annotations

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from tests.heads import head
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.inference.ood import learn_known
from tlcore.inference.trunk import FEATURES
from tlcore.modalities.image.settings import PIXELS, ImageInput
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.training.backbones import build_backbone
from tlcore.training.head_graph import POOLED, head_graph, join
from tlcore.training.model import TransferModel
from tlcore.training.save import to_onnx


@pytest.fixture(autouse=True)
def forget_models():
    """Give the memory of a whole catalogue of models back, one by one."""
    yield
    keras.utils.clear_session(free_memory=True)


@pytest.mark.slow
def test_a_whole_backbone_answers_alike_in_keras_and_as_a_graph():
    # Every kind of layer of the others is held by `test_every_backbone.py`.
    backbone = CATALOGUE["efficientnet_lite0"]
    keras.utils.set_random_seed(0)
    body = build_backbone(backbone, input=ImageInput(size=backbone.minimum_size), weights="random")
    model = TransferModel(backbone, body, head(3), dropout=0.0, seed=0)
    pixels = np.random.default_rng(0).integers(0, 256, (2, backbone.minimum_size, backbone.minimum_size, 3))
    expected = np.asarray(model.whole(pixels.astype(np.float32), training=False))
    cut = len(backbone.blocks) // 2
    trunk = to_onnx(model.trunk(cut), target=FEATURES)
    body = join(trunk, to_onnx(model.pooled(cut), target=POOLED))
    known = learn_known(np.ones((1, backbone.feature_length)), np.ones((1, backbone.feature_length)))
    graph = join(body, head_graph(*model.head, known, CLASSIFICATION, like=body), "head/")
    onnx.checker.check_model(graph)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (answers,) = session.run(["probabilities"], {PIXELS: pixels.astype(np.float32)})
    np.testing.assert_allclose(answers, expected, atol=1e-4)
