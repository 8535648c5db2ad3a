"""The Keras archive of a run as a format of its own, and how a model file is asked in the fresh process.

It knows what is laid into the archive beside the model, how a file is handed to that process and what comes back. It
does not know how others are made.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tlcore.contract import CONTRACT
from tlcore.errors import ExportError
from tlcore.export.bundle import add
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.memmap import MappedRows
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

REPLAY = Path(__file__).with_name("verify.py")


class KerasArchive:
    """`model.keras` with what its numbers mean as one more entry, `contract.json`, which Keras does not look at."""

    form = FORMATS["keras"]
    key, title, description, file = form.key, form.title, form.description, form.file

    def export(self, run: Run, folder: Path) -> None:
        if not zipfile.is_zipfile(run.model_keras):
            there = "It is damaged" if run.model_keras.exists() else f"It is not in {run.path}"
            raise ExportError(f"The run needs its {run.model_keras.name}. {there}. Train the run again.")
        target = folder / self.file
        shutil.copyfile(run.model_keras, target)
        contract = shipped_contract(run)
        # The second output is not in this model: whoever goes on training has no use for it.
        said = contract.model_copy(update={"outputs": contract.outputs[:1], "unfamiliar_above": None})
        with zipfile.ZipFile(target, "a") as archive:
            add(archive, CONTRACT, as_json(said).encode(), zipfile.ZIP_DEFLATED)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        return replayed(self.key, artefact, items, fresh, scratch)


KERAS = KerasArchive()


def replayed(kind: str, model: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
    """Have `verify.py` load a model, as `kind` says, in a fresh process, and ask it about the test items.

    Raises:
        ExportError: It cannot be loaded, or does not answer.
    """
    asked = request(model, items, scratch)
    output = fresh.run(REPLAY, [kind], asked=json.dumps(asked), folder=scratch, items=len(items.paths))
    return answered(asked, json.loads(output.splitlines()[-1]))  # a backend may have something to say before


def request(model: Path, items: TestItems, scratch: Path) -> dict[str, Any]:
    """Write down what a fresh process is asked: a model, and the test items as they are stored.

    Raises:
        ExportError: The items are not on the disk.
    """
    rows, answers = scratch / "rows.npy", scratch / "answers.npz"
    np.save(rows, next(iter(items.arrays.values())).rows)
    return {
        "model": str(model),
        "inputs": {name: _on_disk(array) for name, array in items.arrays.items()},
        "rows": str(rows),
        "answers": str(answers),
    }


def answered(asked: dict[str, Any], said: dict[str, Any]) -> Replay:
    """Read what a fresh process answered to a request."""
    with np.load(asked["answers"]) as saved:
        outputs, *scores = (saved[name] for name in saved.files)
    return Replay(
        outputs,
        said["milliseconds_per_item"],
        said["versions"],
        unfamiliarity=scores[0] if scores else None,
        milliseconds_p95=said["milliseconds_p95"],
    )


def _on_disk(array: MappedRows) -> dict[str, Any]:
    """Say where a stored array is, for a process that maps it as well.

    Raises:
        ExportError: It is in memory only.
    """
    stored = array.array
    if not isinstance(stored, np.memmap) or stored.filename is None:
        raise ExportError("the test items are not on the disk")
    place = {"file": str(stored.filename), "offset": stored.offset}
    return {**place, "dtype": str(stored.dtype), "shape": stored.shape[1:]}
