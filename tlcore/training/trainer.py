"""Trains the model of a run, phase by phase. One trainer for every mode: a phase says where its cut is, no more.

It knows how trunk, cache and training follow one another. It does not write into the run folder.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx

from tlcore.backbones.catalogue import find
from tlcore.data.progress import drain
from tlcore.data.store import evict, store_key
from tlcore.files import sha256
from tlcore.runs.run import Run
from tlcore.training import device
from tlcore.training.backbones import build_backbone, fetch_weights
from tlcore.training.engine import PICTURES_AT_ONCE, PICTURES_AT_ONCE_ON_ACCELERATOR, keras_engine, onnx_engine
from tlcore.training.fit import Batches, Best, Labelled, Watch, class_weights, compile_for
from tlcore.training.model import TransferModel, statistics_that_keep_up
from tlcore.training.phases import Phase, plan
from tlcore.training.pictures import PARTS, Pictures, read_pictures
from tlcore.training.save import FEATURES, PIXELS, PROBABILITIES, join, to_onnx, trunk_graph
from tlcore.training.stretch import Report, Stop, stretch
from tlcore.training.trunk_cache import Part, TrunkCache
from tlcore.training.views import CachedViews, PixelViews, Source, ThroughTrunk, count_views
from tlcore.workspace import Workspace

# Of one trunk cache. Features of an early block are larger than the pictures.
CACHE_BYTES = 8 * 10**9
CACHE_SHARE_OF_FREE_DISK = 0.25
LOADING_THREADS = 4


@dataclass(frozen=True)
class TrainedModel:
    """What training leaves.

    Attributes:
        model: Pixels to probabilities, in plain Keras layers.
        graph: Gives the same for ONNX Runtime.
        stopped: Whether somebody ended the training early.
    """

    model: keras.Model
    graph: Callable[[], onnx.ModelProto]
    stopped: bool


def train(run: Run, *, report: Report, stop: Stop) -> TrainedModel:
    """Carry out every phase of a run and give the best model.

    Raises:
        GraftError: The pictures, the weights or the settings cannot be used.
        StoppedError: The run was asked to stop before the first phase of training.
    """
    training = _Training(run, report, stop)
    for phase in training.phases:
        if not training.stopped:
            training.carry_out(phase)
    return TrainedModel(training.model.whole, training.graph, training.stopped)


class _Training:
    """The state that one phase hands to the next."""

    def __init__(self, run: Run, report: Report, stop: Stop) -> None:
        self.config, self.report, self.stop = run.config, report, stop
        self.workspace = Workspace.default()
        self.backbone = find(self.config.backbone)
        self.phases = plan(self.config, self.backbone)
        self.stopped = False
        self._best = Best()
        self._epoch = 1
        with stretch(report, stop, "prepare", "Building the model") as preparing:
            self.device = device.prepare(self.config.seed)
            self.pictures: dict[str, Pictures] = drain(read_pictures(run, self.workspace), preparing.show)
            preparing.pictures = 0
            weights = fetch_weights(self.backbone, self.workspace)
            body = build_backbone(self.backbone, size=self.config.image_size, weights=weights, workspace=self.workspace)
            classes = run.dataset.classes
            self.model = TransferModel(
                self.backbone, body, classes=len(classes), dropout=self.config.dropout, seed=self.config.seed
            )
            self._weights = sha256(weights)
        self._counts = class_weights(self.pictures["train"].labels, len(classes), self.config.balancing)
        self._graphs: dict[int, onnx.ModelProto] = {}

    def carry_out(self, phase: Phase) -> None:
        """Compute what lies below the phase's cut, then train what lies above it."""
        sources = self._sources(phase)
        model = self.model.above(phase.cut)
        trained = sum(math.prod(variable.shape) for variable in model.trainable_variables)
        with stretch(
            self.report,
            self.stop,
            phase.name,
            phase.title,
            epochs=phase.epochs,
            first_epoch=self._epoch,
            trained_parameters=trained,
        ) as training:
            watch = self._fit(phase, model, sources)
            training.pictures = watch.done * len(self.pictures["train"].labels)
            training.seconds = watch.seconds
        self._epoch += watch.done
        self.stopped = watch.stopped

    def graph(self) -> onnx.ModelProto:
        """The model for ONNX Runtime: the trunk as it was computed with, joined to what was trained."""
        cut = self.phases[-1].cut
        if not cut:
            return to_onnx(self.model.whole, source=PIXELS, target=PROBABILITIES)
        answer = to_onnx(self.model.answer(cut), source=FEATURES, target=PROBABILITIES)
        return join(self._trunk_graph(cut), answer)

    def _fit(self, phase: Phase, model: keras.Model, sources: dict[str, Source]) -> Watch:
        batches = {
            part: Batches(
                Labelled(sources[part], pictures.labels, self._counts[pictures.labels]),
                batch_size=self.config.batch_size,
                seed=self.config.seed,
                shuffle=part == "train",
                first_epoch=self._epoch,
                # Cached features are ready; pixels that are augmented on the way must not keep the device waiting.
                workers=1 if phase.cut else min(LOADING_THREADS, device.cores()),
            )
            for part, pictures in self.pictures.items()
        }
        steps = batches["train"].num_batches
        compile_for(model, phase, self.config, steps=steps)
        watch = Watch(
            phase,
            self._best,
            first_epoch=self._epoch,
            # A phase that ended early makes the run shorter than it was planned.
            epochs=self._epoch - 1 + sum(later.epochs for later in self.phases[self.phases.index(phase) :]),
            pictures=len(self.pictures["train"].labels),
            report=self.report,
            stop=self.stop,
        )
        with statistics_that_keep_up(model, steps=steps):
            model.fit(
                batches["train"], validation_data=batches["val"], epochs=phase.epochs, callbacks=[watch], verbose=0
            )
        return watch

    def _sources(self, phase: Phase) -> dict[str, Source]:
        seed, names = self.config.seed, {"train": self.config.augment, "val": ()}
        pixels: dict[str, Source] = {
            part: PixelViews(pictures.pixels, names[part], seed=seed) for part, pictures in self.pictures.items()
        }
        trunk = self.model.trunk(phase.cut)
        if trunk is None:
            return pixels
        views = self._views(phase, trunk)
        if not views:
            answer = self._engine(phase.cut, trunk)
            return {part: ThroughTrunk(source, answer) for part, source in pixels.items()}
        features = self._features(phase, trunk, views)
        return {part: CachedViews(features[part], seed=seed) for part in PARTS}

    def _views(self, phase: Phase, trunk: keras.Model) -> int:
        """How many views of each training picture to cache; 0 where not even one fits."""
        room = min(CACHE_BYTES, CACHE_SHARE_OF_FREE_DISK * shutil.disk_usage(self.workspace.cache).free)
        one = 2 * math.prod(trunk.output.shape[1:])
        train, val = (len(self.pictures[part].labels) for part in PARTS)
        fit = int((room - one * val) // (one * max(1, train)))
        return max(0, min(fit, count_views(self.config.augment, epochs=phase.epochs)))

    def _features(self, phase: Phase, trunk: keras.Model, views: int) -> dict[str, npt.NDArray[np.float16]]:
        config = self.config
        cache = TrunkCache(
            self.workspace.cache,
            {
                **self._identity(phase.cut),
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
                    self._engine(phase.cut, trunk),
                    tuple(trunk.output.shape[1:]),
                    seed=config.seed,
                    at_once=PICTURES_AT_ONCE_ON_ACCELERATOR if on_accelerator else PICTURES_AT_ONCE,
                    threads=1 if on_accelerator else device.cores(),
                )
                found = dict(drain(steps, computing.show))
            evict(self.workspace.cache, keep=[cache.path])
        return {part: features for part, features in found.items() if features is not None}

    def _engine(self, cut: int, trunk: keras.Model) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]:
        return keras_engine(trunk) if device.on_accelerator() else onnx_engine(self._trunk_graph(cut))

    def _trunk_graph(self, cut: int) -> onnx.ModelProto:
        if cut not in self._graphs:
            trunk = self.model.trunk(cut)
            self._graphs[cut] = trunk_graph(trunk, self._identity(cut), self.workspace.cache)
        return self._graphs[cut]

    def _identity(self, cut: int) -> dict[str, Any]:
        """What the function below a cut depends on."""
        return {
            "backbone": self.backbone.key,
            "weights": self._weights,
            "cut": cut,
            "blocks": len(self.backbone.blocks),
            "size": self.config.image_size,
            "keras": keras.__version__,
        }
