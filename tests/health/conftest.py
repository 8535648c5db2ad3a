"""Datasets whose features are in the cache already, so that a check needs neither weights nor Keras."""

from __future__ import annotations

import numpy as np
import pytest

from tlcore.data.store import store_key
from tlcore.health import embed
from tlcore.items import Field
from tlcore.modalities.image.pixels import read_pixels
from tlcore.progress import drain
from tlcore.training.trunk_cache import TrunkCache


def put_features(workspace, dataset):
    """Put features into the cache as a run would have: coarse colours of each picture, spread over all numbers."""
    items = dataset.items().drop_duplicates("sha256").sort_values("sha256")
    length = embed.bundled().feature_length
    key = store_key(tuple(items["sha256"]), embed.settings({}))
    spread = np.random.default_rng(0).normal(size=(192, length)).astype(np.float32) / 50
    pixels = np.stack([read_pixels(dataset.image_path(file), 8, "crop") for file in items["file"]])
    features = pixels.reshape(len(items), -1).astype(np.float32) @ spread / 100
    cache = TrunkCache(
        workspace.cache, {"pictures": key, **embed.identity(workspace)}, len(items), (Field("features", (length,)),)
    )
    drain(cache.build("plain", lambda rows: {"features": features[rows]}, at_once=8, threads=1), lambda step: None)
    return dataset


@pytest.fixture(scope="session")
def scenes():
    """Forty pictures of smooth noise, `(40, 160, 160, 3)`: each like the others at a glance, none a copy."""
    rng = np.random.default_rng(3)
    coarse = rng.normal(size=(40, 20, 20, 3)).repeat(8, axis=1).repeat(8, axis=2)
    fine = rng.normal(size=(40, 80, 80, 3)).repeat(2, axis=1).repeat(2, axis=2)
    return np.clip(128 + 30 * coarse + 25 * fine, 0, 255).astype(np.uint8)
