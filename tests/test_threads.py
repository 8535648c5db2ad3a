"""Some things at a time, in threads and in order."""

from __future__ import annotations

import threading
from itertools import count, islice

import pytest

from tlcore.threads import AHEAD, map_bounded


def test_results_come_in_the_order_of_the_items():
    def slow_first(item):
        if item == 0:
            second.wait(10)
        elif item == 1:
            second.set()
        return item * item

    second = threading.Event()
    assert list(map_bounded(slow_first, range(100), threads=2)) == [item * item for item in range(100)]


def test_no_more_items_are_taken_than_may_wait():
    taken = []
    results = map_bounded(abs, (taken.append(item) or item for item in count()), threads=3)
    assert list(islice(results, 10)) == list(range(10))
    assert len(taken) <= 10 + 3 * AHEAD


def test_calls_that_wait_are_canceled_when_the_reader_leaves():
    called, gate = [], threading.Event()

    def work(item):
        called.append(item)
        if item:
            gate.wait(10)
        return item

    results = map_bounded(work, range(100), threads=2)
    next(results)
    threading.Timer(0.2, gate.set).start()
    results.close()
    assert len(called) < 2 * AHEAD


def test_a_fault_reaches_the_reader_in_its_place():
    def work(item):
        if item == 3:
            raise ValueError("three")
        return item

    results = map_bounded(work, range(1000), threads=2)
    assert list(islice(results, 3)) == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
