"""Pictures of all requests wait in one line; it takes them together and loses none."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pytest

from tests.conftest import CLASSES
from tests.serving.conftest import LABELS, picture
from tlcore.inference.predictor import Predictor
from tlcore.serving.batcher import TOGETHER, Batcher, BusyError, Said
from tlcore.serving.limits import Limits

Answer = TypeVar("Answer")


def run(asking: Coroutine[Any, Any, Answer]) -> Answer:
    """Run it in a thread of its own: a browser of another test may have left a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asking).result()


class Slow(Predictor):
    """Waits with its first answer until it is let go."""

    def __init__(self, folder, threads=1):
        super().__init__(folder / "model.onnx", LABELS, threads=threads)
        self.begun, self.go = threading.Event(), threading.Event()

    def answer(self, pixels):
        self.begun.set()
        self.go.wait(30)
        return super().answer(pixels)


def test_what_waits_meanwhile_is_taken_together_and_each_gets_its_own_answer(model_folder):
    taken: list[int] = []
    predictor = Slow(model_folder)
    line = Batcher(predictor, Limits(), taken.append, threads=1)
    asked = [label for _ in range(3) for label in CLASSES]

    async def ask_all():
        first = asyncio.create_task(line.ask([picture("circle")]))
        await asyncio.to_thread(predictor.begun.wait, 30)
        others = [asyncio.create_task(line.ask([picture(label)])) for label in asked]
        await asyncio.sleep(0)
        assert len(line) == len(others)
        predictor.go.set()
        return await asyncio.gather(first, *others)

    line.open()
    answers = run(ask_all())
    line.close()
    assert taken == [1, TOGETHER, TOGETHER, 1]
    found = [LABELS.labels[int(said.outputs.argmax())] for (said,) in answers]
    assert found == ["circle", *asked]


def test_threads_leave_each_other_a_share(model_folder):
    taken: list[int] = []
    predictor = Slow(model_folder, threads=2)
    line = Batcher(predictor, Limits(), taken.append, threads=2)

    async def ask():
        asking = asyncio.create_task(line.ask([picture("circle")] * 4))
        await asyncio.sleep(0)
        line.open()
        predictor.go.set()
        return await asking

    assert len(run(ask())) == 4
    line.close()
    assert taken[0] == 2


def test_a_full_line_refuses_and_is_there_again_afterwards(model_folder):
    predictor = Slow(model_folder)
    line = Batcher(predictor, Limits(waiting=2), lambda number: None, threads=1)

    async def ask():
        first = asyncio.create_task(line.ask([picture("circle")]))
        await asyncio.sleep(0)
        await asyncio.to_thread(predictor.begun.wait, 30)
        waiting = asyncio.create_task(line.ask([picture("square")] * 2))
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await line.ask([picture("triangle")])
        predictor.go.set()
        await asyncio.gather(first, waiting)
        return await line.ask([picture("triangle")] * 3)  # more than may wait, but nobody else does

    line.open()
    answers = run(ask())
    line.close()
    assert all(isinstance(answer, Said) for answer in answers)


def test_no_more_threads_ask_the_model_than_it_has(model_folder):
    predictor = Slow(model_folder)
    inside, most, lock = 0, 0, threading.Lock()

    class Watched(Predictor):
        def answer(self, pixels):
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.002)
            found = predictor.answer(pixels)
            with lock:
                inside -= 1
            return found

    predictor.go.set()
    line = Batcher(Watched(model_folder / "model.onnx", LABELS, threads=2), Limits(), lambda number: None)

    async def ask():
        return await asyncio.gather(*(line.ask([picture("circle")]) for _ in range(100)))

    line.open()
    assert len(run(ask())) == 100
    line.close()
    assert most <= 2


def test_a_fault_of_the_model_reaches_who_asked_and_the_line_goes_on(model_folder):
    class Broken(Predictor):
        broken = True

        def answer(self, pixels):
            if self.broken:
                raise RuntimeError("out of order")
            return super().answer(pixels)

    predictor = Broken(model_folder / "model.onnx", LABELS, threads=1)
    line = Batcher(predictor, Limits(), lambda number: None)

    async def ask():
        (fault,) = await line.ask([picture("circle")])
        predictor.broken = False
        return fault, await line.ask([picture("circle"), b"no picture"])

    line.open()
    fault, (said, unreadable) = run(ask())
    line.close()
    assert isinstance(fault, RuntimeError)
    assert np.isclose(said.outputs.sum(), 1)
    assert isinstance(unreadable, ValueError)


def test_who_leaves_holds_up_nobody(model_folder):
    predictor = Slow(model_folder)
    line = Batcher(predictor, Limits(), lambda number: None, threads=1)

    async def ask():
        first = asyncio.create_task(line.ask([picture("circle")]))
        await asyncio.sleep(0)
        await asyncio.to_thread(predictor.begun.wait, 30)
        leaving, staying = (asyncio.create_task(line.ask([picture(label)])) for label in ("triangle", "square"))
        await asyncio.sleep(0)
        leaving.cancel()
        predictor.go.set()
        await first
        return await asyncio.wait_for(staying, 5)  # it was taken together with who has left

    line.open()
    (said,) = run(ask())
    line.close()
    assert LABELS.labels[int(said.outputs.argmax())] == "square"
