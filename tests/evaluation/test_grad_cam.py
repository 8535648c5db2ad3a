"""Heat maps say where the evidence is, add up to the answer, and change when what was learnt is shuffled."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.conftest import CLASSES
from tests.contracts import image_contract
from tests.graphs import write_colour_model
from tlcore.errors import RunError
from tlcore.evaluation.feature_map import OpenedModel
from tlcore.modalities.analysis import Trust
from tlcore.modalities.image.explain.grad_cam import (
    WINDOWS,
    grad_cam,
    likeness,
    middle,
    occlusion,
    shares,
    shuffled,
    trust,
)
from tlcore.modalities.image.explain.heat_overlay import over, stretched
from tlcore.modalities.image.explain.saliency import even_border, look_at_classes

SIZE = 16
LABELS = image_contract(classes=tuple(CLASSES), size=SIZE, resize="crop", backbone="small", dataset="shapes")


def network(*, squeeze=True, gemm=False, seed=0):
    """A small network as the converter writes it: a convolution, its mean over places, a dense layer, softmax."""
    rng = np.random.default_rng(seed)
    kernel = rng.normal(0, 1, (8, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Transpose", ["pixels"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["turned", "filters"], ["raw"], strides=[4, 4]),
        helper.make_node("Relu", ["raw"], ["found"]),
        helper.make_node("GlobalAveragePool", ["found"], ["mean"]),
        helper.make_node("Squeeze", ["mean", "axes"], ["features"])
        if squeeze
        else helper.make_node("Flatten", ["mean"], ["features"]),
    ]
    if gemm:
        nodes.append(helper.make_node("Gemm", ["features", "kernel", "bias"], ["logits"], transB=1))
    else:
        nodes.append(helper.make_node("MatMul", ["features", "kernel"], ["product"]))
        nodes.append(helper.make_node("Add", ["product", "bias"], ["logits"]))
    nodes.append(helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1))
    weights = {
        "filters": rng.normal(0, 0.01, (8, 3, 4, 4)).astype(np.float32),
        "kernel": kernel.T.copy() if gemm else kernel,
        "bias": rng.normal(0, 1, 3).astype(np.float32),
        "axes": np.array([2, 3], np.int64),
    }
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    """A model that answers by mean colour: its last feature map is the picture itself."""
    path = write_colour_model(tmp_path_factory.mktemp("model") / "model.onnx")
    return OpenedModel(onnx.load(path), LABELS)


def answer(model):
    return lambda items: (model.see(item).outputs for item in items)


def red_corner():
    """Grey, with a red square in the first quarter."""
    pixels = np.full((SIZE, SIZE, 3), 128, np.uint8)
    pixels[:4, :4] = CLASSES["circle"]
    return pixels


@pytest.mark.parametrize("shape", [{}, {"squeeze": False}, {"gemm": True}])
def test_the_heat_of_all_places_and_the_bias_are_the_logit(shape):
    model = OpenedModel(network(**shape), LABELS)
    pixels = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    seen = model.see(pixels)
    assert seen.grid.shape == (4, 4, 8)
    assert np.allclose(seen.grid.mean(axis=(0, 1)), seen.features, atol=1e-5)
    logits = np.array([grad_cam(seen, model.kernel, index).sum() for index in range(3)]) + model.bias
    expected = np.exp(logits - logits.max())
    assert np.allclose(expected / expected.sum(), seen.outputs, atol=1e-5)


def test_grad_cam_is_what_its_definition_says():
    # By definition: each channel weighed by the mean of the logit's derivatives over the places, here by differences.
    model = OpenedModel(network(), LABELS)
    seen = model.see(np.random.default_rng(2).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8))
    grid, step = seen.grid.astype(np.float64), 1e-3

    def logit(places):
        return places.mean(axis=(0, 1)) @ model.kernel[:, 1].astype(np.float64)

    weights = np.zeros(8)
    for channel in range(8):
        slopes = np.zeros((4, 4))
        for place in np.ndindex(4, 4):
            more = grid.copy()
            more[(*place, channel)] += step
            slopes[place] = (logit(more) - logit(grid)) / step
        weights[channel] = slopes.mean()
    assert np.allclose(grad_cam(seen, model.kernel, 1), (grid * weights).sum(axis=-1), atol=1e-5)


def test_both_methods_find_the_part_that_speaks_for_a_class_and_not_for_another(colours):
    pixels = red_corner()
    by_gradient = grad_cam(colours.see(pixels), colours.kernel, 0)
    by_covering = occlusion(answer(colours), pixels, 0)
    for heat in (by_gradient, by_covering):
        warm = stretched(heat, SIZE)
        assert warm[:4, :4].mean() > 5 * abs(warm[8:, 8:].mean())
        assert np.unravel_index(warm.argmax(), warm.shape) < (6, 6)
    assert likeness(by_gradient, by_covering) > 0.3
    blue = grad_cam(colours.see(pixels), colours.kernel, 1)
    assert blue[:4, :4].mean() < blue[8:, 8:].mean()


def test_occlusion_measures_how_far_the_odds_fall(colours):
    # One window alone covers the first cell; the model's odds without it are worked out by hand.
    pixels = red_corner()
    heat = occlusion(answer(colours), pixels, 0)
    edges = np.linspace(0, SIZE, 2 * WINDOWS + 1).round().astype(int)
    covered = pixels.copy()
    covered[: edges[2], : edges[2]] = pixels.mean(axis=(0, 1)).round()
    before, after = (colours.see(each).outputs[0] for each in (pixels, covered))
    assert heat[0, 0] == pytest.approx(np.log(before / (1 - before)) - np.log(after / (1 - after)), abs=1e-4)
    assert heat[-1, -1] == pytest.approx(0, abs=0.05)


def test_occlusion_tells_the_parts_of_a_picture_that_the_model_is_certain_of():
    # 1 - p is far below what float32 can tell from 0, the sum of the others is not.
    def each(items):
        for item in items:
            other = 1e-9 if (item[:4, :4] == 200).all() else 1e-8
            yield np.array([1.0, other], np.float32)

    pixels = np.full((SIZE, SIZE, 3), 100, np.uint8)
    pixels[:4, :4] = 200
    heat = occlusion(each, pixels, 0)
    assert heat[0, 0] == pytest.approx(np.log(10), abs=1e-3)
    assert heat[-1, -1] == 0


def test_the_map_changes_when_the_weights_are_shuffled():
    model = OpenedModel(network(), LABELS)
    pixels = np.random.default_rng(3).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    head, everything = shuffled(model)
    assert sorted(head.kernel.ravel()) == pytest.approx(sorted(model.kernel.ravel()))
    assert np.allclose(head.see(pixels).grid, model.see(pixels).grid)
    assert not np.allclose(everything.see(pixels).grid, model.see(pixels).grid)
    found = middle([trust(model, (head, everything), pixels, index) for index in range(3)])
    assert found.changes
    assert "show what was learned" in found.says


def test_a_map_that_owes_nothing_to_the_weights_is_found_out():
    model = network()
    (kernel,) = (each for each in model.graph.initializer if each.name == "kernel")
    kernel.CopyFrom(numpy_helper.from_array(np.ones((8, 3), np.float32), "kernel"))
    opened = OpenedModel(model, LABELS)
    pixels = np.random.default_rng(3).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    found = trust(opened, (opened.randomised(head_only=True),) * 2, pixels, 0)
    assert found.head == pytest.approx(1)
    assert not found.changes
    assert "rather than what was learned" in found.says


def test_many_pictures_are_seen_in_order(colours):
    pixels = np.random.default_rng(0).integers(0, 256, (70, SIZE, SIZE, 3), dtype=np.uint8)
    for item, seen in zip(pixels, colours.each(pixels), strict=True):
        assert np.array_equal(seen.features, colours.see(item).features)


def test_a_graph_of_another_shape_says_what_to_do():
    model = network()
    del model.graph.node[-1]
    model.graph.node.append(helper.make_node("Tanh", ["logits"], ["probabilities"]))
    with pytest.raises(RunError, match=r"the operation Tanh there\. Train it again"):
        OpenedModel(model, LABELS)


def test_a_model_that_is_missing_or_damaged_is_a_sentence(tmp_path):
    with pytest.raises(RunError, match="A model is needed"):
        OpenedModel.from_run(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(RunError, match="cannot be loaded"):
        OpenedModel.from_run(tmp_path)


def test_a_map_is_drawn_over_the_picture():
    pixels = np.full((8, 8, 3), 100, np.uint8)
    heat = np.array([[1.0, -1.0], [0.0, 0.0]], np.float32)
    drawn = over(pixels, heat)
    assert drawn[0, 0, 0] > drawn[0, 0, 2] + 50
    assert (drawn[0, -1] == 100).all()
    assert (over(pixels, np.zeros((2, 2), np.float32)) == 100).all()
    assert shares(heat).sum() == pytest.approx(1)
    assert shares(np.full((2, 2), -1, np.float32)) == pytest.approx(np.full((2, 2), 0.25))


def heats(places, n, rng):
    """Maps of 7 by 7 with a warm spot around a place, here and there."""
    maps = rng.random((n, 7, 7)).astype(np.float32) * 0.05
    for place in range(n):
        row, column = np.clip(np.array(places) + rng.integers(-1, 2, 2), 0, 6)
        maps[place, row, column] += 3
    return maps


def test_a_class_whose_heat_lies_at_the_border_is_warned_of():
    rng = np.random.default_rng(0)
    maps = np.concatenate([heats((3, 3), 20, rng), heats((3, 3), 20, rng), heats((0, 0), 20, rng)])
    labels = np.array(["cat"] * 20 + ["dog"] * 20 + ["stamped"] * 20, object)
    found = {each.label: each for each in look_at_classes(maps, labels, ("cat", "dog", "stamped"))}
    assert "looks at the border" in found["stamped"].warning
    assert not found["cat"].warning
    assert not found["dog"].warning
    assert found["stamped"].border > even_border() > found["cat"].border


def test_a_class_with_a_place_of_its_own_is_warned_of():
    rng = np.random.default_rng(0)
    maps = np.concatenate([heats((2, 2), 20, rng), heats((2, 2), 20, rng), heats((4, 4), 20, rng)])
    labels = np.array(["cat"] * 20 + ["dog"] * 20 + ["below"] * 20, object)
    found = {each.label: each.warning for each in look_at_classes(maps, labels, ("cat", "dog", "below"))}
    assert "looks elsewhere than for the others" in found["below"]
    assert not found["cat"]


def test_where_all_classes_are_alike_nobody_is_warned():
    rng = np.random.default_rng(0)
    warned = 0
    for _ in range(20):
        maps, labels = heats((3, 3), 40, rng), rng.choice(["cat", "dog"], 40).astype(object)
        warned += sum(bool(each.warning) for each in look_at_classes(maps, labels, ("cat", "dog")))
    assert warned == 0
    assert look_at_classes(maps[:6], labels[:6], ("cat", "dog")) == ()


def test_the_middle_of_nothing_is_nothing():
    assert middle([]) is None
    assert middle([Trust(head=0.1, everything=0.3), Trust(head=0.3, everything=0.1)]) == Trust(head=0.2, everything=0.2)
