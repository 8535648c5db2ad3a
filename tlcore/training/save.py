"""Saves the model: as a Keras archive, and as ONNX for inference.

One of the two modules here that may name TensorFlow: the converter does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper

from tlcore.errors import ExportError
from tlcore.files import replacing
from tlcore.inference.trunk import FEATURES, OPSET, graph_path
from tlcore.training import device
from tlcore.training.onnx_layers import convertible, teach_converter


def save_keras(model: keras.Model, path: Path) -> None:
    """Write the archive that plain Keras 3 loads in safe mode, without our code."""
    with replacing(path) as beside:
        model.save(beside)


def save_onnx(graph: onnx.ModelProto, path: Path) -> None:
    with replacing(path) as beside:
        onnx.save(graph, beside)


def to_onnx(model: keras.Model, *, target: str) -> onnx.ModelProto:
    """Convert a model for any number of items, its output to be named `target`.

    Inputs keep their names, and so do outputs where there are several.

    Raises:
        ExportError: The converter does not know a layer.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        if keras.backend.backend() != "tensorflow" or device.mirrored():
            return convert_elsewhere(model, Path(folder), target=target)
        sources, targets = _names(model.input, model.inputs[0].name), _names(model.output, target)
        model = convertible(_flat(model))
        _hold_constants(model)
        teach_converter()
        signature = [
            keras.InputSpec(shape=tensor.shape, dtype=tensor.dtype, name=name)
            for tensor, name in zip(model.inputs, sources, strict=True)
        ]
        try:
            _export(model, path, signature)
        except (ValueError, NotImplementedError, RuntimeError) as error:
            raise ExportError(
                f"Every layer of the model needs a counterpart in ONNX. The conversion failed: {error}. "
                "Choose another backbone."
            ) from error
        graph = onnx.load(path)
    return _named(_padded_with_zeros(graph), sources, targets)


def _names(tensors: Any, name: str) -> list[str]:
    """Name the inputs or outputs of a model, in the order in which Keras lists them."""
    several = isinstance(tensors, dict) and len(tensors) > 1
    return sorted(tensors) if several else [name]


def _flat(model: keras.Model) -> keras.Model:
    """Make a model take and give tensors in a row instead of by name, as the converter wants them."""
    inputs, outputs = (each[0] if len(each) == 1 else each for each in (model.inputs, model.outputs))
    return keras.Model(inputs, outputs, name=model.name)


def _export(model: keras.Model, path: Path, signature: list[Any]) -> None:
    try:
        # Before each of its two dozen passes the converter copies the graph with all weights, in case a pass should
        # fail. Without the copies it takes half the time; where a pass fails, once more with them.
        os.environ["TF2ONNX_CATCH_ERRORS"] = "FALSE"  # in this version it matters only whether there is a value
        _convert(model, path, signature)
    except Exception:
        del os.environ["TF2ONNX_CATCH_ERRORS"]
        _convert(model, path, signature)
    finally:
        os.environ.pop("TF2ONNX_CATCH_ERRORS", None)


def _convert(model: keras.Model, path: Path, signature: list[Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter speaks of numpy's past
        model.export(path, format="onnx", verbose=False, input_signature=signature, opset_version=OPSET)


def _hold_constants(model: keras.Model) -> None:
    """Let normalizations hold their mean and variance as arrays: tensors would become inputs of the graph."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Normalization):
            layer.mean = keras.ops.convert_to_numpy(layer.mean)
            layer.variance = keras.ops.convert_to_numpy(layer.variance)


def convert_elsewhere(model: keras.Model, folder: Path, *, target: str) -> onnx.ModelProto:
    """Convert in a process that has TensorFlow as its backend, on one device: the converter knows no other."""
    model.save(folder / "model.keras")
    command = [sys.executable, "-m", "tlcore.training.save", str(folder / "model.keras"), target]
    environment = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ExportError(
            f"TensorFlow is needed to convert the model to ONNX. The conversion failed: {done.stderr[-300:].strip()}. "
            "Install TensorFlow, or choose another backbone."
        )
    return onnx.load(folder / "model.onnx")


def trunk_graph(trunk: keras.Model, identity: dict[str, Any], cache: Path) -> onnx.ModelProto:
    """Convert a trunk, or find it converted; `identity` is everything that it depends on."""
    path = graph_path(identity, cache)
    try:
        return onnx.load(path)
    except (OSError, DecodeError):
        graph = to_onnx(trunk, target=FEATURES)
        save_onnx(graph, path)
        return graph


def _padded_with_zeros(model: onnx.ModelProto) -> onnx.ModelProto:
    """Pad what a MaxPool takes with the smallest number above 0.

    A padding of 0 ONNX Runtime makes one of the pooling's own, as if it were of minus infinity: where all numbers at an
    edge are negative, as in ResNet50V2, it then answers something else than the graph says.
    """
    graph = model.graph
    pooled = {node.input[0] for node in graph.node if node.op_type == "MaxPool"}
    for node in graph.node:
        if node.op_type == "Pad" and node.output[0] in pooled and (len(node.input) == 2 or not node.input[2]):
            name = f"{node.output[0]}/nearly_zero"
            graph.initializer.append(numpy_helper.from_array(np.array(np.finfo(np.float32).tiny), name))
            node.input[2:] = [name]
    return model


def _named(model: onnx.ModelProto, sources: list[str], targets: list[str]) -> onnx.ModelProto:
    graph = model.graph
    ends = [*zip(graph.input, sources, strict=True), *zip(graph.output, targets, strict=True)]
    renamed = {value.name: name for value, name in ends}
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    for value, name in ends:
        value.name = name
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    return model


def _main(path: str, target: str) -> None:
    model = keras.models.load_model(path, safe_mode=True, compile=False)
    save_onnx(to_onnx(model, target=target), Path(path).with_suffix(".onnx"))


if __name__ == "__main__":
    _main(*sys.argv[1:])
