"""Training on an accelerator: Graft's pictures a second against bare steps, and how long the device waits for data.

    KERAS_BACKEND=tensorflow|jax python benchmarks/gpu.py [--backbone resnet50] [--pictures 2048] [--batch 64]

*Freeze* is the trunk over pictures in memory, by Graft's engine and by the same model called on a tensor that lies on
the device. *Fine-tune* is an epoch of every block by Graft's own batches, augmented on the way, in single and in lower
precision, against a loop of nothing but training steps on one batch that lies on the device. The device waits for data
as long as that epoch takes longer than one whose batches are ready. Weights are random: speed does not depend on them.

Without an accelerator there is nothing to measure; `--allow-cpu --pictures 32 --size 64 --batch 8` tries the program.
The last line is one JSON object; `value` is the largest share of time that the device waits for data.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.machine import machine, versions
from tlcore.modalities.image.settings import ImageInput
from tlcore.training import device

BAR = 0.05
CLASSES, EPOCHS, ROUNDS, STEPS = 3, 3, 3, 20


def rate(items: int, work: Callable[[], object]) -> float:
    """Pictures a second: the median of some rounds after one that makes everything ready."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        began = time.monotonic()
        work()
        seconds.append(time.monotonic() - began)
    return items / statistics.median(seconds)


def freeze(model: Any, pixels: np.ndarray, batch: int) -> dict[str, float]:
    """The trunk of a freeze run."""
    import keras

    from tlcore.memmap import MappedArrays
    from tlcore.training.engine import keras_engine

    trunk = model.trunk(len(model.backbone.blocks))
    engine = keras_engine(trunk)  # which a processor would not be asked for
    ours = rate(len(pixels), lambda: engine(MappedArrays({"pixels": pixels})))
    ready = {"pixels": keras.ops.convert_to_tensor(pixels[:batch].astype(np.float32))}

    def bare() -> None:
        for _ in range(STEPS):
            trunk.predict_on_batch(ready)

    plain = rate(STEPS * batch, bare)
    return {"pictures_per_second": ours, "bare": plain, "ratio": ours / plain}


def bare_rate(model: Any, batch: tuple[Any, ...], *, jit: bool | str) -> float:
    """Training steps on one batch that lies on the device, and nothing else."""
    import keras

    ready = keras.tree.map_structure(keras.ops.convert_to_tensor, batch)
    if keras.backend.backend() == "jax":
        import jax

        step = jax.jit(model.train_step, donate_argnums=0)
        kinds = ("trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables")
        state = [model._get_jax_state(**dict.fromkeys(kinds, True))]

        def work() -> None:
            for _ in range(STEPS):
                logs, state[0] = step(state[0], ready)
            jax.block_until_ready(logs)
    else:
        import tensorflow as tf

        step = tf.function(lambda: model.train_step(ready), jit_compile=jit is True)

        def work() -> None:
            for _ in range(STEPS):
                logs = step()
            float(logs["loss"])

    return rate(STEPS * len(batch[0]), work)


def epoch_rate(model: Any, source: Any, labels: np.ndarray, batch: int, *, jit: bool | str) -> float:
    """Epochs as the trainer has them; the first makes everything ready."""
    from tlcore.runs.config import TrainingConfig
    from tlcore.runs.events import EpochEnded
    from tlcore.tasks.classification import CLASSIFICATION
    from tlcore.tasks.task import LOSS
    from tlcore.training.batches import Batches, Labelled
    from tlcore.training.fit import Best, Standing, Watch, train_phase
    from tlcore.training.optimizer import compile_for
    from tlcore.training.phases import Phase

    weights, head = np.ones(len(labels), np.float32), CLASSIFICATION.build_head(CLASSES, labels)
    batches = Batches(
        Labelled(source, labels, weights, head),
        batch_size=batch,
        seed=0,
        workers=device.loading_threads(),
    )
    phase = Phase("fine-tune", "Fine-tuning every block", 0, EPOCHS, 1e-4, 0)
    compile_for(model, phase, TrainingConfig(dataset="d"), head, steps=batches.number, jit_compile=jit)
    rates: list[float] = []
    watch = Watch(
        phase,
        Best(),
        Standing(),
        batches,
        validation=Labelled(source, labels[:batch], weights[:batch], head),
        batch_size=batch,
        target=LOSS,
        epochs=EPOCHS,
        report=lambda news: rates.append(news.images_per_second) if isinstance(news, EpochEnded) else None,
        stop=lambda: False,
    )
    train_phase(model, watch)
    return statistics.median(rates[1:])


