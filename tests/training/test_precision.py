from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.heads import head
from tlcore.training import device, precision
from tlcore.training.precision import Choice, Measured, choose_precision, copy_weights, in_precision

PLAIN, LOWER = "float32", "mixed_bfloat16"


@pytest.fixture
def above(tiny_model):
    return tiny_model.above(0)


@pytest.fixture
def batch(colours):
    pixels, labels = colours
    return {"pixels": pixels[:12].astype(np.float32)}, np.eye(3, dtype=np.float32)[labels[:12]], np.ones(12, np.float32)


def layers(model):
    return {layer.name: layer for layer in model._flatten_layers() if not layer._layers}


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_twin_computes_in_lower_precision_between_exact_ends_and_keeps_exact_weights(above, batch, policy):
    twin = in_precision(above, policy)
    assert {variable.dtype for variable in twin.weights} == {"float32"}
    found = layers(twin)
    assert found["convolution2"].compute_dtype == policy.removeprefix("mixed_")
    exact = [layer for layer in found.values() if isinstance(layer, keras.layers.Rescaling) or "logits" in layer.name]
    assert [layer.compute_dtype for layer in exact] == ["float32", "float32"]
    assert keras.backend.standardize_dtype(twin(batch[0]).dtype) == "float32"
    np.testing.assert_allclose(twin(batch[0]), above(batch[0]), atol=0.05)
    assert not np.array_equal(twin(batch[0]), above(batch[0]))


@pytest.mark.slow
def test_a_twin_has_weights_of_its_own_until_they_are_copied_back(above, batch):
    twin = in_precision(above, "mixed_bfloat16")
    before = above.get_weights()
    twin.compile("adam", "categorical_crossentropy")
    twin.train_on_batch(*batch)
    for one, other in zip(above.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    copy_weights(twin, above)
    for one, other in zip(above.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert any((one != other).any() for one, other in zip(above.get_weights(), before, strict=True))
    assert {layer.compute_dtype for layer in layers(above).values()} == {"float32"}


def test_half_precision_scales_its_loss(above):
    twin = in_precision(above, "mixed_float16")
    twin.compile("adam", "categorical_crossentropy")
    assert isinstance(twin.optimizer, keras.optimizers.LossScaleOptimizer)


def test_a_processor_is_asked_nothing(above, batch):
    choice = choose_precision(above, batch, head(3).loss, expected_steps=10**9)
    assert (choice.policy, choice.seconds) == ("float32", {})


def test_a_short_phase_is_not_worth_a_measurement(monkeypatch, above, batch):
    monkeypatch.setattr(device, "lower_precision", lambda: "mixed_bfloat16")
    choice = choose_precision(above, batch, head(3).loss, expected_steps=2)
    assert (choice.policy, choice.seconds) == ("float32", {})
    assert "too short" in choice.reason


@pytest.mark.slow
def test_a_long_phase_is_measured_in_both_precisions_and_leaves_the_model_as_it_was(monkeypatch, above, batch):
    monkeypatch.setattr(device, "lower_precision", lambda: LOWER)
    before = above.get_weights()
    found, taken = {}, precision._choose

    def choose(lower, measured, falls, steps):
        found.update(falls)
        return taken(lower, measured, falls, steps)

    monkeypatch.setattr(precision, "_choose", choose)
    choice = choose_precision(above, batch, head(3).loss, expected_steps=10**9)
    assert set(choice.seconds) == {"float32", "mixed_bfloat16"}
    # The same steps on the same batch teach about the same, and something.
    assert found[PLAIN] > 0
    assert found[LOWER] == pytest.approx(found[PLAIN], rel=0.1)
    for one, other in zip(above.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def chosen(*, seconds=0.5, ready=1.0, fall=1.0, steps=1000) -> Choice:
    """What comes of a lower precision against one second a step and a loss that falls by 1."""
    measured = {PLAIN: Measured(1.0, 1.0, []), LOWER: Measured(ready, seconds, [])}
    return precision._choose(LOWER, measured, {PLAIN: 1.0, LOWER: fall}, steps)


def test_what_is_faster_and_teaches_as_much_is_taken():
    choice = chosen()
    assert choice.policy == "mixed_bfloat16"
    assert choice.seconds == {"float32": 1.0, "mixed_bfloat16": 0.5}
    assert "0.5 s instead of 1 s" in choice.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"seconds": 0.9}, "1.1 times as fast"),
        ({"fall": 0.9}, "learns less"),
        ({"fall": float("nan")}, "learns less"),
        ({"ready": 30.0, "steps": 100}, "get ready"),
    ],
)
def test_everything_else_stays_in_single_precision_and_says_why(changes, reason):
    choice = chosen(**changes)
    assert choice.policy == "float32"
    assert reason in choice.reason
    assert choice.reason.endswith(".")


def test_a_precision_that_does_not_work_is_not_taken(monkeypatch, above, batch):
    def fails(model, policy, batch, loss):
        raise RuntimeError("no kernel\nat all")

    monkeypatch.setattr(device, "lower_precision", lambda: LOWER)
    monkeypatch.setattr(precision, "_measure", fails)
    choice = choose_precision(above, batch, head(3).loss, expected_steps=10**9)
    assert (choice.policy, choice.seconds) == ("float32", {})
    assert choice.reason == "float32, because float32 could not be measured (no kernel)."
