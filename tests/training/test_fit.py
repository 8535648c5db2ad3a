from __future__ import annotations

import copy

import keras
import numpy as np
import pytest

from tests.heads import head
from tlcore.jobs.progress import Progress
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import EpochEnded
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.classification.keras_head import class_weights
from tlcore.training.batches import Batches, InOrder, Labelled, sampled
from tlcore.training.fit import Best, Standing, Watch, assign, train_phase, values
from tlcore.training.mixup import Mixing
from tlcore.training.optimizer import compile_for
from tlcore.training.phases import Phase

pytestmark = pytest.mark.slow


def part(n=23, classes=3):
    labels = np.arange(n) % classes
    features = np.eye(classes, dtype=np.float32)[labels]
    return Labelled(
        lambda rows, epoch: {"features": features[rows]}, labels.astype(np.int64), np.ones(n, np.float32), head(classes)
    )


def phase(**changes):
    return Phase(
        **{"name": "head", "title": "Head", "cut": 1, "epochs": 4, "learning_rate": 0.1, "patience": 0} | changes
    )


def batches(labelled, *, batch_size=8, **changes):
    return Batches(labelled, batch_size=batch_size, seed=0, **changes)


def small_model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,), name="features")
    return keras.Model({"features": inputs}, keras.layers.Dense(3)(keras.layers.Dropout(0.1, seed=1)(inputs)))


class Attempt:
    """A phase trained from its beginning, or from what `saved` kept of it."""

    def __init__(self, phase, best=None, *, stop=lambda: False, saved=None, rates=(), train=None, **settings):
        self.model, self.reported, self.saved = small_model(), [], []
        self.best = best or Best()
        standing = saved["standing"] if saved else Standing()
        train = batches(train or part())
        compile_for(
            self.model, phase, TrainingConfig(dataset="d", **settings), train.part.head, steps=train.number, rates=rates
        )
        self.model.optimizer.build(self.model.trainable_variables)
        if saved:
            assign(self.model.variables, saved["model"])
            assign(self.model.optimizer.variables, saved["optimizer"])
            self.best = saved["best"]
        self.watch = Watch(
            phase,
            self.best,
            standing,
            train,
            validation=part(),
            batch_size=8,
            target=CLASSIFICATION.find_metric(settings.get("target_metric", "loss")),
            epochs=phase.epochs,
            report=self.reported.append,
            stop=stop,
            save=self.save,
        )
        train_phase(self.model, self.watch)

    def save(self):
        self.saved.append(
            {
                "standing": copy.deepcopy(self.watch.standing),
                "best": copy.deepcopy(self.best),
                "model": values(self.model.variables),
                "optimizer": values(self.model.optimizer.variables),
            }
        )

    @property
    def epochs(self):
        return [news for news in self.reported if isinstance(news, EpochEnded)]


@pytest.mark.parametrize("n", [1, 8, 9, 23, 64])
def test_every_picture_comes_once_an_epoch_in_batches_of_nearly_one_size(n):
    dealt = batches(part(n))
    sizes = []
    for epoch in (1, 2):
        dealt.deal(epoch)
        labels = [dealt[index][1].argmax(1) for index in range(dealt.num_batches)]
        sizes = [len(batch) for batch in labels]
        assert sorted(np.concatenate(labels)) == sorted(np.arange(n) % 3)
    assert max(sizes) <= 8
    assert max(sizes) - min(sizes) <= 1


def test_epochs_come_in_different_orders():
    dealt = batches(part())
    first = dealt[0][1].tolist()
    dealt.deal(2)
    assert dealt[0][1].tolist() != first


def test_the_rest_of_an_epoch_has_the_very_batches_that_were_left():
    whole, rest = batches(part()), batches(part())
    rest.deal(1, first_batch=2)
    assert rest.num_batches == whole.num_batches - 2
    np.testing.assert_array_equal(rest[0][0]["features"], whole[2][0]["features"])


def test_pictures_that_are_only_looked_at_come_in_their_order():
    looked_at = InOrder(part().source, 23, batch_size=8)
    inputs = np.concatenate([looked_at[index][0]["features"] for index in range(looked_at.num_batches)])
    np.testing.assert_array_equal(inputs.argmax(1), np.arange(23) % 3)


def test_sampling_shows_every_class_equally_often_and_no_picture_twice_before_all_of_its_class():
    labels = np.array([0] * 20 + [1] * 6 + [2] * 4)
    rows = sampled(labels, np.random.default_rng(0))
    assert np.bincount(labels[rows]).tolist() == [10, 10, 10]
    counts = np.bincount(rows, minlength=30)
    for label in range(3):
        own = counts[labels == label]
        assert own.max() - own.min() <= 1


def test_rare_classes_count_more_and_a_picture_counts_one_on_average():
    labels = np.array([0] * 9 + [1] * 3)
    counts = class_weights(labels, 3, "weights")
    assert counts[1] == pytest.approx(3 * counts[0])
    assert counts[labels].mean() == pytest.approx(1)
    assert (class_weights(labels, 3, "none") == 1).all()


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_every_optimizer_learns_and_every_epoch_is_reported(optimizer):
    attempt = Attempt(phase(epochs=12), optimizer=optimizer)
    assert [news.epoch for news in attempt.epochs] == list(range(1, 13))
    assert attempt.epochs[-1].val_loss < attempt.epochs[0].val_loss
    assert attempt.watch.standing.done == 12
    progress = [news for news in attempt.reported if isinstance(news, Progress)]
    assert (progress[-1].done, progress[-1].total, progress[-1].epoch) == (3, 3, 12)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing():
    rates = [news.learning_rate for news in Attempt(phase(epochs=10)).epochs]
    assert max(rates) == pytest.approx(0.1, rel=0.05)
    assert rates[-1] == pytest.approx(0, abs=1e-4)


