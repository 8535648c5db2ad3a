"""Prepares the backend and describes its devices: their names and their capabilities.

One of the two modules here that may name TensorFlow or JAX. Nothing in it runs at import. It knows devices; it does not
know models. Several accelerators train together: each has all of the weights and its share of every batch.
"""

from __future__ import annotations

import os
import platform
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

from tlcore.errors import ConfigError, Problem
from tlcore.threads import cores

DEVICES = "GRAFT_DEVICES"
LOADING_THREADS = 4
READ_AHEAD = 2  # batches that one thread makes ready
# NVIDIA's tensor cores: half precision from Volta on, bfloat16 from Ampere on.
HALF_CAPABILITY, BFLOAT16_CAPABILITY = (7, 0), (8, 0)


def quieten() -> None:
    """Keep TensorFlow's start-up notes out of the log; must come before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def prepare(seed: int) -> str:
    """Import the backend, seed it, and name the device in words a person knows.

    Raises:
        ConfigError: `GRAFT_DEVICES` is no number of devices.
    """
    import keras

    keras.utils.set_random_seed(seed)
    virtual = _asked() or 1
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        for gpu in gpus:
            # Otherwise the worker would take all of the memory at once.
            tf.config.experimental.set_memory_growth(gpu, True)
        if virtual > 1 and not gpus:
            for cpu in tf.config.list_physical_devices("CPU"):
                tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * virtual)
    elif keras.backend.backend() == "jax":
        import jax

        # The same, for JAX: read when it looks for its devices, which is below.
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        if virtual > 1 and jax.config.jax_num_cpu_devices != virtual:
            jax.config.update("jax_num_cpu_devices", virtual)
    return name()


def name() -> str:
    """Name the devices: 'NVIDIA L4', '2 × NVIDIA L4, each with its share of every batch', 'CPU, 8 cores (…)'."""
    together = ", each with its share of every batch" if count() > 1 else ""
    if on_accelerator():
        kinds = Counter(_kinds()[: count()])
        return ", ".join(kind if number == 1 else f"{number} × {kind}" for kind, number in kinds.items()) + together
    processor = f"{cores()} cores ({platform.processor() or platform.machine()})"
    return f"CPU, {processor}" if count() == 1 else f"{count()} virtual devices of the CPU, {processor}{together}"


def on_accelerator() -> bool:
    """Tell whether the backend has an accelerator."""
    return any("cpu" not in device.lower() for device in _devices())


def count() -> int:
    """Return the number of devices that train together: all accelerators, or as many as `GRAFT_DEVICES` says."""
    return min(len(_devices()), _asked() or len(_devices()))


@contextmanager
def scope() -> Iterator[None]:
    """Let whatever is built, compiled and fitted within use every device; on a single one, change nothing.

    A model must be built, compiled and fitted within scopes alike. Each device gets an equal share of each batch, and
    the gradients are added up: what is learnt is what one device would learn from the same batch.
    """
    import keras

    devices = _devices()[: count()]
    if len(devices) < 2:
        yield
    elif keras.backend.backend() == "tensorflow":
        with _mirrored(tuple(devices)).scope():
            yield
    else:
        before = keras.distribution.distribution()
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))
        try:
            yield
        finally:
            keras.distribution.set_distribution(before)


def mirrored() -> bool:
    """Tell whether each device sees only its share of a batch, as in TensorFlow, not the whole, as in JAX.

    Then BatchNormalization has to be told to ask the others (`synchronized`).
    """
    import keras

    return count() > 1 and keras.backend.backend() == "tensorflow"


def of_the_whole_batch(optimizer: Any) -> Any:
    """A kind of Keras optimizer that clips the gradient of the whole batch, not what each device has of it."""
    if not mirrored():
        return optimizer
    import tensorflow as tf

    class OfTheWholeBatch(optimizer):  # type: ignore[misc]
        def _clip_gradients(self, gradients: list[Any]) -> Any:
            here = tf.distribute.get_replica_context()
            if here is not None:
                gradients = list(here.all_reduce(tf.distribute.ReduceOp.SUM, list(gradients)))
            return super()._clip_gradients(gradients)

        def _all_reduce_sum_gradients(self, gradients_and_variables: Any) -> Any:
            return gradients_and_variables  # Keras would add them up here, after they were clipped

    return OfTheWholeBatch


def fill(*batch: Any) -> tuple[Any, ...]:
    """Fill up a batch, its weights last, until every device gets as many; the loss, a mean over it, stays what it was.

    The first rows come again with weight 0, and the others weigh as much more as there are more rows.
    """
    *arrays, weights = batch
    missing = -len(weights) % count()
    if not missing:
        return batch
    again = np.resize(np.arange(len(weights)), missing)
    larger = weights * weights.dtype.type((len(weights) + missing) / len(weights))

    def filled(array: Any) -> Any:
        if isinstance(array, Mapping):
            return {name: filled(each) for name, each in array.items()}
        return np.concatenate([array, array[again]])

    return (*map(filled, arrays), np.concatenate([larger, np.zeros(missing, weights.dtype)]))


def lower_precision() -> str | None:
    """The Keras policy that an accelerator has units of its own for; None where there are none, as on a processor."""
    if not on_accelerator():
        return None
    capability = _capability()
    if capability is None:  # no GPU of NVIDIA's: a TPU, which knows nothing else
        return "mixed_bfloat16" if "tpu" in _devices()[0].lower() else None
    if capability >= BFLOAT16_CAPABILITY:
        return "mixed_bfloat16"
    return "mixed_float16" if capability >= HALF_CAPABILITY else None


def jit_compile() -> bool | str:
    """Return the `jit_compile` argument: Keras' own choice, except for TensorFlow's accelerators.

    There Keras would have XLA compile each phase, which takes longer than most phases gain.
    """
    import keras

    return False if on_accelerator() and keras.backend.backend() == "tensorflow" else "auto"


def loading_threads() -> int:
    """Return the number of threads that prepare batches while the device computes."""
    import keras

    # Keras 3.15 under JAX gives the batches of several threads in an order turned by one, which no resumed epoch finds
    # again. One thread keeps the order, and works while JAX's own computes.
    return 1 if keras.backend.backend() == "jax" else min(LOADING_THREADS, cores())


def read(batches: Any) -> Any:
    """What `fit` and `predict` are to be given to read a `keras.utils.PyDataset`: itself, or the same for TensorFlow.

    TensorFlow tunes its readers by a thread that now and then misses that it is to end (`Model::OptimizeLoop` in 2.21),
    and whoever drops the reader waits for that thread, up to a minute. One thread that reads in order leaves nothing
    to tune; where several do, Keras itself does without.
    """
    import keras

    if keras.backend.backend() != "tensorflow" or batches.workers > 1:
        return batches
    import tensorflow as tf

    number = batches.num_batches
    ends = [batches[place] for place in sorted({0, number - 1})]  # the largest batch and the smallest

    def spec(first: Any, last: Any) -> Any:
        return tf.TensorSpec((len(first) if len(first) == len(last) else None, *first.shape[1:]), first.dtype)

    signature = keras.tree.map_structure(spec, ends[0], ends[-1])
    untuned = tf.data.Options()
    untuned.autotune.enabled = False
    return (
        tf.data.Dataset.from_generator(lambda: map(batches.__getitem__, range(number)), output_signature=signature)
        .prefetch(READ_AHEAD)
        .apply(tf.data.experimental.assert_cardinality(number))
        .with_options(untuned)
    )


def _asked() -> int | None:
    text = os.environ.get(DEVICES, "").strip()
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        sentence = f"{DEVICES} needs the number of devices that train together, 1 or more. Received: {text!r}."
        raise ConfigError([Problem("devices", f"{sentence} Change it, or take it away to use every accelerator.")])
    return int(text)


def _devices() -> list[str]:
    import keras

    return [str(device) for device in keras.distribution.list_devices()]


def _kinds() -> list[str]:
    """The makers' names of the accelerators, in the order of `_devices`."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
        return [str(each.get("device_name", "GPU")) for each in details] or _devices()
    if keras.backend.backend() == "jax":
        import jax

        return [str(device.device_kind) for device in jax.devices()]
    return _devices()


def _capability() -> tuple[int, int] | None:
    """Return NVIDIA's compute capability, the lowest of all GPUs; None for other devices."""
    import keras

    found: list[Any] = []
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        found = [
            tf.config.experimental.get_device_details(gpu).get("compute_capability")
            for gpu in tf.config.list_physical_devices("GPU")
        ]
    elif keras.backend.backend() == "jax":
        import jax

        said = [str(getattr(device, "compute_capability", "")) for device in jax.devices()]
        found = [tuple(int(part) for part in text.split(".")) for text in said if re.fullmatch(r"\d+\.\d+", text)]
    return min((tuple(each) for each in found if each), default=None)


@lru_cache(maxsize=1)
def _mirrored(devices: tuple[str, ...]) -> Any:
    """Return the one strategy for all models: a model of one strategy cannot be trained by another."""
    import tensorflow as tf

    # Virtual devices of a processor have no link of their own to add up gradients over.
    accelerated = all("cpu" not in device for device in devices)
    across = None if accelerated else tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy([f"/{device}" for device in devices], cross_device_ops=across)
