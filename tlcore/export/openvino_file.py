"""The run's graph for OpenVINO: `model.xml` and `model.bin` in a zip.

It knows what is asked of OpenVINO's converter, in a process of its own. It does not need the package to be there:
without it the format is not offered.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import onnx

from tlcore.contract import CONTRACT
from tlcore.errors import ExportError
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.model_files import replayed
from tlcore.export.onnx_files import OnnxFile, described, read_graph
from tlcore.export.zip import pack, unpack
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

# In 32 bits: by default the converter would halve the weights.
CONVERT = (
    "import sys, openvino; "
    "openvino.save_model(openvino.convert_model(sys.argv[1]), sys.argv[2], compress_to_fp16=False)"
)


class OpenVinoFile(OnnxFile):
    """A zip with the model, and what its numbers mean in `contract.json`."""

    def export(self, run: Run, folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="graft-openvino-", dir=folder) as scratch:
            home, graph = Path(scratch) / "packed", Path(scratch) / "model.onnx"
            home.mkdir()
            onnx.save(described(read_graph(run), run), graph)
            command = [sys.executable, "-I", "-c", CONVERT, str(graph), str(home / "model.xml")]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise ExportError(f"the conversion failed ({done.stderr.strip()[-300:]})")
            (home / CONTRACT).write_text(as_json(shipped_contract(run)), encoding="utf-8")
            pack(home, folder / self.file)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        home = scratch / "unpacked"
        unpack(artefact, home)
        return replayed("openvino", home / "model.xml", items, fresh, scratch)


OPENVINO = OpenVinoFile(FORMATS["openvino"])
