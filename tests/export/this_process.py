"""Conversions and proofs in this process, which has TensorFlow loaded, instead of in one of their own each.

What processes of their own add is held by `test_formats.py`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from tlcore.export import convert_main
from tlcore.export import run as exporting
from tlcore.export import tensorflow_files as files
from tlcore.export.exporter import FreshProcess
from tlcore.export.facts import shipped_contract
from tlcore.export.keras_with_ood import telling_model
from tlcore.export.lite import convert_to_lite
from tlcore.export.model_files import REPLAY
from tlcore.export.verify import BATCHES, KINDS, answer_all
from tlcore.runs.run import Run


def convert(kind: str, run: Run, target: Path, **more: Any) -> None:
    """Convert as `tlcore.export.convert` does, from a model that is loaded once."""
    contract = shipped_contract(run)

    def build(limit: float | None = None) -> keras.Model:
        return loaded_once(run, limit)

    if kind == "savedmodel":
        convert_main.save_model(build(), target, contract)
    else:
        convert_to_lite(build, target, {"contract": contract.model_dump(mode="json"), **more})


@functools.lru_cache(maxsize=1)
def loaded_once(run: Run, limit: float | None) -> keras.Model:
    return telling_model(run.model_keras, run.model_onnx, shipped_contract(run), limit=limit)


def export_here(patch: Any) -> None:
    """Let exports convert here, one after the other, and prove here what Keras and LiteRT open."""

    def run(
        fresh: FreshProcess, program: Path, arguments: Sequence[str], *, asked: str | None = None, **more: Any
    ) -> str:
        kind = arguments[0] if program == REPLAY else ""
        if kind not in {"keras", "litert"} or asked is None:
            return elsewhere(fresh, program, arguments, asked=asked, **more)
        load, versions = KINDS[kind]()
        request = json.loads(asked)
        return json.dumps(answer_all(load(request["model"]), request, versions, at_once=BATCHES.get(kind, 1)))

    elsewhere = FreshProcess.run
    patch.setattr(FreshProcess, "run", run)
    patch.setattr(files, "convert", convert)
    patch.setattr(exporting, "AT_ONCE", 1)
