from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from tlcore.training.cut import cut  # noqa: E402

PIXELS = np.random.default_rng(0).uniform(0, 1, (3, 8, 8, 3)).astype("float32")


@pytest.fixture
def model():
    """Three blocks, the second with a shortcut around `inside`."""
    inputs = keras.Input((8, 8, 3), name="pixels")
    x = first = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(inputs)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="inside")(x)
    x = keras.layers.Add(name="second")([x, first])
    x = keras.layers.BatchNormalization(name="third")(x)
    return keras.Model(inputs, x, name="small")


@pytest.mark.parametrize("layer", ["first", "second", "third"])
def test_trunk_and_top_make_the_whole(model, layer):
    trunk, top = cut(model, layer)
    np.testing.assert_array_equal(top(trunk({"pixels": PIXELS})), model(PIXELS))
    assert trunk.count_params() + top.count_params() == model.count_params()


def test_a_cut_at_the_input_leaves_everything_on_top(model):
    assert cut(model, None) == (None, model)


def test_weights_are_shared_not_copied(model):
    before = np.asarray(model(PIXELS))
    trunk, top = cut(model, "second")
    for layer in (*trunk.layers, *top.layers):
        layer.set_weights([weight + 0.1 for weight in layer.get_weights()])
    assert not np.allclose(model(PIXELS), before)
    np.testing.assert_array_equal(top(trunk({"pixels": PIXELS})), model(PIXELS))


def test_a_model_can_be_cut_again_and_again(model):
    for layer in ["third", "first", "second", "first"]:
        trunk, top = cut(model, layer)
        np.testing.assert_array_equal(top(trunk({"pixels": PIXELS})), model(PIXELS))


def test_a_top_can_be_cut_in_turn(model):
    _, top = cut(model, "first")
    middle, last = cut(top, "second")
    trunk, _ = cut(model, "first")
    np.testing.assert_array_equal(last(middle(trunk({"pixels": PIXELS}))), model(PIXELS))


def test_what_bypasses_the_cut_crosses_it_under_the_name_of_its_layer(model):
    trunk, top = cut(model, "inside")
    assert set(trunk({"pixels": PIXELS})) == {"features", "first"}
    np.testing.assert_array_equal(top(trunk({"pixels": PIXELS})), model(PIXELS))


@pytest.mark.parametrize("layer", ["block1", "block2"])
def test_the_mask_of_a_transformer_crosses_every_cut(layer):
    ids, mask = keras.Input((6,), dtype="int32", name="ids"), keras.Input((6,), dtype="bool", name="mask")
    x = keras.layers.Embedding(10, 8)(ids)
    for number in (1, 2, 3):
        attended = keras.layers.MultiHeadAttention(2, 4)(x, x, attention_mask=keras.ops.expand_dims(mask, 1))
        x = keras.layers.Add(name=f"block{number}")([x, attended])
    model = keras.Model({"ids": ids, "mask": mask}, x)
    trunk, top = cut(model, layer)
    arrays = {"ids": np.ones((2, 6), "int32"), "mask": np.arange(6)[None] < np.array([[6], [3]])}
    below = trunk.predict_on_batch(arrays)
    assert set(below) == {"features", "mask"}
    assert below["mask"].dtype == bool
    np.testing.assert_allclose(top.predict_on_batch(below), model.predict_on_batch(arrays), atol=1e-6)


def test_an_unknown_layer_is_named(model):
    with pytest.raises(ValueError, match="'fourth'"):
        cut(model, "fourth")
