"""A format is made by a worker of its own, which outlives the page that asked for it and says how far it is."""

from __future__ import annotations

import os
import threading
import time

import pytest

from tlcore.data.progress import Progress
from tlcore.errors import ExportError
from tlcore.runs import exporting
from tlcore.runs.manifest import read_manifest


@pytest.mark.slow
def test_a_worker_makes_a_format_and_leaves_nothing_but_the_file(run, workspace):
    exporting.begin(run, "onnx", workspace)
    until = time.monotonic() + 120
    while exporting.making(run) and time.monotonic() < until:
        time.sleep(0.2)
    assert not exporting.making(run)
    assert read_manifest(run.path, "onnx").agrees


@pytest.mark.slow
def test_a_worker_that_cannot_make_it_says_why_until_it_is_asked_again(run, workspace):
    exporting.begin(run, "litert", workspace)  # its Keras archive is none
    until = time.monotonic() + 120
    while not ((made := read_manifest(run.path, "litert")) or time.monotonic() > until):
        time.sleep(0.2)
    assert not made.kept
    assert "the conversion failed" in made.reason
    assert run.model_onnx.exists()


@pytest.mark.slow
def test_what_stands_in_the_way_is_said_in_its_own_sentence(run, workspace):
    run.predictions.unlink()
    exporting.begin(run, "onnx", workspace)
    until = time.monotonic() + 120
    while not ((seen := exporting.making(run)) and seen[0].error) and time.monotonic() < until:
        time.sleep(0.1)
    assert "Evaluate the run" in seen[0].error


def test_who_is_at_work_is_seen_and_not_disturbed(run):
    with exporting.at_work(run, "litert") as report:
        report(Progress(5, 40))
        (seen,) = exporting.making(run)
        assert (seen.key, seen.error) == ("litert", "")
        with pytest.raises(ExportError, match="is being made already"):
            exporting.begin(run, "litert")
    assert not exporting.making(run)


def test_a_worker_that_vanished_is_seen_as_failed_and_forgotten_when_asked(run):
    with pytest.raises(KeyboardInterrupt), exporting.at_work(run, "web"):
        raise KeyboardInterrupt
    (seen,) = exporting.making(run)
    assert "not expected" in seen.error
    exporting.forget(run, "web")
    assert not exporting.making(run)


def test_who_ends_while_somebody_looks_is_not_taken_for_dead(run, monkeypatch):
    alive, read = [True], exporting.read_json

    def read_and_gone(*arguments):
        found = read(*arguments)
        alive.clear()
        return found

    with exporting.at_work(run, "web"):
        monkeypatch.setattr(exporting, "read_json", read_and_gone)
        monkeypatch.setattr(exporting.locks, "is_held", lambda path: bool(alive))
        (seen,) = exporting.making(run)
    assert not seen.error


def test_a_file_that_is_being_written_is_no_format(run):
    with exporting.at_work(run, "web"):
        (run.exports / "..web.json.x1y2.json").write_bytes((run.exports / ".web.json").read_bytes())
        assert [each.key for each in exporting.making(run)] == ["web"]


def test_one_is_made_at_a_time_and_the_next_waits_for_its_turn(run):
    begun = threading.Event()

    def second():
        with exporting.at_work(run, "server"):
            begun.set()

    with exporting.at_work(run, "web"):
        worker = threading.Thread(target=second)
        worker.start()
        until = time.monotonic() + 20
        while len(exporting.making(run)) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert {each.key: each.waiting for each in exporting.making(run)} == {"web": False, "server": True}
        assert not begun.wait(0.2)
    assert begun.wait(20)
    worker.join()
    assert not exporting.making(run)


def test_who_came_first_is_made_first(run):
    order, workers = [], []

    def one(key):
        with exporting.at_work(run, key):
            order.append(key)

    with exporting.at_work(run, "web"):
        for number, key in enumerate(("server", "litert", "code", "onnx", "keras", "bundle"), 2):
            worker = threading.Thread(target=one, args=(key,))
            worker.start()
            workers.append(worker)
            until = time.monotonic() + 20
            while len(exporting.making(run)) < number and time.monotonic() < until:
                time.sleep(0.02)
    for worker in workers:
        worker.join()
    assert order == ["server", "litert", "code", "onnx", "keras", "bundle"]


def test_who_is_asked_to_stop_leaves_and_that_is_no_fault(run):
    def stopped_in_the_middle():
        with exporting.at_work(run, "web") as report:
            exporting.stop(run, "web")
            (seen,) = exporting.making(run)
            assert seen.stopping
            report(Progress(1, 40))

    with pytest.raises(exporting.StoppedError):
        stopped_in_the_middle()
    assert not exporting.making(run)
    with exporting.at_work(run, "web") as report:
        report(Progress(1, 40))  # the old wish does not hold any more


def test_what_a_killed_worker_left_half_made_goes_when_it_is_made_again(run):
    old, new = run.exports / ".making-web-0000", run.exports / ".making-web-0001"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "web.zip").write_bytes(b"half")
    os.utime(old, (0, 0))
    with exporting.at_work(run, "web"):
        assert not old.exists()
        assert new.exists(), "it may be the command line's, at this moment"
