"""The formats that TensorFlow makes: a SavedModel, and LiteRT files in 32, 16 and 8 bits.

It knows what is asked of the conversion's process, and how what it wrote is asked again. It does not name TensorFlow.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tlcore.contract import CONTRACT, read_contract
from tlcore.export.calibration_data import PARTS, sample
from tlcore.export.convert import convert
from tlcore.export.eight_bits import MANY, VALIDATED
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.graph_split import Halves
from tlcore.export.item_exports import item_exports
from tlcore.export.model_files import replayed
from tlcore.export.onnx_files import OnnxFile, read_graph
from tlcore.export.zip import pack, unpack
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run


class SavedModelFile(OnnxFile):
    """A zip of the folder that TensorFlow Serving takes: `<model>/1/saved_model.pb` and what belongs to it."""

    def export(self, run: Run, folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="graft-savedmodel-", dir=folder) as scratch:
            home = Path(scratch) / "packed"
            (home / "model").mkdir(parents=True)
            convert("savedmodel", run, home / "model" / "1")
            (home / CONTRACT).write_text(as_json(shipped_contract(run)), encoding="utf-8")
            pack(home, folder / self.file)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        home = scratch / "unpacked"
        unpack(artefact, home)
        model = home / "model" / "1"
        contract = read_contract(home)
        by_files = item_exports(contract.modality).replay_files
        if by_files is None:
            return replayed("savedmodel", model, items, fresh, scratch)
        return by_files(model, contract, items, fresh, scratch)


class LiteFile(OnnxFile):
    """A `.tflite` file with what its numbers mean in a zip behind the model, as TensorFlow Lite's metadata has it."""

    def export(self, run: Run, folder: Path) -> None:
        precision, target = self.form.precision, folder / self.file
        with tempfile.TemporaryDirectory(prefix="graft-lite-", dir=folder) as scratch:
            more: dict[str, Any] = {"precision": precision}
            if precision == "int8":
                training, validation = sample(run, "train", MANY), sample(run, "val", VALIDATED)
                samples = Path(scratch) / "samples.npz"
                parts = zip(PARTS, (training, validation), strict=True)
                arrays = {f"{part}/{name}": each for part, of in parts for name, each in of.arrays.items()}
                np.savez(samples, allow_pickle=False, targets=validation.targets, **arrays)
                halves = Halves(read_graph(run), read_contract(run.path).tensors.pooled)
                limit = float(halves.constant("limit")) if halves.head else None
                more |= {"samples": str(samples), "limit": limit}
            made = Path(scratch) / "model.tflite"
            convert("litert", run, made, **more)
            shutil.move(made, target)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        return replayed("litert", artefact, items, fresh, scratch)


SAVED_MODEL = SavedModelFile(FORMATS["savedmodel"])
LITE = tuple(LiteFile(FORMATS[key]) for key in ("litert", "litert-fp16", "litert-int8"))
