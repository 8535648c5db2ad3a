"""Chooses the optimizer, the learning-rate schedule and the loss.

It knows phases and settings. It does not know data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from tlcore.runs.config import Optimizer, TrainingConfig
from tlcore.tasks.head import Head
from tlcore.training import device
from tlcore.training.phases import Phase

GRADIENT_NORM = 1.0
WARM_UP_SHARE = 0.1
MOMENTUM = 0.9


def compile_for(
    model: keras.Model,
    phase: Phase,
    config: TrainingConfig,
    head: Head,
    *,
    steps: int,
    rates: Sequence[float] = (),
    accumulate: int = 1,
    jit_compile: bool | str | None = None,
) -> None:
    """Give the model its optimizer and loss for a phase of `steps` batches an epoch.

    `rates` says for each trainable variable what its learning rate is multiplied by; none is all the same. The
    gradients of `accumulate` batches make one step. `jit_compile` says otherwise than `device` of XLA.
    """
    total = max(1, steps * phase.epochs // accumulate)
    warm_up = max(1, round(total * WARM_UP_SHARE))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, total - warm_up), warmup_target=phase.learning_rate, warmup_steps=warm_up
    )
    model.compile(
        optimizer=_optimizer(config, schedule, rates, accumulate),
        loss=head.loss(),
        metrics=head.metrics(),
        jit_compile=device.jit_compile() if jit_compile is None else jit_compile,
    )


def _optimizer(
    config: TrainingConfig, schedule: Any, rates: Sequence[float], accumulate: int
) -> keras.optimizers.Optimizer:
    common: dict[str, Any] = {"global_clipnorm": GRADIENT_NORM, **_averaged(config)}
    if accumulate > 1:
        common["gradient_accumulation_steps"] = accumulate
    kinds: dict[Optimizer, tuple[type[keras.optimizers.Optimizer], dict[str, Any]]] = {
        "adamw": (keras.optimizers.AdamW, {"weight_decay": config.weight_decay}),
        "adam": (keras.optimizers.Adam, {}),
        "sgd": (keras.optimizers.SGD, {"momentum": MOMENTUM, "nesterov": True}),
    }
    kind, own = kinds[config.optimizer]
    kind = device.of_the_whole_batch(kind)
    optimizer = kind(schedule, **own, **common) if not rates else _layerwise(kind)(rates, schedule, **own, **common)
    if config.optimizer == "adamw":
        # Shifts and scales have nothing to gain from being small.
        optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    return optimizer


def _averaged(config: TrainingConfig) -> dict[str, Any]:
    return {"use_ema": True, "ema_momentum": config.ema} if config.ema else {}


def _layerwise(kind: type[keras.optimizers.Optimizer]) -> Any:
    """An optimizer whose variables learn at rates of their own.

    Scaling gradients would not do: Adam divides their size away.
    """

    class Layerwise(kind):  # type: ignore[misc]
        def __init__(self, rates: Sequence[float], *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.rates = tuple(rates)

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            rate = self.rates[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * rate)

    return Layerwise
