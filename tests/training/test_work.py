"""The whole worker on real pictures, small."""

from __future__ import annotations

import keras
import numpy as np
import onnxruntime
import pytest

from tests.export.this_process import export_here
from tests.training import tiny_run
from tlcore.backbones import catalogue
from tlcore.contract import read_contract
from tlcore.errors import ExportError, RunError
from tlcore.evaluation.files import read_calibration, read_ood, read_predictions
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.events import Started
from tlcore.runs.exporting import DOWNLOADS, Making, under_way
from tlcore.runs.formats import WITH_RUN
from tlcore.runs.manifest import read_manifests
from tlcore.runs.recorder import Recorder
from tlcore.training import trainer
from tlcore.training import work as worker
from tlcore.training.work import work

pytestmark = pytest.mark.slow


def make_run(workspace, dataset, **changes):
    settings = {"epochs": 2, "input.size": 64, "batch_size": 8, "fractions": Fractions(train=0.5, val=0.25, test=0.25)}
    return create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, **(settings | changes)))


SMALL = {"backbone": tiny_run.TINY.key, "input.size": tiny_run.SIZE}


@pytest.fixture
def tiny_weights(workspace, monkeypatch):
    """Backbones of two and of three small blocks can be chosen."""
    monkeypatch.setattr(catalogue, "CATALOGUE", tiny_run.WITH_TINY)
    for tiny in (tiny_run.TINY, tiny_run.DEEPER):
        tiny_run.write_weights(workspace, tiny)


@pytest.fixture
def proven_here(monkeypatch):
    """Keras' archive is asked in this process; in a fresh one it is by the workers that commands and pages start."""
    export_here(monkeypatch)


@pytest.fixture
def tiny_network(tiny_weights, monkeypatch):
    """The small backbone, whose files nobody makes or proves, for what depends on neither."""
    monkeypatch.setattr(worker, "export_run", lambda *asked, **more: ())
    return SMALL


def phases(run):
    return [phase.name for phase in run.state().phases]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"mode": "freeze"},
            ["prepare", "prepare", "trunk", "logistic", "head", "folds", "save", "evaluate"],
        ),
        (
            {"mode": "fine-tune", "blocks": 1, "balancing": "weights", "head": "trained", **SMALL},
            ["prepare", "prepare", "trunk", "head", "trunk", "fine-tune", "folds", "save", "evaluate"],
        ),
        (
            {"mode": "fine-tune", "blocks": 2, "augment": ("rotate", "contrast"), "head": "trained", **SMALL},
            ["prepare", "prepare", "trunk", "head", "fine-tune", "folds", "save", "evaluate"],
        ),
        (
            {
                "mode": "fine-tune",
                "blocks": 2,
                "gradual": True,
                "head": "both",
                "layer_decay": 0.7,
                "ema": 0.9,
                "mixup": 0.2,
                "cutmix": 1.0,
                "label_smoothing": 0.1,
                "balancing": "sampling",
                "target_metric": "macro_f1",
                **SMALL,
                "backbone": tiny_run.DEEPER.key,
            },
            [
                *["prepare", "prepare", "trunk", "logistic", "head", "trunk", "fine-tune", "trunk"],
                *["fine-tune-2", "folds", "save", "evaluate"],
            ],
        ),
        (
            {"mode": "freeze", "head": "logistic", **SMALL},
            ["prepare", "prepare", "trunk", "logistic", "folds", "save", "evaluate"],
        ),
        (
            {"mode": "freeze", "head": "logistic", "features": "every", **SMALL},
            ["prepare", "prepare", "trunk", "logistic", "folds", "save", "evaluate"],
        ),
    ],
    ids=[
        *("freeze", "fine-tune some blocks", "fine-tune every block", "everything switched on", "logistic"),
        "every block's features",
    ],
)
@pytest.mark.usefixtures("tiny_weights", "proven_here")
def test_every_mode_goes_the_same_way_and_leaves_models_that_agree(workspace, tiny_dataset, settings, expected):
    run = make_run(workspace, tiny_dataset, **settings)
    assert work(run.path) == 0, run.log()
    state = run.state()
    assert state.state == "finished"
    assert phases(run) == expected
    assert [epoch.epoch for epoch in state.epochs] == list(range(1, len(state.epochs) + 1))
    assert state.test is not None
    assert state.test.n == 9
    assert {made.format: made.agrees for made in read_manifests(run.path)} == dict.fromkeys(WITH_RUN, True)
    assert Making(run, DOWNLOADS).state().state == "finished"
    found = read_calibration(run.path)
    assert found.in_model
    assert found.temperature == read_contract(run.path).temperature
    assert (found.validation, found.test) == (9, 9)
    assert read_ood(run.path).validation <= 0.2

    model = keras.models.load_model(run.model_keras, safe_mode=True)
    size = run.config.input.size
    pixels = np.random.default_rng(0).integers(0, 256, (3, size, size, 3)).astype(np.float32)
    (answers,) = onnxruntime.InferenceSession(str(run.model_onnx)).run(["probabilities"], {"pixels": pixels})
    np.testing.assert_allclose(model.predict(pixels, verbose=0), answers, atol=1e-4)


