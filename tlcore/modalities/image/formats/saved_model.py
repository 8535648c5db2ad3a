"""Asks a SavedModel by pixels and by the bytes of picture files: what it answers, and what it sees.

It knows the signature that takes files. It does not know how it was made, and does not name TensorFlow.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tlcore.contract import Contract
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.model_files import REPLAY, request
from tlcore.export.model_files import answered as replayed
from tlcore.modalities.image.formats.pixel_parity import OTHER_DECODERS, Sight, answered, judge, laid_out
from tlcore.runs.items import TestItems

REPLAY_BYTES = Path(__file__).with_name("verify_bytes.py")
# Of the test pictures' files, to ask the signature about that takes files as they are.
FILES_ASKED = 20
DECODED_BY_TENSORFLOW = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif"})


def replay_files(model: Path, contract: Contract, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
    """Ask a SavedModel about the test pictures, and hold what it makes of files against the pixels of the app.

    Raises:
        ExportError: It cannot be asked.
    """
    rows = [row for row, path in enumerate(items.paths) if path.suffix.lower() in DECODED_BY_TENSORFLOW]
    rows = rows[:: max(1, len(rows) // FILES_ASKED)][:FILES_ASKED]
    battery = laid_out(contract.input.size, scratch)
    files, some = [str(items.paths[row]) for row in rows], scratch / "some.npy"
    pixels = items.arrays["pixels"]
    np.save(some, np.stack([pixels[row : row + 1][0] for row in rows]) if rows else np.zeros(0, np.uint8))
    answers = scratch / "answers-of-files.npz"
    asked = {
        **request(model, items, scratch),
        "program": str(REPLAY),
        "files": files,
        "pixels": str(some),
        "output": contract.kind.output,
        "answers_of_files": str(answers),
        "battery": battery,
    }
    output = fresh.run(REPLAY_BYTES, [], asked=json.dumps(asked), folder=scratch, items=len(items.paths))
    said: dict[str, Any] = json.loads(output.splitlines()[-1])
    awkward = judge(Sight(answered(battery, said["refused"]), OTHER_DECODERS), contract.input)
    note = _compared(answers, contract) if rows else ""
    return replace(replayed(asked, said), note=note, awkward=awkward)


def _compared(answers: Path, contract: Contract) -> str:
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
