"""The program of a conversion: a run's Keras model as a SavedModel or as a LiteRT file.

    python -m tlcore.export.convert_main savedmodel|litert < request

It reads one JSON object from its standard input (`conversion.convert` writes it). It is one of the few modules that may
name TensorFlow: both formats are TensorFlow's.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # as if they were not installed: TensorFlow imports them for what no conversion needs
    sys.modules.update(dict.fromkeys(("jax", "matplotlib")))  # type: ignore[arg-type]

import keras
import tensorflow as tf

from tlcore.contract import CONTRACT, Contract
from tlcore.export.facts import as_json
from tlcore.export.item_exports import item_exports
from tlcore.export.keras_with_ood import telling_model
from tlcore.export.lite import convert_to_lite
from tlcore.export.signatures import as_taken, signature_of, traced


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
    """Write a SavedModel: `serving_default` takes arrays; where the modality has a reader, `serve_bytes` takes files.

    `read_bytes` gives the arrays that the model sees of these.
    """
    home = tf.Module()
    # Its weights alone: to write the layers down as well takes longer than all the rest, and nobody asks for them.
    home.weights = [variable.value for variable in model.variables]

    def serve(*arrays: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(model(as_taken(arrays), training=False))

    def read_bytes(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        found: dict[str, tf.Tensor] = read(encoded, contract.input)
        return found

    def serve_bytes(encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        found = home.read_bytes(encoded)
        return dict(home.serve(*(found[each.name] for each in contract.inputs)))  # the network is in the file once

    beside = target.with_name(CONTRACT)
    beside.write_text(as_json(contract), encoding="utf-8")
    home.contract = tf.saved_model.Asset(str(beside))
    home.serve = traced(serve, input_signature=signature_of(contract.inputs, None))
    signatures = {"serving_default": home.serve}
    if named := item_exports(contract.modality).bytes_reader:
        module, _, name = named.partition(":")
        read = getattr(import_module(module), name)
        by_bytes = [tf.TensorSpec((None,), tf.string, name="bytes")]
        home.read_bytes = traced(read_bytes, input_signature=by_bytes)
        home.serve_bytes = traced(serve_bytes, input_signature=by_bytes)
        signatures |= {"serve_bytes": home.serve_bytes, "read_bytes": home.read_bytes}
    tf.saved_model.save(home, str(target), signatures=signatures)
    beside.unlink()


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(*sys.argv[1:])