def fine_tune(model: Any, pixels: np.ndarray, batch: int, policy: str, *, jit: bool | str) -> dict[str, float]:
    """Every block, in one precision."""
    from tlcore.memmap import MappedArrays
    from tlcore.modalities import MODALITIES
    from tlcore.runs.config import TrainingConfig
    from tlcore.tasks.classification import CLASSIFICATION
    from tlcore.training.optimizer import compile_for
    from tlcore.training.phases import Phase
    from tlcore.training.precision import in_precision
    from tlcore.training.views import ItemViews

    labels = (np.arange(len(pixels)) % CLASSES).astype(np.int64)
    ready = pixels[:batch].astype(np.float32)
    above = model.above(0)
    with device.scope():
        inputs = MappedArrays({"pixels": pixels})
        source = ItemViews(inputs, ("flip_left_right",), seed=0, modality=MODALITIES["image"])
        ours = epoch_rate(in_precision(above, policy), source, labels, batch, jit=jit)

        def from_memory(rows: Any, epoch: int) -> dict[str, np.ndarray]:
            return {"pixels": ready[: len(rows)]}

        fed = epoch_rate(in_precision(above, policy), from_memory, labels, batch, jit=jit)
        twin = in_precision(above, policy)
    phase = Phase("fine-tune", "Fine-tuning every block", 0, EPOCHS, 1e-4, 0)
    compile_for(
        twin,
        phase,
        TrainingConfig(dataset="d"),
        CLASSIFICATION.build_head(CLASSES, labels),
        steps=STEPS,
        jit_compile=jit,
    )
    twin.optimizer.build(twin.trainable_variables)
    answers = np.eye(CLASSES, dtype=np.float32)[labels[:batch]]
    loop = ({"pixels": ready}, answers, np.ones(batch, np.float32))
    bare = None if device.count() > 1 else bare_rate(twin, loop, jit=jit)  # a bare loop has one device
    return {
        "pictures_per_second": ours,
        "fed_from_memory": fed,
        "bare": bare,
        "ratio": None if bare is None else ours / bare,
        "waiting": max(0.0, 1 - ours / fed),
    }


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    from tlcore.backbones.catalogue import find
    from tlcore.tasks.classification import CLASSIFICATION
    from tlcore.training.backbones import build_backbone
    from tlcore.training.model import TransferModel

    backbone = find(asked.backbone)
    with device.scope():
        body = build_backbone(backbone, input=ImageInput(size=asked.size), weights="random")
        head = CLASSIFICATION.build_head(CLASSES, np.arange(CLASSES))
        model = TransferModel(backbone, body, head, dropout=0.2, seed=0)
    pixels = np.random.default_rng(0).integers(0, 256, (asked.pictures, asked.size, asked.size, 3), dtype=np.uint8)
    found: dict[str, Any] = {"freeze": freeze(model, pixels, asked.batch)}
    for policy in filter(None, ("float32", device.lower_precision())):
        # What Keras does by itself, which on a single GPU is XLA.
        found[f"fine-tune {policy}"] = fine_tune(
            model, pixels, asked.batch, policy, jit=(device.on_accelerator() and device.count() == 1) or "auto"
        )
        print(f"{policy}: {found[f'fine-tune {policy}']}", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--pictures", type=int, default=2048, help="a multiple of --batch: one shape to compile")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--allow-cpu", action="store_true", help="try the program without an accelerator")
    parser.add_argument("--json", action="store_true", help="as the other benchmarks have it; the last line always is")
    asked = parser.parse_args()
    details: dict[str, Any] = {"device": device.prepare(0), "settings": vars(asked)}
    import keras

    details["backend"] = keras.backend.backend()
    value, holds = None, None
    if device.on_accelerator() or asked.allow_cpu:
        details["measured"] = measure(asked)
        value = max(found["waiting"] for name, found in details["measured"].items() if name != "freeze")
    if device.on_accelerator():
        holds = value is not None and value < BAR
    else:
        details["why"] = "There is no accelerator on this machine: the bar was not tested."
    result = {"name": "gpu", "value": value, "bar": BAR, "holds": holds, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 1 if holds is False else 0


if __name__ == "__main__":
    sys.exit(main())
