"""Passes the events of a run on to TensorBoard and MLflow, if they are installed.

It knows the events, the two trackers and that neither may harm a run: each works in a thread of its own, and its first
fault is noted and ends it. It does not know what the run does. Both packages are extras, imported only when used.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from tlcore.files import read_json, write_json
from tlcore.runs.events import Ended, EpochEnded, Evaluated, Event, Resumed, Started
from tlcore.runs.run import Run

# How long the end of a run waits for a tracker that has not taken everything yet, such as a server that is far away.
LAST_SECONDS = 10.0
# In MLflow's words.
STATES = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED", "paused": "SCHEDULED"}


class Tracker(Protocol):
    """Takes the events of one run; made in the thread in which it is used."""

    def epochs(self) -> set[int]:
        """The epochs that are there already: from a worker before this one."""

    def send(self, event: Event) -> None: ...

    def close(self) -> None: ...


class Tracking:
    """An observer of a run's events; if a tracker fails, it is dropped and `note` receives a sentence."""

    def __init__(
        self, run: Run, note: Callable[[str], None], makers: Mapping[str, Callable[[Run], Tracker]] | None = None
    ) -> None:
        self._run = run
        self._tell = note
        self._over = False
        self._makers = available(note) if makers is None else makers
        self._lines: list[_Line] = []

    def __call__(self, event: Event) -> None:
        """Hear of an event. The last one waits, but not for long, until the trackers have everything."""
        if isinstance(event, Started | Resumed) and not self._lines:
            # Not before: a run that waits in line, or never begins, is nothing to track.
            self._lines = [_Line(self._run, title, make, self._note) for title, make in self._makers.items()]
        for line in self._lines:
            line.events.put(event)
        if isinstance(event, Ended):
            self.close()
            self._over = True

    def close(self) -> None:
        """Let the trackers finish."""
        lines, self._lines = self._lines, []
        for line in lines:
            line.events.put(None)
        deadline = time.monotonic() + LAST_SECONDS
        for line in lines:
            line.join(max(0.0, deadline - time.monotonic()))
            if line.is_alive():
                self._note(f"{line.title} did not answer within {LAST_SECONDS:.0f} seconds and may lack the run's end.")

    def _note(self, message: str) -> None:
        # Nothing comes after the last event of a run; a tracker that gave up later has been told of already.
        if not self._over:
            self._tell(message)


class _Line(Thread):
    """One tracker and its waiting events."""

    def __init__(self, run: Run, title: str, make: Callable[[Run], Tracker], note: Callable[[str], None]) -> None:
        super().__init__(name=f"{title} of {run.id}", daemon=True)
        self.title = title
        self.events: SimpleQueue[Event | None] = SimpleQueue()
        self._run_tracked, self._make, self._note = run, make, note
        self.start()

    def run(self) -> None:
        try:
            tracker = self._make(self._run_tracked)
            there = tracker.epochs()
            # A worker that was killed may have written an epoch that it could not send any more.
            for event in self._run_tracked.events():
                if isinstance(event, EpochEnded):
                    _send_once(tracker, event, there)
            while (news := self.events.get()) is not None:
                _send_once(tracker, news, there)
            tracker.close()
        except Exception as error:  # whatever a tracker does, the run goes on
            said = " ".join(str(error).split())[:300]
            self._note(f"{self.title} is no longer told about this run: {type(error).__name__}: {said}")


def _send_once(tracker: Tracker, event: Event, there: set[int]) -> None:
    if isinstance(event, EpochEnded):
        if event.epoch in there:
            return
        there.add(event.epoch)
    tracker.send(event)


def available(note: Callable[[str], None]) -> dict[str, Callable[[Run], Tracker]]:
    """The trackers that are installed and wanted: TensorBoard where it is there, MLflow where its URI is set too."""
    found: dict[str, Callable[[Run], Tracker]] = {}
    if os.environ.get("GRAFT_TRACKING", "").casefold() in {"off", "0"}:
        return found
    if importlib.util.find_spec("tensorboard") is not None:
        found["TensorBoard"] = TensorBoard
    if os.environ.get("MLFLOW_TRACKING_URI"):
        if importlib.util.find_spec("mlflow") is not None:
            found["MLflow"] = MLflow
        else:
            note("MLFLOW_TRACKING_URI is set, but MLflow is not installed: `pip install mlflow-skinny` adds it.")
    return found


