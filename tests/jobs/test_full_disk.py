"""A worker that meets a full disk says so, even where there is hardly room to say it."""

from __future__ import annotations

import errno
import shutil
from typing import NamedTuple

from tlcore.files import append_line
from tlcore.jobs import writer
from tlcore.jobs.progress import Progress
from tlcore.jobs.writer import work


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def full():
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_job_that_meets_a_full_disk_ends_with_a_sentence(job, write, kind):
    def carry_out(pen):
        pen.record(kind.starts())
        full()

    assert work(write(), carry_out) == 1
    assert job.state().state == "failed"
    assert "Room on the disk is needed" in job.state().error
    assert str(job.path) in job.state().error


def test_how_far_it_was_makes_room_for_why_it_ended(job, write, kind, monkeypatch):
    def only_without_progress(path, line):
        if job.progress_file.exists():
            with path.open("ab") as stream:  # half of it, as on a disk with a few bytes left
                stream.write(line[:10].encode())
            full()
        append_line(path, line)

    def carry_out(pen):
        pen.record(kind.starts())
        pen.progress(Progress(phase="look", title="Looking"))
        monkeypatch.setattr(writer, "append_line", only_without_progress)
        full()

    assert work(write(), carry_out) == 1
    assert job.state().state == "failed"
    assert "Room on the disk is needed" in job.state().error


def test_a_worker_that_vanished_on_a_full_disk_is_told_so(job, write, kind, monkeypatch):
    with write() as pen:
        pen.record(kind.starts())
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9 - 1000, 1000))
    assert "is full: 1 kB are free" in job.state().error
