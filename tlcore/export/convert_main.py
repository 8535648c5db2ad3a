"""The program of a conversion: a run's Keras model as a SavedModel or as a LiteRT file.

    python -m tlcore.export.convert_main savedmodel|litert < request

It reads one JSON object from its standard input (`conversion.convert` writes it). It is one of the few modules that may
name TensorFlow: both formats are TensorFlow's.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tlcore.contract import CONTRACT, Contract
from tlcore.export.facts import as_json
from tlcore.export.keras_with_ood import telling_model
from tlcore.export.lite import convert_to_lite
from tlcore.export.tf_decode import read_encoded


def main(kind: str) -> None:
    asked: dict[str, Any] = json.loads(sys.stdin.readline())
    contract = Contract.model_validate(asked["contract"])
    archive, graph, target = (Path(asked[name]) for name in ("keras", "onnx", "target"))
    # TensorFlow takes a `[`, `*` or `?` in the path of a SavedModel for a pattern, and finds nothing.
    os.chdir(target.parent)
    target = Path(target.name)
    if kind == "savedmodel":
        save_model(telling_model(archive, graph, contract), target, contract)
    else:
        convert_to_lite(lambda limit: telling_model(archive, graph, contract, limit=limit), target, asked)


def save_model(model: keras.Model, target: Path, contract: Contract) -> None:
    """Write a SavedModel: `serving_default` takes pixels, `serve_bytes` the bytes of item files.

    `read_bytes` gives the pixels that the model sees of these.
    """
    settings = contract.input
    size = settings.size
    home = tf.Module()
    # Its weights alone: to write the layers down as well takes longer than all the rest, and nobody asks for them.
    home.weights = [variable.value for variable in model.variables]

    def serve_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(model(pixels, training=False))

    def serve_bytes(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(home.serve_pixels(home.read_bytes(encoded)["pixels"]))  # the network is in the file once

    def read_bytes(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        read = tf.map_fn(
            lambda each: read_encoded(each, size, settings.resize, settings.value_range),
            encoded,
            fn_output_signature=tf.float32,
        )
        return {"pixels": tf.reshape(read, (-1, size, size, 3))}

    beside = target.with_name(CONTRACT)
    beside.write_text(as_json(contract), encoding="utf-8")
    home.contract = tf.saved_model.Asset(str(beside))
    by_pixels = [tf.TensorSpec((None, size, size, 3), tf.float32, name="pixels")]
    by_bytes = [tf.TensorSpec((None,), tf.string, name="bytes")]
    home.serve_pixels = tf.function(serve_pixels, input_signature=by_pixels)
    home.read_bytes = tf.function(read_bytes, input_signature=by_bytes)
    home.serve_bytes = tf.function(serve_bytes, input_signature=by_bytes)
    signatures = {"serving_default": home.serve_pixels, "serve_bytes": home.serve_bytes, "read_bytes": home.read_bytes}
    tf.saved_model.save(home, str(target), signatures=signatures)
    beside.unlink()


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(*sys.argv[1:])
