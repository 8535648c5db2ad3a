"""The fold tells the truth after every event, whatever the lock and the stop file say."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.runs.logs import START, epoch, logs
from tlcore.runs.events import Ended, EpochEnded, PhaseEnded, PhaseStarted, Started, Waiting
from tlcore.runs.state import LIVE, OVER, VANISHED, fold

STARTED = Started(pid=1)


@given(logs(), st.booleans(), st.booleans())
def test_every_prefix_of_a_log_has_a_state(events, alive, stop_asked):
    for length in range(len(events) + 1):
        prefix = events[:length]
        state = fold(prefix, alive=alive, stop_asked=stop_asked)
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
    states = [fold(events[:length], alive=True, stop_asked=False) for length in range(len(events) + 1)]
    for before, after in itertools.pairwise(states):
        assert after.epochs[: len(before.epochs)] == before.epochs
        assert [phase.name for phase in after.phases][: len(before.phases)] == [phase.name for phase in before.phases]
        assert set(before.seconds) <= set(after.seconds)
        assert before.state not in OVER
    assert states[-1].state in OVER


@given(logs())
def test_the_best_epoch_is_the_last_that_was_called_best(events):
    state = fold(events, alive=False, stop_asked=False)
    numbers = [epoch.epoch for epoch in state.epochs]
    best = [epoch.epoch for epoch in state.epochs if epoch.best]
    assert state.best_epoch == (best[-1] if best else numbers[0] if numbers else None)


def test_a_run_that_nobody_started_is_only_created():
    assert fold([], alive=False, stop_asked=False).state == "created"


def test_a_worker_that_said_nothing_yet_is_waiting():
    state = fold([], alive=True, stop_asked=False)
    assert (state.state, state.behind) == ("waiting", 0)


def test_a_worker_that_vanished_before_its_first_word_has_failed():
    state = fold([], alive=False, stop_asked=False, cause="It was killed.")
    assert (state.state, state.error) == ("failed", "It was killed.")


def test_a_worker_that_vanished_has_failed_with_the_likely_cause():
    assert fold([STARTED], alive=False, stop_asked=False, cause="Out of memory.").error == "Out of memory."
    assert fold([STARTED], alive=False, stop_asked=False).error == VANISHED


def test_an_end_counts_more_than_a_lock_that_is_not_released_yet():
    state = fold([STARTED, Ended(state="finished")], alive=True, stop_asked=True)
    assert state.state == "finished"
    assert not state.live


def test_a_live_run_that_was_asked_to_stop_is_stopping():
    assert fold([STARTED], alive=True, stop_asked=True).state == "stopping"
    assert fold([Waiting(behind=1)], alive=True, stop_asked=True).state == "stopping"
    assert "stopping" in LIVE


def test_waiting_says_how_many_stand_before():
    assert fold([Waiting(behind=2), Waiting(behind=1)], alive=True, stop_asked=False).behind == 1
    assert fold([Waiting(behind=2), STARTED], alive=True, stop_asked=False).behind == 0


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
    state = fold(events, alive=True, stop_asked=False)
    assert state.seconds == {"fine-tune": 4.0}
    assert state.images_per_second == {"fine-tune": 40.0}
    assert state.phase is not None
    assert (state.phase.name, state.phase.seconds) == ("save", None)


def test_a_run_that_is_taken_up_again_is_running_again():
    events = [STARTED.model_copy(update={"at": START}), Ended(state="failed", error="It broke."), Started(pid=2)]
    state = fold(events, alive=True, stop_asked=False)
    assert (state.state, state.error, state.ended, state.started) == ("running", "", None, START)
