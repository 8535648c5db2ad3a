"""Whether every backbone of the catalogue survives every format.

    python benchmarks/conformance.py [--backbones KEY,…] [--formats KEY,…] [--results FILE] [--json]

Each backbone is built at its smallest size, with weights that are nobody's (the bundled one has its own), under a head
that has learnt coloured shapes. The run that comes of it is exported, and each file proven as every export is: loaded
again in a fresh process and asked about 60 test pictures. `keras-jax` is `model.keras` loaded by Keras under JAX.

What was measured before, by backbone and format, stands in the results file and is not measured again; delete the file
to begin anew. Formats that hand out `model.onnx` itself (bundle, code, server, web page, full-size ONNX) are left out:
the layers are those of `onnx`. `value` is the share of files that reach their bar. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.machine import machine, versions  # noqa: E402
from benchmarks.own_weights import settle  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "conformance.jsonl"
WITH_JAX = "keras-jax"
KEYS = (
    "onnx",
    "onnx-fp16",
    "keras",
    WITH_JAX,
    "savedmodel",
    "litert",
    "litert-fp16",
    "openvino",
    "onnx-int8",
    "litert-int8",
)
CLASSES = {"circle": (200, 60, 50), "square": (50, 90, 200), "triangle": (60, 170, 70)}
PER_CLASS = 50  # so many that two points of accuracy are more than one picture of the test part


def draw(folder: Path) -> None:
    """Coloured shapes on noisy grounds, a folder for each class."""
    rng = np.random.default_rng(0)
    for label, colour in CLASSES.items():
        (folder / label).mkdir(parents=True)
        for number in range(PER_CLASS):
            item = Image.fromarray(rng.integers(150, 256, (96, 96, 3), dtype=np.uint8))
            left, top, side = (int(value) for value in rng.integers((2, 2, 30), (40, 40, 54)))
            pen = ImageDraw.Draw(item)
            if label == "circle":
                pen.ellipse((left, top, left + side, top + side), fill=colour)
            elif label == "square":
                pen.rectangle((left, top, left + side, top + side), fill=colour)
            else:
                pen.polygon([(left, top + side), (left + side, top + side), (left + side // 2, top)], fill=colour)
            item.save(folder / label / f"{number:02d}.png")


def make_run(key: str, folder: Path) -> Any:
    """A run of a backbone as small as it gets, as far as its judgement."""
    import keras
    from sklearn.linear_model import LogisticRegression

    from tlcore.backbones.catalogue import find
    from tlcore.contract import contract_of
    from tlcore.data.intake import ingest
    from tlcore.evaluation.run import evaluate_run
    from tlcore.export.calibration_data import sample
    from tlcore.files import write_json
    from tlcore.inference.ood import learn_known
    from tlcore.modalities.image.settings import PIXELS, ImageInput
    from tlcore.progress import drain
    from tlcore.runs.config import Fractions, TrainingConfig
    from tlcore.runs.create import create_run
    from tlcore.tasks.classification import CLASSIFICATION
    from tlcore.training.backbones import build_backbone
    from tlcore.training.head_graph import POOLED, head_graph, join
    from tlcore.training.model import TransferModel
    from tlcore.training.save import save_keras, save_onnx, to_onnx
    from tlcore.workspace import Workspace

    draw(folder / "shapes")
    workspace, backbone = Workspace.default(), find(key)
    dataset = drain(ingest(workspace, folder / "shapes"), lambda step: None).dataset
    size, fractions = backbone.minimum_size, Fractions(train=0.4, val=0.2, test=0.4)
    config = TrainingConfig(dataset=dataset.id, backbone=key, fractions=fractions, **{"input.size": size})
    run = create_run(workspace, dataset, config)
    write_json(
        run.contract_json,
        contract_of(
            run.input,
            run.dataset.classes,
            backbone=key,
            dataset="shapes",
            temperature=1.0,
        ),
    )
    keras.utils.set_random_seed(0)
    body = build_backbone(backbone, input=ImageInput(size=size), weights=None if backbone.weights_package else "random")
    train, val = (sample(run, part, PER_CLASS * len(CLASSES)) for part in ("train", "val"))
    if not backbone.weights_package:
        settle(body, train.arrays[PIXELS].astype(np.float32))
    of_task = CLASSIFICATION.build_head(len(CLASSES), np.arange(len(CLASSES)))
    model = TransferModel(backbone, body, of_task, dropout=0.0, seed=0)
    features = model.features.predict({PIXELS: train.arrays[PIXELS]}, verbose=0)
    # All features in one unit: in their own, those that hardly vary would make rounding loud.
    middle, scale = features.mean(axis=0), features.std()
    head = LogisticRegression(C=10.0, max_iter=1000).fit((features - middle) / scale, train.targets)
    kernel = head.coef_.T / scale
    model.set_head(kernel.astype(np.float32), (head.intercept_ - middle @ kernel).astype(np.float32))
    graph = to_onnx(model.features, target=POOLED)
    known = learn_known(features, model.features.predict({PIXELS: val.arrays[PIXELS]}, verbose=0))
    above = head_graph(*model.head, known, CLASSIFICATION, like=graph, source=POOLED)
    save_onnx(join(graph, above, "head/"), run.model_onnx)
    save_keras(model.whole, run.model_keras)
    evaluate_run(run, lambda step: None)
    return run


def prove(run: Any, key: str) -> dict[str, Any]:
    """What came of a format."""
    from tlcore.export.run import export_run

    began = time.monotonic()
    if key == WITH_JAX:
        return {**prove_with_jax(run), "seconds": time.monotonic() - began}
    (made,) = export_run(run, lambda step: None, [key])
    return {
        "agrees": made.agrees,
        "same_answers": made.same_answers,
        "largest_difference": made.largest_difference,
        "accuracy": made.accuracy.value if made.accuracy else None,
        "bytes": made.bytes,
        "milliseconds": made.milliseconds_per_item,
        "reason": made.reason,
        "seconds": time.monotonic() - began,
    }


def prove_with_jax(run: Any) -> dict[str, Any]:
    from tlcore.errors import ExportError
    from tlcore.export.exporter import FreshProcess
    from tlcore.export.model_files import replayed
    from tlcore.export.parity import agreement, app_answers
    from tlcore.progress import drain
    from tlcore.runs.items import read_test_items
    from tlcore.workspace import Workspace

    items = drain(read_test_items(run, Workspace.default()), lambda step: None)
    try:
        with FreshProcess() as fresh, tempfile.TemporaryDirectory() as scratch:
            replay = replayed(WITH_JAX, run.model_keras, items, fresh, Path(scratch))
    except ExportError as error:
        return {"agrees": False, "reason": str(error)}
    found = agreement(app_answers(run), replay, "model.keras")
    return {
        "agrees": found.agrees,
        "same_answers": found.same_answers,
        "largest_difference": found.largest_difference,
        "accuracy": found.accuracy.value if found.accuracy else None,
        "bytes": run.model_keras.stat().st_size,
        "milliseconds": replay.milliseconds_per_item,
        "reason": found.reason,
    }


def measure_one(backbone: str, formats: list[str], results: Path) -> None:
    """In a process of its own: prove the formats of one backbone, and write each down at once."""
    with tempfile.TemporaryDirectory(prefix="graft-conformance-") as folder:
        os.environ |= {"GRAFT_HOME": f"{folder}/home", "GRAFT_QUEUE": f"{folder}/queue"}
        run = make_run(backbone, Path(folder))
        for key in formats:
            row = {"backbone": backbone, "format": key, **prove(run, key)}
            with results.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
            sys.stderr.write(f"{backbone} {key}: {'agrees' if row['agrees'] else row['reason']}\n")


def read(results: Path) -> dict[tuple[str, str], dict[str, Any]]:
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    rows = [json.loads(line) for line in lines if line.strip()]
    return {(row["backbone"], row["format"]): row for row in rows}


def table(rows: dict[tuple[str, str], dict[str, Any]], backbones: list[str], formats: list[str]) -> str:
    """A table for the docs: the largest difference, or what an 8-bit file changed in accuracy; ✗ below the bar."""
    lines = ["| backbone | " + " | ".join(formats) + " |", "|---" * (len(formats) + 1) + "|"]
    for backbone in backbones:
        cells = [_cell(rows.get((backbone, key)), rows.get((backbone, "onnx"))) for key in formats]
        lines.append(f"| `{backbone}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(row: dict[str, Any] | None, plain: dict[str, Any] | None) -> str:
    if row is None:
        return "not measured"
    mark = "✓" if row["agrees"] else "✗"
    if not row.get("bytes"):
        return f"{mark} no file"
    if row["format"].endswith("int8") and plain and plain.get("accuracy") is not None:
        return f"{mark} {100 * (row['accuracy'] - plain['accuracy']):+.1f} points"
    return f"{mark} {row['largest_difference']:.0e}"


def main() -> None:
    from tlcore.backbones.catalogue import CATALOGUE

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbones", default=",".join(CATALOGUE))
    parser.add_argument("--formats", default=",".join(KEYS))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object anyway")
    asked = parser.parse_args()
    backbones, formats = asked.backbones.split(","), asked.formats.split(",")
    if asked.one:
        measure_one(backbones[0], formats, asked.results)
        return
    asked.results.parent.mkdir(parents=True, exist_ok=True)
    for backbone in backbones:
        done = read(asked.results)
        if left := [key for key in formats if (backbone, key) not in done]:
            command = [sys.executable, __file__, "--one", "--backbones", backbone, "--formats", ",".join(left)]
            subprocess.run([*command, "--results", str(asked.results)], check=False)
    rows = {place: row for place, row in read(asked.results).items() if place[0] in backbones and place[1] in formats}
    sys.stdout.write(table(rows, backbones, formats) + "\n")
    agreeing = sum(row["agrees"] for row in rows.values())
    result = {
        "name": "conformance",
        "value": agreeing / len(rows) if rows else 0.0,
        "unit": "share of files that reach their bar",
        "measured": len(rows),
        "planned": len(backbones) * len(formats),
        "machine": machine(),
        "versions": versions(),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
