"""Ask a graph that resizes about whole items: the program of the fresh process.

It imports nothing of Graft's but `pixels.py`, by its path, to decode as anybody might: upright, RGB, in full size.

    python -I verify_fullsize.py

It reads one JSON object from its standard input: `model`, `pixels` (the path of `pixels.py`), `pictures` (files),
`value_range` (of grey items of more than 8 bits, or null), `answers` (where to: an .npz file with an array of each
output), `below` (the graph's part that resizes) and `battery` (`files` to see with it, `side`, and `seen`, where to
write the pixels of all: zeros for one that is refused).
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


def open_session(model: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def see(below: str, battery: dict[str, Any], pixels: Any, value_range: tuple[float, float] | None) -> list[str]:
    """Write what the graph makes of each file, and say why one is refused."""
    session, side, refused = open_session(below), battery["side"], []
    with Path(battery["seen"]).open("wb") as seen:
        for file in battery["files"]:
            made, reason = np.zeros((side, side, 3), np.uint8), ""
            try:
                content = Path(file).read_bytes()
                item = np.asarray(pixels.open_picture(content, value_range=value_range))
                jpeg = np.array(content[:2] == b"\xff\xd8")
                made = session.run(None, {"picture": item, "jpeg": jpeg})[0][0].astype(np.uint8)
            except ValueError as error:
                reason = str(error)
            seen.write(made.tobytes())
            refused.append(reason)
    return refused


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    pixels = decoder(asked["pixels"])
    session = open_session(asked["model"])
    found, milliseconds = [], []
    for path in map(Path, asked["pictures"]):
        with path.open("rb") as file:
            jpeg = file.read(2) == b"\xff\xd8"
        began = time.process_time()
        item = np.asarray(pixels.open_picture(path, value_range=asked["value_range"]))
        found.append(session.run(None, {"picture": item, "jpeg": np.array(jpeg)}))
        milliseconds.append(1000 * (time.process_time() - began))
    np.savez(asked["answers"], *map(np.concatenate, zip(*found, strict=True)))
    versions = {"python": platform.python_version(), "onnxruntime": onnxruntime.__version__, "pillow": PIL.__version__}
    median, slow = np.percentile(milliseconds, (50, 95)).tolist()
    refused = see(asked["below"], asked["battery"], pixels, asked["value_range"])
    said = {"refused": refused, "milliseconds_per_item": median, "milliseconds_p95": slow, "versions": versions}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
