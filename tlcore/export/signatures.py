"""Describes to TensorFlow what a model takes, from the contract's inputs.

It names TensorFlow: only the process of a conversion imports it. It does not know what the arrays are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy.typing as npt
import tensorflow as tf

from tlcore.items import Arrays, Spec

# No function of ours branches in Python by the value of a tensor; to look for that takes most of the time of a tracing.
traced = partial(tf.function, autograph=False)


def signature_of(inputs: Spec, items: int | None) -> list[tf.TensorSpec]:
    """Describe each input by name, shape and type, for a number of items or, for None, any."""
    return [tf.TensorSpec((items, *_any_length(each.shape)), each.dtype, name=each.name) for each in inputs]


def as_taken(arrays: Sequence[Any]) -> Any:
    """Hand arrays to a Keras model: one alone, or several in the order of its inputs."""
    return arrays[0] if len(arrays) == 1 else list(arrays)


def as_inputs(arrays: Arrays, inputs: Spec) -> dict[str, npt.NDArray[Any]]:
    """Bring arrays as they are kept to the types of the inputs."""
    return {each.name: arrays[each.name].astype(each.dtype) for each in inputs}


def _any_length(shape: Sequence[int]) -> tuple[int | None, ...]:
    return tuple(None if length < 0 else length for length in shape)
