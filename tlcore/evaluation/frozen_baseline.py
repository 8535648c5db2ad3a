"""The rival: the backbone as it came, frozen, with nothing learnt but the mean of each class.

It knows backbones as graphs, and features. It does not know what both are asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tlcore.backbones.catalogue import find
from tlcore.backbones.weights import weights_path
from tlcore.data.caches import using
from tlcore.errors import GraftError
from tlcore.evaluation.feature_map import OpenedModel
from tlcore.files import sha256
from tlcore.health import embed
from tlcore.inference.trunk import Single, graph_path, start_single, trunk_identity
from tlcore.modalities.image.preview import resized
from tlcore.runs.run import Run
from tlcore.threads import map_bounded
from tlcore.workspace import Workspace

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]
PER_CLASS = 50  # training items that a mean is of, at most


@dataclass(frozen=True)
class NearestMean:
    """Answers with the class whose training items' mean feature is nearest: nothing but the backbone is learnt.

    As J. Snell, K. Swersky and R. Zemel, "Prototypical Networks for Few-shot Learning", NeurIPS 2017, without training.

    Attributes:
        means: `(classes, d)`, of features of length 1; `nan` where a class has no training item.
    """

    means: Floats

    @classmethod
    def of(cls, features: Floats, labels: Integers, *, classes: int) -> NearestMean:
        """Learn from features `(n, d)` of training items and their classes `(n,)`, as places in the list of them."""
        unit = _unit(features)
        means = [unit[labels == index].mean(axis=0) if (labels == index).any() else None for index in range(classes)]
        blank = np.full(features.shape[1], np.nan, np.float32)
        return cls(np.stack([blank if mean is None else mean for mean in means]))

    def answer(self, features: Floats) -> Integers:
        """The nearest class of each row `(n, d)`."""
        gaps = np.linalg.norm(_unit(features)[:, None, :] - self.means[None], axis=2)
        nearest: Integers = np.nanargmin(gaps, axis=1)
        return nearest


@dataclass(frozen=True)
class Rivals:
    """The model and its rival, asked together.

    Attributes:
        says: What the rival is, in a sentence.
    """

    model: OpenedModel
    means: NearestMean
    frozen: Single | None
    size: int
    says: str

    def each(self, items: Iterable[Pixels]) -> Iterator[tuple[int, int]]:
        """The model's and the rival's answer about each item, in order, as places in the list of classes."""
        return map_bounded(self._answers, items)

    def _answers(self, pixels: Pixels) -> tuple[int, int]:
        seen = self.model.see(pixels)
        features = seen.features if self.frozen is None else _features(self.frozen, pixels, self.size)
        return int(seen.probabilities.argmax()), int(self.means.answer(features[None])[0])


def rivals(run: Run, workspace: Workspace, model: OpenedModel, pixels: Iterable[Pixels], labels: Integers) -> Rivals:
    """Make the rival of a run ready.

    A run that froze its backbone has the rival inside: the features under its head. Else it is the run's own backbone
    where its graph is in the cache, or the bundled one.

    Args:
        run: Whose rival.
        workspace: Where caches and weights are.
        model: The run's model, opened.
        pixels: Of training items.
        labels: `(n,)`, their classes, as places in the list of them.

    Raises:
        WeightsError: No backbone is there.
    """
    classes = len(model.labels.labels)
    if run.config.mode == "freeze":
        features = np.stack([seen.features for seen in model.each(pixels)])
        says = "The class whose mean training picture is nearest, by the features of the frozen backbone."
        return Rivals(model, NearestMean.of(features, labels, classes=classes), None, 0, says)
    frozen, size, title = _backbone(run, workspace)
    features = np.stack(list(map_bounded(lambda item: _features(frozen, item, size), pixels)))
    says = f"The class whose mean training picture is nearest, by the features of {title} as it came, frozen."
    return Rivals(model, NearestMean.of(features, labels, classes=classes), frozen, size, says)


def _backbone(run: Run, workspace: Workspace) -> tuple[Single, int, str]:
    backbone, size = find(run.config.backbone), run.config.input.size
    try:
        weights = sha256(weights_path(backbone, workspace))
        path = graph_path(
            trunk_identity(backbone, weights, cut=len(backbone.blocks), input=run.config.input), workspace.cache
        )
        with using(path.parent):
            return start_single(path.read_bytes()), size, backbone.title
    except (GraftError, OSError):  # the run never needed it, or it was thrown away
        bundled = embed.bundled()
        return embed.trunk(workspace), bundled.native_size, bundled.title


def _features(answer: Single, pixels: Pixels, size: int) -> Floats:
    if pixels.shape[0] != size:
        pixels = resized(pixels, size)
    features: Floats = answer(pixels[None])[0].ravel()
    return features


def _unit(features: Floats) -> Floats:
    unit: Floats = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    return unit