def test_a_trained_head_replaces_the_exact_one_only_where_it_is_more_often_right(workspace, tiny_dataset, tiny_network):
    run = make_run(workspace, tiny_dataset, mode="freeze", head="both", **{**tiny_network, "epochs": 4})
    assert work(run.path) == 0, run.log()
    exact, *trained = run.state().epochs
    assert min(each.val_loss for each in trained) < exact.val_loss, "by the metric alone it would be kept"
    assert [each.best for each in (exact, *trained)] == [True, False, False, False, False]
    assert run.state().best_epoch == exact.epoch


def test_the_result_stands_before_the_downloads_are_made_and_whatever_becomes_of_them(
    workspace, tiny_dataset, monkeypatch
):
    run = make_run(workspace, tiny_dataset)
    downloads = Making(run, DOWNLOADS)

    def fail(*asked, **more):
        seen.extend([run.state().state, downloads.state().state])
        with pytest.raises(RunError, match="downloads"):
            run.delete()
        raise ExportError("No file can be made.")

    seen = []
    monkeypatch.setattr(worker, "export_run", fail)
    with Recorder(run) as recorder:
        recorder.record(Started.here())
        worker.make_downloads(run, recorder)
    assert seen == ["finished", "running"]
    assert run.state().state == "finished"
    assert under_way(run)[DOWNLOADS].error == "No file can be made."


def test_the_same_seed_gives_the_same_model_and_the_trunk_is_computed_once(workspace, tiny_dataset, tiny_network):
    lasting = {"epochs": 100, "patience": 1, "head": "trained", "head_learning_rate": 1.0}  # too large to last
    first, second = (make_run(workspace, tiny_dataset, seed=3, **lasting, **tiny_network) for _ in range(2))
    assert work(first.path) == work(second.path) == 0
    state = first.state()
    done = len(state.epochs)
    assert done < 100
    assert state.phases[0].planned == 0, "it does not train"
    assert {phase.planned for phase in state.phases if phase.epochs} == {100}
    assert state.planned_epochs == done, "early stopping makes the plan shorter, and it is said"
    assert any(f"stopped early, after {done} of 100 epochs" in note for note in state.notes)
    assert "trunk" in phases(first)
    assert "trunk" not in phases(second)
    np.testing.assert_array_equal(
        read_predictions(first.path).filter(like="p_").to_numpy(),
        read_predictions(second.path).filter(like="p_").to_numpy(),
    )


def test_a_batch_that_does_not_fit_into_memory_is_halved_once_and_the_run_goes_on(
    workspace, tiny_dataset, tiny_network, monkeypatch
):
    sizes = []

    def train_phase(model, watch):
        sizes.append((watch.batch_size, model.optimizer.gradient_accumulation_steps))
        if watch.phase.name == "fine-tune" and watch.batch_size > 4:
            raise MemoryError
        return really_train(model, watch)

    really_train = trainer.train_phase
    monkeypatch.setattr(trainer, "train_phase", train_phase)
    run = make_run(workspace, tiny_dataset, mode="fine-tune", blocks=1, **tiny_network)
    assert work(run.path) == 0, run.log()
    assert sizes == [(8, None), (8, None), (4, 2)]
    state = run.state()
    assert state.state == "finished"
    assert any("Batches of 8 pictures did not fit" in note for note in state.notes)
    assert [epoch.epoch for epoch in state.epochs] == list(range(1, len(state.epochs) + 1))


def test_a_run_whose_pictures_are_gone_fails_with_a_sentence(workspace, tiny_dataset):
    run = make_run(workspace, tiny_dataset)
    tiny_dataset.delete()
    assert work(run.path) == 1
    state = run.state()
    assert state.state == "failed"
    assert state.error.endswith(".")
    assert not run.model_keras.exists()


def test_a_run_that_is_stopped_before_its_head_exists_has_nothing_to_judge(workspace, tiny_dataset):
    run = make_run(workspace, tiny_dataset)
    run.stop()
    assert work(run.path) == 0
    assert run.state().state == "stopped"
    assert not run.model_keras.exists()
