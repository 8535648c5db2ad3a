"""Finalizes a trained model: calibrates its outputs, adds the training features and assembles its graph.

It knows the model, its features and its validation items. It does not know phases, files or test items.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import onnx

from tlcore.inference.ood import learn_known, some_known
from tlcore.runs.config import TrainingConfig
from tlcore.runs.items import PARTS
from tlcore.tasks import Decision, Task
from tlcore.tasks.head import Head
from tlcore.training.engine import on_processor
from tlcore.training.features import BelowTheCut
from tlcore.training.head_graph import POOLED, head_graph, join
from tlcore.training.logistic_training import Features, learn_from_training
from tlcore.training.model import TransferModel
from tlcore.training.save import to_onnx

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Finished:
    """The parts of a finished model beside its weights.

    Attributes:
        graph: The arrays of items to the task's outputs and unfamiliarity, for ONNX Runtime.
        temperature: By which the logits are divided, in the graph and in the Keras model; None where the task has none.
        decision: What turns outputs into answers, found on the validation items.
        validation: Outputs `(n, width)` and unfamiliarity `(n,)` of the validation items, by a head that has
            not met them: the model's own where it has not.
    """

    graph: onnx.ModelProto
    temperature: float | None
    decision: Decision
    validation: tuple[Floats, Floats]


class Finishing:
    """The model of a run whose phases are over.

    Args:
        cut: That of the last phase.
    """

    def __init__(
        self, model: TransferModel, below: BelowTheCut, config: TrainingConfig, task: Task, head: Head, *, cut: int
    ) -> None:
        self.model, self.below, self.config, self.cut = model, below, config, cut
        self.task, self.head = task, head
        self._whole = len(model.backbone.blocks)

    def finish(self, strengths: tuple[float, ...] | None) -> Finished:
        """Bring the head's outputs to their scale, in place, and make the graph.

        Args:
            strengths: Of the exact head, where they are known.
        """
        items, config = self.below.items, self.config
        kernel, bias = self.model.head
        rows = some_known(self.head.groups(items["train"].targets), seed=config.seed)
        if config.learns_from_validation:
            features = self._features(None)
            head = learn_from_training(features, items, config, self.head, strengths=strengths)
            raw, trained = features["val"] @ head.kernel + head.bias, features["train"][rows]
        else:
            features = self._features(rows)
            raw, trained = features["val"] @ kernel + bias, features["train"]
        scaling = self.head.scale(raw, items["val"].targets)
        kernel, bias = kernel * scaling.gain, bias * scaling.gain + scaling.offset
        self.model.set_head(kernel, bias)
        # Of several blocks' features the first are those of the last block, which have one scale.
        last = slice(self.model.backbone.feature_length)
        known = learn_known(trained[:, last], features["val"][:, last])
        outputs = self.task.activate(raw * scaling.gain + scaling.offset).astype(np.float32)
        validation = outputs, known.unfamiliarity(features["val"][:, last])
        body = self._body
        head_of_graph = head_graph(kernel, bias, known, self.task, like=body, source=body.graph.output[0].name)
        return Finished(
            join(body, head_of_graph, "head/"),
            scaling.temperature,
            self.task.decide(outputs, items["val"].targets),
            validation,
        )

    @cached_property
    def _body(self) -> onnx.ModelProto:
        """The arrays of items to what the head sees: the trunk as it was computed with, joined to what was trained."""
        if self.cut == self._whole:
            return self.below.graph(self.cut)
        if not self.cut:
            return to_onnx(self.model.features, target=POOLED)
        above = to_onnx(self.model.pooled(self.cut), target=POOLED)
        return join(self.below.graph(self.cut), above)

    def _features(self, rows: npt.NDArray[np.int64] | None) -> Features:
        """Return the head's inputs for the plain items, `(n, d)`: of all, or of these training items only."""
        some = {} if rows is None else {"train": rows}
        if self.cut == self._whole:
            found = self.below.features(self.cut, some)
            return {part: each.astype(np.float32) for part, each in found.items()}
        engine = on_processor(self._body)  # what is trained above has changed: nothing of it is in the cache
        inputs = {part: self.below.items[part].inputs.only(some.get(part, slice(None))) for part in PARTS}
        return {part: engine(each)[POOLED] for part, each in inputs.items()}
