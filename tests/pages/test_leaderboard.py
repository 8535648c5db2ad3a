"""The leaderboard of Auto on the page of its run: candidates, what came of them, and the press that takes the best."""

from __future__ import annotations

import pytest

from tests.pages.opening import button, open_page, words
from tlcore.jobs.job import Job
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.events import CandidateEnded, CandidateStarted, EpochEnded, PhaseStarted, Started
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import Run

EPOCH = {"loss": 1.0, "val_loss": 1.0, "learning_rate": 0.0, "seconds": 1.0, "images_per_second": 1.0, "best": True}


def candidate(name: str, outcome: str, epoch: int, **more) -> CandidateEnded:
    told = {"title": name.capitalize(), "reason": f"Why {name}.", "settings": {"features": name}, "best_epoch": epoch}
    return CandidateEnded(name=name, outcome=outcome, epoch=epoch, **{**told, **more})


def figures(value: float) -> dict:
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 40, "seconds": 3.0, "expected_seconds": 4.0}


@pytest.fixture
def run(workspace, tiny_dataset) -> Run:
    made = create_run(workspace, tiny_dataset, TrainingConfig(dataset=tiny_dataset.id, mode="auto"))
    with Recorder(made) as recorder:
        recorder.record(Started(pid=1))
        for epoch, name in enumerate(("last", "every", "deeper"), start=1):
            recorder.record(PhaseStarted(phase=f"{name}-logistic", title="Solving", epochs=1, first_epoch=epoch))
            recorder.record(EpochEnded(phase=f"{name}-logistic", epoch=epoch, **EPOCH))
            outcome = {"every": "leads", "last": "leads", "deeper": "behind"}[name]
            recorder.record(candidate(name, outcome, epoch, **figures(0.5 + epoch / 10)))
        recorder.record(candidate("tuned", "skipped", 3, reason="It would take too long."))
        recorder.record(CandidateStarted(name="more", title="Fine-tuning every block", seconds=90.0))
    return made


def test_the_leader_is_the_last_that_took_the_lead_and_its_epochs_are_the_models(run):
    state = run.state()
    assert state.leader.name == "every"
    assert state.best_epoch == 2
    assert [epoch.epoch for epoch in state.of_the_model.epochs] == [2]
    assert [phase.name for phase in state.of_the_model.phases] == ["every-logistic"]


def test_the_epochs_of_a_candidate_that_was_stopped_are_not_those_of_the_model(run):
    with Recorder(run) as recorder:
        recorder.record(PhaseStarted(phase="more-logistic", title="Solving", epochs=1, first_epoch=4))
        recorder.record(EpochEnded(phase="more-logistic", epoch=4, **EPOCH))
        assert run.state().best_epoch == 4, "of the candidate under way"
        recorder.record(candidate("more", "stopped", 0))
    assert run.state().best_epoch == 2
    with Recorder(run) as recorder:
        recorder.record(CandidateStarted(name="every", title="Every", seconds=1.0))
    assert run.state().trying is None


def test_every_candidate_stands_on_the_page_and_one_press_takes_the_best(run, monkeypatch):
    monkeypatch.setattr(Job, "alive", lambda self: True)
    app = open_page("runs", run=run.id)
    assert not app.exception
    assert "Leaderboard" in [each.value for each in app.subheader]
    (table,) = (each.value for each in app.dataframe if "Candidate" in each.value)
    assert table["Candidate"].tolist() == ["Last", "★ Every", "Deeper", "Tuned"]
    assert table["Accuracy (95 %)"].tolist()[-1] == "–"
    assert table["Judged by"].tolist()[0] == "cross-validation, 40 pictures"
    assert table["Result"].tolist()[-1] == "Left out. It would take too long."
    assert "Trying **Fine-tuning every block**" in words(app)
    assert not run.take_file.exists()
    button(app, "Take this one").click().run()
    assert run.take_file.exists()
