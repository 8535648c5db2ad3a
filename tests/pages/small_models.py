"""A real model file that answers in a millisecond: the colour of a picture decides. Nothing was trained."""

from __future__ import annotations

import hashlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.contracts import image_contract
from tests.pages.made_runs import finished
from tlcore.files import write_bytes, write_json
from tlcore.runs.manifest import Manifest

SIZE = 32


def answering(workspace, dataset, **settings):
    """A finished run whose model answers."""
    run = finished(workspace, dataset, **settings)
    classes = dataset.info.classes
    write_bytes(run.model_onnx, colour_model(len(classes)))
    write_json(
        run.contract_json,
        image_contract(
            classes=classes,
            size=SIZE,
            resize="crop",
            backbone="efficientnet_lite0",
            dataset=dataset.info.name,
            unfamiliarity=False,
        ),
    )
    return run


def colour_model(classes: int) -> bytes:
    """The mean colour, times some weights, as probabilities."""
    weights = np.resize(np.eye(3, dtype=np.float32) / 32, (3, classes))
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["colour"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["colour", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "colour",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", classes])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def exported(
    run, key: str, file: str, content: bytes = b"an artefact", *, agrees: bool = True, reason: str = ""
) -> Manifest:
    """An artefact and what was proven of it."""
    folder = run.exports / key
    manifest = Manifest(
        format=key,
        title=f"The {key} file",
        description="For a test.",
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        n=40,
        same_answers=1.0 if agrees else 0.5,
        largest_difference=2e-7 if agrees else 0.4,
        agrees=agrees,
        reason=reason,
        milliseconds_per_item=3.21,
    )
    folder.mkdir(parents=True, exist_ok=True)
    if agrees:
        (folder / file).write_bytes(content)
    write_json(folder / "manifest.json", manifest)
    return manifest
