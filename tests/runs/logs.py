"""Logs of events as a worker writes them, drawn at random."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tlcore.jobs import state
from tlcore.jobs.events import Waiting
from tlcore.jobs.state import Asked, settle
from tlcore.runs.events import Ended, EpochEnded, Evaluated, Event, PhaseEnded, PhaseStarted, Resumed, Started
from tlcore.runs.state import RunState

START = datetime(2026, 11, 21, 10, tzinfo=UTC)


def fold(events, *, alive: bool, asked: Asked | None = None, cause: str = "") -> RunState:
    """What a log amounts to at a moment at which a worker is alive or not."""
    return settle(state.fold(RunState(), events), alive=alive, asked=asked, cause=cause)


def epoch(number: int, *, phase: str = "head", best: bool = True, second: float = 0.0) -> EpochEnded:
    return EpochEnded(
        at=START + timedelta(seconds=second),
        phase=phase,
        epoch=number,
        loss=1 / number,
        accuracy=0.5,
        val_loss=1.2 / number,
        val_accuracy=0.5,
        learning_rate=1e-3,
        seconds=0.5,
        images_per_second=100.0,
        best=best,
    )


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """A whole log: perhaps a wait, phases with their epochs, a judgement and an end."""
    events: list[Event] = [Waiting(behind=behind) for behind in draw(st.lists(st.integers(1, 5), max_size=3))]
    if draw(st.booleans()) and events:
        return [*events, Ended(state="stopped")]
    events.append(Started(pid=1, device="CPU"))
    number = 0
    for phase in draw(st.lists(st.sampled_from(["prepare", "trunk", "head", "fine-tune"]), max_size=5)):
        epochs = draw(st.integers(1, 4)) if phase in ("head", "fine-tune") else 0
        events.append(PhaseStarted(phase=phase, title=phase, epochs=epochs, first_epoch=number + 1 if epochs else 0))
        for _ in range(epochs):
            number += 1
            events.append(epoch(number, phase=phase, best=draw(st.booleans())))
        rate = draw(st.none() | st.floats(1, 1e4))
        events.append(PhaseEnded(phase=phase, seconds=draw(st.floats(0, 1e4)), images_per_second=rate))
    how = draw(st.sampled_from(["finished", "stopped", "failed"]))
    if how != "failed":
        events.append(Evaluated(accuracy=0.9, low=0.8, high=0.95, n=100))
    events.append(Ended(state=how, error="It broke." if how == "failed" else ""))
    return [event.model_copy(update={"at": START + timedelta(seconds=second)}) for second, event in enumerate(events)]


@st.composite
def interrupted_logs(draw: st.DrawFn) -> list[Event]:
    """A log that was cut anywhere after its start, up to three times, and gone on with by another worker.

    Each worker goes on after the last epoch, or after an earlier one: a checkpoint may be older than the last event.
    """
    events = draw(logs().filter(lambda log: any(event.kind == "started" for event in log)))
    begun = next(index for index, event in enumerate(events) if event.kind == "started") + 1
    for _ in range(draw(st.integers(1, 3))):
        events = events[: draw(st.integers(begun, len(events) - 1))]
        if draw(st.booleans()):
            events.append(Ended(state=draw(st.sampled_from(["paused", "stopped"]))))
        events += [Waiting(behind=behind) for behind in draw(st.lists(st.integers(1, 3), max_size=2))]
        events += _gone_on(events, draw(st.integers(0, 2)), draw(st.integers(1, 4)))
    at = START
    for index, event in enumerate(events):
        at += timedelta(seconds=draw(st.integers(0, 9)))
        events[index] = event.model_copy(update={"at": at})
    return events


def _gone_on(events: list[Event], lost: int, more: int) -> list[Event]:
    """What a worker writes that takes up a run whose checkpoint lacks the last `lost` epochs."""
    standing = 0
    for event in events:
        if isinstance(event, EpochEnded | Resumed):
            standing = event.epoch if isinstance(event, EpochEnded) else event.epoch - 1
    first = max(1, standing + 1 - lost)
    return [
        Resumed(pid=2, epoch=first),
        PhaseStarted(phase="prepare", title="prepare"),
        PhaseEnded(phase="prepare", seconds=1.0),
        *(epoch(number) for number in range(first, first + more)),
        Ended(state="finished"),
    ]
