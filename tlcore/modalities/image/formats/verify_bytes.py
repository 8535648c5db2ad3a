"""Ask a SavedModel by the bytes of item files and by their pixels: the program of a fresh process.

    python -I verify_bytes.py < request

The request is one JSON object, that of `verify.py`, which answers for the stored items and is at the path `program`,
and more: `files`, `pixels`, a .npy file of what the app makes of these, `output`, the model's output to take,
`answers_of_files`, where to write what it is for `pixels` and for `files` (.npz), and `battery` (`files` to see,
`side`, and `seen`, where to write the pixels of all: zeros for one that is refused). It imports nothing of Graft's.
"""

from __future__ import annotations

import contextlib
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np

# TensorFlow imports them where they are there, for what no answer needs: half of the time of its start.
sys.modules.update(dict.fromkeys(("matplotlib", "pandas", "sklearn", "jax", "scipy")))  # type: ignore[arg-type]
import tensorflow as tf  # noqa: E402


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    model = Path(asked["model"])
    with contextlib.chdir(model.parent):  # TensorFlow takes a `[` in a path for a pattern
        loaded = tf.saved_model.load(model.name)
    by_pixels, by_bytes = (loaded.signatures[name] for name in ("serving_default", "serve_bytes"))
    verify = runpy.run_path(asked["program"])

    def answer(arrays: dict[str, Any]) -> list[Any]:
        found: list[Any] = verify["outputs_of"](by_pixels(**{name: tf.constant(each) for name, each in arrays.items()}))
        return found

    said = verify["answer_all"](answer, asked, {"tensorflow": tf.__version__})
    pixels = np.load(asked["pixels"]).astype(np.float32)
    expected, found = [], []
    for file, item in zip(asked["files"], pixels, strict=True):
        expected.append(by_pixels(pixels=tf.constant(item[None]))[asked["output"]].numpy()[0])
        found.append(by_bytes(bytes=tf.constant([Path(file).read_bytes()]))[asked["output"]].numpy()[0])
    np.savez(asked["answers_of_files"], pixels=np.array(expected), files=np.array(found))
    refused = see(loaded.signatures["read_bytes"], asked["battery"])
    sys.stdout.write(json.dumps({**said, "refused": refused}))


def see(read: Any, battery: dict[str, Any]) -> list[str]:
    """Write what the model makes of each file, and say why one is refused."""
    side, refused = battery["side"], []
    with Path(battery["seen"]).open("wb") as seen:
        for file in battery["files"]:
            made, reason = np.zeros((side, side, 3), np.uint8), ""
            try:
                made = read(bytes=tf.constant([Path(file).read_bytes()]))["pixels"].numpy()[0].astype(np.uint8)
            except tf.errors.OpError as error:
                reason = " ".join(str(error.message).split())[:200]
            seen.write(made.tobytes())
            refused.append(reason)
    return refused


if __name__ == "__main__":
    main()
