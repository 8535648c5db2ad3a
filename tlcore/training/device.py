"""What training runs on: the backend made ready, and its name.

One of the two modules here that may name TensorFlow. Nothing in it runs at import.
"""

from __future__ import annotations

import os
import platform


def quieten() -> None:
    """Keep TensorFlow's start-up notes out of the log; must come before it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def prepare(seed: int) -> str:
    """Import the backend, seed it, and name the device in words a person knows."""
    import keras

    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            # Otherwise the worker would take all of the memory at once.
            tf.config.experimental.set_memory_growth(gpu, True)
    if on_accelerator():
        return ", ".join(str(device) for device in keras.distribution.list_devices())
    return f"CPU, {cores()} cores ({platform.processor() or platform.machine()})"


def on_accelerator() -> bool:
    """Whether the backend has something better than the processor."""
    import keras

    return any("cpu" not in str(device).lower() for device in keras.distribution.list_devices())


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
