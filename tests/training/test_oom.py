from __future__ import annotations

import numpy as np
import pytest

from tlcore.training.oom import is_out_of_memory


class ResourceExhaustedError(Exception):
    """TensorFlow's is known by this name."""


class XlaRuntimeError(RuntimeError):
    """JAX's too, but only its text says which one it is."""


@pytest.mark.parametrize(
    "error",
    [
        ResourceExhaustedError("OOM when allocating tensor with shape[64,112,112,32]"),
        XlaRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8589934592 bytes."),
        MemoryError(),
        RuntimeError("std::bad_alloc"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED"),
        np._core._exceptions._ArrayMemoryError((10**9,), np.dtype("float32")),
    ],
    ids=lambda error: type(error).__name__ + str(error)[:12],
)
def test_full_memory_is_known_as_such_also_as_a_cause(error):
    assert is_out_of_memory(error)
    wrapped = ValueError("the phase failed")
    wrapped.__cause__ = error
    assert is_out_of_memory(wrapped)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("shapes do not fit"),
        ResourceExhaustedError("/cache/x.npy; No space left on device"),
        OSError(28, "No space left on device"),
        XlaRuntimeError("INVALID_ARGUMENT: dimension"),
    ],
    ids=lambda error: type(error).__name__ + str(error)[:12],
)
def test_other_faults_are_not_taken_for_full_memory(error):
    assert not is_out_of_memory(error)
