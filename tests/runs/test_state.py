"""The fold tells the truth after every event, whatever the lock and the stop file say."""

from __future__ import annotations

import itertools
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runs.logs import START, epoch, fold, interrupted_logs, logs
from tlcore.jobs.events import Waiting
from tlcore.jobs.state import LIVE, OVER, VANISHED
from tlcore.runs.events import Ended, EpochEnded, Noted, PhaseEnded, PhaseStarted, Resumed, Started

STARTED = Started(pid=1)


@given(logs(), st.booleans(), st.booleans())
def test_every_prefix_of_a_log_has_a_state(events, alive, stop_asked):
    for length in range(len(events) + 1):
        prefix = events[:length]
        state = fold(prefix, alive=alive, asked="stopped" if stop_asked else None)
        ended = any(isinstance(event, Ended) for event in prefix)
        assert (state.ended is not None) == ended
        assert state.epochs == tuple(event for event in prefix if isinstance(event, EpochEnded))
        assert state.live == (alive and not ended)
        if ended:
            assert state.state == prefix[-1].state
        elif not alive:
            assert state.state == ("failed" if prefix else "created")
        if state.state == "failed":
            assert state.error
        else:
            assert not state.error


@given(logs())
def test_what_was_learnt_is_never_unlearnt(events):
    states = [fold(events[:length], alive=True) for length in range(len(events) + 1)]
    for before, after in itertools.pairwise(states):
        assert after.epochs[: len(before.epochs)] == before.epochs
        assert [phase.name for phase in after.phases][: len(before.phases)] == [phase.name for phase in before.phases]
        assert set(before.seconds) <= set(after.seconds)
        assert before.state not in OVER
    assert states[-1].state in OVER


@given(logs())
def test_the_best_epoch_is_the_last_that_was_called_best(events):
    state = fold(events, alive=False)
    numbers = [epoch.epoch for epoch in state.epochs]
    best = [epoch.epoch for epoch in state.epochs if epoch.best]
    assert state.best_epoch == (best[-1] if best else numbers[0] if numbers else None)


def test_a_run_that_nobody_started_is_only_created():
    assert fold([], alive=False).state == "created"


def test_a_worker_that_said_nothing_yet_is_waiting():
    state = fold([], alive=True)
    assert (state.state, state.behind) == ("waiting", 0)


def test_a_worker_that_vanished_before_its_first_word_has_failed():
    state = fold([], alive=False, cause="It was killed.")
    assert (state.state, state.error) == ("failed", "It was killed.")


def test_a_worker_that_vanished_has_failed_with_the_likely_cause():
    assert fold([STARTED], alive=False, cause="Out of memory.").error == "Out of memory."
    assert fold([STARTED], alive=False).error == VANISHED


def test_an_end_counts_more_than_a_lock_that_is_not_released_yet():
    state = fold([STARTED, Ended(state="finished")], alive=True, asked="stopped")
    assert state.state == "finished"
    assert not state.live


def test_a_live_run_that_was_asked_to_stop_is_stopping():
    assert fold([STARTED], alive=True, asked="stopped").state == "stopping"
    assert fold([Waiting(behind=1)], alive=True, asked="stopped").state == "stopping"
    assert "stopping" in LIVE


def test_waiting_says_how_many_stand_before():
    assert fold([Waiting(behind=2), Waiting(behind=1)], alive=True).behind == 1
    assert fold([Waiting(behind=2), STARTED], alive=True).behind == 0


def test_phases_of_one_name_add_up():
    events = [
        STARTED,
        PhaseStarted(phase="fine-tune", title="Last block", epochs=1, first_epoch=1),
        epoch(1, phase="fine-tune"),
        PhaseEnded(phase="fine-tune", seconds=1.0, images_per_second=100.0),
        PhaseStarted(phase="fine-tune", title="Last two blocks", epochs=1, first_epoch=2),
        PhaseEnded(phase="fine-tune", seconds=3.0, images_per_second=20.0),
        PhaseStarted(phase="save", title="Save"),
    ]
    state = fold(events, alive=True)
    assert state.seconds == {"fine-tune": 4.0}
    assert state.images_per_second == {"fine-tune": 40.0}
    assert state.phase is not None
    assert (state.phase.name, state.phase.seconds) == ("save", None)


def test_a_run_that_is_taken_up_again_is_running_again():
    events = [STARTED.model_copy(update={"at": START}), Ended(state="failed", error="It broke."), Started(pid=2)]
    state = fold(events, alive=True)
    assert (state.state, state.error, state.ended, state.started) == ("running", "", None, START)


