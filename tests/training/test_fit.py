from __future__ import annotations

import keras
import numpy as np
import pytest

from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import EpochEnded, Progress
from tlcore.training.fit import Batches, Best, Labelled, Watch, class_weights, compile_for
from tlcore.training.phases import Phase


def part(n=23, classes=3):
    labels = np.arange(n) % classes
    features = np.eye(classes, dtype=np.float32)[labels]
    return Labelled(lambda rows, epoch: features[rows], labels.astype(np.int64), np.ones(n, np.float32))


def phase(**changes):
    return Phase(
        **{"name": "head", "title": "Head", "cut": 1, "epochs": 4, "learning_rate": 0.1, "patience": 0} | changes
    )


def batches(labelled, *, shuffle=True, batch_size=8):
    return Batches(labelled, batch_size=batch_size, seed=0, shuffle=shuffle, first_epoch=1, workers=1)


def fit(phase, best=None, *, stop=lambda: False, optimizer="adamw", train=None):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    train, reported = batches(train or part()), []
    config = TrainingConfig(dataset="d", optimizer=optimizer)
    compile_for(model, phase, config, steps=train.num_batches)
    watch = Watch(
        phase, best or Best(), first_epoch=1, epochs=phase.epochs, pictures=23, report=reported.append, stop=stop
    )
    model.fit(train, validation_data=batches(part(), shuffle=False), epochs=phase.epochs, callbacks=[watch], verbose=0)
    return model, watch, reported


@pytest.mark.parametrize("n", [1, 8, 9, 23, 64])
def test_every_picture_comes_once_an_epoch_in_batches_of_nearly_one_size(n):
    dealt = batches(part(n))
    sizes = []
    for _ in range(2):
        labels = [dealt[index][1] for index in range(dealt.num_batches)]
        sizes = [len(batch) for batch in labels]
        assert sorted(np.concatenate(labels)) == sorted(np.arange(n) % 3)
        dealt.on_epoch_end()
    assert max(sizes) <= 8
    assert max(sizes) - min(sizes) <= 1


def test_epochs_come_in_different_orders_and_validation_in_one():
    for shuffle in (True, False):
        dealt = batches(part(), shuffle=shuffle)
        first = dealt[0][1].tolist()
        dealt.on_epoch_end()
        assert (dealt[0][1].tolist() != first) == shuffle


def test_rare_classes_count_more_and_a_picture_counts_one_on_average():
    labels = np.array([0] * 9 + [1] * 3)
    counts = class_weights(labels, 3, "weights")
    assert counts[1] == pytest.approx(3 * counts[0])
    assert counts[labels].mean() == pytest.approx(1)
    assert (class_weights(labels, 3, "none") == 1).all()


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_every_optimizer_learns_and_every_epoch_is_reported(optimizer):
    _, watch, reported = fit(phase(epochs=12), optimizer=optimizer)
    epochs = [news for news in reported if isinstance(news, EpochEnded)]
    assert [news.epoch for news in epochs] == list(range(1, 13))
    assert epochs[-1].val_loss < epochs[0].val_loss
    assert watch.done == 12
    progress = [news for news in reported if isinstance(news, Progress)]
    assert (progress[-1].done, progress[-1].total, progress[-1].epoch) == (3, 3, 12)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing():
    _, _, reported = fit(phase(epochs=10))
    rates = [news.learning_rate for news in reported if isinstance(news, EpochEnded)]
    assert max(rates) == pytest.approx(0.1, rel=0.05)
    assert rates[-1] == pytest.approx(0, abs=1e-4)


def test_the_best_weights_come_back_and_patience_ends_the_phase():
    best = Best(loss=-1.0)  # nothing can be better
    model, watch, _ = fit(phase(epochs=9, patience=2), best)
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    untouched = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    assert watch.done == 2
    for kept, first in zip(model.get_weights(), untouched.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, first)


def test_a_stop_ends_the_phase_within_a_batch_and_half_an_epoch_is_not_reported():
    looks = iter([False] * 4 + [True] * 9)
    _, watch, reported = fit(phase(epochs=50), stop=lambda: next(looks))
    assert watch.stopped
    assert watch.done == 0 or len([news for news in reported if isinstance(news, EpochEnded)]) == watch.done == 0


def test_the_same_seed_gives_the_same_weights():
    first, second = fit(phase())[0], fit(phase())[0]
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
