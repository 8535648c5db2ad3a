"""What a model is given once it is trained: a temperature, the training pictures that it knows, and its graph.

It knows the model, its features and its validation pictures. It does not know phases, files or test pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import onnx
from scipy.special import softmax

from tlcore.data.rows import MappedRows
from tlcore.inference.temperature import fit_temperature
from tlcore.inference.unfamiliar import learn_known, some_known
from tlcore.runs.config import TrainingConfig
from tlcore.training import device
from tlcore.training.engine import answer_all, onnx_answer
from tlcore.training.exact import Features, learn_from_training
from tlcore.training.features import BelowTheCut
from tlcore.training.head_graph import FEATURES, PIXELS, POOLED, head_graph, join
from tlcore.training.logistic import STRENGTHS
from tlcore.training.model import TransferModel
from tlcore.training.pictures import PARTS
from tlcore.training.save import to_onnx

AT_ONCE = 4  # pictures in one call: what lies between two layers then stays in a core's cache
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Finished:
    """What belongs to a model beside its weights.

    Attributes:
        graph: Pixels to probabilities and unfamiliarity, for ONNX Runtime.
        temperature: By which the logits are divided, in the graph and in the Keras model.
        validation: Probabilities `(n, classes)` and unfamiliarity `(n,)` of the validation pictures, by a head that has
            not met them; None where the model's own is one.
    """

    graph: onnx.ModelProto
    temperature: float
    validation: tuple[Floats, Floats] | None


class Finishing:
    """The model of a run whose phases are over.

    Args:
        cut: That of the last phase.
    """

    def __init__(self, model: TransferModel, below: BelowTheCut, config: TrainingConfig, *, cut: int) -> None:
        self.model, self.below, self.config, self.cut = model, below, config, cut
        self._whole = len(model.backbone.blocks)

    def finish(self, strength: float | None) -> Finished:
        """Divide the head by its temperature, in place, and make the graph.

        Args:
            strength: Of the exact head, where it is known.
        """
        pictures, config = self.below.pictures, self.config
        kernel, bias = self.model.head
        rows = some_known(pictures["train"].labels, seed=config.seed)
        if config.learns_from_validation:
            features = self._features(None)
            head = learn_from_training(
                features, pictures, config, classes=len(bias), strengths=STRENGTHS if strength is None else (strength,)
            )
            logits, trained = features["val"] @ head.kernel + head.bias, features["train"][rows]
        else:
            features = self._features(rows)
            logits, trained = features["val"] @ kernel + bias, features["train"]
        temperature = fit_temperature(logits, pictures["val"].labels)
        kernel, bias = kernel / np.float32(temperature), bias / np.float32(temperature)
        self.model.set_head(kernel, bias)
        known = learn_known(trained, features["val"])
        answers = softmax(logits / temperature, axis=1).astype(np.float32), known.unfamiliarity(features["val"])
        body = self._body
        head_of_graph = head_graph(kernel, bias, known, like=body, source=body.graph.output[0].name)
        return Finished(
            join(body, head_of_graph, "head/"), temperature, answers if config.learns_from_validation else None
        )

    @cached_property
    def _body(self) -> onnx.ModelProto:
        """Pixels to what the head sees: the trunk as it was computed with, joined to what was trained."""
        if self.cut == self._whole:
            return self.below.graph(self.cut)
        if not self.cut:
            return to_onnx(self.model.features, source=PIXELS, target=POOLED)
        above = to_onnx(self.model.pooled(self.cut), source=FEATURES, target=POOLED)
        return join(self.below.graph(self.cut), above)

    def _features(self, rows: npt.NDArray[np.int64] | None) -> Features:
        """What the head is given of the plain pictures, `(n, d)`: of all, or of these training pictures only."""
        some = {} if rows is None else {"train": rows}
        if self.cut == self._whole:
            found = self.below.features(self.cut, some)
            return {part: each.astype(np.float32) for part, each in found.items()}
        answer = onnx_answer(self._body)  # what is trained above has changed: nothing of it is in the cache
        pixels = {part: self.below.pictures[part].pixels for part in PARTS}
        return {
            part: answer_all(
                answer,
                MappedRows(each.array, each.rows[some.get(part, slice(None))]),
                at_once=AT_ONCE,
                threads=device.cores(),
            )
            for part, each in pixels.items()
        }
