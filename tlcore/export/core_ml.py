"""The run's model for Core ML: `model.mlpackage` in a zip, made of the SavedModel by Apple's converter.

It knows what is asked of the converter, in a process of its own. It does not need its package to be there: without it,
and anywhere but on a Mac, which alone can ask what was made, the format is not offered.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tlcore.contract import CONTRACT
from tlcore.errors import ExportError
from tlcore.export.convert import convert
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.model_files import replayed
from tlcore.export.onnx_files import OnnxFile
from tlcore.export.zip import pack, unpack
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

CONVERT = (
    "import sys, coremltools; "
    "coremltools.convert(sys.argv[1], source='tensorflow', convert_to='mlprogram', "
    "compute_precision=coremltools.precision.FLOAT32).save(sys.argv[2])"
)


class CoreMlFile(OnnxFile):
    """A zip with the package, and what its numbers mean in `contract.json`."""

    def export(self, run: Run, folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="graft-coreml-", dir=folder) as scratch:
            home, saved = Path(scratch) / "packed", Path(scratch) / "saved"
            home.mkdir()
            convert("savedmodel", run, saved)
            command = [sys.executable, "-I", "-c", CONVERT, str(saved), str(home / "model.mlpackage")]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise ExportError(f"the conversion failed ({done.stderr.strip()[-300:]})")
            (home / CONTRACT).write_text(as_json(shipped_contract(run)), encoding="utf-8")
            pack(home, folder / self.file)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        unpack(artefact, scratch / "unpacked")
        return replayed("coreml", scratch / "unpacked" / "model.mlpackage", items, fresh, scratch)


CORE_ML = CoreMlFile(FORMATS["coreml"])
