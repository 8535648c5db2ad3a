"""A program: train tiny models by the trainer's own parts and print what every epoch came to as JSON.

    KERAS_BACKEND=… GRAFT_DEVICES=… python -m tests.training.several_devices

In a process of its own, because a backend divides the processor once, when it starts.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import numpy as np

from tlcore.runs.config import TrainingConfig
from tlcore.training import device

SIZE, CLASSES, BATCH, EPOCHS = 8, 3, 8, 3
# With normalization, every device has as many pictures without any coming twice; without, it may be otherwise.
ITEMS = {"normalized": 24, "uneven": 21}
KINDS = ("loss", "val_loss", "val_accuracy")


def train() -> dict[str, Any]:
    """Train each kind of model from the same weights, whatever trains."""
    named = device.prepare(0)
    found: dict[str, Any] = {"device": named, "count": device.count()}
    for kind, items in ITEMS.items():
        found[kind] = _train(items, normalized=kind == "normalized")
    return found


def _train(count: int, *, normalized: bool) -> dict[str, list[float]]:
    import keras

    from tlcore.memmap import MappedArrays
    from tlcore.runs.events import EpochEnded
    from tlcore.tasks.classification import CLASSIFICATION
    from tlcore.training.batches import Batches, Labelled
    from tlcore.training.engine import keras_engine
    from tlcore.training.fit import Best, Standing, Watch, train_phase
    from tlcore.training.normalization import estimate_statistics, statistics_that_keep_up
    from tlcore.training.optimizer import compile_for
    from tlcore.training.phases import Phase

    rng = np.random.default_rng(0)
    labels = (np.arange(count) % CLASSES).astype(np.int64)
    pixels = rng.normal(size=(count, SIZE, SIZE, 3)).astype(np.float32)
    pixels[np.arange(count), :, :, labels] += 0.5
    counts = (0.5 + labels).astype(np.float32)  # classes do not count alike
    part = Labelled(
        lambda rows, epoch: {"pixels": pixels[rows]}, labels, counts, CLASSIFICATION.build_head(CLASSES, labels)
    )
    batches = Batches(part, batch_size=BATCH, seed=0)
    phase = Phase("fine-tune", "Fine-tune", 0, EPOCHS, 0.05, 0)
    config = TrainingConfig(dataset="d")
    news: list[EpochEnded] = []
    with device.scope():
        layers = [keras.layers.Conv2D(4, 3, 2), keras.layers.BatchNormalization(), keras.layers.ReLU()]
        if not normalized:
            del layers[1]
        ends = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(CLASSES)]
        given = keras.Input((SIZE, SIZE, 3), name="pixels")
        answers = given
        for layer in (*layers, *ends):
            answers = layer(answers)
        model = keras.Model({"pixels": given}, answers)
        for variable in model.trainable_variables:
            if variable.name == "kernel":
                variable.assign(rng.normal(scale=0.3, size=variable.shape))
        compile_for(model, phase, config, part.head, steps=batches.number)
        watch = Watch(
            phase,
            Best(),
            Standing(),
            batches,
            validation=part,
            batch_size=BATCH,
            target=CLASSIFICATION.find_metric(config.target_metric),
            epochs=EPOCHS,
            report=lambda each: news.append(each) if isinstance(each, EpochEnded) else None,
            stop=lambda: False,
        )
        with statistics_that_keep_up(model, steps=batches.number):
            train_phase(model, watch)
        estimate_statistics(model, (batches[index][0] for index in range(batches.number)))
        few = {"pixels": pixels[:5]}
        asked = keras_engine(keras.Model({"pixels": given}, {"answers": answers}))(MappedArrays(few))["answers"]
    assert np.allclose(asked, keras.ops.convert_to_numpy(model(few)), atol=1e-4), "a trunk answers otherwise"
    weights = [float(np.abs(weight).sum()) for weight in model.get_weights()]
    return {kind: [getattr(epoch, kind) for epoch in news] for kind in KINDS} | {"weights": weights}


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        found = train()
    sys.stdout.write(json.dumps(found))
