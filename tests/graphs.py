"""Small graphs made by hand: a model that answers by mean colour needs no training and no Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.conftest import CLASSES
from tests.contracts import image_contract
from tlcore.contract import Contract, read_contract
from tlcore.data.dataset import Dataset, open_dataset
from tlcore.files import write_json
from tlcore.inference.ood import learn_known
from tlcore.modalities.image.pixels import read_pixels
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.training.head_graph import head_graph, join
from tlcore.workspace import Workspace


def write_colour_model(path: Path, colours: tuple[tuple[int, int, int], ...] = tuple(CLASSES.values())) -> Path:
    """Write a graph with `model.onnx`'s contract that says which of `colours` a picture's mean colour leans to."""
    # Without their grey, so that a grey ground leans to none of them.
    weights = (np.array(colours, np.float32) - np.mean(colours, axis=1, keepdims=True)).T / 1000
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["colour"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["colour", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", None, None, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(colours)])],
        [numpy_helper.from_array(weights.astype(np.float32), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


def write_task_model(path: Path, task: str, width: int) -> Path:
    """Write a graph that goes by the mean red of a picture: a number is that red, of labels the last follows it."""
    kernel = np.zeros((3, width), np.float32)
    kernel[0, -1], kernel[1:, :-1] = (1.0 if task == "regression" else 0.1), 0.005
    known = find_task(task)
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["colour"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["colour", "kernel"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
        helper.make_node(known.activation, ["logits"], [known.output]),
    ]
    bias = np.full(width, 0 if task == "regression" else -2, np.float32)
    graph = helper.make_graph(
        nodes,
        "colour",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", None, None, 3])],
        [helper.make_tensor_value_info(known.output, TensorProto.FLOAT, ["n", width])],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(bias, "bias")],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def write_knowing_model(run: Run, workspace: Workspace, *, temperature: float) -> None:
    """Write a model that answers by mean colour, too, and says how unlike the training pictures' a picture's is."""
    labels = read_contract(run.path)
    train, validation = (_colours(run, workspace, labels, part) for part in ("train", "val"))
    colours = np.array([CLASSES[label] for label in labels.labels], np.float32)
    kernel = (colours - colours.mean(axis=1, keepdims=True)).T / 1000 / temperature
    body = helper.make_model(
        helper.make_graph(
            [helper.make_node("ReduceMean", ["pixels"], ["colour"], axes=[1, 2], keepdims=0)],
            "colour",
            [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", None, None, 3])],
            [helper.make_tensor_value_info("colour", TensorProto.FLOAT, ["n", 3])],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    known = learn_known(train, validation)
    bias = np.zeros(len(colours), np.float32)
    onnx.save(
        join(body, head_graph(kernel, bias, known, CLASSIFICATION, like=body, source="colour"), "head/"), run.model_onnx
    )
    write_json(run.contract_json, labels.model_copy(update={"temperature": temperature, "outputs": ()}))


def _colours(run: Run, workspace: Workspace, labels: Contract, part: str) -> np.ndarray:
    """The mean colour of each picture of a part, `(n, 3)`."""
    split, dataset = run.split(), open_dataset(workspace, run.dataset.id)
    paths = [dataset.image_path(file) for file in split.loc[split["split"] == part, "file"]]
    return np.stack([read_pixels(path, labels.input.size, labels.input.resize).mean(axis=(0, 1)) for path in paths])


def make_answerable_run(workspace: Workspace, dataset: Dataset, **settings: Any) -> Run:
    """Make a run that has come as far as a model, without training one."""
    fractions = Fractions(train=0.4, val=0.2, test=0.4)
    config = TrainingConfig(dataset=dataset.id, fractions=fractions, **{"input.size": 32, **settings})
    run = create_run(workspace, dataset, config)
    colours = tuple(CLASSES[label] for label in run.dataset.classes)
    write_colour_model(run.model_onnx, colours)
    write_json(
        run.contract_json,
        image_contract(
            classes=run.dataset.classes,
            size=32,
            resize="crop",
            backbone="colours",
            dataset="shapes",
            unfamiliarity=False,
        ),
    )
    return run
