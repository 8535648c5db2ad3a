"""Trackers hear every epoch once, also after a crash, and none of them can harm a run."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

from tests.runs.logs import epoch
from tlcore.files import write_json
from tlcore.runs import tracking
from tlcore.runs.events import Ended, EpochEnded, Evaluated, Noted, Resumed, Started
from tlcore.runs.metadata import RunDataset
from tlcore.runs.recorder import Recorder

ROOT = Path(__file__).resolve().parents[2]


class Remembering:
    """A tracker that keeps what it is sent, as a server would: for longer than a worker lives."""

    def __init__(self):
        self.sent = []

    def epochs(self):
        return {event.epoch for event in self.sent if isinstance(event, EpochEnded)}

    def send(self, event):
        self.sent.append(event)

    def close(self):
        pass


@pytest.fixture
def track(monkeypatch):
    """Have runs tracked by these trackers alone."""

    def use(**trackers):
        makers = {title: (lambda run, tracker=tracker: tracker) for title, tracker in trackers.items()}
        monkeypatch.setattr(tracking, "available", lambda note: makers)

    return use


def write(run, *events):
    with Recorder(run) as recorder:
        for event in events:
            recorder.record(event)


def test_a_tracker_has_heard_everything_when_the_run_has_ended(run, track):
    tracker = Remembering()
    track(Board=tracker)
    events = (
        Started(pid=1),
        epoch(1),
        epoch(2),
        Evaluated(accuracy=0.9, low=0.8, high=1.0, n=9),
        Ended(state="finished"),
    )
    write(run, *events)
    assert tracker.sent == list(events)
    assert run.state().notes == ()


def test_a_resumed_run_goes_on_where_its_tracker_stands(run, track):
    tracker = Remembering()
    track(Board=tracker)
    write(run, Started(pid=1), epoch(1), epoch(2))
    del tracker.sent[2]  # killed after the second epoch was written, before it was sent
    write(run, Started(pid=2), Resumed(pid=2, epoch=2), epoch(2), epoch(3), Ended(state="finished"))
    assert [event.epoch for event in tracker.sent if isinstance(event, EpochEnded)] == [1, 2, 3]


def test_a_failing_tracker_is_noted_once_and_the_others_go_on(run, track):
    class Failing(Remembering):
        def send(self, event):
            super().send(event)
            if isinstance(event, EpochEnded):
                raise ConnectionError("the server is gone")

    failing, good = Failing(), Remembering()
    track(Bad=failing, Good=good)
    write(run, Started(pid=1), epoch(1), epoch(2), epoch(3), Ended(state="finished"))
    state = run.state()
    assert state.state == "finished"
    assert len(state.epochs) == 3
    (note,) = state.notes
    assert "Bad is no longer told" in note
    assert "the server is gone" in note
    assert isinstance(run.events()[-1], Ended)
    assert len(failing.epochs()) == 1
    assert good.epochs() == {1, 2, 3}


def test_a_tracker_that_hangs_holds_the_end_for_a_moment_only(run, track, monkeypatch):
    released, done = threading.Event(), []

    class Hanging(Remembering):
        def epochs(self):
            released.wait(60)
            done.append(True)
            raise TimeoutError("far too late")

    monkeypatch.setattr(tracking, "LAST_SECONDS", 0.2)
    track(Slow=Hanging())
    write(run, Started(pid=1), epoch(1), Ended(state="finished"))
    assert not done
    assert [type(event) for event in run.events()] == [Started, EpochEnded, Noted, Ended]
    released.set()
    time.sleep(0.1)
    assert isinstance(run.events()[-1], Ended)


def test_tracking_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("GRAFT_TRACKING", "off")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:1")
    assert tracking.available(lambda note: pytest.fail(note)) == {}


def test_a_uri_without_mlflow_is_told(monkeypatch):
    monkeypatch.delenv("GRAFT_TRACKING", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:1")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told = []
    assert tracking.available(told.append) == {}
    assert "not installed" in told[0]


@pytest.mark.slow
def test_tensorboard_reads_every_epoch_once_after_a_kill_and_a_resumption(run, monkeypatch):
    pytest.importorskip("tensorboard")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    # TensorBoard's own way to do without TensorFlow, whose import takes longer than the test.
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", ModuleType("notf"))
    monkeypatch.setattr(tracking, "available", lambda note: {"TensorBoard": tracking.TensorBoard})
    write(run, Started(pid=1), epoch(1), epoch(2))
    (log,) = (run.path / "tensorboard" / "validation").iterdir()
    with log.open("ab") as stream:
        stream.write(b"\x18\0\0\0torn")  # a killed worker's last record
    test = Evaluated(accuracy=0.9, low=0.8, high=0.95, n=100)
    write(run, Started(pid=2), Resumed(pid=2, epoch=3), epoch(3), test, Ended(state="finished"))
    assert run.state().notes == ()
    for part, factor in (("train", 1.0), ("validation", 1.2)):
        points = scalars(run.path / "tensorboard" / part, "loss")
        assert points == [(step, pytest.approx(factor / step)) for step in (1, 2, 3)]
    assert scalars(run.path / "tensorboard" / "test", "accuracy") == [(0, pytest.approx(0.9))]


def scalars(folder, tag):
    """What TensorBoard itself finds in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = [
        EventAccumulator(str(path)).Reload()
        for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    ]
    return [(point.step, point.value) for each in found if tag in each.Tags()["scalars"] for point in each.Scalars(tag)]


@pytest.mark.slow
def test_tensorboards_logs_need_no_tensorflow(run):
    pytest.importorskip("tensorboard")
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.runs.logs import epoch\n"
        "from tlcore.runs.run import Run\n"
        "from tlcore.runs.tracking import TensorBoard\n"
        "for number in (1, 2):\n"
        "    board = TensorBoard(Run(Path(sys.argv[1])))\n"
        "    assert board.epochs() == set(range(1, number))\n"
        "    board.send(epoch(number))\n"
        "    board.close()\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(run.path)], cwd=ROOT, check=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # MLflow's own, of its database
def test_mlflow_has_one_run_with_every_epoch_once(run, monkeypatch, tmp_path):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setattr(tracking, "available", lambda note: {"MLflow": tracking.MLflow})
    monkeypatch.setattr(tracking, "LAST_SECONDS", 60.0)
    write_json(
        run.path / "dataset.json",
        RunDataset(id="shapes", name="Shapes", classes=("a", "b"), version=1, fingerprint="f00"),
    )
    write(run, Started(pid=1), epoch(1), epoch(2))
    test = Evaluated(accuracy=0.9, low=0.8, high=0.95, n=100)
    write(run, Started(pid=2), Resumed(pid=2, epoch=3), epoch(3), test, Ended(state="finished"))
    assert run.state().notes == ()
    client = mlflow.MlflowClient(uri)
    (found,) = client.search_runs([client.get_experiment_by_name("Graft").experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.params["backbone"] == "efficientnet_lite0"
    assert found.data.tags["graft.run"] == run.id
    assert found.data.metrics["test_accuracy"] == 0.9
    assert [point.step for point in client.get_metric_history(found.info.run_id, "val_loss")] == [1, 2, 3]
