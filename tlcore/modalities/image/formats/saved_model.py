"""Asks a SavedModel by the bytes of picture files: whether it answers as by their pixels, and what it sees.

It knows the signature that takes files. It does not know how it was made, and does not name TensorFlow.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tlcore.contract import Contract
from tlcore.export.exporter import FreshProcess
from tlcore.modalities.image.formats.pixel_parity import OTHER_DECODERS, Sight, answered, judge, laid_out
from tlcore.runs.items import TestItems
from tlcore.runs.manifest import Awkward

REPLAY_BYTES = Path(__file__).with_name("verify_bytes.py")
# Of the test pictures' files, to ask the signature about that takes files as they are.
FILES_ASKED = 20
DECODED_BY_TENSORFLOW = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif"})


def check_bytes(
    model: Path, contract: Contract, items: TestItems, fresh: FreshProcess, scratch: Path
) -> tuple[str, Awkward]:
    """Compare answers for files with those for their pixels, in a sentence, and what it sees with what the app sees.

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
        "model": str(model),
        "files": files,
        "pixels": str(some),
        "output": contract.kind.output,
        "answers": str(answers),
        "battery": battery,
    }
    output = fresh.run(REPLAY_BYTES, [], asked=json.dumps(asked), folder=scratch, items=len(rows))
    said: dict[str, Any] = json.loads(output.splitlines()[-1])
    awkward = judge(Sight(answered(battery, said["refused"]), OTHER_DECODERS), contract.input)
    return _compared(answers, contract) if rows else "", awkward


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
