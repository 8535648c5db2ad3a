"""What every kind of job does: it says how far it is, ends with a reason, and is missed when it vanishes."""

from __future__ import annotations

import os
import signal
import sys
import time

import psutil
import pytest

from tlcore.errors import RunError
from tlcore.jobs import launch as launching
from tlcore.jobs import locks, writer
from tlcore.jobs.events import EndedEvent, StartedEvent
from tlcore.jobs.launch import launch
from tlcore.jobs.progress import Progress
from tlcore.jobs.writer import StoppedError, work
from tlcore.progress import Progress as Step


def until(is_so, *, seconds=60.0):
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds
        time.sleep(0.02)


def ends(job):
    return [event.state for event in job.events() if isinstance(event, EndedEvent)]


def started(job):
    return [event for event in job.events() if isinstance(event, StartedEvent)]


def vanish(job, kind, **machine):
    """A worker that began, on a machine like this one or another, and left without a word."""
    job.path.mkdir(exist_ok=True)
    event = kind.starts().model_copy(update=machine)
    job.events_file.write_text(event.model_dump_json() + "\n")


# === From the start to the end ===


def test_a_job_says_how_it_stands_from_its_start_to_its_end(job, write, kind):
    assert (job.state().state, job.state().live, job.events()) == ("created", False, ())
    with write() as pen:
        assert (job.state().state, job.state().live) == ("waiting", True)
        pen.record(kind.starts())
        assert job.state().state == "running"
        pen.show(Step(3, 10, rate=2.5, note="Looking"), phase="look", title="Working", unit="pictures")
        progress = job.progress()
        assert (progress.title, progress.done, progress.total, progress.unit) == ("Looking", 3, 10, "pictures")
        pen.end("finished")
        assert job.state().state == "finished", "an end counts more than a lock that is not released yet"
    assert (job.state().state, job.state().live, job.state().error) == ("finished", False, "")
    assert job.progress() is None
    assert (len(started(job)), ends(job)) == (1, ["finished"])


def test_what_carries_out_the_work_gives_the_end_and_the_exit_code(job, write, kind):
    def carry_out(pen):
        pen.record(kind.starts())
        return "finished"

    assert work(write(), carry_out) == 0
    assert ends(job) == ["finished"]


def test_a_job_that_is_worked_at_again_begins_anew_in_the_same_log(job, write, kind):
    for state in ("failed", "finished"):
        with write() as pen:
            pen.record(kind.starts())
            assert (job.state().state, job.state().error) == ("running", "")
            pen.end(state, "It broke." if state == "failed" else "")
    assert (job.state().state, job.state().error) == ("finished", "")
    assert (len(started(job)), ends(job)) == (2, ["failed", "finished"])


# === One worker ===


def test_a_job_has_one_worker(job, write, monkeypatch):
    monkeypatch.setattr(writer, "LOCK_SECONDS", 0.1)
    with write():
        with pytest.raises(job.fault, match="one worker"), write():
            pass
        with pytest.raises(job.fault, match="one worker"):
            launch(job)
    with write():
        assert job.alive()
    assert not job.alive()


def test_a_deleted_job_leaves_nothing_and_one_under_way_is_not_deleted(job, write):
    with write() as pen:
        if job.command[0] != "export-work":  # it has no folder of its own
            with pytest.raises(job.fault, match="Stop it first"):
                job.delete()
        pen.end("finished")
    job.delete()
    assert not job.events_file.exists()


# === Faults ===


def failing(error):
    def carry_out(pen):
        raise error

    return carry_out


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RunError("The pictures are gone."), "The pictures are gone."),
        (ValueError("odd number of wings"), "ValueError: odd number of wings"),
        (MemoryError(), "more memory than this machine gave"),
    ],
    ids=["known", "unexpected", "memory"],
)
def test_a_fault_becomes_the_end_of_the_job_and_its_traceback_goes_to_the_log(job, write, error, said, capsys):
    assert work(write(), failing(error)) == 1
    assert job.state().state == "failed"
    assert said in job.state().error
    assert "Traceback" in capsys.readouterr().err


def test_a_worker_that_is_told_to_quit_says_so(job, write):
    with pytest.raises(SystemExit):
        work(write(), failing(SystemExit(143)))
    assert "told to quit" in job.state().error
    assert job.again in job.state().error


def test_an_end_is_written_once(job, write):
    def end_and_fail(pen):
        pen.end("finished")
        raise ValueError("late")

    assert work(write(), end_and_fail) == 1
    assert ends(job) == ["finished"]


# === Stopping ===


def test_a_job_that_is_asked_to_stop_is_stopping_and_its_next_report_ends_it(job, write, kind):
    def carry_out(pen):
        pen.record(kind.starts())
        job.stop()
        assert (job.state().state, job.asked()) == ("stopping", "stopped")
        pen.show(Step(1, 2), phase="look", title="Looking")
        pytest.fail("it went on")

    assert work(write(), carry_out) == 0
    assert (job.state().state, job.state().error) == ("stopped", "")


def test_a_stop_of_a_job_that_is_over_changes_nothing(job, write):
    with write() as pen:
        pen.end("finished")
    job.stop()
    assert job.asked() is None
    assert job.state().state == "finished"


