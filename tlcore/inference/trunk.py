"""A trunk as a graph: what it depends on, where its graph is kept, and how it answers, with ONNX Runtime alone.

It knows a backbone's facts, the cache folder and ONNX Runtime. It does not know how a graph is made; that is
`training.save`'s, and whoever looks for features that training has computed, or will, names them as training does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.backbones.backbone import Backbone
from tlcore.inference.session import open_session
from tlcore.items import Arrays
from tlcore.modalities import InputSettings, find_modality

OPSET = 17
FEATURES = "features"  # what the cut is named after: the output of the last layer below it, or what the head sees
GRAPH_VERSION = 2  # goes up when a trunk is converted into another graph than before
FEATURES_VERSION = 2

AT_ONCE = 4  # items in one call: few, so that what lies between two layers stays in a core's cache

TYPES = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}

Answer = Callable[[Arrays], dict[str, npt.NDArray[Any]]]
Single = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


def trunk_identity(
    backbone: Backbone, weights: str, *, cut: int, input: InputSettings, features: str = "last"
) -> dict[str, Any]:
    """What the function below a cut depends on; `weights` is the SHA-256 of the weights file.

    Of the input, the settings count that a backbone is made for: its size. `features` is as in the settings of a run.
    """
    sizes = find_modality(backbone.modality).made_for(backbone.native_size)
    return {
        **({} if features == "last" else {"features": features}),
        "backbone": backbone.key,
        "weights": weights,
        "cut": cut,
        "blocks": len(backbone.blocks),
        **{name: getattr(input, name) for name in sizes},
        "keras": version("keras"),
    }


def graph_path(identity: dict[str, Any], cache: Path) -> Path:
    """Where the graph of a trunk is kept, whether it is there or not."""
    text = json.dumps({"version": GRAPH_VERSION, "opset": OPSET, "onnx": version("onnx"), **identity}, sort_keys=True)
    return cache / f"graph-{hashlib.sha256(text.encode()).hexdigest()[:24]}" / "trunk.onnx"


def features_folder(identity: dict[str, Any], shape: Any, cache: Path) -> Path:
    """Where features are kept, whether they are there or not, by a trunk's identity and its items.

    `shape` is `(n, …)`, or a dictionary of shapes where several tensors cross the cut.
    """
    text = json.dumps({"version": FEATURES_VERSION, "shape": shape, **identity}, sort_keys=True)
    return cache / f"trunk-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def kept_features(
    identity: dict[str, Any], items: str, shape: tuple[int, int], cache: Path
) -> npt.NDArray[np.float16] | None:
    """The features `(n, d)` of the plain items of a store, by its key, on the disk; None where there are none.

    Exact ones are looked for first, else those in lower precision that versions up to 0.1 may have computed.
    """
    for precision in ({}, {"precision": "bfloat16"}):
        folder = features_folder({**identity, "pictures": items, **precision}, shape, cache)
        try:
            found: npt.NDArray[np.float16] = np.load(folder / "view-plain.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            continue
        if found.shape == shape:
            return found
    return None


def start(graph: bytes) -> Answer:
    """Make a graph ready; it answers on the calling thread alone, and callers bring one thread for each core.

    It takes in arrays by the names of its inputs, and gives those of its outputs. Through OpenVINO, in single
    precision, where ONNX Runtime was installed with it (`onnxruntime-openvino`).
    """
    session = open_session(graph, fastest=True)
    wanted = {each.name: TYPES[each.type] for each in session.get_inputs()}
    names = [each.name for each in session.get_outputs()]

    def answer(arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
        given: dict[str, npt.NDArray[Any]] = {name: np.asarray(arrays[name], dtype) for name, dtype in wanted.items()}
        return dict(zip(names, session.run(names, given), strict=True))

    return answer


def start_single(graph: bytes) -> Single:
    """Make a graph of one input and one output ready, such as a whole backbone: an array to an array."""
    session = open_session(graph, fastest=True)
    name = session.get_inputs()[0].name

    def answer(array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        found: npt.NDArray[np.float32] = session.run(None, {name: array.astype(np.float32)})[0]
        return found

    return answer
