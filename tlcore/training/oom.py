"""Tells whether an error means that memory is full. It knows how backends say so; it imports none."""

from __future__ import annotations

import re

# Of both backends, of CUDA and of the C++ library; the kinds of an error are compared by name, since a backend that is
# not used is not imported.
OUT_OF_MEMORY_KINDS = {"ResourceExhaustedError", "MemoryError"}
OUT_OF_MEMORY = re.compile(
    r"RESOURCE_EXHAUSTED|OUT_OF_MEMORY|out of memory|bad_alloc|_STATUS_ALLOC_FAILED|unable to allocate", re.IGNORECASE
)
DISK_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error, or its cause, says that the memory of the device or of the machine is full.

    A full disk is not meant, though TensorFlow calls it an exhausted resource too.
    """
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if (kinds & OUT_OF_MEMORY_KINDS or OUT_OF_MEMORY.search(str(error))) and not DISK_FULL.search(str(error)):
            return True
        error = error.__cause__ or error.__context__ or error
    return False
