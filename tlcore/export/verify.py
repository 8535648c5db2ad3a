"""Load a model file and answer for stored arrays: the program of the fresh process.

It imports nothing of Graft's; `python -I` would not find it. What it needs beside NumPy is what anybody needs who
uses the file: Keras, ONNX Runtime, TensorFlow, LiteRT's interpreter, OpenVINO or Core ML.

    python -I verify.py keras|keras-jax|onnx|savedmodel|litert|openvino|coreml

It imports what it needs first; then it reads, from its standard input, one JSON object that says what to do: `model`,
`inputs` (of each by name: a `file` of numbers, where in it they begin, `offset`, their type, `dtype`, and the `shape`
of an item's), `rows` (which items, a .npy file), `answers` (where to: an .npz file with an array of each output).
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Arrays = dict[str, Any]
Load = Callable[[str], Callable[[Arrays], Any]]
BATCHES = {"keras": 16, "keras-jax": 16}  # of either, the fastest on a processor; the others take one at a time
# Keras and TensorFlow import them where they are there, for what no answer needs: half of the time of their start.
# Which backend Keras takes may be written in a file of the user's, so that JAX is left to it.
_BY_KERAS = ("matplotlib", "pandas", "sklearn")
_BY_TENSORFLOW = (*_BY_KERAS, "jax", "scipy")
NOT_NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("keras", "keras-jax"), _BY_KERAS),
    **dict.fromkeys(("savedmodel", "litert"), _BY_TENSORFLOW),
}


def import_keras_with_jax() -> tuple[Load, dict[str, str]]:
    os.environ["KERAS_BACKEND"] = "jax"
    return import_keras()


def import_keras() -> tuple[Load, dict[str, str]]:
    import keras

    def load(model: str) -> Callable[[Any], Any]:
        loaded = keras.models.load_model(model, safe_mode=True, compile=False)
        return lambda arrays: [loaded.predict_on_batch(alone(arrays))]

    return load, {"keras": keras.__version__, "backend": keras.backend.backend()}


def import_onnx() -> tuple[Load, dict[str, str]]:
    import onnxruntime

    def load(model: str) -> Callable[[Any], Any]:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # items are answered one at a time; more threads would only wait
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda arrays: session.run(None, arrays)

    return load, {"onnxruntime": onnxruntime.__version__}


def import_savedmodel() -> tuple[Load, dict[str, str]]:
    import tensorflow as tf

    def load(model: str) -> Callable[[Any], Any]:
        place = Path(model)
        with contextlib.chdir(place.parent):  # TensorFlow takes a `[` in a path for a pattern
            loaded = tf.saved_model.load(place.name)  # kept alive: with it the variables of its signatures would go
        signature = loaded.signatures["serving_default"]

        def answer(arrays: Arrays, alive: Any = loaded) -> list[Any]:
            return outputs_of(signature(**{name: tf.constant(array) for name, array in arrays.items()}))

        return answer

    return load, {"tensorflow": tf.__version__}


def import_litert() -> tuple[Load, dict[str, str]]:
    try:
        from ai_edge_litert import interpreter as lite

        versions = {}
    except ImportError:
        import tensorflow as tf

        lite, versions = tf.lite, {"tensorflow": tf.__version__}

    def load(model: str) -> Callable[[Any], Any]:
        runner = lite.Interpreter(model_path=model, num_threads=1).get_signature_runner("serving_default")
        return lambda arrays: outputs_of(runner(**arrays))

    return load, versions


def import_openvino() -> tuple[Load, dict[str, str]]:
    import openvino

    def load(model: str) -> Callable[[Any], Any]:
        # Some processors would else compute in 16 bits.
        exact = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": "1"}
        compiled = openvino.Core().compile_model(model, "CPU", exact)
        return lambda arrays: list(compiled(arrays).values())

    return load, {"openvino": openvino.__version__}


def import_coreml() -> tuple[Load, dict[str, str]]:
    import coremltools

    def load(model: str) -> Callable[[Any], Any]:
        loaded = coremltools.models.MLModel(model, compute_units=coremltools.ComputeUnit.CPU_ONLY)
        return lambda arrays: outputs_of(loaded.predict(arrays))

    return load, {"coremltools": coremltools.__version__}


def alone(arrays: Arrays) -> Any:
    """One array as it is: a model with a single input need not have its name."""
    return next(iter(arrays.values())) if len(arrays) == 1 else arrays


def as_taken(arrays: Arrays) -> Arrays:
    """Bring arrays to the types that models take: bytes as numbers, all else as it is."""
    return {name: array.astype(np.float32) if array.dtype == np.uint8 else array for name, array in arrays.items()}


def outputs_of(said: dict[str, Any]) -> list[Any]:
    """By name: probabilities or values first, then how unfamiliar the item is, where it says so."""
    return [said[name] for name in ("probabilities", "values", "unfamiliarity") if name in said]


KINDS: dict[str, Callable[[], tuple[Load, dict[str, str]]]] = {
    "keras": import_keras,
    "keras-jax": import_keras_with_jax,
    "onnx": import_onnx,
    "savedmodel": import_savedmodel,
    "litert": import_litert,
    "openvino": import_openvino,
    "coreml": import_coreml,
}


def main(kind: str) -> None:
    sys.modules.update(dict.fromkeys(NOT_NEEDED.get(kind, ())))  # type: ignore[arg-type]  # as if not installed
    gc.disable()  # not while thousands of modules are imported, which stay
    load, versions = KINDS[kind]()
    gc.freeze()
    gc.enable()
    asked = json.loads(sys.stdin.readline())
    said = answer_all(load(asked["model"]), asked, versions, at_once=BATCHES.get(kind, 1))
    sys.stdout.write(json.dumps(said))
    gc.freeze()  # all memory goes back at once: nothing is to be looked through before


def answer_all(
    answer: Callable[[Arrays], Any], asked: dict[str, Any], versions: dict[str, str], *, at_once: int = 1
) -> dict[str, Any]:
    """Answer for the stored items, write the answers down, and say how long it took."""
    stored = {
        name: np.memmap(each["file"], each["dtype"], "r", each["offset"]).reshape(-1, *each["shape"])
        for name, each in asked["inputs"].items()
    }
    rows = np.load(asked["rows"])
    found, milliseconds = [], []
    for start in range(0, len(rows), at_once):
        places = rows[start : start + at_once]
        batch = {name: np.asarray(array[places]) for name, array in stored.items()}
        began = time.process_time()  # of all threads: what else runs on the machine does not count
        found.append([np.asarray(output, np.float32) for output in answer(as_taken(batch))])
        milliseconds.append(1000 * (time.process_time() - began) / len(places))
    np.savez(asked["answers"], *map(np.concatenate, zip(*found, strict=True)))
    versions = {"python": platform.python_version(), "numpy": np.__version__, **versions}
    median, slow = np.percentile(milliseconds, (50, 95)).tolist()
    return {"milliseconds_per_item": median, "milliseconds_p95": slow, "versions": versions}


if __name__ == "__main__":
    main(*sys.argv[1:])
