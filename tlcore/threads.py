"""Maps a function over many items on all cores, with a limit on how many run at once.

It knows threads and the cores of this process. It does not know what is computed.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 4


def cores() -> int:
    """Count the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_bounded(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int | None = None
) -> Iterator[Result]:
    """Call `function` with each item on `threads` threads, one for each core by default, and yield results in order.

    No more than `AHEAD` items for each thread are taken before their results are asked for, so that neither items nor
    results pile up in memory. Where the reader leaves or a call fails, calls that wait are canceled.
    """
    threads = threads or cores()
    waiting, running = iter(items), deque[Future[Result]]()
    with ThreadPoolExecutor(threads) as pool:
        try:
            running.extend(pool.submit(function, item) for item in islice(waiting, AHEAD * threads))
            while running:
                result = running.popleft().result()
                running.extend(pool.submit(function, item) for item in islice(waiting, 1))
                yield result
        finally:
            for left in running:
                left.cancel()
