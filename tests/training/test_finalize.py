"""A trained model is given its temperature in place, and a graph that answers the same and knows its pictures."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from scipy.special import softmax

from tests.heads import head
from tlcore.inference.ood import learn_known
from tlcore.inference.trunk import FEATURES
from tlcore.memmap import MappedArrays
from tlcore.modalities.image.settings import PIXELS
from tlcore.runs.config import TrainingConfig
from tlcore.runs.items import Items
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.classification.temperature import fit_temperature, tempered
from tlcore.training.finalize import Finishing
from tlcore.training.logistic_training import learn_from_training, solve_head
from tlcore.training.phases import Phase
from tlcore.training.save import to_onnx


class Below:
    """What lies below a cut, computed where it is asked for."""

    def __init__(self, model, pixels, labels):
        self.model, rows = model, {"train": np.arange(30), "val": np.arange(30, 48)}
        self.items = {
            part: Items(MappedArrays({PIXELS: pixels}, here), labels[here], tuple(map(str, here)), None)
            for part, here in rows.items()
        }

    def features(self, cut, some=None):
        trunk = self.model.trunk(cut)
        inputs = {part: each.inputs[(some or {}).get(part, slice(None))] for part, each in self.items.items()}
        return {
            part: trunk.predict({PIXELS: each[PIXELS].astype(np.float32)}, verbose=0)[FEATURES]
            for part, each in inputs.items()
        }

    def graph(self, cut):
        return to_onnx(self.model.trunk(cut), target=FEATURES)


def answers(graph, pixels):
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["probabilities", "unfamiliarity"], {PIXELS: pixels.astype(np.float32)})


@pytest.mark.slow
@pytest.mark.parametrize("cut", [0, 1, 3])
def test_the_temperature_is_in_both_models_and_they_answer_alike(tiny_model, colours, cut):
    pixels, labels = colours
    below, config = (
        Below(tiny_model, pixels, labels),
        TrainingConfig(dataset="d", mode="fine-tune", blocks=3 - cut or 1),
    )
    kernel, bias = tiny_model.head
    tiny_model.set_head(30 * kernel, bias)  # as sure as it is wrong
    before = tiny_model.whole.predict(pixels.astype(np.float32), verbose=0)
    finished = Finishing(tiny_model, below, config, CLASSIFICATION, head(3), cut=cut).finish(None)
    after = tiny_model.whole.predict(pixels.astype(np.float32), verbose=0)
    assert finished.temperature > 2
    np.testing.assert_allclose(after, tempered(before, finished.temperature), atol=1e-4)
    chances, scores = answers(finished.graph, pixels)
    np.testing.assert_allclose(chances, after, atol=1e-4)
    np.testing.assert_allclose(finished.validation[0], chances[30:], atol=1e-3)
    features = tiny_model.features.predict({PIXELS: pixels.astype(np.float32)}, verbose=0)
    known = learn_known(features[:30], features[30:])
    np.testing.assert_allclose(scores, known.unfamiliarity(features), rtol=0.02, atol=0.02)


@pytest.mark.slow
def test_a_head_that_has_met_the_validation_pictures_is_tempered_by_the_one_before(tiny_model, colours):
    pixels, _ = colours
    labels = np.random.default_rng(1).integers(0, 3, 48)  # nothing to be found: the head before is not right
    below, config = Below(tiny_model, pixels, labels), TrainingConfig(dataset="d", head="logistic")
    features = below.features(3)
    phase = Phase(name="logistic", title="", cut=3, epochs=1, learning_rate=0.0, patience=0)
    solved, _, _ = solve_head(phase, features, below.items, config, head(3), epoch=1)
    tiny_model.set_head(solved.kernel, solved.bias)
    finished = Finishing(tiny_model, below, config, CLASSIFICATION, head(3), cut=3).finish(solved.strengths)
    before = learn_from_training(features, below.items, config, head(3))
    logits = features["val"] @ before.kernel + before.bias
    assert finished.temperature == pytest.approx(fit_temperature(logits, labels[30:]), rel=0.01)
    chances, scores = finished.validation
    np.testing.assert_allclose(chances, softmax(logits / finished.temperature, axis=1), atol=1e-3)
    assert scores.shape == (18,)
    np.testing.assert_allclose(tiny_model.head[0], solved.kernel / finished.temperature, rtol=1e-5)
