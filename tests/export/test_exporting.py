"""A format is made by a worker of its own, which outlives the page that asked for it and says how far it is."""

from __future__ import annotations

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
