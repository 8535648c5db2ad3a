"""One run trains at a time; the others wait in the order of their arrival."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, contextmanager

import pytest

from tlcore.errors import RunError
from tlcore.files import write_json
from tlcore.jobs import queue
from tlcore.jobs.events import now
from tlcore.jobs.queue import begin_beside, cancel, line, move, turn
from tlcore.runs.run import Run


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
    first = turn(make_run("first"), lambda behind: None)  # which does not leave the line
    with first, turn(second, lambda behind: second.stop()) as ours:
        assert not ours


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


# === Looking at the line, and changing it ===


@contextmanager
def standing(*runs, order=None):
    """The first run trains and the others wait, until the block ends; `order` is told who had a turn."""
    with ExitStack() as stack:
        first, *others = runs
        assert stack.enter_context(turn(first, lambda behind: None))
        threads = [threading.Thread(target=wait, args=(run, order if order is not None else [])) for run in others]
        for place, thread in enumerate(threads, 2):
            thread.start()
            until(lambda place=place: len(line()) == place)
        yield
        stack.close()
        for thread in threads:
            thread.join(10)


def wait(run, order):
    with turn(run, lambda behind: None) as ours:
        if ours:
            order.append(run.id)


def ids():
    return [(place.position, place.path.name) for place in line()]


def test_nobody_in_line_is_an_empty_line(workspace):
    assert line() == ()


def test_the_line_says_who_stands_where_and_since_when(make_run):
    before = now()
    with standing(make_run("a"), make_run("b"), make_run("c")):
        assert ids() == [(0, "a"), (1, "b"), (2, "c")]
        assert all(before <= place.since <= now() for place in line())
        assert Run(line()[1].path).config.dataset == "shapes"  # the run itself, whatever workspace it is in
    assert line() == ()


@pytest.mark.parametrize(
    ("run", "to", "expected"), [("d", 1, "dbc"), ("b", 2, "cbd"), ("b", 99, "cdb"), ("c", 2, "bcd")]
)
def test_a_moved_run_has_its_turn_where_it_was_put(make_run, run, to, expected):
    runs = {name: make_run(name) for name in "abcd"}
    order: list[str] = []
    with standing(*runs.values(), order=order):
        move(runs[run], to)
        assert [name for _, name in ids()] == ["a", *expected]
    assert order == list(expected)


def test_who_comes_after_a_move_stands_at_the_end(make_run):
    a, b, c, d = (make_run(name) for name in "abcd")
    with standing(a, b, c):
        move(c, 1)
        late = threading.Thread(target=wait, args=(d, []))
        late.start()
        until(lambda: len(line()) == 4)
        assert [name for _, name in ids()] == ["a", "c", "b", "d"]
        d.stop()
        late.join(10)


def test_the_run_that_trains_is_not_moved_and_nobody_is_moved_before_it(make_run):
    a, b = make_run("a"), make_run("b")
    with standing(a, b):
        with pytest.raises(RunError, match="waits in line"):
            move(a, 2)
        with pytest.raises(RunError, match="from 1"):
            move(b, 0)
        move(b, 1)
        assert ids() == [(0, "a"), (1, "b")]
    with pytest.raises(RunError, match="waits in line"):
        move(b, 1)


def test_who_has_its_turn_keeps_it_when_the_order_says_otherwise(make_run):
    a, b, c = (make_run(name) for name in "abc")
    with standing(a, b, c):
        move(c, 1)
        # Both are first now: one by its turn, the other by the order. Two trainings at once would be the worst.
        write_json(queue.folder() / queue.ORDER, ["000000000003", "000000000001", "000000000002"])
        assert ids() == [(0, "a"), (1, "c"), (2, "b")]


@pytest.mark.parametrize("damage", [b"[1, 2", b'{"a": 1}', b'["x", null]'])
def test_a_damaged_order_is_no_order(make_run, damage):
    with standing(make_run("a"), make_run("b")):
        (queue.folder() / queue.ORDER).write_bytes(damage)
        assert ids() == [(0, "a"), (1, "b")]


def test_a_run_that_is_asked_to_pause_leaves_the_line(make_run):
    a, b, c = (make_run(name) for name in "abc")
    with standing(a, b, c):
        b.pause()
        until(lambda: ids() == [(0, "a"), (1, "c")])


def test_a_waiting_run_begins_beside_the_one_that_trains_and_the_next_waits_for_both(make_run):
    a, b, c = (make_run(name) for name in "abc")
    told: list[int] = []
    began, end = threading.Event(), threading.Event()

    def work():
        with turn(b, lambda behind: None) as ours:
            assert ours
            began.set()
            end.wait(10)

    with turn(a, lambda behind: None):
        beside = threading.Thread(target=work)
        beside.start()
        until(lambda: len(line()) == 2)
        begin_beside(b)
        assert began.wait(10)
        late = threading.Thread(target=lambda: turn(c, told.append).__enter__())
        late.start()
        until(lambda: told == [2])
        assert ids() == [(0, "a"), (0, "b"), (1, "c")]
        with pytest.raises(RunError, match="waits in line"):
            begin_beside(b)
    until(lambda: told == [2, 1])
    assert late.is_alive()
    end.set()
    for thread in (beside, late):
        thread.join(10)
    assert list(queue.folder().glob("*.beside")) == []


def test_only_a_waiting_run_can_be_cancelled(make_run):
    with pytest.raises(RunError, match="is created"):
        cancel(make_run("a"))
