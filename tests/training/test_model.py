from __future__ import annotations

import keras
import numpy as np
import pytest
from scipy.special import softmax

from tests.heads import head
from tlcore.runs.config import TrainingConfig
from tlcore.training.normalization import estimate_statistics, statistics_that_keep_up
from tlcore.training.optimizer import compile_for
from tlcore.training.phases import Phase

pytestmark = pytest.mark.slow

CUTS = [0, 1, 2, 3]


def as_inputs(pixels):
    return {"pixels": pixels.astype("float32")}


def normalizations(model):
    return [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]


def train(model, cut, colours, epochs=3, batch_size=8):
    pixels, labels = colours
    trunk, above = model.trunk(cut), model.above(cut)
    inputs = as_inputs(pixels) if trunk is None else trunk.predict(as_inputs(pixels), verbose=0)
    steps = len(labels) // batch_size
    phase = Phase("fine-tune", "", cut, epochs, 0.01, 0)
    compile_for(above, phase, TrainingConfig(dataset="d"), head(3), steps=steps)
    with statistics_that_keep_up(above, steps=steps):
        above.fit(inputs, np.eye(3)[labels], batch_size=batch_size, epochs=epochs, verbose=0)
    return above, inputs


@pytest.mark.parametrize("cut", CUTS)
def test_both_sides_of_a_cut_together_are_the_whole(tiny_model, colours, cut):
    pixels, _ = colours
    trunk = tiny_model.trunk(cut)
    features = as_inputs(pixels) if trunk is None else trunk.predict(as_inputs(pixels), verbose=0)
    pooled, (kernel, bias) = tiny_model.pooled(cut).predict(features, verbose=0), tiny_model.head
    np.testing.assert_allclose(
        softmax(pooled @ kernel + bias, axis=1), tiny_model.whole.predict(pixels, verbose=0), atol=1e-6
    )


@pytest.mark.parametrize("cut", CUTS)
def test_training_changes_everything_above_the_cut_and_nothing_below(tiny_model, colours, cut):
    before = {variable.path: np.array(variable) for variable in tiny_model.whole.variables}
    train(tiny_model, cut, colours)
    for variable in tiny_model.whole.variables:
        if "seed" in variable.path:
            continue
        number = next((int(character) for character in variable.path.split("/")[0] if character.isdigit()), 99)
        changed = not np.array_equal(before[variable.path], np.array(variable))
        assert changed == (number > cut), variable.path


def test_a_model_fine_tuned_for_some_steps_scores_alike_in_training_and_in_inference(tiny_model, colours):
    above, inputs = train(tiny_model, 0, colours, epochs=6)
    labels = colours[1]
    training = np.asarray(above(inputs, training=True)).argmax(1)
    inference = np.asarray(above(inputs, training=False)).argmax(1)
    assert (training == labels).mean() > 0.9
    assert (inference == labels).mean() > 0.9


def test_normalization_keeps_its_own_momentum_afterwards(tiny_model):
    above = tiny_model.above(0)
    before = [layer.momentum for layer in normalizations(above)]
    with statistics_that_keep_up(above, steps=2):
        assert {layer.momentum for layer in normalizations(above)} == {0.1}
    with statistics_that_keep_up(above, steps=1000):
        assert {layer.momentum for layer in normalizations(above)} == {0.9}
    assert [layer.momentum for layer in normalizations(above)] == before
    assert len(before) == 3


def test_the_whole_takes_bytes_and_floats_and_gives_probabilities(tiny_model, colours):
    pixels, _ = colours
    answers = tiny_model.whole.predict(pixels, verbose=0)
    np.testing.assert_allclose(answers.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(tiny_model.whole.predict(pixels.astype("float32"), verbose=0), answers, atol=1e-6)


def test_statistics_estimated_anew_make_inference_answer_what_training_answered(tiny_model, colours):
    pixels, _ = colours
    above = tiny_model.above(0)
    inputs = as_inputs(pixels)
    for layer in normalizations(above):
        layer.moving_mean.assign_add(np.full(layer.moving_mean.shape, 3.0))
    estimate_statistics(above, [inputs])
    features = above.get_layer("tiny_features")
    np.testing.assert_allclose(features(inputs, training=False), features(inputs, training=True), atol=1e-4)
    assert {layer.momentum for layer in normalizations(above)} == {0.99}


def test_statistics_are_the_mean_over_the_batches(tiny_model, colours):
    inputs = colours[0].astype("float32")
    halves = []
    for batches in ([inputs[:24]], [inputs[24:]], [inputs[:24], inputs[24:]]):
        above = tiny_model.above(0)
        estimate_statistics(above, map(as_inputs, batches))
        halves.append(np.array(normalizations(above)[0].moving_mean))
    np.testing.assert_allclose(halves[2], (halves[0] + halves[1]) / 2, atol=1e-5)


@pytest.mark.parametrize("cut", CUTS)
def test_each_block_learns_slower_than_the_one_above_it(tiny_model, cut):
    variables = tiny_model.above(cut).trainable_variables
    for variable, rate in zip(variables, tiny_model.rates(variables, 0.5), strict=True):
        number = next((int(character) for character in variable.path.split("/")[0] if character.isdigit()), 3)
        assert rate == 0.5 ** (3 - number), variable.path
