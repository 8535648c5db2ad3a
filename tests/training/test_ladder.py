"""Auto: candidates in the order of their cost, the best of which is kept."""

from __future__ import annotations

from types import MappingProxyType

import keras
import numpy as np
import onnxruntime
import pytest

from tests.training import tiny_run
from tlcore.backbones import catalogue
from tlcore.data.dataset import open_dataset
from tlcore.data.test_usage import read_looks
from tlcore.errors import WeightsError
from tlcore.modalities.image import IMAGE
from tlcore.modalities.image.settings import larger
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.tasks.evaluation import Figure
from tlcore.training import ladder
from tlcore.training import work as worker
from tlcore.training.judging import Judged, is_clear, standard_error
from tlcore.training.pace import Pace
from tlcore.training.work import work

SETTINGS = {
    "mode": "auto",
    "budget": "best",
    "backbone": tiny_run.TINY.key,
    "input.size": tiny_run.SIZE,
    "epochs": 1,
    "batch_size": 8,
    "fractions": Fractions(train=0.5, val=0.25, test=0.25),
}


@pytest.fixture
def make_run(workspace, tiny_dataset, monkeypatch):
    """Make runs of Auto that can choose between two small backbones, and whose files nobody proves."""
    rows = {each.key: each for each in (tiny_run.TINY, tiny_run.DEEPER)}
    monkeypatch.setattr(catalogue, "CATALOGUE", MappingProxyType(rows))
    for tiny in rows.values():
        tiny_run.write_weights(workspace, tiny)
    monkeypatch.setattr(worker, "export_run", lambda *asked, **more: ())
    return lambda **more: create_run(
        workspace, tiny_dataset, TrainingConfig(dataset=tiny_dataset.id, **{**SETTINGS, **more})
    )


@pytest.mark.slow
def test_candidates_come_in_the_order_of_their_cost_and_the_best_is_the_runs_model(make_run, workspace):
    run = make_run()
    assert work(run.path) == 0, run.log()
    state = run.state()
    assert state.state == "finished"
    names = [each.name for each in state.candidates]
    assert names[:2] == ["last-block", "every-block"]
    assert [names[2].rpartition("-")[2], names[3].rpartition("-")[2]] == ["larger", "deeper"]
    assert names[4].startswith("fine-tune-")
    assert state.candidates[0].outcome == "leads"
    exact = [each for each in state.candidates if each.by == "cross-validation"]
    assert {each.n for each in exact} == {len(run.split().query("split != 'test'"))}
    assert all(0 <= each.low <= each.value <= each.high <= 1 for each in exact)
    assert state.leader is not None
    assert run.config == run.given.changed(state.leader.settings)
    assert state.best_epoch == state.leader.best_epoch
    assert [epoch.epoch for epoch in state.epochs] == list(range(1, len(state.epochs) + 1))

    model = keras.models.load_model(run.model_keras, safe_mode=True)
    size = run.config.input.size
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size, 3)).astype(np.float32)
    (answers,) = onnxruntime.InferenceSession(str(run.model_onnx)).run(["probabilities"], {"pixels": pixels})
    np.testing.assert_allclose(model.predict(pixels, verbose=0), answers, atol=1e-4)
    assert [each.run for each in read_looks(open_dataset(workspace, run.dataset.id))] == [run.id]


@pytest.mark.slow
def test_who_takes_the_best_so_far_gets_it_judged_and_nothing_more_is_tried(make_run):
    run = make_run()
    run.take()  # before there is a model: the first one is taken
    assert work(run.path) == 0, run.log()
    state = run.state()
    assert state.state == "finished"
    assert [each.name for each in state.candidates if each.value is not None] == ["last-block"]
    assert state.test is not None


