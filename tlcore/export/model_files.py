"""The two model files of a run as formats of their own: `model.keras` and `model.onnx`.

It knows how a file is handed to the fresh process and what comes back.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tlcore.errors import ExportError
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.runs.pictures import TestPictures
from tlcore.runs.run import Run

REPLAY = Path(__file__).with_name("replay.py")


@dataclass(frozen=True)
class ModelFile:
    """A file of the run folder, offered as it is."""

    key: str
    title: str
    description: str
    file: str

    def export(self, run: Run, folder: Path) -> None:
        link_or_copy(run.path / self.file, folder / self.file)

    def predict(self, artefact: Path, pictures: TestPictures, fresh: FreshProcess, scratch: Path) -> Replay:
        pixels = pictures.pixels.array
        if not isinstance(pixels, np.memmap) or pixels.filename is None:
            raise ExportError("the test pictures are not on the disk")
        rows, answers = scratch / "rows.npy", scratch / "answers.npz"
        np.save(rows, pictures.pixels.rows)
        asked = {
            "model": str(artefact),
            "pixels": str(pixels.filename),
            "size": pixels.shape[1],
            "rows": str(rows),
            "answers": str(answers),
        }
        output = fresh.run(REPLAY, [self.key], asked=json.dumps(asked), folder=scratch, pictures=len(pictures.pixels))
        said = json.loads(output.splitlines()[-1])  # a backend may have something to say before
        with np.load(answers) as saved:
            chances, *scores = (saved[name] for name in saved.files)
        return Replay(
            chances, said["milliseconds_per_picture"], said["versions"], unfamiliarity=scores[0] if scores else None
        )


KERAS = ModelFile(
    "keras",
    "Keras model",
    "For Python with Keras 3: goes on training, or changes. Loads with keras.models.load_model, without Graft.",
    "model.keras",
)
ONNX = ModelFile(
    "onnx",
    "ONNX model",
    "For ONNX Runtime in any language: small and fast, on servers, desktops, phones and in browsers.",
    "model.onnx",
)


def expect_proof(fresh: FreshProcess) -> None:
    """Let the slowest of the fresh processes start now: it needs seconds to import its backend."""
    fresh.expect(REPLAY, [KERAS.key])


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; where the disk cannot, copy it."""
    try:
        os.link(source, target)
    except FileNotFoundError as error:
        raise ExportError(
            f"The run needs its {source.name}. It is not in {source.parent}. Train the run again."
        ) from error
    except OSError:
        shutil.copyfile(source, target)
