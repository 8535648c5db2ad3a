"""The curves of each class are scikit-learn's, thinned so that they can be drawn, and read for those who train."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from tests.runs.logs import fold
from tlcore.backbones.catalogue import find
from tlcore.evaluation.training_diagnostics import read_curves
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import EpochEnded, PhaseStarted, Started
from tlcore.runs.overfitting import overfitting_note
from tlcore.runs.problems import problems
from tlcore.tasks.classification.roc_pr import MOST_POINTS, areas, class_curves


def chances(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, n)
    found = rng.dirichlet([1, 1, 1], n) + 0.3 * np.eye(4)[true][:, :3]
    return true, found / found.sum(axis=1, keepdims=True)


def test_thinned_curves_have_the_area_of_the_whole_ones():
    true, found = chances()
    table = class_curves(true, found)
    assert set(table["class"]) == {0, 1, 2}
    for (label, kind), curve in table.groupby(["class", "kind"]):
        auc, average_precision = areas(true == label, found[:, label])
        assert len(curve) <= MOST_POINTS
        assert curve["x"].is_monotonic_increasing
        assert curve["threshold"].is_monotonic_decreasing
        expected = auc if kind == "roc" else average_precision
        assert reference.auc(curve["x"], curve["y"]) == pytest.approx(expected, abs=0.005)
    assert auc == pytest.approx(reference.roc_auc_score(true == 2, found[:, 2]))
    assert average_precision == pytest.approx(reference.average_precision_score(true == 2, found[:, 2]))


def test_a_class_without_pictures_has_no_curve():
    true, found = chances()
    table = class_curves(np.where(true == 2, 0, true), found)
    assert set(table["class"]) == {0, 1}
    assert areas(np.zeros(4, bool), np.ones(4)) == areas(np.ones(4, bool), np.ones(4)) == (None, None)
    nothing = class_curves(np.empty(0, np.int64), np.empty((0, 3)))
    assert nothing.empty
    assert list(nothing) == list(table)


# === Read for the user ===


def trained(losses, val_losses, *, accuracy=0.95, planned=None, phase="head"):
    """What is left of a training with these losses, epoch by epoch."""
    epochs = [
        EpochEnded(
            phase=phase,
            epoch=number,
            loss=loss,
            accuracy=accuracy,
            val_loss=val_loss,
            val_accuracy=accuracy - 0.02,
            learning_rate=1e-3,
            seconds=1.0,
            images_per_second=1.0,
            best=False,
        )
        for number, (loss, val_loss) in enumerate(zip(losses, val_losses, strict=True), start=1)
    ]
    begun = PhaseStarted(phase=phase, title="", epochs=planned or len(epochs), first_epoch=1)
    return fold([Started(pid=1), begun, *epochs], alive=True)


SETTLED = [1.0, 0.6, 0.45, 0.4, 0.38, 0.375, 0.372, 0.371, 0.371]
FINE_TUNE = TrainingConfig(dataset="d", mode="fine-tune", blocks=4)


def test_a_training_that_went_well_has_nothing_to_say():
    assert read_curves(trained(SETTLED, [loss + 0.05 for loss in SETTLED]), TrainingConfig(dataset="d")) == ()


@pytest.mark.parametrize(
    ("kind", "state", "config", "changes", "sign"),
    [
        (
            "overfitting",
            trained([1.0, 0.6, 0.4, 0.2, 0.1, 0.05], [1.0, 0.7, 0.6, 0.66, 0.7, 0.8], phase="fine-tune"),
            FINE_TUNE,
            {"augment": ("flip_left_right", "rotate", "zoom", "brightness"), "blocks": 2, "dropout": 0.4},
            "After epoch 3 the validation loss rose from 0.60 to 0.80",
        ),
        (
            "underfitting",
            trained([1.5, 1.2, 1.0, 0.99, 0.985, 0.984], [1.5, 1.2, 1.0, 0.99, 0.99, 0.99], accuracy=0.6),
            TrainingConfig(dataset="d"),
            {"mode": "fine-tune", "blocks": len(find("efficientnet_lite0").blocks) // 3, "dropout": 0.0},
            "Only 60% of the pictures",
        ),
        (
            "stopped-too-early",
            trained([2.0, 1.6, 1.3, 1.0, 0.8], [2.0, 1.7, 1.4, 1.2, 1.0]),
            TrainingConfig(dataset="d", epochs=5),
            {"epochs": 10},
            "still falling, from 1.70 to 1.00",
        ),
        (
            "rate-too-high",
            trained([1.0, 1.4, 1.2, 1.9, 1.5], [1.0, 1.5, 1.4, 2.0, 1.6], phase="fine-tune-2"),
            FINE_TUNE,
            {"fine_tune_learning_rate": 0.0003},
            "rose from 1.00 to 1.50",
        ),
        (
            "rate-too-high",
            trained([1.0, 0.4, 0.9, 0.3, 0.8, 0.2], [1.0] * 6),
            TrainingConfig(dataset="d"),
            {"head_learning_rate": 0.003},
            "jumped up by more than a fifth 2 times",
        ),
        (
            "rate-too-high",
            trained([1.0, float("nan")], [1.0, float("nan")]),
            TrainingConfig(dataset="d"),
            {"head_learning_rate": 0.001},
            "In epoch 2 the training loss was no number",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_what_went_wrong_is_seen_with_its_sign_and_what_to_change(
    kind, state, config, changes, sign, workspace, tiny_dataset
):
    (reading, *rest) = read_curves(state, config)
    assert not rest
    assert reading.kind == kind
    assert sign in reading.sign
    assert {change.field: change.value for change in reading.changes} == changes
    # What is advised can be started.
    changed = config.model_copy(update={**changes, "dataset": tiny_dataset.id})
    assert problems(TrainingConfig.model_validate(changed.model_dump()), tiny_dataset) == ()


@pytest.mark.parametrize("last", [0.64, 0.66])
def test_the_curves_of_a_finished_run_overfit_where_those_of_a_running_one_did(last):
    state = trained([1.0, 0.6, 0.4, 0.2, 0.1, 0.05], [1.0, 0.7, 0.6, 0.66, 0.7, last])
    kinds = [reading.kind for reading in read_curves(state, TrainingConfig(dataset="d"))]
    assert (kinds == ["overfitting"]) == bool(overfitting_note(state.epochs)) == (last > 0.65)


def test_a_training_that_stopped_by_itself_was_not_stopped_too_early():
    losses = [2.0, 1.6, 1.3, 1.0, 0.8]
    assert read_curves(trained(losses, [2.0, 1.7, 1.4, 1.2, 1.0], planned=20), TrainingConfig(dataset="d")) == ()


def test_the_warm_up_of_a_head_and_a_solved_head_are_not_read():
    assert read_curves(trained([1.0], [1.0], phase="logistic"), TrainingConfig(dataset="d")) == ()
    state = trained([1.0, 0.9], [1.0, 0.9], phase="fine-tune")
    assert read_curves(state, FINE_TUNE) == ()
