"""ONNX for whoever has decoded a picture already: any size in, resized in the graph as the app resizes.

It knows what is joined to the run's graph and how it is asked. The arithmetic is `fullsize_graph`'s.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import onnx

from tlcore.contract import NamedTensors, read_contract
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.facts import as_json, shipped_contract
from tlcore.export.model_files import answered as replayed
from tlcore.export.onnx_files import CONTRACT_KEY, OnnxFile, embedded
from tlcore.items import Field
from tlcore.modalities.image.formats.fullsize_graph import fullsize_graph
from tlcore.modalities.image.formats.pixel_parity import UPRIGHT_FIRST, Sight, answered, judge, laid_out
from tlcore.modalities.image.standalone import pixels_py
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import TestItems
from tlcore.runs.run import Run
from tlcore.training.head_graph import join

REPLAY = Path(__file__).with_name("verify_fullsize.py")
ABOVE = "model/"  # before the names of the run's graph
RESIZED = "resized_pixels"  # what the one graph gives to the other
# One picture, RGB, of any height and width; and whether it comes from a JPEG, of which a large one is reduced as the
# app has it.
INPUTS = (Field("picture", (-1, -1, 3), "uint8"), Field("jpeg", (), "bool"))


class FullSizeOnnx(OnnxFile):
    """The run's graph under one that resizes: inputs `picture`, `(h, w, 3)`, uint8, and `jpeg`, bool."""

    def convert(self, run: Run, graph: onnx.ModelProto) -> onnx.ModelProto:
        settings = read_contract(run.path).input
        opset = next(each.version for each in graph.opset_import if each.domain in {"", "ai.onnx"})
        below = fullsize_graph(settings.size, settings.resize, opset=opset, ir_version=graph.ir_version)
        return join(below, graph, prefix=ABOVE)

    def export(self, run: Run, folder: Path) -> None:
        super().export(run, folder)
        model = onnx.load(folder / self.file)
        # The names of its tensors have a prefix here.
        contract = shipped_contract(run).model_copy(update={"inputs": INPUTS, "tensors": NamedTensors()})
        for prop in model.metadata_props:
            if prop.key == CONTRACT_KEY:
                prop.value = as_json(contract)
        onnx.save(model, folder / self.file)

    def predict(self, artefact: Path, items: TestItems, fresh: FreshProcess, scratch: Path) -> Replay:
        below = scratch / "below.onnx"
        onnx.save(_resizing(onnx.load(artefact)), below)
        settings = embedded(artefact).input
        battery = laid_out(settings.size, scratch)
        answers, decoder = scratch / "answers.npz", scratch / "pixels.py"
        decoder.write_text(pixels_py(), encoding="utf-8")
        asked = {
            "model": str(artefact),
            "pixels": str(decoder),
            "pictures": [str(path) for path in items.paths],
            "value_range": settings.value_range,
            "answers": str(answers),
            "below": str(below),
            "battery": battery,
        }
        output = fresh.run(REPLAY, [], asked=json.dumps(asked), folder=scratch, items=len(items.paths))
        said = json.loads(output.splitlines()[-1])
        sight = Sight(answered(battery, said["refused"]), UPRIGHT_FIRST)
        return replace(replayed(asked, said), awkward=judge(sight, settings))


def _resizing(model: onnx.ModelProto) -> onnx.ModelProto:
    """The part of an artefact's graph that resizes, alone: it comes before the run's own."""
    graph = model.graph
    last = next(place for place, node in enumerate(graph.node) if RESIZED in node.output)
    del graph.node[last + 1 :], graph.output[:], graph.value_info[:]
    own = [each for each in graph.initializer if not each.name.startswith(ABOVE)]
    del graph.initializer[:]
    graph.initializer.extend(own)
    graph.output.append(onnx.helper.make_tensor_value_info(RESIZED, onnx.TensorProto.FLOAT, None))
    return model


FULL_SIZE = FullSizeOnnx(FORMATS["onnx-fullsize"])