def test_a_stop_counts_although_the_progress_is_not_due(job, write):
    with write() as pen:
        pen.show(Step(1, 9), phase="look", title="Looking")
        job.stop()
        with pytest.raises(StoppedError):
            pen.show(Step(2, 9), phase="look", title="Looking")


# === Vanishing ===


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ({}, "killed, or it crashed"),
        ({"boot_time": psutil.boot_time() - 3600}, "machine was restarted"),
        ({"oom_kills": -1}, "ran out of memory"),
        ({"boot_time": None, "oom_kills": None}, "killed, or it crashed"),
    ],
    ids=["killed", "restarted", "memory", "written by an older version"],
)
def test_a_worker_that_vanished_has_failed_with_the_likely_cause(job, kind, machine, said, monkeypatch):
    monkeypatch.setattr("tlcore.jobs.cause.oom_kills", lambda: 0)  # a machine that counts them, and killed none
    vanish(job, kind, **({"oom_kills": 0} | machine))
    if job.command[0] == "work":  # a run keeps the machine in its environment
        from tlcore.files import write_json
        from tlcore.runs.environment import look_around

        write_json(job.path / "environment.json", look_around().model_copy(update={"oom_kills": 0} | machine))
    state = job.state()
    assert state.state == "failed"
    assert said in state.error
    assert state.error.endswith(job.again)


def test_a_worker_that_died_before_its_first_word_is_missed(job):
    job.path.mkdir(exist_ok=True)
    job.worker_log.touch()
    assert job.state().state == "created"
    job.worker_log.write_text("ImportError: no such thing\n")
    assert job.state().state == "failed"
    assert "while it was starting" in job.state().error


def test_a_worker_whose_lock_is_old_and_free_is_missed(job):
    job.path.mkdir(exist_ok=True)
    job.lock.touch()
    assert job.state().state == "created", "it may open its lock this instant"
    os.utime(job.lock, (0, 0))
    assert job.state().state == "failed"


def test_who_begins_while_somebody_looks_is_not_taken_for_dead(job, kind, monkeypatch):
    vanish(job, kind)
    looks = iter([False, True])
    monkeypatch.setattr(locks, "is_held", lambda path: next(looks))
    assert job.state().state == "running"


# === Processes ===


def test_a_killed_worker_is_missed_and_another_one_takes_its_place(job, workers):
    launch(job)
    assert job.state().state == "running"
    until(lambda: job.progress() is not None)
    (first,) = started(job)
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: job.state().state == "failed", seconds=5)
    assert "killed" in job.state().error
    launch(job)
    assert job.state().state == "running", "at once: a page that looks now must not take the old end for the new one"
    (job.path / "done").touch()
    until(lambda: job.state().state == "finished")
    assert ends(job) == ["finished"]


def test_a_worker_that_was_stopped_does_not_stop_the_next_one(job, workers):
    launch(job)
    job.stop()
    until(lambda: job.state().state == "stopped")
    until(lambda: not job.alive())
    (job.path / "done").touch()
    launch(job)
    until(lambda: job.state().state == "finished")


def test_a_worker_that_cannot_begin_is_told_with_the_end_of_its_log(job, monkeypatch):
    monkeypatch.setattr(launching, "PROGRAM", (sys.executable, "-c", "raise SystemExit('no such thing')"))
    with pytest.raises(job.fault, match=r"exit code 1.*no such thing"):
        launch(job)


@pytest.mark.slow
def test_the_real_worker_of_a_job_that_cannot_be_done_says_why(job):
    damaged = {
        "work": job.path / "config.json",
        "check-work": job.path.parent / "items.parquet",
        "sweep-work": job.path / "sweep.json",
        "understand-work": job.path.parent / "predictions.parquet",
        "export-work": job.path.parent / "contract.json",
    }[job.command[0]]
    damaged.write_bytes(b"{}")
    launch(job)
    until(lambda: job.state().state == "failed", seconds=120)
    assert damaged.name in job.state().error or "could not be read" in job.state().error


# === Damaged files ===


def test_a_torn_last_line_is_left_out_and_the_next_event_stands_on_its_own(job, write, kind):
    vanish(job, kind)
    with job.events_file.open("a") as log:
        log.write(kind.starts().model_dump_json()[:40])
    assert len(job.events()) == 1
    with write() as pen:
        pen.record(kind.starts())
    assert len(job.events()) == 2


def test_events_of_a_newer_version_are_left_out(job, kind):
    vanish(job, kind, mood="good")
    with job.events_file.open("a") as log:
        log.write('{"kind": "dreamt", "of": "sheep"}\n')
    assert len(job.events()) == 1


def test_a_damaged_progress_is_no_progress(job):
    job.path.mkdir(exist_ok=True)
    assert job.progress() is None
    job.progress_file.write_text('{"phase": "he')
    assert job.progress() is None


def test_progress_is_written_at_most_twice_a_second(job, write):
    with write() as pen:
        for done in range(1000):
            pen.progress(Progress(phase="look", title="Looking", done=done, total=1000))
        assert job.progress().done < 999


def test_the_end_of_a_long_log_is_read(job):
    job.path.mkdir(exist_ok=True)
    job.worker_log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    assert job.log(last_lines=2) == "line 99998\nline 99999"
