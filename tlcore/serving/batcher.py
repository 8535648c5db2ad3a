"""The line in which the items of all requests wait for the model.

It knows threads and takes what waits together. It does not know HTTP. There is no delay in which it hopes for company:
when a thread is free, it takes its share of what waits at that moment, so a lone item is answered at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tlcore.items import Arrays, stacked
from tlcore.modalities import find_modality

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tlcore.inference.predictor import Predictor
    from tlcore.serving.limits import Limits

# More at once make no item quicker: 9.5 ms each alone and by four, 10 by eight and sixteen (EfficientNet-Lite0, one
# core). What is saved is the way to the model and back, which counts where the model is small.
TOGETHER = 4


class BusyError(Exception):
    """So many items wait that another one would wait too long."""


class TooLargeError(ValueError):
    """An item is larger, once decoded, than a request may bring."""


@dataclass(frozen=True)
class Said:
    """What the model says of one item: its outputs `(width,)`, and the unfamiliarity where it knows."""

    outputs: NDArray[np.float32]
    unfamiliarity: float | None


Outcome = Said | Exception


@dataclass(frozen=True)
class _Waiting:
    content: bytes
    answer: asyncio.Future[Outcome]


class Batcher:
    """Answers items on threads of its own, each of which decodes and asks the model.

    Args:
        predictor: The model; its `threads` say how many of ours may ask it at a time.
        limits: How much may wait, and the largest item.
        taken: Is told how many items a thread took at once.
        threads: Twice as many as may ask where not given: the others decode meanwhile, where a core is free.
    """

    def __init__(
        self, predictor: Predictor, limits: Limits, taken: Callable[[int], None], *, threads: int | None = None
    ) -> None:
        self._predictor, self._limits, self._taken = predictor, limits, taken
        self._modality = find_modality(predictor.labels.modality)
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._change = threading.Condition()
        self._closed = False
        self._asking = threading.Semaphore(predictor.threads)
        self._threads = [
            threading.Thread(target=self._work, name=f"line {number}", daemon=True)
            for number in range(threads or 2 * predictor.threads)
        ]

    def __len__(self) -> int:
        return len(self._waiting)

    def open(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Let the threads answer what waits, and go."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join()

    def check_room(self, items: int, size: int) -> None:
        """Say before they are read whether so many items of so many bytes may join.

        Raises:
            BusyError: They may not.
        """
        # A request that is within the limits finds room in an empty line, however large it is.
        if self._waiting and (
            len(self._waiting) + items > self._limits.waiting or self._bytes + size > self._limits.waiting_bytes
        ):
            raise BusyError

    async def ask(self, contents: Sequence[bytes]) -> list[Outcome]:
        """Answer for files, in order; one that cannot be read has the `ValueError` that says why.

        Raises:
            BusyError: Too many wait already.
        """
        loop = asyncio.get_running_loop()
        joining = [_Waiting(content, loop.create_future()) for content in contents]
        size = sum(map(len, contents))
        with self._change:
            self.check_room(len(joining), size)
            self._waiting.extend(joining)
            self._bytes += size
            self._change.notify(len(joining))
        return await asyncio.gather(*(each.answer for each in joining))

    def _work(self) -> None:
        while items := self._take():
            self._taken(len(items))
            outcomes = self._answer([each.content for each in items])
            loop = items[0].answer.get_loop()
            loop.call_soon_threadsafe(_settle, items, outcomes)

    def _take(self) -> list[_Waiting]:
        with self._change:
            while not self._waiting and not self._closed:
                self._change.wait()
            share = -(-len(self._waiting) // len(self._threads))  # the others are to have theirs
            found = [self._waiting.popleft() for _ in range(min(share, TOGETHER))]
            self._bytes -= sum(len(each.content) for each in found)
            return found

    def _answer(self, contents: Sequence[bytes]) -> list[Outcome]:
        read = [self._read(content) for content in contents]
        good = [arrays for arrays in read if not isinstance(arrays, Exception)]
        said: list[Outcome] = []
        if good:
            try:
                with self._asking:
                    outputs, scores = self._predictor.answer(stacked(good))
                said = [Said(row, None if scores is None else float(scores[at])) for at, row in enumerate(outputs)]
            except Exception as error:  # a fault of the model's: whoever asked must hear of it, and the line goes on
                said = [error for _ in good]
        answers = iter(said)
        return [arrays if isinstance(arrays, Exception) else next(answers) for arrays in read]

    def _read(self, content: bytes) -> Arrays | Exception:
        noun, extent = self._modality.noun, self._modality.extent
        try:
            if extent and (found := extent.measure(content)) > (most := self._limits.extent or extent.usual):
                return TooLargeError(
                    f"A {noun.one} may have {most:,} {extent.unit}. This one has {found:,}. Make it smaller."
                )
            return self._predictor.decode(content)
        except Exception as error:  # likewise
            return error


def _settle(items: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    for each, outcome in zip(items, outcomes, strict=True):
        if not each.answer.done():  # whoever asked may have left
            each.answer.set_result(outcome)
