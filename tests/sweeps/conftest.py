"""Sweeps whose runs are trained by nobody: threads that write events with the library's own pen."""

from __future__ import annotations

import threading
import time

import pytest

from tlcore.runs.events import Ended, EpochEnded, Evaluated, PhaseStarted, Started
from tlcore.runs.recorder import Recorder
from tlcore.sweeps import work
from tlcore.sweeps.config import SweepConfig
from tlcore.sweeps.sweep import create_sweep

WARM_UP = 3


class Workers:
    """Stands for the workers of runs: `validation(config)` is the accuracy after the last epoch, reached linearly.

    Attributes:
        test: The test accuracy of a run.
        fails: The sentence with which a run fails, or nothing.
        seconds: That an epoch of a run takes.
    """

    def __init__(self):
        self.validation = lambda config: 0.9
        self.test = lambda config: 0.5
        self.fails = lambda config: ""
        self.seconds = lambda config: 0.0
        self.threads = []

    def launch(self, run):
        recorder = Recorder(run)
        recorder.__enter__()
        self.threads.append(threading.Thread(target=self._train, args=(run, recorder), daemon=True))
        self.threads[-1].start()

    def _train(self, run, recorder):
        config = run.config
        with_epochs = [("head", WARM_UP if config.mode == "fine-tune" else config.epochs)]
        with_epochs += [("fine-tune", config.epochs)] if config.mode == "fine-tune" else []
        recorder.record(Started(pid=1))
        number, state = 0, "finished"
        for phase, epochs in with_epochs:
            recorder.record(PhaseStarted(phase=phase, title=phase, epochs=epochs, first_epoch=number + 1))
            for step in range(1, epochs + 1):
                time.sleep(self.seconds(config))
                number += 1
                # The warm-up of a head is the same whatever comes after it, and poor.
                value = (
                    0.3 if phase == "head" and config.mode == "fine-tune" else self.validation(config) * step / epochs
                )
                recorder.record(self._epoch(phase, number, value))
                if run.asked():
                    state = "stopped"
                    break
            if state == "stopped":
                break
        if sentence := self.fails(config):
            recorder.record(Ended(state="failed", error=sentence))
        else:
            run.model_onnx.write_bytes(b"x" * (1000 + config.blocks))
            test = self.test(config)
            recorder.record(Evaluated(accuracy=test, low=test - 0.1, high=test + 0.1, n=50))
            recorder.record(Ended(state=state))
        recorder.__exit__(None, None, None)

    @staticmethod
    def _epoch(phase, number, value):
        return EpochEnded(
            phase=phase,
            epoch=number,
            loss=1 - value,
            accuracy=value,
            val_loss=1 - value,
            val_accuracy=value,
            learning_rate=1e-3,
            seconds=0.1,
            images_per_second=100.0,
            best=True,
        )


@pytest.fixture
def workers(monkeypatch):
    """Have runs "trained" by threads, at once."""
    monkeypatch.setenv("GRAFT_TRACKING", "off")
    monkeypatch.setattr(work, "LOOK_SECONDS", 0.01)
    stand_in = Workers()
    monkeypatch.setattr(work, "launch", stand_in.launch)
    yield stand_in
    for thread in stand_in.threads:
        thread.join(10)


@pytest.fixture
def make_sweep(workspace, tiny_dataset):
    """Make a sweep of the tiny dataset."""

    def make(**choices):
        return create_sweep(workspace, tiny_dataset, SweepConfig(dataset=tiny_dataset.id, **choices))

    return make
