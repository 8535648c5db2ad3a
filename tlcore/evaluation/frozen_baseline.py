"""The frozen baseline: the backbone as it came, and a linear probe on its features; both models are asked together.

It knows backbones as graphs, and features. It does not know what an answer is, nor what both are asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

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
from tlcore.modalities.modality import Noun
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.threads import map_bounded
from tlcore.workspace import Workspace

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]
Resize = Callable[[Array, int], Array]


@dataclass(frozen=True)
class Rivals:
    """The model and its baseline, asked together.

    Attributes:
        probe: Gives outputs `(n, width)` for features `(n, d)` of the frozen backbone.
        frozen: The backbone as it came; None where the model has it inside.
        says: What the baseline is, in a sentence.
    """

    model: OpenedModel
    probe: Callable[[Array], Array]
    frozen: Callable[[Array], Floats] | None
    says: str

    def each(self, items: Iterable[Array]) -> Iterator[tuple[Array, Array]]:
        """Give the model's and the baseline's outputs `(width,)` for each item, in order."""
        return map_bounded(self._answers, items)

    def _answers(self, item: Array) -> tuple[Array, Array]:
        seen = self.model.see(item)
        features = seen.features if self.frozen is None else self.frozen(item)
        return seen.outputs, self.probe(features[None])[0]


def rivals(
    run: Run,
    workspace: Workspace,
    model: OpenedModel,
    learned: tuple[Iterable[Array], Sequence[str]],
    *,
    resized: Resize | None,
    noun: Noun,
) -> Rivals:
    """Make the baseline of a run ready.

    A run that froze its backbone has it inside: the features under its head. Else it is the run's own backbone where
    its graph is in the cache, or the bundled one.

    Args:
        run: Whose baseline.
        workspace: Where caches and weights are.
        model: The run's model, opened.
        learned: Training items, and their labels.
        resized: An item for a model of another input size; None where there is no such thing.
        noun: What a person calls an item.

    Raises:
        WeightsError: No backbone is there.
        ValueError: There is too little to learn from.
    """
    items, labels = learned
    task, classes = find_task(model.labels.task), model.labels.labels
    if run.config.mode == "freeze":
        features = np.stack([seen.features for seen in model.each(items)])
        says = f"A linear probe on the features of the frozen backbone, of {len(labels):,} training {noun.many}."
        return Rivals(model, task.fit_probe(features, labels, classes), None, says)
    frozen, title = _backbone(run, workspace, resized)
    features = np.stack(list(map_bounded(frozen, items)))
    says = f"A linear probe on the features of {title} as it came, frozen, of {len(labels):,} training {noun.many}."
    return Rivals(model, task.fit_probe(features, labels, classes), frozen, says)


def _backbone(run: Run, workspace: Workspace, resized: Resize | None) -> tuple[Callable[[Array], Floats], str]:
    backbone = find(run.config.backbone)
    try:
        weights = sha256(weights_path(backbone, workspace))
        path = graph_path(
            trunk_identity(backbone, weights, cut=len(backbone.blocks), input=run.config.input), workspace.cache
        )
        with using(path.parent):
            own = start_single(path.read_bytes())
        return lambda item: _features(own, item), backbone.title
    except (GraftError, OSError):  # the run never needed it, or it was thrown away
        bundled, other = embed.bundled(), embed.trunk(workspace)
        side = bundled.native_size

        def features(item: Array) -> Floats:
            return _features(other, item if resized is None or len(item) == side else resized(item, side))

        return features, bundled.title


def _features(answer: Single, item: Array) -> Floats:
    features: Floats = answer(item[None])[0].ravel()
    return features
