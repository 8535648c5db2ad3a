"""What a worker that takes up a run need not do or say again, read from the log."""

from __future__ import annotations

from tests.runs.logs import epoch, fold
from tlcore.runs.events import Ended, Evaluated, Noted, PhaseEnded, PhaseStarted, Resumed, Started
from tlcore.training.resume_log import ResumeLog

JUDGED = Evaluated(accuracy=0.9, low=0.8, high=0.95, n=100)
HEAD = PhaseStarted(phase="head", title="Training the head", epochs=3, first_epoch=1)


def test_a_run_that_was_killed_after_its_evaluation_is_trained_and_judged_already():
    said = ResumeLog([Started(pid=1), epoch(1), JUDGED])
    assert said.begun
    assert said.judged


def test_whoever_resumes_a_stopped_run_wants_to_train_on():
    said = ResumeLog([Started(pid=1), Noted(message="A note."), epoch(1), JUDGED, Ended(state="stopped")])
    assert not said.judged
    assert epoch(1) in said
    assert Noted(message="A note.") in said


def test_an_epoch_after_a_judgement_makes_it_one_of_an_earlier_model():
    assert not ResumeLog([Started(pid=1), epoch(1), JUDGED, epoch(2)]).judged


def test_an_epoch_that_is_trained_again_is_written_again():
    log = [Started(pid=1), HEAD, epoch(1), epoch(2), Resumed(pid=2, epoch=2)]
    said = ResumeLog(log)
    assert epoch(1) in said
    assert epoch(2) not in said
    log += [event for event in (HEAD, epoch(2), epoch(3), PhaseEnded(phase="head", seconds=1.0)) if event not in said]
    assert [each.epoch for each in fold(log, alive=True).epochs] == [1, 2, 3]
    assert epoch(2) in ResumeLog(log)


def test_a_phase_that_was_stopped_and_goes_on_is_told_to_its_end():
    stopped = PhaseEnded(phase="head", seconds=60.0, images_per_second=10.0)
    log = [Started(pid=1), HEAD, epoch(1), stopped, JUDGED, Ended(state="stopped"), Resumed(pid=2, epoch=2)]
    said = ResumeLog(log)
    ended = PhaseEnded(phase="head", seconds=30.0, images_per_second=12.0)
    log += [event for event in (HEAD, epoch(1), epoch(2), epoch(3), ended) if event not in said]
    (head,) = fold(log, alive=True).phases
    assert (head.first_epoch, head.epochs, head.seconds, head.images_per_second) == (1, 3, 90.0, 12.0)
    (under_way,) = fold(log[:-1], alive=True).phases
    assert under_way.seconds is None
    assert [each.epoch for each in fold(log, alive=True).epochs] == [1, 2, 3]


def test_a_worker_forgets_what_it_trains_again_before_it_says_so():
    said = ResumeLog([Started(pid=1), epoch(1), epoch(2)])
    said.take_up(2)
    assert epoch(1) in said
    assert epoch(2) not in said
