"""A backbone of three small blocks, quick to build and to train, and pictures whose colour tells the class."""

from __future__ import annotations

import numpy as np
import pytest

from tests.heads import head
from tlcore.backbones.backbone import Backbone, Block

SIZE = 16


@pytest.fixture(scope="session")
def tiny_backbone() -> Backbone:
    return Backbone(
        key="tiny",
        title="Tiny",
        factory="tests:none",
        preprocessing="tf",
        native_size=SIZE,
        minimum_size=8,
        parameters=1,
        feature_length=8,
        licence="Apache-2.0",
        recommendation="For tests.",
        weights_file="none",
        weights_url="https://example.org/none",
        download_megabytes=0.0,
        blocks=tuple(Block(name=f"block {n}", last_layer=f"activation{n}", parameters=1) for n in (1, 2, 3)),
    )


@pytest.fixture
def tiny_body():
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    x = pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1.0)(x)
    for number in (1, 2, 3):
        x = layers.Conv2D(8, 3, 2 if number > 1 else 1, "same", use_bias=False, name=f"convolution{number}")(x)
        x = layers.BatchNormalization(name=f"normalization{number}")(x)
        x = layers.ReLU(name=f"activation{number}")(x)
    return keras.Model(pixels, x)


@pytest.fixture
def tiny_model(tiny_backbone, tiny_body):
    from tlcore.training.model import TransferModel

    return TransferModel(tiny_backbone, tiny_body, head(3), dropout=0.2, seed=0)


@pytest.fixture(scope="session")
def colours() -> tuple[np.ndarray, np.ndarray]:
    """Pixels `(n, size, size, 3)`, uint8, and labels: one channel is brighter than the others."""
    rng = np.random.default_rng(0)
    labels = np.arange(48) % 3
    pixels = rng.integers(0, 160, (48, SIZE, SIZE, 3))
    pixels[np.arange(48), :, :, labels] += 80
    return pixels.astype(np.uint8), labels.astype(np.int64)
