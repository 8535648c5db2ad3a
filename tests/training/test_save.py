from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from tlcore.inference.ood import learn_known
from tlcore.modalities.image.settings import PIXELS
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.training.head_graph import POOLED, head_graph, join
from tlcore.training.save import convert_elsewhere, save_keras, save_onnx, to_onnx, trunk_graph


def ask(graph, pixels):
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {PIXELS: pixels.astype(np.float32)})[0]


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_a_trunk_joined_to_what_is_above_it_answers_as_keras_does(tiny_model, colours, tmp_path, cut):
    pixels, _ = colours
    body = trunk_graph(tiny_model.trunk(cut or 3), {"cut": cut}, tmp_path)
    if cut == 1:
        body = join(body, to_onnx(tiny_model.pooled(cut), target=POOLED))
    known = learn_known(np.eye(8), np.ones((1, 8)))
    graph = join(
        body, head_graph(*tiny_model.head, known, CLASSIFICATION, like=body, source=body.graph.output[0].name), "head/"
    )
    onnx.checker.check_model(graph)
    np.testing.assert_allclose(ask(graph, pixels), tiny_model.whole.predict(pixels, verbose=0), atol=1e-5)


def test_a_graph_takes_any_number_of_pictures_by_name(tiny_model, colours):
    graph = to_onnx(tiny_model.whole, target="probabilities")
    assert [entry.name for entry in graph.graph.input] == ["pixels"]
    assert [entry.name for entry in graph.graph.output] == ["probabilities"]
    assert max(entry.version for entry in graph.opset_import if entry.domain in ("", "ai.onnx")) >= 17
    for n in (1, 5):
        assert ask(graph, colours[0][:n]).shape == (n, 3)


def test_padding_below_a_pooling_is_zeros_in_the_graph_too():
    """ONNX Runtime takes it for the pooling's own, as if nothing were there, where it is written as 0."""
    pixels = keras.Input((6, 6, 3), name=PIXELS)
    model = keras.Model(pixels, keras.layers.MaxPooling2D(3, 2)(keras.layers.ZeroPadding2D(1)(pixels)))
    graph = to_onnx(model, target="probabilities")
    assert "MaxPool" in {node.op_type for node in graph.graph.node}
    below_zero = np.full((1, 6, 6, 3), -5.0)
    np.testing.assert_array_equal(ask(graph, below_zero), model(below_zero))


def test_a_trunk_is_converted_once(tiny_model, tmp_path, monkeypatch):
    first = trunk_graph(tiny_model.trunk(1), {"cut": 1}, tmp_path)
    monkeypatch.setattr("tlcore.training.save.to_onnx", None)
    assert trunk_graph(tiny_model.trunk(1), {"cut": 1}, tmp_path) == first
    (path,) = tmp_path.rglob("trunk.onnx")
    path.write_bytes(b"torn")
    with pytest.raises(TypeError):  # it would have to be converted again
        trunk_graph(tiny_model.trunk(1), {"cut": 1}, tmp_path)


@pytest.mark.slow
def test_plain_keras_loads_the_archive_in_safe_mode_and_answers_the_same(tiny_model, colours, tmp_path):
    pixels, _ = colours
    save_keras(tiny_model.whole, tmp_path / "model.keras")
    np.save(tmp_path / "pixels.npy", pixels)
    program = (
        "import keras, numpy as np, sys\n"
        "model = keras.models.load_model('model.keras', safe_mode=True)\n"
        "np.save('answers.npy', model.predict(np.load('pixels.npy'), verbose=0))\n"
        "sys.exit('tlcore' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-I", "-c", program], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(
        np.load(tmp_path / "answers.npy"), tiny_model.whole.predict(pixels, verbose=0), atol=1e-6
    )


def test_a_graph_on_disk_is_the_graph(tiny_model, tmp_path):
    graph = to_onnx(tiny_model.whole, target="probabilities")
    save_onnx(graph, tmp_path / "model.onnx")
    assert onnx.load(tmp_path / "model.onnx") == graph


@pytest.mark.slow
def test_a_backend_without_a_converter_borrows_one(tiny_model, colours, tmp_path):
    graph = convert_elsewhere(tiny_model.whole, tmp_path, target="probabilities")
    pixels, _ = colours
    np.testing.assert_allclose(ask(graph, pixels), tiny_model.whole.predict(pixels, verbose=0), atol=1e-5)
