"""Ask a SavedModel by the bytes of picture files and by their pixels: the program of a fresh process.

    python -I replay_bytes.py < request

The request is one JSON object: `model`, `files`, and `pixels`, a .npy file of what the app makes of these. It imports
nothing of Graft's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    loaded = tf.saved_model.load(asked["model"])
    by_pixels, by_bytes = (loaded.signatures[name] for name in ("serving_default", "serve_bytes"))
    pixels = np.load(asked["pixels"]).astype(np.float32)
    same, largest = 0, 0.0
    for file, picture in zip(asked["files"], pixels, strict=True):
        expected = by_pixels(pixels=tf.constant(picture[None]))["probabilities"].numpy()[0]
        found = by_bytes(bytes=tf.constant([Path(file).read_bytes()]))["probabilities"].numpy()[0]
        same += int(expected.argmax() == found.argmax())
        largest = max(largest, float(np.abs(expected - found).max()))
    sys.stdout.write(json.dumps({"same": same, "largest_difference": largest}))


if __name__ == "__main__":
    main()
