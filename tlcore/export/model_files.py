"""The Keras archive of a run as a format of its own, and how a model file is asked in the fresh process.

It knows how a file is handed to that process and what comes back. It does not know how others are made.
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
from tlcore.runs.formats import FORMATS, Format
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
        return replayed(self.key, artefact, pictures, fresh, scratch)


def of_format(form: Format) -> ModelFile:
    return ModelFile(form.key, form.title, form.description, form.file)


def replayed(
    kind: str, model: Path, pictures: TestPictures, fresh: FreshProcess, scratch: Path, *, note: str = ""
) -> Replay:
    """Have `replay.py` load a model, as `kind` says, in a fresh process, and ask it about the test pictures.

    Raises:
        ExportError: It cannot be loaded, or does not answer.
    """
    pixels = pictures.pixels.array
    if not isinstance(pixels, np.memmap) or pixels.filename is None:
        raise ExportError("the test pictures are not on the disk")
    rows, answers = scratch / "rows.npy", scratch / "answers.npz"
    np.save(rows, pictures.pixels.rows)
    asked = {
        "model": str(model),
        "pixels": str(pixels.filename),
        "size": pixels.shape[1],
        "rows": str(rows),
        "answers": str(answers),
    }
    output = fresh.run(REPLAY, [kind], asked=json.dumps(asked), folder=scratch, pictures=len(pictures.pixels))
    said = json.loads(output.splitlines()[-1])  # a backend may have something to say before
    with np.load(answers) as saved:
        chances, *scores = (saved[name] for name in saved.files)
    return Replay(
        chances,
        said["milliseconds_per_picture"],
        said["versions"],
        unfamiliarity=scores[0] if scores else None,
        milliseconds_p95=said["milliseconds_p95"],
        note=note,
    )


KERAS = of_format(FORMATS["keras"])


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
