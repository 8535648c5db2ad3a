"""The engine that a rule chooses, on a backbone of three small blocks."""

from __future__ import annotations

import numpy as np
import pytest

from tlcore.inference import session
from tlcore.inference.trunk import FEATURES
from tlcore.memmap import MappedArrays
from tlcore.modalities.image.settings import PIXELS
from tlcore.training import device
from tlcore.training.engine import engine_of
from tlcore.training.save import to_onnx


@pytest.fixture
def trunk(tiny_model):
    return tiny_model.trunk(2)


@pytest.fixture
def graph(trunk):
    return lambda: to_onnx(trunk, target=FEATURES)


@pytest.mark.parametrize(("accelerated", "title"), [(False, "ONNX Runtime"), (True, "Keras")])
def test_the_device_says_which_engine_gives_the_features_of_the_trunk(
    monkeypatch, trunk, graph, colours, accelerated, title
):
    monkeypatch.setattr(device, "on_accelerator", lambda: accelerated)
    pixels, _ = colours
    engine = engine_of(trunk, graph)
    assert engine.title.startswith(title)
    features = engine(MappedArrays({PIXELS: pixels}))[FEATURES]
    assert features.dtype == np.float32
    expected = trunk.predict({PIXELS: pixels.astype(np.float32)}, verbose=0)[FEATURES]
    np.testing.assert_allclose(features, expected, atol=1e-5)


def test_openvino_answers_in_single_precision_where_it_is_there_but_not_for_a_model_that_is_judged(monkeypatch, graph):
    opened = []
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [session.OPENVINO, "CPUExecutionProvider"])
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda graph, options, providers: opened.append(providers))
    for fastest in (True, False):
        session.open_session(graph().SerializeToString(), fastest=fastest)
    (name, options), own = opened[0]
    assert (name, options["precision"], own) == (session.OPENVINO, "FP32", "CPUExecutionProvider")
    assert opened[1] == ["CPUExecutionProvider"]
