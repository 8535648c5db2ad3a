"""Measures whether a phase can compute in lower precision, if the accelerator supports it.

It knows Keras models and one batch. Variables stay in single precision, and so does the model that is kept: only a twin
of what lies above the cut computes otherwise while a phase trains.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import keras
import numpy.typing as npt

from tlcore.items import Arrays
from tlcore.training import device

FLOAT32 = "float32"
FASTER = 1.15  # less is within what the machine's other work does to a measurement
AS_MUCH = 0.95  # of the fall of the loss that the same steps in single precision bring
# A phase that is over sooner is not worth the seconds that a comparison takes.
LONG_ENOUGH_SECONDS = 300.0
BACKWARD = 3  # a training step costs about as much as three forward passes
STEPS, RATE, GRADIENT_NORM = 6, 1e-4, 1.0  # few and small: a batch that is known by heart tells nothing
LOSS_SCALES = 16  # float16 halves its loss scale at each overflow, and leaves the weights, until gradients are finite
Loss = Callable[[], Any]  # makes a Keras loss
Batch = tuple[Arrays, npt.NDArray[Any], npt.NDArray[Any]]
# Inputs, such as 0 to 255, and their means have more digits than lower precision has.
EXACT = (keras.layers.InputLayer, keras.layers.Rescaling, keras.layers.Normalization)


@dataclass(frozen=True)
class Choice:
    """The precision of a phase.

    Attributes:
        policy: Of Keras: `float32`, `mixed_bfloat16` or `mixed_float16`.
        reason: A sentence for people.
        seconds: A training step in each precision that was measured, by its policy.
    """

    policy: str
    reason: str
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """The measurement of one precision.

    Attributes:
        ready: Seconds until the first step was done.
        seconds: Of a step, median.
        weights: Learnt in `STEPS` steps.
    """

    ready: float
    seconds: float
    weights: list[npt.NDArray[Any]]


def in_precision(model: keras.Model, policy: str) -> keras.Model:
    """Make a twin of a functional model that computes by a Keras policy, with weights of its own of the same values.

    Inputs are prepared in single precision, and the last layer answers in it. Every variable is single precision.
    """
    last = model.operations[-1]

    def twin_of(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.Layer):
            return layer  # an operation has no weights and computes in the precision of what it is given
        exact = layer is last or isinstance(layer, EXACT)
        return layer.__class__.from_config({**layer.get_config(), "dtype": FLOAT32 if exact else policy})

    twin = keras.models.clone_model(model, clone_function=twin_of, recursive=True)
    twin.dtype_policy = policy  # `compile` scales the loss where it reads mixed_float16 here
    copy_weights(model, twin)
    return twin


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Give a model the weights of its twin."""
    target.set_weights(source.get_weights())


def choose_precision(model: keras.Model, batch: Batch, loss: Loss, *, expected_steps: int) -> Choice:
    """Choose how to train a model: by measurement where the device has units for less and the phase is long.

    Both precisions train the same few steps on the batch. The lower one is taken only where it is `FASTER` times as
    fast, saves more than it takes to get ready, and what it has learnt lowers the loss `AS_MUCH`, judged in single
    precision. Gradients alone do not tell: rounding turns them about as much as another batch would.

    Args:
        model: Inputs to logits; its weights stay as they are.
        batch: As it is trained on: inputs, answers `(n, width)`, weights `(n,)`.
        loss: Makes the Keras loss of logits with answers.
        expected_steps: Of the phase.
    """
    lower = device.lower_precision()
    if lower is None:
        return Choice(FLOAT32, "float32, because this device has no units for less.")
    expected = BACKWARD * expected_steps * _forward_seconds(model, batch)
    if expected < LONG_ENOUGH_SECONDS:
        reason = f"float32, because the phase takes about {expected:.0f} s: too short to measure anything faster."
        return Choice(FLOAT32, reason)
    found: dict[str, Measured] = {}
    for policy in (FLOAT32, lower):
        try:
            found[policy] = _measure(model, policy, batch, loss)
        except Exception as error:  # each backend has its own; a precision that does not work is not taken
            why = str(error).partition("\n")[0][:120] or type(error).__name__
            return Choice(FLOAT32, f"float32, because {policy} could not be measured ({why}).")
        gc.collect()  # a twin on an accelerator takes memory until it is collected
    return _choose(lower, found, _falls(model, found, batch, loss), expected_steps)


def _forward_seconds(model: keras.Model, batch: Batch) -> float:
    """Measure one forward pass without compiling anything: a rough but quick estimate."""
    inputs = keras.tree.map_structure(keras.ops.convert_to_tensor, dict(batch[0]))
    seconds = []
    for _ in range(2):  # the first makes the backend's kernels ready
        began = time.monotonic()
        keras.ops.convert_to_numpy(model(inputs, training=False))
        seconds.append(time.monotonic() - began)
    return min(seconds)


def _measure(model: keras.Model, policy: str, batch: Batch, loss: Loss) -> Measured:
    twin = _without_dropout(in_precision(model, policy))
    optimizer = keras.optimizers.Adam(RATE, global_clipnorm=GRADIENT_NORM)
    twin.compile(optimizer, loss(), jit_compile=device.jit_compile())
    before = twin.get_weights()
    began = time.monotonic()
    for _ in range(LOSS_SCALES):
        twin.train_on_batch(*batch)
        if any((one != other).any() for one, other in zip(before, twin.get_weights(), strict=True)):
            break
    ready = time.monotonic() - began
    seconds: list[float] = []
    for _ in range(STEPS - 1):
        began = time.monotonic()
        twin.train_on_batch(*batch)
        seconds.append(time.monotonic() - began)
    return Measured(ready, median(seconds), twin.get_weights())


def _without_dropout(model: keras.Model) -> keras.Model:
    """Hide no features: each precision would hide others, and no two would learn alike."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return model


def _falls(model: keras.Model, found: dict[str, Measured], batch: Batch, loss: Loss) -> dict[str, float]:
    """Measure how far the loss of the batch falls in each precision, evaluated in single precision."""
    judge = _without_dropout(in_precision(model, FLOAT32))
    inputs, answers, weights = keras.tree.map_structure(keras.ops.convert_to_tensor, (dict(batch[0]), *batch[1:]))

    def lost() -> float:
        logits = judge(inputs, training=True)  # normalized as while training
        return float(keras.ops.convert_to_numpy(loss()(answers, logits, sample_weight=weights)))

    before, falls = lost(), {}
    for policy, measured in found.items():
        judge.set_weights(measured.weights)
        falls[policy] = before - lost()
    return falls


def _choose(lower: str, found: dict[str, Measured], falls: dict[str, float], steps: int) -> Choice:
    seconds = {policy: measured.seconds for policy, measured in found.items()}
    plain, other = found[FLOAT32], found[lower]
    ratio, fall = plain.seconds / other.seconds, falls[lower] / max(falls[FLOAT32], 1e-9)
    if ratio < FASTER:
        why = f"{lower} is {ratio:.2g} times as fast"
    elif steps * (plain.seconds - other.seconds) < 2 * other.ready:
        why = f"{lower} takes {other.ready:.0f} s to get ready"
    elif not fall >= AS_MUCH:  # not a number is not enough
        why = f"{lower} learns less (the loss falls {fall:.2g} times as far)"
    else:
        reason = (
            f"{lower}, because a step takes {other.seconds:.2g} s instead of {plain.seconds:.2g} s and teaches as much "
            f"(the loss falls {fall:.2g} times as far)."
        )
        return Choice(lower, reason, seconds)
    return Choice(FLOAT32, f"float32, because {why}.", seconds)
