"""Where the time of a fine-tuning epoch goes on this machine, and what each way to compute it differently changes.

    python benchmarks/training_step.py [--backbone efficientnet_lite0] [--blocks 4,all] [--batch-size 32] [--rounds 7]

Every way takes its steps in turn, on the same random pictures, so that what else the machine does hits all alike. The
ways: Graft's own (Keras' `jit_compile="auto"`), XLA on and off, BatchNormalization in inference mode, and one fused
update of all weights (`SGD` without state, as the least that an optimizer can cost). `forward` is inference on the
same batch, `augmenting` what one thread needs to prepare it. The last line is one JSON object; `value` is Graft's own
step as a share of the fastest way that trains the same weights.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import keras  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.machine import machine, versions  # noqa: E402
from tlcore.backbones.catalogue import find  # noqa: E402
from tlcore.modalities.image.augment import augment  # noqa: E402
from tlcore.runs.config import TrainingConfig  # noqa: E402
from tlcore.tasks.classification import CLASSIFICATION  # noqa: E402
from tlcore.training.backbones import build_backbone  # noqa: E402
from tlcore.training.model import TransferModel  # noqa: E402
from tlcore.training.optimizer import compile_for  # noqa: E402
from tlcore.training.phases import Phase  # noqa: E402

CLASSES = 3
OWN = "Graft"


@dataclass(frozen=True)
class Way:
    """How a step is computed."""

    jit_compile: bool | str = "auto"
    still: bool = False  # BatchNormalization as in inference
    optimizer: str = "adamw"


WAYS = {
    OWN: Way(),
    "XLA": Way(jit_compile=True),
    "no XLA": Way(jit_compile=False),
    "BatchNormalization still": Way(still=True),
    "plain SGD": Way(optimizer="sgd"),
}
SAME_WEIGHTS = (OWN, "XLA", "no XLA")


def stepper(backbone: Any, blocks: int, way: Way, pixels: np.ndarray) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Build the part above the cut for a way; return one that takes a step, and one that only goes forward."""
    config = TrainingConfig(dataset="-", backbone=backbone.key, optimizer=way.optimizer)
    labels = np.arange(len(pixels)) % CLASSES
    head = CLASSIFICATION.build_head(CLASSES, labels)
    body = build_backbone(backbone, input=backbone.native_input, weights="random")
    model = TransferModel(backbone, body, head, dropout=config.dropout, seed=0)
    cut = len(backbone.blocks) - blocks
    above = model.above(cut)
    if way.still:
        for layer in above._flatten_layers():
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
    phase = Phase("fine-tune", "", cut, 10, config.fine_tune_learning_rate, 0)
    compile_for(above, phase, config, head, steps=50, jit_compile=way.jit_compile)
    trunk = model.trunk(cut) if cut else None
    given = {"pixels": pixels} if trunk is None else {k: np.asarray(v) for k, v in trunk({"pixels": pixels}).items()}
    rows = head.rows(labels)
    return lambda: above.train_on_batch(given, rows), lambda: above.predict_on_batch(given)


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(backbone: Any, blocks: int, pixels: np.ndarray, rounds: int) -> dict[str, float]:
    """Median seconds of a step of each way, of inference and of augmenting, all in turn."""
    ways = {name: stepper(backbone, blocks, way, pixels) for name, way in WAYS.items()}
    settings, rng = TrainingConfig(dataset="-").augment, np.random.default_rng(0)
    tasks = {name: step for name, (step, _) in ways.items()}
    tasks["forward"] = ways[OWN][1]
    tasks["augmenting"] = lambda: [augment(each, settings, rng) for each in pixels.astype(np.uint8)]
    for work in tasks.values():
        work()
    found: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, work in tasks.items():
            found[name].append(seconds(work))
    return {name: statistics.median(each) for name, each in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--blocks", default="4,all")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    backbone = find(asked.backbone)
    size = backbone.native_size
    pixels = np.random.default_rng(0).uniform(0, 255, (asked.batch_size, size, size, 3)).astype(np.float32)
    cuts = {}
    for each in asked.blocks.split(","):
        blocks = len(backbone.blocks) if each == "all" else int(each)
        found = measure(backbone, blocks, pixels, asked.rounds)
        own = found[OWN]
        cuts[each] = {name: round(value / own, 3) for name, value in found.items()} | {"step_seconds": round(own, 3)}
        print(f"{each} blocks: {cuts[each]}", flush=True)
        keras.backend.clear_session()
    worst = max(1 / min(shares[name] for name in SAME_WEIGHTS) for shares in cuts.values())
    said = {"name": "training_step", "value": round(worst, 3), "cuts": cuts, "settings": vars(asked)}
    print(json.dumps(said | {"machine": machine(), "versions": versions()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