# === Runs that are taken up again ===


@settings(max_examples=40)
@given(interrupted_logs())
def test_a_run_that_is_taken_up_again_loses_and_doubles_no_epoch(events):
    for length in range(len(events) + 1):
        state = fold(events[:length], alive=True)
        numbers = [epoch.epoch for epoch in state.epochs]
        assert numbers == list(range(1, len(numbers) + 1))
        assert state.best_epoch in (numbers or [None])
        lasting = [phase.name for phase in state.phases if phase.seconds is None]
        assert len(lasting) == len(set(lasting))
        # Work that does not train was lost with the worker that did it: it is not shown as under way for ever.
        if length and isinstance(events[length - 1], Resumed):
            assert len(numbers) < events[length - 1].epoch
            assert not [phase for phase in state.phases if phase.seconds is None and not phase.epochs]
    assert state.epochs[-1] == [event for event in events if isinstance(event, EpochEnded)][-1]
    assert state.state == "finished"


@settings(max_examples=40)
@given(interrupted_logs())
def test_only_time_at_work_counts(events):
    seconds, turn = 0.0, None
    for before, event in itertools.pairwise([None, *events]):
        if turn is not None and isinstance(event, (Waiting, Resumed, Ended)):
            until = event if isinstance(event, Ended) else before
            seconds, turn = seconds + (until.at - turn).total_seconds(), None
        if isinstance(event, (Started, Resumed)):
            turn = event.at
    state = fold(events, alive=False)
    assert state.total_seconds == seconds
    assert state.seconds_at(events[-1].at + timedelta(hours=1)) == seconds


def test_a_dead_worker_worked_until_its_last_word():
    events = [at(0, STARTED), at(5, epoch(1)), at(3600, Waiting(behind=1)), at(7200, Resumed(pid=2, epoch=2))]
    assert fold(events[:2], alive=False).total_seconds == 5
    assert fold(events[:3], alive=True).seconds_at(START + timedelta(seconds=4000)) == 5
    state = fold(events, alive=True)
    assert state.total_seconds is None
    assert state.seconds_at(START + timedelta(seconds=7210)) == 15


def at(second: float, event):
    return event.model_copy(update={"at": START + timedelta(seconds=second)})


def test_a_training_that_goes_on_is_one_phase_and_the_one_that_lasts():
    events = [
        STARTED,
        PhaseStarted(phase="trunk", title="Features"),
        PhaseEnded(phase="trunk", seconds=2.0),
        PhaseStarted(phase="head", title="Head", epochs=4, first_epoch=1),
        epoch(1),
        Ended(state="paused"),
        Resumed(pid=2, epoch=2),
        PhaseStarted(phase="prepare", title="Prepare"),
    ]
    state = fold(events, alive=True)
    assert (state.state, state.error, state.ended) == ("running", "", None)
    assert state.phase.name == "prepare"
    events += [PhaseEnded(phase="prepare", seconds=1.0), epoch(2)]
    assert fold(events, alive=True).phase.name == "head"
    state = fold([*events, PhaseEnded(phase="head", seconds=9.0)], alive=True)
    assert [phase.name for phase in state.phases] == ["trunk", "head", "prepare"]
    assert state.seconds == {"trunk": 2.0, "head": 9.0, "prepare": 1.0}


def test_a_phase_that_begins_again_before_it_ended_replaces_the_first():
    events = [
        STARTED,
        PhaseStarted(phase="head", title="Head", epochs=4, first_epoch=1),
        epoch(1),
        Resumed(pid=2, epoch=2),
        PhaseStarted(phase="head", title="Head", epochs=3, first_epoch=2),
    ]
    (phase,) = fold(events, alive=True).phases
    assert (phase.first_epoch, phase.epochs) == (1, 4)


def test_what_is_said_again_counts_once():
    events = [STARTED, Noted(message="On it."), Resumed(pid=2), Noted(message="On it.")]
    assert fold(events, alive=True).notes == ("On it.",)


def test_a_live_run_that_was_asked_to_pause_is_pausing_unless_it_was_asked_to_stop():
    assert fold([STARTED], alive=True, asked="paused").state == "pausing"
    assert fold([STARTED], alive=True, asked="stopped").state == "stopping"
    assert fold([STARTED, Ended(state="paused")], alive=False, asked="paused").state == "paused"
    assert "pausing" in LIVE
    assert "paused" in OVER
