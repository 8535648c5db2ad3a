"""What a worker that takes up a run need not do or say again, read from the log."""

from __future__ import annotations

from tests.runs.logs import epoch
from tlcore.runs.events import Ended, Evaluated, Exported, Noted, Started
from tlcore.training.resume_log import ResumeLog

JUDGED = Evaluated(accuracy=0.9, low=0.8, high=0.95, n=100)
MADE = Exported(format="onnx", agrees=True, same_answers=1.0, largest_difference=0.0)


def test_a_run_that_was_killed_while_its_files_were_made_is_trained_and_judged_already():
    said = ResumeLog([Started(pid=1), epoch(1), JUDGED, MADE])
    assert said.begun
    assert said.judged
    assert MADE in said


def test_whoever_resumes_a_stopped_run_wants_to_train_on():
    said = ResumeLog([Started(pid=1), Noted(message="A note."), epoch(1), JUDGED, MADE, Ended(state="stopped")])
    assert not said.judged
    assert MADE not in said
    assert epoch(1) in said
    assert Noted(message="A note.") in said


def test_an_epoch_after_a_judgement_makes_it_one_of_an_earlier_model():
    assert not ResumeLog([Started(pid=1), epoch(1), JUDGED, epoch(2)]).judged
