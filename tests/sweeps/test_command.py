"""`sweep` says what it tries, ends with one object for scripts, and stops its live run when it is interrupted."""

from __future__ import annotations

import json
import threading

import pytest

from tlcore.__main__ import main
from tlcore.runs.run import list_runs
from tlcore.sweeps.sweep import list_sweeps
from tlcore.sweeps.work import work


@pytest.fixture
def at_work(monkeypatch, workers):
    """Have sweeps worked at by a thread of this process."""
    threads = []

    def launch(sweep):
        sweep.stop_file.unlink(missing_ok=True)
        before = len(sweep.events())
        threads.append(threading.Thread(target=work, args=(sweep.path,)))
        threads[-1].start()
        while len(sweep.events()) == before:
            pass

    monkeypatch.setattr("tlcore.commands.sweep.launch", launch)
    monkeypatch.setattr("tlcore.commands.sweep.LOOK_SECONDS", 0.01)
    yield workers
    for thread in threads:
        thread.join(20)


def test_the_object_for_scripts_has_every_trial_and_the_best(at_work, tiny_dataset, capsys):
    at_work.validation = lambda config: {0.01: 0.8, 0.02: 0.9}[config.head_learning_rate]
    choices = ["--backbones", "efficientnet_lite0", "--depths", "0", "--rates", "0.01,0.02", "--trials", "5"]
    assert main(["sweep", tiny_dataset.id, *choices, "--epochs", "1", "--seed", "3", "--json"]) == 0
    said = capsys.readouterr()
    content = json.loads(said.out.splitlines()[-1])
    assert len(said.out.splitlines()) == 1
    assert len(content["trials"]) == 2
    for trial in content["trials"]:
        assert {"run", "backbone", "blocks", "test", "seconds", "bytes"} <= set(trial)
        assert set(trial["test"]) == {"accuracy", "low", "high", "n"}
        assert trial["blocks"] == 0
    assert content["best"] == content["trials"][1]
    assert "Trial 2: EfficientNet-Lite0, freeze, rate 0.02" in said.err


def test_a_person_is_told_that_the_winner_was_chosen_on_validation(at_work, tiny_dataset, capsys):
    assert main(["sweep", tiny_dataset.id, "--depths", "0,all", "--trials", "2", "--epochs", "1"]) == 0
    text = capsys.readouterr().out
    assert "every block" in text
    assert "chosen by its validation accuracy; on the test set, which played no part in the choice" in text


def test_ctrl_c_stops_the_sweep_and_its_live_run_and_its_id_goes_on(
    at_work, tiny_dataset, workspace, monkeypatch, capsys
):
    at_work.seconds = lambda config: 0.05
    interrupted = []

    def interrupt(_workspace, sweep, state, _bar):
        if state.trial is not None and not interrupted:
            interrupted.append(sweep)
            raise KeyboardInterrupt

    monkeypatch.setattr("tlcore.commands.sweep._show", interrupt)
    choices = ["--depths", "0", "--rates", "0.01,0.02", "--trials", "2", "--epochs", "50"]
    assert main(["sweep", tiny_dataset.id, *choices]) == 130
    (sweep,) = list_sweeps(workspace)
    (run,) = list_runs(workspace)
    assert sweep.state().state == "stopped"
    assert run.state().state == "stopped"
    assert f"`sweep {sweep.id}` goes on" in capsys.readouterr().err
    at_work.seconds = lambda config: 0.0
    assert main(["sweep", sweep.id, "--json"]) == 0
    content = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [trial["state"] for trial in content["trials"]] == ["stopped", "finished"]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (["--depths", "deep"], "depths: A depth is a number of blocks, 0 to freeze, or 'all'. Received 'deep'."),
        (["--rates", "fast"], "rates: A learning rate is a number above 0"),
        (["--rates", "2"], "rates: A learning rate must be above 0 and at most 1. Received 2."),
        (["--backbones", "oak"], "backbones: A backbone of the catalogue is needed."),
        (["--trials", "0"], "trials: "),
        (["--target-metric", "luck"], "target_metric: It must be "),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else "",
)
def test_a_fault_has_its_field_and_makes_no_sweep(workspace, tiny_dataset, capsys, choices, words):
    assert main(["sweep", tiny_dataset.id, *choices]) == 1
    said = capsys.readouterr()
    assert words in said.err
    assert list_sweeps(workspace) == []
