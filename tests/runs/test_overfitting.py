"""When the curves say that a model learns by heart, and when they do not."""

from __future__ import annotations

from tlcore.runs.events import EpochEnded
from tlcore.runs.overfitting import overfitting_note, turning_point


def curve(losses, val_losses, phase="head", first=1):
    return [
        EpochEnded(
            phase=phase,
            epoch=first + index,
            loss=loss,
            accuracy=0.5,
            val_loss=val_loss,
            val_accuracy=0.5,
            learning_rate=1e-3,
            seconds=1.0,
            images_per_second=100.0,
            best=False,
        )
        for index, (loss, val_loss) in enumerate(zip(losses, val_losses, strict=True))
    ]


def test_a_validation_loss_that_rises_while_the_training_loss_falls_has_turned_at_its_lowest_epoch():
    epochs = curve([1.0, 0.8, 0.6, 0.4, 0.2, 0.1], [1.0, 0.8, 0.7, 0.8, 0.9, 1.0])
    assert turning_point(epochs) == 3
    assert "epoch 3" in overfitting_note(epochs)


def test_losses_that_both_fall_have_not_turned():
    assert turning_point(curve([1.0, 0.8, 0.6, 0.4], [1.1, 0.9, 0.8, 0.7])) is None


def test_one_noisy_epoch_is_no_turn():
    assert turning_point(curve([1.0, 0.8, 0.6, 0.5], [1.0, 0.8, 1.2, 0.7])) is None
    assert turning_point(curve([1.0, 0.8, 0.6], [1.0, 0.8, 1.2])) is None


def test_the_noise_of_a_loss_near_zero_is_no_turn():
    losses, val_losses = [0.02, 0.01, 0.005, 0.004, 0.003], [0.12, 0.085, 0.11, 0.10, 0.12]
    assert turning_point(curve(losses, val_losses)) is None


def test_a_flat_validation_loss_is_no_turn():
    assert turning_point(curve([1.0, 0.8, 0.6, 0.5, 0.4], [0.8, 0.7, 0.705, 0.71, 0.72])) is None


def test_training_that_diverges_is_no_turn():
    assert turning_point(curve([0.5, 0.4, 0.8, 1.6, 3.2], [0.6, 0.5, 0.9, 1.8, 3.6])) is None


def test_the_jump_at_the_start_of_fine_tuning_is_no_turn():
    warm_up = curve([1.0, 0.5], [1.0, 0.5])
    assert turning_point(warm_up + curve([0.9, 0.7, 0.4], [0.9, 0.8, 0.6], phase="fine-tune", first=3)) is None


def test_no_epochs_say_nothing():
    assert turning_point([]) is None
    assert overfitting_note([]) == ""
