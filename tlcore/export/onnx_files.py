"""The run's graph as files: as it is, and with its body in 16 bits.

It knows what a graph says of itself and ONNX Runtime's converter. How it is brought to 8 bits is `eight_bits`'.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from tlcore.contract import Contract, read_contract
from tlcore.errors import ExportError
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.graph_split import Halves, tidied
from tlcore.export.model_files import replayed
from tlcore.file_format import Format
from tlcore.modalities import find_modality
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run

CONTRACT_KEY = "contract"  # of a graph's metadata


@dataclass(frozen=True)
class OnnxFile:
    """`model.onnx` with what its numbers mean in its metadata; its nodes and weights are the run's own."""

    form: Format

    @property
    def key(self) -> str:
        return self.form.key

    @property
    def title(self) -> str:
        return self.form.title

    @property
    def description(self) -> str:
        return self.form.description

    @property
    def file(self) -> str:
        return self.form.file

    def export(self, run: Run, folder: Path) -> None:
        onnx.save(described(tidied(self.convert(run, read_graph(run))), run), folder / self.file)

    def convert(self, run: Run, graph: onnx.ModelProto) -> onnx.ModelProto:
        return graph

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        return replayed("onnx", artefact, items, fresh, scratch)


class HalfOnnxFile(OnnxFile):
    """The same with the body in 16 bits; input, head and outputs stay in 32."""

    def convert(self, run: Run, graph: onnx.ModelProto) -> onnx.ModelProto:
        from onnxruntime.transformers.float16 import convert_float_to_float16

        halves = Halves(graph, read_contract(run.path).tensors.pooled)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of every weight that is nearly 0
            return halves.joined(convert_float_to_float16(halves.body, keep_io_types=True))


ONNX = OnnxFile(FORMATS["onnx"])
HALF = HalfOnnxFile(FORMATS["onnx-fp16"])


def read_graph(run: Run) -> onnx.ModelProto:
    """The run's own graph.

    Raises:
        ExportError: It is not there, or damaged.
    """
    try:
        return onnx.load(run.model_onnx)
    except FileNotFoundError as error:
        raise ExportError(
            f"The run needs its {run.model_onnx.name}. It is not in {run.path}. Train the run again."
        ) from error
    except DecodeError as error:
        raise ExportError(
            f"The run's {run.model_onnx.name} could not be loaded: it is damaged. Train the run again."
        ) from error


def embedded(file: Path) -> Contract:
    """Read the contract that a graph carries."""
    props = onnx.load(file, load_external_data=False).metadata_props
    return Contract.model_validate_json(next(each.value for each in props if each.key == CONTRACT_KEY))


def described(graph: onnx.ModelProto, run: Run) -> onnx.ModelProto:
    """Write into a graph what its numbers mean, in JSON: its `contract`, and of it `labels` and the input settings."""
    contract = shipped_contract(run)
    # As programs know them that were written for graphs of before.
    known = find_modality(contract.modality).before
    settings = {"labels": list(contract.classes), **{name: getattr(contract.input, own) for name, own in known.items()}}
    onnx.helper.set_model_props(
        graph, {CONTRACT_KEY: as_json(contract), **{key: json.dumps(value) for key, value in settings.items()}}
    )
    return graph
