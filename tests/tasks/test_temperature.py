"""A temperature makes probabilities mean what they say, and leaves the answers alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from tlcore.tasks.classification.temperature import fit_temperature, log_probabilities, tempered


class GivenLogits(ClassifierMixin, BaseEstimator):
    """A classifier whose logits are its input."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, X):
        return X

    def predict(self, X):
        return X.argmax(axis=1)


def logits_and_labels(n: int, *, true_temperature: float, classes: int = 4, seed: int = 0):
    """Labels drawn from the probabilities that the logits have at that temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=3, size=(n, classes))
    chances = softmax(logits / true_temperature, axis=1)
    return logits, (rng.random((n, 1)) > chances.cumsum(axis=1)).sum(axis=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found_and_is_scikit_learns(temperature):
    logits, labels = logits_and_labels(4000, true_temperature=temperature)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(temperature, rel=0.06)
    reference = CalibratedClassifierCV(FrozenEstimator(GivenLogits().fit(logits, labels)), method="temperature")
    reference.fit(logits, labels)
    assert np.allclose(softmax(logits / found, axis=1), reference.predict_proba(logits), atol=2e-3)


def test_few_pictures_that_are_all_right_do_not_make_a_model_certain():
    logits = np.eye(3)[np.arange(9) % 3] * 4
    assert 0.5 < fit_temperature(logits, np.arange(9) % 3) < 1
    assert fit_temperature(np.empty((0, 3)), np.empty(0, np.int64)) == 1


def test_probabilities_are_tempered_and_restored_without_their_logits():
    logits, _ = logits_and_labels(50, true_temperature=1.0)
    chances = softmax(logits, axis=1)
    assert np.allclose(tempered(chances, 2.5), softmax(logits / 2.5, axis=1))
    assert np.allclose(tempered(tempered(chances, 2.5), 1 / 2.5), chances)
    assert np.array_equal(tempered(chances, 0.3).argmax(axis=1), chances.argmax(axis=1))
    assert np.isfinite(log_probabilities(np.array([[1.0, 0.0]], np.float32))).all()