class TensorBoard:
    """Writes `RUN/tensorboard/train` and `…/validation`, which TensorBoard lays over each other."""

    def __init__(self, run: Run) -> None:
        # Not its EventFileWriter: that would import TensorFlow where it is installed.
        from tensorboard.compat.proto.event_pb2 import Event as Record
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._record, self._summary = Record, Summary
        self._folder = run.path / "tensorboard"
        self._writers: dict[str, Any] = {}

    def epochs(self) -> set[int]:
        """The steps of the loss in the files that are there; a torn last record is left out."""
        return {
            record.step
            for path in sorted((self._folder / "validation").glob("events.out.tfevents.*"))
            for record in self._records(path)
            if any(value.tag == "loss" for value in record.summary.value)
        }

    def send(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            self._add("train", event, event.epoch, _training(event))
            self._add("validation", event, event.epoch, _validation(event))
        elif isinstance(event, Evaluated):
            self._add("test", event, 0, {event.metric: event.value, "low": event.low, "high": event.high})

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def _add(self, part: str, event: Event, step: int, values: Mapping[str, float]) -> None:
        summary = self._summary(value=[self._summary.Value(tag=tag, simple_value=x) for tag, x in values.items()])
        record = self._record(wall_time=event.at.timestamp(), step=step, summary=summary)
        writer = self._writers.get(part) or self._open(part)
        writer.write(record.SerializeToString())
        writer.flush()

    def _open(self, part: str) -> Any:
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder = self._folder / part
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns() // 10**9}.{platform.node()}.{os.getpid()}.{time.time_ns() % 10**9}"
        writer = self._writers[part] = RecordWriter((folder / name).open("wb"))
        writer.write(self._record(wall_time=time.time(), file_version="brain.Event:2").SerializeToString())
        return writer

    def _records(self, path: Path) -> list[Any]:
        from tensorboard.compat.tensorflow_stub import errors
        from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New

        reader, records = PyRecordReader_New(str(path)), []
        try:
            while True:
                reader.GetNext()
                records.append(self._record.FromString(reader.record()))
        except (errors.OutOfRangeError, errors.DataLossError):
            return records
        finally:
            reader.file_handle.close()


class TrackedRun(BaseModel):
    """`tracking.json`: the id of a run in MLflow, so that a resumed run continues there."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    mlflow_run: str


class MLflow:
    """A run of the server or the database that `MLFLOW_TRACKING_URI` names, its settings as parameters."""

    def __init__(self, run: Run) -> None:
        from mlflow import MlflowClient
        from mlflow.entities import Param

        self._client: Any = MlflowClient()
        known = run.path / "tracking.json"
        if known.exists():
            self._id = read_json(known, TrackedRun).mlflow_run
            self._client.update_run(self._id, status="RUNNING")
            return
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "Graft"
        experiment = self._client.get_experiment_by_name(name)
        made = self._client.create_run(
            experiment.experiment_id if experiment else self._client.create_experiment(name),
            run_name=run.name,
            tags={"graft.run": run.id, "graft.dataset": run.dataset.name, "graft.pictures": run.dataset.fingerprint},
        )
        self._id = made.info.run_id
        write_json(known, TrackedRun(mlflow_run=self._id))
        settings = run.config.model_dump(mode="json", exclude={"schema_version"})
        self._client.log_batch(self._id, params=[Param(field, str(value)) for field, value in settings.items()])

    def epochs(self) -> set[int]:
        return {point.step for point in self._client.get_metric_history(self._id, "val_loss")}

    def send(self, event: Event) -> None:
        if isinstance(event, EpochEnded):
            validation = {f"val_{tag}": value for tag, value in _validation(event).items()}
            self._log(event, event.epoch, {**_training(event), **validation})
        elif isinstance(event, Evaluated):
            self._log(event, 0, {f"test_{event.metric}": event.value, "test_low": event.low, "test_high": event.high})
        elif isinstance(event, Ended):
            state = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED", "paused": "SCHEDULED"}[
                event.state
            ]
            self._client.set_terminated(self._id, state, int(event.at.timestamp() * 1000))

    def close(self) -> None:
        """Do nothing: every value was sent when it came."""

    def _log(self, event: Event, step: int, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        moment = int(event.at.timestamp() * 1000)
        self._client.log_batch(self._id, metrics=[Metric(tag, value, moment, step) for tag, value in values.items()])


def _training(event: EpochEnded) -> dict[str, float]:
    return {
        "loss": event.loss,
        **event.figures,
        "learning_rate": event.learning_rate,
        "images_per_second": event.images_per_second,
    }


def _validation(event: EpochEnded) -> dict[str, float]:
    return {"loss": event.val_loss, **event.val_figures}
