"""The head as ONNX answers as arrays do, alone and joined to what lies below it."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from scipy.special import softmax

from tlcore.inference.ood import learn_known
from tlcore.inference.trunk import FEATURES
from tlcore.modalities.image.settings import PIXELS
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.training.head_graph import head_graph, join

RNG = np.random.default_rng(0)
KERNEL, BIAS = RNG.normal(size=(3, 4)).astype(np.float32), RNG.normal(size=4).astype(np.float32)
KNOWN = learn_known(RNG.uniform(0, 255, (20, 3)), RNG.uniform(0, 255, (30, 3)))


def body() -> onnx.ModelProto:
    """Pixels to their mean colour."""
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", [PIXELS], [FEATURES], axes=[1, 2], keepdims=0)],
        "body",
        [helper.make_tensor_value_info(PIXELS, TensorProto.FLOAT, ["n", 8, 8, 3])],
        [helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["n", 3])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def whole() -> onnx.ModelProto:
    return join(body(), head_graph(KERNEL, BIAS, KNOWN, CLASSIFICATION, like=body(), source=FEATURES))


@pytest.mark.parametrize("n", [1, 7])
def test_the_joined_graph_answers_as_the_arrays_do(whole, n):
    onnx.checker.check_model(whole, full_check=True)
    pixels = np.random.default_rng(n).uniform(0, 255, (n, 8, 8, 3)).astype(np.float32)
    session = onnxruntime.InferenceSession(whole.SerializeToString(), providers=["CPUExecutionProvider"])
    assert [output.name for output in session.get_outputs()] == ["probabilities", "unfamiliarity"]
    chances, scores = session.run(None, {PIXELS: pixels})
    features = pixels.mean(axis=(1, 2))
    np.testing.assert_allclose(chances, softmax(features @ KERNEL + BIAS, axis=1), atol=1e-5)
    np.testing.assert_allclose(scores, KNOWN.unfamiliarity(features), rtol=1e-3, atol=1e-3)
    assert scores.shape == (n,)


def test_a_picture_without_any_feature_is_as_far_as_can_be(whole):
    session = onnxruntime.InferenceSession(whole.SerializeToString(), providers=["CPUExecutionProvider"])
    (scores,) = session.run(["unfamiliarity"], {PIXELS: np.zeros((1, 8, 8, 3), np.float32)})
    assert scores[0] == pytest.approx(1 / KNOWN.limit, rel=1e-5)


def test_the_known_pictures_take_two_bytes_for_each_number(whole):
    (stored,) = [tensor for tensor in whole.graph.initializer if tensor.name.endswith("known")]
    assert len(stored.raw_data) == 2 * KNOWN.features.size
