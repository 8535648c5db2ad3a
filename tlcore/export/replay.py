"""Load a model file and answer for stored pixels: the program of the fresh process.

It imports nothing of Graft's; `python -I` would not find it. What it needs beside NumPy is what anybody needs who
uses the file: Keras, or ONNX Runtime.

    python -I replay.py keras|onnx MODEL PIXELS SIZE ROWS ANSWERS
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

BATCHES = {"keras": 16, "onnx": 1}  # of either, the fastest on a processor


def load_keras(model: str) -> tuple[Callable[[Any], Any], dict[str, str]]:
    import keras

    loaded = keras.models.load_model(model, safe_mode=True, compile=False)
    return loaded.predict_on_batch, {
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
    }


def load_onnx(model: str) -> tuple[Callable[[Any], Any], dict[str, str]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # pictures are answered one at a time; more threads would only wait for each other
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda pixels: session.run(None, {name: pixels.astype(np.float32)})[0], {
        "onnxruntime": onnxruntime.__version__
    }


def main(kind: str, model: str, pixels: str, size: str, chosen: str, answers: str) -> None:
    answer, versions = (load_keras if kind == "keras" else load_onnx)(model)
    stored = np.memmap(pixels, np.uint8, "r").reshape(-1, int(size), int(size), 3)
    rows = np.load(chosen)
    found, milliseconds = [], []
    for start in range(0, len(rows), BATCHES[kind]):
        batch = np.asarray(stored[rows[start : start + BATCHES[kind]]])
        began = time.process_time()  # of all threads: what else runs on the machine does not count
        found.append(np.asarray(answer(batch), np.float32))
        milliseconds.append(1000 * (time.process_time() - began) / len(batch))
    np.save(answers, np.concatenate(found))
    versions = {"python": platform.python_version(), "numpy": np.__version__, **versions}
    sys.stdout.write(json.dumps({"milliseconds_per_picture": float(np.median(milliseconds)), "versions": versions}))


if __name__ == "__main__":
    main(*sys.argv[1:])
