"""The formats that TensorFlow makes: a SavedModel, and LiteRT files in 32, 16 and 8 bits.

It knows what is asked of the conversion's process, and how what it wrote is asked again. It does not name TensorFlow.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tlcore.contract import CONTRACT, Contract, read_contract
from tlcore.export.calibration_data import sample
from tlcore.export.convert import convert
from tlcore.export.eight_bits import MANY, VALIDATED
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.graph_split import Halves
from tlcore.export.model_files import replayed
from tlcore.export.onnx_files import OnnxFile, read_graph
from tlcore.export.pixel_parity import OTHER_DECODERS, Sight, answered, laid_out
from tlcore.export.zip import pack, unpack
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

REPLAY_BYTES = Path(__file__).with_name("verify_bytes.py")
# Of the test items' files, to ask the signature about that takes files as they are.
FILES_ASKED = 20
DECODED_BY_TENSORFLOW = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif"})


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
        note, sight = self._ask_by_files(model, items, fresh, scratch)
        return replace(replayed("savedmodel", model, items, fresh, scratch, note=note), sight=sight)

    def _ask_by_files(self, model: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> tuple[str, Sight]:
        rows = [row for row, path in enumerate(items.paths) if path.suffix.lower() in DECODED_BY_TENSORFLOW]
        rows = rows[:: max(1, len(rows) // FILES_ASKED)][:FILES_ASKED]
        battery = laid_out(items.pixels.array.shape[1], scratch)
        files, some = [str(items.paths[row]) for row in rows], scratch / "some.npy"
        np.save(some, np.stack([items.pixels[row : row + 1][0] for row in rows]) if rows else np.zeros(0, np.uint8))
        answers, contract = scratch / "answers-of-files.npz", read_contract(model.parent.parent)
        asked = {
            "model": str(model),
            "files": files,
            "pixels": str(some),
            "output": contract.kind.output,
            "answers": str(answers),
            "battery": battery,
        }
        output = fresh.run(REPLAY_BYTES, [], asked=json.dumps(asked), folder=scratch, items=len(rows))
        said: dict[str, Any] = json.loads(output.splitlines()[-1])
        sight = Sight(answered(battery, said["refused"]), OTHER_DECODERS)
        return _of_files(answers, contract) if rows else "", sight


def _of_files(answers: Path, contract: Contract) -> str:
    """Say how far answers to files are from those to their pixels."""
    with np.load(answers) as saved:
        by_pixels, by_files = saved["pixels"], saved["files"]
    same = int(contract.kind.same(by_pixels, by_files, contract.decision).sum())
    off = float(np.abs(by_pixels - by_files).max())
    what, unit = ("value", f" {contract.unit}".rstrip()) if contract.kind.output == "values" else ("probability", "")
    return (
        f"Asked by the files themselves, it gave {same} of {len(by_files)} answers that it gives for the pixels, and "
        f"no {what} was more than {off:.2g}{unit} off."
    )


class LiteFile(OnnxFile):
    """A `.tflite` file with what its numbers mean in a zip behind the model, as TensorFlow Lite's metadata has it."""

    def export(self, run: Run, folder: Path) -> None:
        precision, target = self.form.precision, folder / self.file
        with tempfile.TemporaryDirectory(prefix="graft-lite-", dir=folder) as scratch:
            more: dict[str, Any] = {"precision": precision}
            if precision == "int8":
                training, validation = sample(run, "train", MANY), sample(run, "val", VALIDATED)
                samples = Path(scratch) / "samples.npz"
                np.savez(samples, training=training.pixels, validation=validation.pixels, targets=validation.targets)
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
