"""A sweep tries what it should, once; ends what is hopeless; chooses by validation; and goes on after a crash."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tlcore.jobs.launch import launch
from tlcore.runs.run import Run, list_runs
from tlcore.sweeps.sweep import list_sweeps
from tlcore.sweeps.table import best, rows
from tlcore.sweeps.work import work

ROOT = Path(__file__).resolve().parents[2]
LITE, MOBILE = "efficientnet_lite0", "mobilenet_v2"


def points(sweep):
    return [(trial.backbone, trial.blocks, trial.rate) for trial in sweep.state().trials]


def states(sweep):
    return [trial.state for trial in sweep.state().trials]


def until(is_so, seconds=60.0):
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds
        time.sleep(0.01)


def test_enough_trials_cover_the_grid_once_the_quickest_first(make_sweep, workers):
    sweep = make_sweep(backbones=(LITE, MOBILE), depths=("all", 0), rates=(0.001, 0.01), trials=50, epochs=1)
    assert work(sweep.path) == 0
    assert sweep.state().state == "finished"
    tried = points(sweep)
    assert len(tried) == len(set(tried)) == 8
    assert [blocks == 0 for _, blocks, _ in tried] == [True] * 4 + [False] * 4
    assert {rate for _, _, rate in tried} == {0.001, 0.01}


def test_a_sweep_of_given_rates_tries_nothing_twice(make_sweep, workers):
    workers.validation = lambda config: 0.9 if config.mode == "freeze" else 0.2
    sweep = make_sweep(depths=(0, 1, 2), rates=(0.1, 0.01, 0.001), trials=8, epochs=2)
    assert work(sweep.path) == 0
    assert len(points(sweep)) == len(set(points(sweep))) == 8


def test_without_given_rates_a_range_is_searched_after_the_defaults(make_sweep, workers):
    sweep = make_sweep(depths=(0, 2), trials=6, epochs=1)
    assert work(sweep.path) == 0
    tried = points(sweep)
    assert tried[:2] == [(LITE, 0, 0.01), (LITE, 2, 0.001)]
    assert len({rate for _, _, rate in tried}) == 6
    assert all(1e-3 <= rate <= 1e-1 if blocks == 0 else 1e-4 <= rate <= 1e-2 for _, blocks, rate in tried)


def test_a_hopeless_run_is_stopped_and_a_good_one_goes_on(make_sweep, workers, workspace):
    reached = {0.01: 0.5, 0.02: 0.9, 0.03: 0.9, 0.04: 0.1, 0.05: 0.95}
    workers.validation = lambda config: reached[config.head_learning_rate]
    workers.seconds = lambda config: 0.1 if config.head_learning_rate == 0.04 else 0.0
    sweep = make_sweep(depths=(0,), rates=tuple(reached), trials=5, epochs=20)
    assert work(sweep.path) == 0
    # The first three are what others are compared with: half of one or two says nothing.
    assert states(sweep) == ["finished", "finished", "finished", "pruned", "finished"]
    laid_out = rows(workspace, sweep, sweep.state().trials)
    hopeless = laid_out[3]
    assert laid_out[4].epochs == 20
    assert 5 <= hopeless.epochs < 15
    assert hopeless.test is not None, "a run that ended early is judged all the same"
    assert Run(workspace.runs / hopeless.trial.run).state().state == "stopped"


def test_a_fine_tuned_run_is_not_judged_by_the_warm_up_of_its_head(make_sweep, workers):
    workers.validation = lambda config: 0.8 if config.mode == "freeze" else 1.0
    workers.seconds = lambda config: 0.02
    # After half of its epochs a fine-tuned run has 0.5, a frozen one 0.4; its warm-up never had more than 0.3.
    sweep = make_sweep(depths=(0, 1), rates=(0.01, 0.02, 0.03), trials=6, epochs=8)
    assert work(sweep.path) == 0
    assert states(sweep) == ["finished"] * 6


def test_the_winner_is_chosen_on_the_validation_pictures(make_sweep, workers, workspace):
    workers.validation = lambda config: {0.01: 0.8, 0.02: 0.9}[config.head_learning_rate]
    workers.test = lambda config: {0.01: 0.99, 0.02: 0.7}[config.head_learning_rate]
    sweep = make_sweep(depths=(0,), rates=(0.01, 0.02), trials=2, epochs=2)
    work(sweep.path)
    winner = best(rows(workspace, sweep, sweep.state().trials), "accuracy")
    assert winner.trial.rate == 0.02
    assert winner.validation == pytest.approx(0.9)
    assert winner.test.value == 0.7
    assert winner.bytes == 1001
    assert winner.seconds is not None


def test_one_failed_trial_does_not_end_the_sweep_but_all_do(make_sweep, workers):
    workers.fails = lambda config: "No weights." if config.head_learning_rate == 0.01 else ""
    sweep = make_sweep(depths=(0,), rates=(0.01, 0.02), trials=2, epochs=1)
    assert work(sweep.path) == 0
    assert states(sweep) == ["failed", "finished"]
    assert sweep.state().trials[0].error == "No weights."
    workers.fails = lambda config: "No weights."
    sweep = make_sweep(depths=(0,), rates=(0.01, 0.02), trials=2, epochs=1)
    assert work(sweep.path) == 1
    assert sweep.state().state == "failed"
    assert "All failed. No weights." in sweep.state().error


def test_going_on_tries_what_failed_once_more(make_sweep, workers):
    workers.fails = lambda config: "No weights."
    sweep = make_sweep(depths=(0,), rates=(0.01, 0.02), trials=2, epochs=1)
    for _ in range(2):
        assert work(sweep.path) == 1
    workers.fails = lambda config: ""
    assert work(sweep.path) == 0
    assert sweep.state().state == "finished"
    assert states(sweep) == ["failed"] * 4 + ["finished"] * 2
    assert {rate for _, _, rate in points(sweep)[4:]} == {0.01, 0.02}


def test_a_sweep_without_its_dataset_says_so(make_sweep, workers, tiny_dataset):
    sweep = make_sweep(depths=(0,), rates=(0.01,), trials=1)
    tiny_dataset.delete()
    assert work(sweep.path) == 1
    assert tiny_dataset.id in sweep.state().error


def test_stop_ends_the_live_run_and_going_on_tries_the_rest(make_sweep, workers, workspace):
    workers.seconds = lambda config: 0.05
    sweep = make_sweep(depths=(0,), rates=(0.01, 0.02, 0.05), trials=3, epochs=20)
    thread = threading.Thread(target=work, args=(sweep.path,))
    thread.start()
    until(lambda: sweep.state().trial is not None)
    sweep.stop()
    assert sweep.state().state in ("stopping", "stopped")
    thread.join(30)
    assert sweep.state().state == "stopped"
    assert states(sweep) == ["stopped"]
    (run,) = list_runs(workspace)
    assert run.state().state == "stopped"
    sweep.stop_file.unlink()
    workers.seconds = lambda config: 0.0
    assert work(sweep.path) == 0
    assert sweep.state().state == "finished"
    assert len(points(sweep)) == len(set(points(sweep))) == 3


def test_what_a_crash_left_half_written_or_locked_is_no_hindrance(make_sweep, workers):
    sweep = make_sweep(depths=(0,), rates=(0.01, 0.02), trials=2, epochs=1)
    workers.fails = lambda config: "No power."
    work(sweep.path)
    for torn in (sweep.study, sweep.events_file):
        with torn.open("ab") as stream:
            stream.write(b'{"op_code":6,"wor')
    sweep.study.with_name("study.log.lock").symlink_to(sweep.study)
    workers.fails = lambda config: ""
    assert work(sweep.path) == 0
    assert states(sweep)[-2:] == ["finished", "finished"]


@pytest.mark.slow
def test_a_killed_sweep_goes_on_with_the_run_that_went_on_without_it(make_sweep, workspace):
    sweep = make_sweep(depths=(0,), rates=(0.01, 0.02), trials=2, epochs=8)
    command = [sys.executable, "-m", "tests.sweeps.worker", str(sweep.path)]
    worker = subprocess.Popen(command, cwd=ROOT)
    until(lambda: sweep.state().trial is not None and len(list_runs(workspace)[0].state().epochs) >= 2)
    worker.kill()
    worker.wait()
    assert sweep.state().state == "failed"
    assert "Go on" in sweep.state().error
    assert list_runs(workspace)[0].alive()
    assert subprocess.run(command, cwd=ROOT).returncode == 0
    assert sweep.state().state == "finished"
    assert [trial.number for trial in sweep.state().trials] == [1, 2]
    assert len(list_runs(workspace)) == 2
    for run in list_runs(workspace):
        assert [epoch.epoch for epoch in run.state().epochs] == list(range(1, len(run.state().epochs) + 1))


@pytest.mark.slow
def test_a_real_sweep_is_worked_at_by_processes_of_its_own(make_sweep, workspace):
    sweep = make_sweep(depths=(0,), rates=(0.01,), trials=1, epochs=1, input={"size": 64})
    launch(sweep)
    assert sweep.state().live
    until(lambda: not sweep.state().live, seconds=480)
    state = sweep.state()
    assert state.state == "finished", state.error + sweep.log()
    (row,) = rows(workspace, sweep, state.trials)
    assert row.test is not None
    assert row.bytes > 1_000_000
    assert list_sweeps(workspace) == [sweep]


def test_a_worker_that_vanished_before_its_first_word_has_failed(make_sweep):
    sweep = make_sweep()
    assert sweep.state().state == "created"
    sweep.worker_log.write_text("Killed")
    assert sweep.state().state == "failed"
