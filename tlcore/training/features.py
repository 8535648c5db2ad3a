"""Reads batches of features below a cut from the cache, and computes them first if they are missing.

It knows trunks, engines, caches and the room there is for them. It does not know what is trained above.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from tlcore.inference.trunk import FEATURES, trunk_identity
from tlcore.memmap import MappedArrays, MappedRows
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import Noted
from tlcore.runs.items import PARTS, Items
from tlcore.training.initial_model import WeightsBelow
from tlcore.training.model import TransferModel
from tlcore.training.phase_report import Report, Stop
from tlcore.training.trunk import Trunk
from tlcore.training.views import CachedViews, ItemViews, Source, ThroughTrunk
from tlcore.workspace import Workspace


class BelowTheCut:
    """The items as what is trained sees them, for any cut.

    Args:
        weights: Gives the hash of the weights below a cut.

    Attributes:
        said: What was chosen, in sentences.
    """

    def __init__(
        self,
        config: TrainingConfig,
        model: TransferModel,
        items: dict[str, Items],
        *,
        weights: WeightsBelow,
        workspace: Workspace,
        report: Report,
        stop: Stop,
    ) -> None:
        self.config, self.model, self.items = config, model, items
        self.workspace, self.report, self.stop = workspace, report, stop
        self.said: list[str] = []
        self._weights = weights
        self._trunks: dict[int, Trunk] = {}

    def sources(self, cut: int, *, epochs: int) -> dict[str, Source]:
        """Return the sources of the batches of each part with `cut` blocks below the cut, for a phase of `epochs`.

        Training items come in a view of their own each epoch, validation items always plain.
        """
        seed, names = self.config.seed, {"train": self.config.augment, "val": ()}
        inputs: dict[str, Source] = {
            part: ItemViews(items.inputs, names[part], seed=seed, modality=items.decoded.modality)
            for part, items in self.items.items()
        }
        if not cut:
            return inputs
        trunk = self._trunk(cut)
        views = trunk.views(epochs=epochs)
        if not views:
            return {part: ThroughTrunk(source, trunk.answer) for part, source in inputs.items()}
        rows = {part: self.items[part].inputs.rows for part in PARTS}
        return {
            "train": CachedViews([MappedArrays(features, rows["train"]) for features in views], seed=seed),
            "val": CachedViews([MappedArrays(views[0], rows["val"])], seed=seed),
        }

    def features(
        self, cut: int, some: Mapping[str, npt.NDArray[np.int64]] | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """The plain features of both parts, `(n, …)`, in memory: for heads that are solved for at once.

        Where `some` names rows of a part, only theirs.
        """
        trunk, some = self._trunk(cut), some or {}
        plain = trunk.plain()
        inputs = {part: self.items[part].inputs.only(some.get(part, slice(None))) for part in PARTS}
        if plain is None:
            return {part: trunk.answer_all(each)[FEATURES] for part, each in inputs.items()}
        return {part: MappedRows(plain[FEATURES], each.rows)[:] for part, each in inputs.items()}

    def seconds(self, cut: int, *, epochs: int) -> float:
        """About how long what lies below a cut takes for a phase of `epochs`; 0 where it is in the cache."""
        return self._trunk(cut).seconds(epochs=epochs) if cut else 0.0

    def share(self, other: BelowTheCut) -> None:
        """Give the features of the last block, which come first where the head sees every block, to another cache.

        Both see the same items at the same size through the same backbone.
        """
        whole = len(self.model.backbone.blocks)
        found, theirs = self._trunk(whole).plain(), other._trunk(whole)
        if found is not None:
            first = slice(self.model.backbone.feature_length)
            theirs.fill(lambda rows: {FEATURES: found[FEATURES][rows][:, first]})

    def graph(self, cut: int) -> onnx.ModelProto:
        """The trunk as ONNX."""
        return self._trunk(cut).graph

    def _trunk(self, cut: int) -> Trunk:
        if cut not in self._trunks:
            model = self.model.trunk(cut)
            if model is None:
                raise ValueError("at the input there is no trunk")
            self._trunks[cut] = Trunk(
                model,
                self._identity(cut),
                config=self.config,
                decoded=self.items["train"].decoded,
                cache=self.workspace.cache,
                head_alone=cut == len(self.model.backbone.blocks),
                say=self._say,
                report=self.report,
                stop=self.stop,
            )
        return self._trunks[cut]

    def _say(self, sentence: str) -> None:
        if sentence not in self.said:
            self.said.append(sentence)
            self.report(Noted(message=sentence))

    def _identity(self, cut: int) -> dict[str, Any]:
        """Return everything that the function below a cut depends on."""
        return trunk_identity(
            self.model.backbone, self._weights(cut), cut=cut, input=self.config.input, features=self.config.features
        )