@pytest.mark.slow
def test_a_paused_search_goes_on_where_it_was(make_run, monkeypatch):
    run = make_run()
    really = ladder.Ladder._fine_tuning

    def pause(self):
        run.pause()
        really(self)

    monkeypatch.setattr(ladder.Ladder, "_fine_tuning", pause)
    assert work(run.path) == 0, run.log()
    assert run.state().state == "paused"
    before = [each.name for each in run.state().candidates if each.value is not None]
    assert before[:2] == ["last-block", "every-block"]
    monkeypatch.setattr(ladder.Ladder, "_fine_tuning", really)
    run.pause_file.unlink()
    assert work(run.path) == 0, run.log()
    state = run.state()
    assert state.state == "finished"
    names = [event.name for event in run.events() if event.kind == "candidate_ended" and event.value is not None]
    assert names[: len(before)] == before
    assert len(names) == len(set(names))
    assert [epoch.epoch for epoch in state.epochs] == list(range(1, len(state.epochs) + 1))


@pytest.mark.slow
def test_fine_tuning_that_does_not_fit_into_the_budget_is_left_out_and_says_how_long_it_takes(make_run, monkeypatch):
    monkeypatch.setattr(ladder, "measure_pace", lambda *model, **more: Pace(0.0, 1000.0, 8))
    run = make_run(minutes=2.0, epochs=10)
    assert work(run.path) == 0, run.log()
    (left_out,) = (each for each in run.state().candidates if each.name.startswith("fine-tune"))
    assert left_out.outcome == "skipped"
    assert " h " in left_out.reason
    assert "of the budget are left" in left_out.reason


@pytest.mark.slow
def test_a_candidate_that_fails_is_told_and_the_best_so_far_stays(make_run, monkeypatch):
    def fail(self, candidate):
        raise WeightsError("The weights are damaged. Download them again.")

    monkeypatch.setattr(ladder.Ladder, "_solve_if_affordable", fail)
    run = make_run(minutes=0.1)
    assert work(run.path) == 0, run.log()
    state = run.state()
    assert state.state == "finished"
    failed = [each for each in state.candidates if each.outcome == "stopped"]
    assert failed
    assert {each.reason for each in failed} == {"The weights are damaged. Download them again."}
    assert state.leader is not None
    assert state.test is not None


def judged(errors: list[float], val: list[float], **groups) -> Judged:
    figure = Figure(value=0.0, low=0.0, high=1.0)
    return Judged(np.array(errors) if errors else None, np.array(val), figure, len(val), **groups)


def test_candidates_are_compared_on_all_items_that_both_were_judged_on():
    exact, other = judged([1, 1, 0, 0], [0, 0]), judged([0, 1, 0, 0], [0, 0])
    assert other.gain(exact) == (0.25, pytest.approx(0.25))
    tuned = judged([], [1, 0])
    assert tuned.gain(exact) == (-0.5, pytest.approx(0.5))
    assert judged([], [1, 0], val_groups=np.zeros(2, int)).gain(exact)[1] == np.inf


def test_a_gain_that_one_item_makes_decides_nothing():
    right, wrong = np.zeros(16), np.ones(16)
    assert is_clear(wrong - right)
    few = np.array([1.0, 1.0, *np.zeros(14)])
    assert few.mean() > standard_error(few)
    assert not is_clear(few), "one item fewer, and it is within one standard error"
    assert is_clear(np.array([1.0, 1.0, 1.0, 1.0, *np.zeros(12)]))
    together = np.repeat([0, 1, 2, 3], 4)
    assert not is_clear(np.repeat([1.0, 1.0, 0.0, 0.0], 4), together), "of four groups, two are few"


def test_the_standard_error_counts_items_that_belong_together_once():
    differences = np.array([1.0, 0.0, 1.0, 0.0])
    assert standard_error(differences) == pytest.approx(np.std(differences, ddof=1) / 2)
    assert standard_error(np.repeat(differences, 3), np.repeat(np.arange(4), 3)) == pytest.approx(
        standard_error(differences)
    )
    assert standard_error(np.ones(3), np.zeros(3, int)) == np.inf


def test_more_detail_is_tried_where_pictures_have_it():
    settings = IMAGE.settings(size=224)
    assert larger(settings, 500) == {"size": 320}
    assert larger(settings, 250) == {}