def test_the_best_weights_come_back_and_patience_ends_the_phase():
    attempt = Attempt(phase(epochs=9, patience=2), Best(score=(0.0, 1.0)))  # nothing can be better
    assert attempt.watch.standing.done == 2
    for kept, first in zip(attempt.model.get_weights(), small_model().get_weights(), strict=True):
        np.testing.assert_array_equal(kept, first)


def test_a_stop_ends_the_phase_within_a_batch_and_half_an_epoch_is_not_reported():
    looks = iter([False] * 4 + [True] * 9)
    attempt = Attempt(phase(epochs=50), stop=lambda: next(looks))
    assert attempt.watch.stopped
    assert len(attempt.epochs) == attempt.watch.standing.done < 3


@pytest.mark.parametrize(("looks", "ema"), [(2, 0.0), (4, 0.0), (7, 0.9)])
def test_a_training_that_was_stopped_anywhere_goes_on_as_if_it_had_not_been(looks, ema):
    whole = Attempt(phase(epochs=4), ema=ema)
    left = iter([False] * looks + [True])
    first = Attempt(phase(epochs=4), ema=ema, stop=lambda: next(left))
    assert first.watch.stopped
    second = Attempt(phase(epochs=4), ema=ema, saved=first.saved[-1])
    for one, other in zip(whole.model.get_weights(), second.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    said, again = [(news.epoch, news.best) for news in whole.epochs], first.epochs + second.epochs
    assert [(news.epoch, news.best) for news in again] == said
    for measure in ("loss", "accuracy", "val_loss", "learning_rate"):
        once, twice = ([getattr(news, measure) for news in epochs] for epochs in (whole.epochs, again))
        np.testing.assert_allclose(twice, once, atol=1e-2 if measure in ("loss", "accuracy") else 1e-6)


def test_a_training_is_saved_at_every_epoch_and_on_the_way_of_a_long_one(monkeypatch):
    assert [saved["standing"].batch for saved in Attempt(phase(epochs=2)).saved] == [0, 0]
    monkeypatch.setattr("tlcore.training.fit.CHECKPOINT_SECONDS", -1.0)
    assert [saved["standing"].batch for saved in Attempt(phase(epochs=2)).saved] == [1, 2, 0, 1, 2, 0]


def test_averaged_weights_are_what_is_judged_and_kept():
    plain, averaged = Attempt(phase(epochs=3)), Attempt(phase(epochs=3), ema=0.99)
    moved = [
        np.abs(attempt.model.get_weights()[0] - small_model().get_weights()[0]).max() for attempt in (plain, averaged)
    ]
    assert moved[1] < 0.5 * moved[0]
    assert averaged.epochs[-1].val_loss > plain.epochs[-1].val_loss


def test_a_variable_learns_at_a_rate_of_its_own():
    model = Attempt(phase(epochs=2), rates=(1.0, 0.0)).model
    kernel, bias = model.get_weights()
    first_kernel, first_bias = small_model().get_weights()
    assert not np.array_equal(kernel, first_kernel)
    np.testing.assert_array_equal(bias, first_bias)


@pytest.mark.parametrize("target", ["loss", "accuracy", "balanced_accuracy", "macro_f1"])
def test_the_target_metric_chooses_the_best_epoch(target):
    epochs = Attempt(phase(epochs=6, learning_rate=0.02), target_metric=target).epochs
    scores = [(-news.val_loss if target == "loss" else news.val_figures[target], -news.val_loss) for news in epochs]
    best = [number for number, news in enumerate(epochs) if news.best]
    assert best[-1] == max(range(6), key=scores.__getitem__)


def test_the_same_seed_gives_the_same_weights():
    first, second = Attempt(phase()).model, Attempt(phase()).model
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("mixing", [Mixing(mixup=0.4, cutmix=0.0), Mixing(mixup=0.0, cutmix=1.0), Mixing(0.4, 1.0)])
def test_mixed_answers_are_what_the_inputs_are_made_of(mixing):
    labels = np.arange(12) % 3
    inputs = np.broadcast_to(np.eye(3)[labels][:, None, None, :], (12, 10, 10, 3)).astype(np.float32)
    answers = np.eye(3, dtype=np.float32)[labels]
    weights, chance = np.ones(12, np.float32), np.random.default_rng(0)
    mixed, said, weights = mixing({"pixels": inputs}, answers, weights, chance)
    np.testing.assert_allclose(mixed["pixels"].mean(axis=(1, 2)), said, atol=1e-6)
    np.testing.assert_allclose(weights, 1, atol=1e-6)
    assert (said.max(axis=1) < 1).any()


def test_features_without_an_area_are_not_pasted_into():
    features = np.random.default_rng(0).random((6, 4)).astype(np.float32)
    answers = np.eye(3, dtype=np.float32)[np.arange(6) % 3]
    weights, chance = np.ones(6, np.float32), np.random.default_rng(0)
    mixed, _, _ = Mixing(mixup=0.0, cutmix=1.0)({"features": features}, answers, weights, chance)
    np.testing.assert_array_equal(mixed["features"], features)
