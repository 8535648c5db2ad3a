"""The predictor answers in order, for any number of pictures, and says why a picture cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from tests.conftest import CLASSES
from tests.contracts import image_contract
from tests.graphs import write_colour_model
from tlcore.contract import Contract, read_contract
from tlcore.errors import RunError
from tlcore.files import write_json
from tlcore.inference.predictor import Predictor, top
from tlcore.items import stacked

LABELS = image_contract(classes=tuple(CLASSES), size=32, resize="crop", backbone="colours", dataset="shapes")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_colour_model(folder / "model.onnx")
    write_json(folder / "contract.json", LABELS)
    return folder


@pytest.fixture(scope="module")
def predictor(run_folder: Path) -> Predictor:
    return Predictor.from_run(run_folder, threads=2)


def test_pixels_of_any_kind_give_the_same_probabilities(predictor):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    answers = predictor.predict(pixels)
    assert answers.shape == (5, 3)
    assert answers.dtype == np.float32
    assert np.allclose(answers.sum(axis=1), 1)
    assert np.array_equal(answers, predictor.predict(pixels.astype(np.float32)))


@pytest.mark.parametrize("n", [0, 1, 64, 65])
def test_any_number_of_pictures_is_answered_in_order(predictor, n):
    pixels = np.random.default_rng(n).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
    answers = predictor.predict(pixels)
    assert answers.shape == (n, 3)
    for index in range(n):
        assert np.array_equal(answers[index], predictor.predict(pixels[index : index + 1])[0])


def test_files_are_answered_in_order_as_their_pixels_are(predictor, tiny_folder):
    paths = sorted(tiny_folder.rglob("*.png"))
    answers = list(predictor.predict_files(paths))
    assert [answer.source for answer in answers] == paths
    expected = predictor.predict(np.stack([predictor.decode(path)["pixels"] for path in paths]))
    assert np.array_equal(np.stack([answer.outputs for answer in answers]), expected)
    assert all(answer.seconds > 0 for answer in answers)


def test_a_picture_that_cannot_be_read_has_a_reason_and_stops_nobody(predictor, tiny_folder, tmp_path):
    good = sorted(tiny_folder.rglob("*.png"))[:2]
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    answers = list(predictor.predict_files([good[0], tmp_path / "torn.jpg", tmp_path / "missing.png", good[1]]))
    assert [answer.outputs is None for answer in answers] == [False, True, True, False]
    assert all(answer.error for answer in answers[1:3])


def test_nothing_readable_is_no_fault(predictor, tmp_path):
    (answer,) = predictor.predict_files([tmp_path / "missing.png"])
    assert answer.outputs is None


def test_the_answers_are_sensible(predictor):
    for label, colour in CLASSES.items():
        item = np.asarray(Image.new("RGB", (32, 32), colour))
        assert top(predictor.predict(item[None])[0], LABELS)[0][0] == label


def test_top_gives_the_likeliest_first():
    assert top(np.array([0.1, 0.7, 0.2], np.float32), LABELS, n=2) == [
        ("square", pytest.approx(0.7)),
        ("triangle", pytest.approx(0.2)),
    ]


def test_what_is_missing_or_damaged_is_a_sentence(run_folder, tmp_path):
    with pytest.raises(RunError, match=r"contract\.json is needed"):
        read_contract(tmp_path)
    with pytest.raises(RunError, match="A model is needed"):
        Predictor(tmp_path / "model.onnx", LABELS)
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(RunError, match="cannot be loaded"):
        Predictor(tmp_path / "model.onnx", LABELS)
    with pytest.raises(RunError, match=r"gives 3, its contract names 1"):
        Predictor(run_folder / "model.onnx", LABELS.model_copy(update={"classes": ("one",)}))


def test_labels_of_a_newer_version_may_say_more():
    more = '{"schema_version": 1, "labels": ["a"], "image_size": 32, "resize": "crop", "threshold": 0.5}'
    assert Contract.model_validate_json(more).labels == ("a",)


def test_arrays_go_to_the_inputs_of_their_names_and_keep_whole_numbers(tmp_path):
    nodes = [
        helper.make_node("Cast", ["token_ids"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["numbers", "shift"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "two inputs",
        [
            helper.make_tensor_value_info("shift", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("token_ids", TensorProto.INT64, ["n", 3]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "model.onnx")
    asked = Predictor(tmp_path / "model.onnx", LABELS)
    items = [{"token_ids": np.eye(3, dtype=np.int64)[at] * 9, "shift": np.zeros(3, np.uint8)} for at in (2, 0)]
    answers = asked.predict(items)
    assert answers.argmax(axis=1).tolist() == [2, 0]
    together, _ = asked.answer(stacked(items))
    assert together == pytest.approx(answers, abs=1e-6)
