"""One run trains at a time; the others wait in the order of their arrival."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from tlcore.errors import RunError
from tlcore.runs import queue
from tlcore.runs.queue import turn


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(queue, "POLL_SECONDS", 0.01)


def test_turns_come_in_the_order_of_arrival_and_never_overlap(make_run):
    order: list[int] = []
    inside = threading.Lock()
    all_there = threading.Event()

    def work(number: int, arrived: threading.Event) -> None:
        with turn(make_run(f"run-{number}"), lambda behind: arrived.set()) as ours:
            arrived.set()
            assert ours
            assert inside.acquire(blocking=False), "two runs train at once"
            all_there.wait(10)
            order.append(number)
            inside.release()

    threads = []
    for number in range(6):
        arrived = threading.Event()
        threads.append(threading.Thread(target=work, args=(number, arrived)))
        threads[-1].start()
        assert arrived.wait(10)
    all_there.set()
    for thread in threads:
        thread.join(10)
    assert order == list(range(6))
    assert list(queue.folder().glob("*.ticket")) == []


def test_who_waits_is_told_how_many_stand_before(make_run):
    told: list[int] = []
    first, second = turn(make_run("first"), told.append), turn(make_run("second"), told.append)
    third = make_run("third")
    assert first.__enter__()

    def wait_as_third() -> None:
        with turn(third, told.append):
            pass

    waiting = threading.Thread(target=second.__enter__)
    last = threading.Thread(target=wait_as_third)
    waiting.start()
    until(lambda: told == [1])
    last.start()
    until(lambda: told == [1, 2])
    first.__exit__(None, None, None)
    waiting.join(10)
    until(lambda: told == [1, 2, 1])
    second.__exit__(None, None, None)
    last.join(10)
    assert told == [1, 2, 1]


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_that_is_asked_to_stop_leaves_the_line_at_once(make_run):
    second = make_run("second")
    with turn(make_run("first"), lambda behind: None):
        began = time.monotonic()
        with turn(second, lambda behind: second.stop()) as ours:
            assert not ours
        assert time.monotonic() - began < 1


def test_the_tickets_of_the_dead_are_thrown_away(make_run):
    queue.folder().mkdir()
    dead = queue.folder() / "000000000007.ticket"
    dead.touch()
    with turn(make_run("first"), lambda behind: pytest.fail("nobody alive stands before")) as ours:
        assert ours
        assert not dead.exists()


def test_a_folder_that_cannot_be_used_is_told(make_run, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRAFT_QUEUE", str(tmp_path / "file" / "queue"))
    with pytest.raises(RunError, match="GRAFT_QUEUE"), turn(make_run("first"), lambda behind: None):
        pass
