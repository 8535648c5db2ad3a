"""What lies below a cut, as sources of batches: features from the cache, computed first where they are not there.

It knows trunks, engines, caches and the room there is for them. It does not know what is trained above.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx

from tlcore.data.progress import drain
from tlcore.data.store import evict, store_key
from tlcore.runs.config import TrainingConfig
from tlcore.training import device
from tlcore.training.engine import PICTURES_AT_ONCE, PICTURES_AT_ONCE_ON_ACCELERATOR, keras_engine, onnx_engine
from tlcore.training.model import TransferModel
from tlcore.training.pictures import PARTS, Pictures
from tlcore.training.save import trunk_graph
from tlcore.training.stretch import Report, Stop, stretch
from tlcore.training.trunk_cache import Part, TrunkCache
from tlcore.training.views import CachedViews, PixelViews, Source, ThroughTrunk, count_views
from tlcore.workspace import Workspace

# Of one trunk cache. Features of an early block are larger than the pictures.
CACHE_BYTES = 8 * 10**9
CACHE_SHARE_OF_FREE_DISK = 0.25


class BelowTheCut:
    """The pictures as what is trained sees them, for any cut.

    Args:
        weights: The hash of the backbone's weights file.
    """

    def __init__(
        self,
        config: TrainingConfig,
        model: TransferModel,
        pictures: dict[str, Pictures],
        *,
        weights: str,
        workspace: Workspace,
        report: Report,
        stop: Stop,
    ) -> None:
        self.config, self.model, self.pictures = config, model, pictures
        self.workspace, self.report, self.stop = workspace, report, stop
        self._weights = weights
        self._graphs: dict[int, onnx.ModelProto] = {}

    def sources(self, cut: int, *, epochs: int) -> dict[str, Source]:
        """Where the batches of each part come from when `cut` blocks are below the cut, for a phase of `epochs`."""
        seed, names = self.config.seed, {"train": self.config.augment, "val": ()}
        pixels: dict[str, Source] = {
            part: PixelViews(pictures.pixels, names[part], seed=seed) for part, pictures in self.pictures.items()
        }
        trunk = self.model.trunk(cut)
        if trunk is None:
            return pixels
        views = self._views(trunk, epochs=epochs)
        if not views:
            answer = self._engine(cut, trunk)
            return {part: ThroughTrunk(source, answer) for part, source in pixels.items()}
        features = self._features(cut, trunk, views)
        return {part: CachedViews(features[part], seed=seed) for part in PARTS}

    def _views(self, trunk: keras.Model, *, epochs: int) -> int:
        """How many views of each training picture to cache; 0 where not even one fits."""
        room = min(CACHE_BYTES, CACHE_SHARE_OF_FREE_DISK * shutil.disk_usage(self.workspace.cache).free)
        one = 2 * math.prod(trunk.output.shape[1:])
        train, val = (len(self.pictures[part].labels) for part in PARTS)
        fit = int((room - one * val) // (one * max(1, train)))
        return max(0, min(fit, count_views(self.config.augment, epochs=epochs)))

    def _features(self, cut: int, trunk: keras.Model, views: int) -> dict[str, npt.NDArray[np.float16]]:
        config = self.config
        cache = TrunkCache(
            self.workspace.cache,
            {
                **self._identity(cut),
                "pictures": {
                    part: store_key(pictures.shas, size=config.image_size, policy=config.resize)
                    for part, pictures in self.pictures.items()
                },
                "augment": sorted(config.augment) if views > 1 else [],
                "views": views,
                "seed": config.seed if views > 1 else 0,
            },
        )
        found = {part: cache.read(part) for part in PARTS}
        if any(features is None for features in found.values()):
            with stretch(self.report, self.stop, "trunk", "Computing features below the cut") as computing:
                on_accelerator = device.on_accelerator()
                parts = {
                    part: Part(pictures.pixels, config.augment, views if part == "train" else 1)
                    for part, pictures in self.pictures.items()
                }
                steps = cache.build(
                    parts,
                    self._engine(cut, trunk),
                    tuple(trunk.output.shape[1:]),
                    seed=config.seed,
                    at_once=PICTURES_AT_ONCE_ON_ACCELERATOR if on_accelerator else PICTURES_AT_ONCE,
                    threads=1 if on_accelerator else device.cores(),
                )
                found = dict(drain(steps, computing.show))
            evict(self.workspace.cache, keep=[cache.path])
        return {part: features for part, features in found.items() if features is not None}

    def _engine(self, cut: int, trunk: keras.Model) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
        return keras_engine(trunk) if device.on_accelerator() else onnx_engine(self.graph(cut))

    def graph(self, cut: int) -> onnx.ModelProto:
        """The trunk as ONNX, as its features are computed with."""
        if cut not in self._graphs:
            trunk = self.model.trunk(cut)
            self._graphs[cut] = trunk_graph(trunk, self._identity(cut), self.workspace.cache)
        return self._graphs[cut]

    def _identity(self, cut: int) -> dict[str, Any]:
        """What the function below a cut depends on."""
        return {
            "backbone": self.model.backbone.key,
            "weights": self._weights,
            "cut": cut,
            "blocks": len(self.model.backbone.blocks),
            "size": self.config.image_size,
            "keras": keras.__version__,
        }
