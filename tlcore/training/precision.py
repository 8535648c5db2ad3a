"""Whether a phase computes in lower precision, and whether it is compiled by XLA: measured on this machine.

It knows Keras models and one batch. Variables stay in single precision, and so does the model that is kept: only a twin
of what lies above the cut computes otherwise while a phase trains.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import keras
import numpy.typing as npt

from tlcore.training import device

FLOAT32 = "float32"
FASTER = 1.15  # less is within what the machine's other work does to a measurement
AS_MUCH = 0.95  # of the fall of the loss that the same steps in single precision bring
# A phase that is over sooner is not worth the seconds that a comparison takes.
LONG_ENOUGH_SECONDS = 300.0
BACKWARD = 3  # a training step costs about as much as three forward passes
STEPS, RATE, GRADIENT_NORM = 6, 1e-4, 1.0  # few and small: a batch that is known by heart tells nothing
LOSS_SCALES = 16  # float16 halves its loss scale at each overflow, and leaves the weights, until gradients are finite
Batch = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
# Pixels of 0-255 and their means have more digits than lower precision has.
EXACT = (keras.layers.InputLayer, keras.layers.Rescaling, keras.layers.Normalization)


@dataclass(frozen=True)
class Choice:
    """How a phase computes.

    Attributes:
        policy: Of Keras: `float32`, `mixed_bfloat16` or `mixed_float16`.
        jit_compile: What `compile` is to be told.
        reason: A sentence for people.
        seconds: A training step in each way that was measured, by its name.
    """

    policy: str
    jit_compile: bool | str
    reason: str
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """One way to compute."""

    policy: str
    jit_compile: bool | str

    @property
    def name(self) -> str:
        return self.policy if self.jit_compile is not True else f"{self.policy} with XLA"


@dataclass(frozen=True)
class Measured:
    """What a way to compute came to.

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

    Pixels are prepared in single precision, and the last layer answers in it. Every variable is single precision.
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


def choose_precision(model: keras.Model, batch: Batch, *, expected_steps: int) -> Choice:
    """Choose by measurement how to train a model; takes some seconds where the phase is long, none where it is short.

    Every way trains the same few steps on the batch. Another way than single precision is taken only where it is
    `FASTER` times as fast, saves more than it takes to get ready, and what it has learnt lowers the loss `AS_MUCH`,
    judged in single precision. Gradients alone do not tell: rounding turns them about as much as another batch would.

    Args:
        model: Inputs to logits; its weights stay as they are.
        batch: As it is trained on: inputs, answers `(n, classes)`, weights `(n,)`.
        expected_steps: Of the phase.
    """
    plain, *others = _ways()
    if not others:
        return Choice(plain.policy, plain.jit_compile, "float32, because this processor has no units for less.")
    expected = BACKWARD * expected_steps * _forward_seconds(model, batch)
    if expected < LONG_ENOUGH_SECONDS:
        reason = f"float32, because the phase takes about {expected:.0f} s: too short to measure anything faster."
        return Choice(plain.policy, plain.jit_compile, reason)
    found: dict[Way, Measured] = {}
    failed: dict[Way, str] = {}
    for way in (plain, *others):
        try:
            found[way] = _measure(model, way, batch)
        except Exception as error:  # each backend has its own; a way that does not work is not taken
            failed[way] = str(error).partition("\n")[0][:120] or type(error).__name__
        gc.collect()  # a twin on an accelerator takes memory until it is collected
    falls = _falls(model, found, batch)
    return _choose(plain, found, falls, failed, expected_steps)


def _ways() -> tuple[Way, ...]:
    """What is worth a measurement on this device, plain single precision first."""
    if not device.on_accelerator() or device.count() > 1 or keras.backend.backend() != "tensorflow":
        # XLA takes a minute to compile for a processor, TensorFlow has none over several devices, JAX has nothing else.
        compiled: tuple[bool | str, ...] = ("auto",)
    else:
        compiled = (False, True)
    lower = device.lower_precision()
    return tuple(Way(policy, jit) for policy in (FLOAT32, *([lower] if lower else [])) for jit in compiled)


def _forward_seconds(model: keras.Model, batch: Batch) -> float:
    """Of one pass without compiling anything: rough, and soon known."""
    inputs = keras.ops.convert_to_tensor(batch[0])
    seconds = []
    for _ in range(2):  # the first makes the backend's kernels ready
        began = time.monotonic()
        keras.ops.convert_to_numpy(model(inputs, training=False))
        seconds.append(time.monotonic() - began)
    return min(seconds)


def _measure(model: keras.Model, way: Way, batch: Batch) -> Measured:
    twin = _without_dropout(in_precision(model, way.policy))
    optimizer = keras.optimizers.Adam(RATE, global_clipnorm=GRADIENT_NORM)
    twin.compile(optimizer, keras.losses.CategoricalCrossentropy(from_logits=True), jit_compile=way.jit_compile)
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
    """Hide no features: each way would hide others, and no two would learn alike."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return model


def _falls(model: keras.Model, found: dict[Way, Measured], batch: Batch) -> dict[Way, float]:
    """How far the loss of the batch has fallen in each way, judged in single precision."""
    judge = _without_dropout(in_precision(model, FLOAT32))
    inputs, answers, weights = (keras.ops.convert_to_tensor(each) for each in batch)

    def loss() -> float:
        logits = judge(inputs, training=True)  # normalized as while training
        found = keras.losses.CategoricalCrossentropy(from_logits=True)(answers, logits, sample_weight=weights)
        return float(keras.ops.convert_to_numpy(found))

    before, falls = loss(), {}
    for way, measured in found.items():
        judge.set_weights(measured.weights)
        falls[way] = before - loss()
    return falls


def _choose(
    plain: Way, found: dict[Way, Measured], falls: dict[Way, float], failed: dict[Way, str], steps: int
) -> Choice:
    seconds = {way.name: measured.seconds for way, measured in found.items()}
    if plain not in found:
        return Choice(plain.policy, plain.jit_compile, f"float32, because nothing could be measured: {failed[plain]}.")
    reference = found[plain]
    reasons = [f"{way.name} failed ({why})" for way, why in failed.items()]
    for way, measured in sorted(found.items(), key=lambda item: item[1].seconds):
        if way == plain:
            continue
        ratio, fall = reference.seconds / measured.seconds, falls[way] / max(falls[plain], 1e-9)
        if ratio < FASTER:
            reasons.append(f"{way.name} is {ratio:.2g} times as fast")
        elif steps * (reference.seconds - measured.seconds) < 2 * measured.ready:
            reasons.append(f"{way.name} takes {measured.ready:.0f} s to get ready")
        elif not fall >= AS_MUCH:  # not a number is not enough
            reasons.append(f"{way.name} learns less (the loss falls {fall:.2g} times as far)")
        else:
            reason = (
                f"{way.name}, because a step takes {measured.seconds:.2g} s instead of {reference.seconds:.2g} s and "
                f"teaches as much (the loss falls {fall:.2g} times as far)."
            )
            return Choice(way.policy, way.jit_compile, reason, seconds)
    return Choice(plain.policy, plain.jit_compile, f"float32, because {', '.join(reasons)}.", seconds)
