"""Ask a graph that resizes about whole pictures: the program of the fresh process.

It imports nothing of Graft's but `pixels.py`, by its path, to decode as anybody might: upright, RGB, in full size.

    python -I replay_fullsize.py

It reads one JSON object from its standard input: `model`, `pixels` (the path of `pixels.py`), `pictures` (files),
`answers` (where to: an .npz file with an array of each output).
"""

from __future__ import annotations

import importlib.util
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import PIL


def decoder(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("pixels", path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is no Python.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    pixels = decoder(asked["pixels"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(asked["model"], options, providers=["CPUExecutionProvider"])
    found, milliseconds = [], []
    for path in map(Path, asked["pictures"]):
        with path.open("rb") as file:
            jpeg = file.read(2) == b"\xff\xd8"
        began = time.process_time()
        picture = np.asarray(pixels.open_picture(path))
        found.append(session.run(None, {"picture": picture, "jpeg": np.array(jpeg)}))
        milliseconds.append(1000 * (time.process_time() - began))
    np.savez(asked["answers"], *map(np.concatenate, zip(*found, strict=True)))
    versions = {"python": platform.python_version(), "onnxruntime": onnxruntime.__version__, "pillow": PIL.__version__}
    median, slow = np.percentile(milliseconds, (50, 95)).tolist()
    said = {"milliseconds_per_picture": median, "milliseconds_p95": slow, "versions": versions}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
