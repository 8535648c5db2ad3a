"""Trains the model of a run, phase by phase. One trainer for every mode: a phase says where its cut is, no more.

It knows how trunk, cache and training follow one another. It does not write into the run folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import onnx

from tlcore.backbones.catalogue import find
from tlcore.data.progress import drain
from tlcore.files import sha256
from tlcore.runs.run import Run
from tlcore.training import device
from tlcore.training.backbones import build_backbone, fetch_weights
from tlcore.training.features import BelowTheCut
from tlcore.training.fit import Batches, Best, Labelled, Watch, class_weights, compile_for
from tlcore.training.model import TransferModel, statistics_that_keep_up
from tlcore.training.phases import Phase, plan
from tlcore.training.pictures import Pictures, read_pictures
from tlcore.training.save import FEATURES, PIXELS, PROBABILITIES, join, to_onnx
from tlcore.training.stretch import Report, Stop, stretch
from tlcore.training.views import Source
from tlcore.workspace import Workspace

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
            self.below = BelowTheCut(
                self.config,
                self.model,
                self.pictures,
                weights=sha256(weights),
                workspace=self.workspace,
                report=report,
                stop=stop,
            )
        self._counts = class_weights(self.pictures["train"].labels, len(classes), self.config.balancing)

    def carry_out(self, phase: Phase) -> None:
        """Compute what lies below the phase's cut, then train what lies above it."""
        sources = self.below.sources(phase.cut, epochs=phase.epochs)
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
        return join(self.below.graph(cut), answer)

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
