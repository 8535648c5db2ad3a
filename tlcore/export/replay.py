"""Load a model file and answer for stored pixels: the program of the fresh process.

It imports nothing of Graft's; `python -I` would not find it. What it needs beside NumPy is what anybody needs who
uses the file: Keras, or ONNX Runtime.

    python -I replay.py keras|onnx

It imports what it needs first; then it reads, from its standard input, one JSON object that says what to do: `model`,
`pixels` (a file of uint8), `size`, `rows` (which pictures, a .npy file), `answers` (where to: an .npz file with an
array of each output).
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Load = Callable[[str], Callable[[Any], Any]]
BATCHES = {"keras": 16, "onnx": 1}  # of either, the fastest on a processor


def import_keras() -> tuple[Load, dict[str, str]]:
    import keras

    def load(model: str) -> Callable[[Any], Any]:
        loaded = keras.models.load_model(model, safe_mode=True, compile=False)
        return lambda pixels: [loaded.predict_on_batch(pixels)]

    return load, {"keras": keras.__version__, "backend": keras.backend.backend()}


def import_onnx() -> tuple[Load, dict[str, str]]:
    import onnxruntime

    def load(model: str) -> Callable[[Any], Any]:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # pictures are answered one at a time; more threads would only wait
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda pixels: session.run(None, {name: pixels.astype(np.float32)})

    return load, {"onnxruntime": onnxruntime.__version__}


def main(kind: str) -> None:
    load, versions = import_keras() if kind == "keras" else import_onnx()
    asked = json.loads(sys.stdin.readline())
    answer = load(asked["model"])
    stored = np.memmap(asked["pixels"], np.uint8, "r").reshape(-1, asked["size"], asked["size"], 3)
    rows = np.load(asked["rows"])
    found, milliseconds = [], []
    for start in range(0, len(rows), BATCHES[kind]):
        batch = np.asarray(stored[rows[start : start + BATCHES[kind]]])
        began = time.process_time()  # of all threads: what else runs on the machine does not count
        found.append([np.asarray(output, np.float32) for output in answer(batch)])
        milliseconds.append(1000 * (time.process_time() - began) / len(batch))
    np.savez(asked["answers"], *map(np.concatenate, zip(*found, strict=True)))
    versions = {"python": platform.python_version(), "numpy": np.__version__, **versions}
    sys.stdout.write(json.dumps({"milliseconds_per_picture": float(np.median(milliseconds)), "versions": versions}))


if __name__ == "__main__":
    main(*sys.argv[1:])
