"""A format is made by a worker of its own, when its turn has come."""

from __future__ import annotations

import os
import threading
import time

import pytest

from tlcore.jobs.launch import launch
from tlcore.progress import Progress
from tlcore.runs.exporting import Making, under_way, work
from tlcore.runs.manifest import read_manifest


def until(is_so, *, seconds=60.0):
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds
        time.sleep(0.02)


@pytest.mark.slow
def test_a_worker_makes_a_format_and_leaves_nothing_but_the_file(run, workspace):
    launch(Making(run, "onnx"), workspace)
    until(lambda: not under_way(run), seconds=120)
    assert read_manifest(run.path, "onnx").agrees


@pytest.mark.slow
def test_a_worker_that_cannot_make_it_says_why_in_the_manifest(run, workspace):
    launch(Making(run, "litert"), workspace)  # its Keras archive is none
    until(lambda: not under_way(run), seconds=120)
    made = read_manifest(run.path, "litert")
    assert not made.kept
    assert "the conversion failed" in made.reason
    assert run.model_onnx.exists()


@pytest.mark.slow
def test_what_stands_in_the_way_is_said_in_its_own_sentence(run, workspace):
    run.predictions.unlink()
    making = Making(run, "onnx")
    launch(making, workspace)
    until(lambda: not making.state().live, seconds=120)
    assert "Evaluate the run" in making.state().error


def test_what_failed_is_listed_until_it_is_asked_for_again(run):
    assert work(Making(run, "web"), lambda report: 1 / 0) == 1
    assert "ZeroDivisionError" in under_way(run)["web"].error
    Making(run, "web").prepare()
    assert under_way(run) == {}


def test_formats_are_made_one_at_a_time_in_the_order_in_which_they_were_asked_for(run):
    order, done, workers = [], threading.Event(), []

    def make(key):
        def converted(report):
            assert done.wait(20)
            order.append(key)

        workers.append(threading.Thread(target=work, args=(Making(run, key), converted)))
        workers[-1].start()

    keys = ["web", "server", "litert", "onnx"]
    for behind, key in enumerate(keys):
        make(key)
        until(lambda key=key, behind=behind: (state := Making(run, key).state()).live and state.behind == behind)
    until(lambda: Making(run, "web").state().state == "running")
    assert [state.state for state in under_way(run).values()].count("running") == 1
    done.set()
    for worker in workers:
        worker.join(20)
    assert order == keys
    assert under_way(run) == {}


def test_who_waits_is_stopped_without_being_made(run):
    made = []

    def convert(report):
        second = threading.Thread(target=work, args=(Making(run, "server"), made.append))
        second.start()
        until(lambda: Making(run, "server").state().behind == 1)
        Making(run, "server").stop()
        second.join(20)
        assert Making(run, "server").state().state == "stopped"
        report(Progress(1, 40))

    assert work(Making(run, "web"), convert) == 0
    assert Making(run, "web").state().state == "finished"
    assert made == []


def test_what_a_killed_worker_left_half_made_goes_when_it_is_made_again(run):
    old, new = run.exports / ".making-web-0000", run.exports / ".making-web-0001"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "web.zip").write_bytes(b"half")
    os.utime(old, (0, 0))
    assert work(Making(run, "web"), lambda report: None) == 0
    assert not old.exists()
    assert new.exists(), "it may be the command line's, at this moment"
