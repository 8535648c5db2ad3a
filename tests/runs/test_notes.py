"""What a worker decides is kept with its machine in `environment.json`, also when a run goes on in another worker."""

from __future__ import annotations

from tlcore.files import read_json
from tlcore.runs.environment import Environment
from tlcore.runs.events import Noted
from tlcore.runs.recorder import Recorder


def test_what_was_decided_stands_in_the_environment_beside_the_device(run):
    with Recorder(run) as recorder:
        recorder.record_environment(device="CPU, 2 cores")
        recorder.record(Noted(message="ONNX Runtime computes what lies below the cut."))
    with Recorder(run) as recorder:
        recorder.record(Noted(message="Two views."))
    found = read_json(run.path / "environment.json", Environment)
    assert found.notes == ("ONNX Runtime computes what lies below the cut.", "Two views.")


def test_the_device_is_not_forgotten_when_something_is_noted(run):
    with Recorder(run) as recorder:
        recorder.record_environment(device="CPU, 2 cores")
        recorder.record(Noted(message="Two views."))
    assert read_json(run.path / "environment.json", Environment).device == "CPU, 2 cores"
