"""Grey pictures of more than 8 bits become the same pixels on every way out, by the range that the run has."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import pytest
from fastapi.testclient import TestClient
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from tests.contracts import image_contract
from tests.export.deep_pictures import RANGE, deep_files, deep_pngs, tiff, twelve_bits
from tests.export.test_training_script import way_to_pixels
from tlcore.data.dataset import Dataset, open_dataset
from tlcore.data.edits import operations
from tlcore.data.edits.types import SetReading
from tlcore.data.intake import ingest
from tlcore.evaluation.run import evaluate_run
from tlcore.export.run import export_run
from tlcore.export.training_script import training_script
from tlcore.files import write_json
from tlcore.inference.predictor import Predictor
from tlcore.modalities.image.pixels import read_pixels
from tlcore.modalities.image.value_range import range_of
from tlcore.progress import drain
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.items import read_test_items
from tlcore.runs.manifest import artefact
from tlcore.runs.run import Run
from tlcore.serving.api import create_app
from tlcore.workspace import Workspace

SIZE = 32
FORMATS = ("bundle", "onnx-fullsize", "server")


def nothing(step: object) -> None:
    """Show nothing."""


def write_brightness_model(path: Path) -> None:
    """Write a graph whose probabilities follow how bright a picture is: no grey goes unseen."""
    weights = np.array([[1, -1]] * 3, np.float32) / 60
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["brightness"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["brightness", "weights"], ["logits"]),
        helper.make_node("Add", ["logits", "bias"], ["shifted"]),
        helper.make_node("Softmax", ["shifted"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", None, None, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([-5, 5], np.float32), "bias")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


@pytest.fixture
def scans(workspace: Workspace, tmp_path: Path) -> Dataset:
    """Bright and dim scans of 12 bits, as TIFF and as PNG."""
    for label, shift in (("bright", 0), ("dim", 900)):
        (tmp_path / "scans" / label).mkdir(parents=True)
        for seed in range(8):
            values = np.maximum(twelve_bits(seed + shift, 40, 36), shift) - shift
            content = tiff(values.astype(np.uint16))
            if seed % 2:
                stream = BytesIO()
                Image.fromarray(values.astype(np.uint16)).save(stream, "PNG")
                content = stream.getvalue()
            (tmp_path / "scans" / label / f"{seed}.{'png' if seed % 2 else 'tif'}").write_bytes(content)
    return drain(ingest(workspace, tmp_path / "scans"), nothing).dataset


def make(workspace: Workspace, dataset: Dataset) -> Run:
    fractions = Fractions(train=0.4, val=0.2, test=0.4)
    run = create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, input={"size": SIZE}, fractions=fractions))
    write_brightness_model(run.model_onnx)
    run.model_keras.write_bytes(b"stands in for an archive; the bundle carries it along")
    labels = image_contract(
        classes=run.dataset.classes, size=SIZE, resize="crop", value_range=range_of(run.dataset.reading)
    )
    write_json(run.contract_json, labels)
    return run


@pytest.fixture
def run(workspace: Workspace, scans: Dataset) -> Run:
    operations.apply(scans, SetReading(reading={"value_range": (RANGE[0], RANGE[1])}))
    made = make(workspace, scans)
    operations.apply(
        scans, SetReading(reading={"value_range": (0, 60000)})
    )  # whatever becomes of the dataset afterwards
    evaluate_run(made, nothing)
    return made


def test_a_run_keeps_the_range_that_it_was_made_with(workspace, scans, run):
    assert range_of(run.dataset.reading) == RANGE
    later = make(workspace, scans)
    assert range_of(later.dataset.reading) == (0, 60000)
    for each, value_range in ((run, RANGE), (later, (0, 60000))):
        items = drain(read_test_items(each, workspace), nothing)
        for path, pixels in zip(items.paths, items.pixels[:], strict=True):
            assert (pixels == read_pixels(path, SIZE, "crop", value_range)).all()
            assert (Predictor.from_run(each.path).decode(path)["pixels"] == pixels).all()


def test_a_run_of_before_there_were_ranges_keeps_its_pixels(workspace, scans, run):
    known = json.loads((run.path / "dataset.json").read_text())
    labels = json.loads(run.contract_json.read_text())
    del known["reading"], labels["input"]["value_range"]
    (run.path / "dataset.json").write_text(json.dumps(known))
    run.contract_json.write_text(json.dumps(labels))
    items = drain(read_test_items(run, workspace), nothing)
    for path, pixels in zip(items.paths, items.pixels[:], strict=True):
        assert (pixels == read_pixels(path, SIZE)).all()
        assert (Predictor.from_run(run.path).decode(path)["pixels"] == pixels).all()


@pytest.mark.slow
def test_programs_that_were_handed_out_answer_as_the_app_does(run, tmp_path):
    for manifest in export_run(run, nothing, FORMATS):
        assert manifest.agrees, manifest.reason
        assert manifest.largest_difference <= 1e-6
    with zipfile.ZipFile(artefact(run.path, "bundle")) as archive:
        assert json.loads(archive.read("contract.json"))["input"]["value_range"] == list(RANGE)
    with zipfile.ZipFile(artefact(run.path, "server")) as archive:
        assert json.loads(archive.read("model/contract.json"))["input"]["value_range"] == list(RANGE)
    graph = onnx.load(artefact(run.path, "onnx-fullsize"))
    said = next(json.loads(prop.value) for prop in graph.metadata_props if prop.key == "contract")
    assert said["input"]["value_range"] == list(RANGE)


@pytest.mark.slow
def test_a_page_that_was_handed_out_answers_as_the_app_does(run, monkeypatch):
    from tests.browser.chromium import find_or_install

    monkeypatch.setenv("GRAFT_CHROMIUM", str(find_or_install()))
    (manifest,) = export_run(run, nothing, ["web"])
    assert manifest.agrees, manifest.reason
    assert manifest.largest_difference <= 1e-5


def test_a_server_answers_as_the_app_does_and_tells_the_range(run):
    predictor = Predictor.from_run(run.path)
    with TestClient(create_app(predictor, model="scans", sha256="0" * 64)) as client:
        assert client.get("/model").json()["contract"]["input"]["value_range"] == list(RANGE)
        for content in deep_pngs().values():
            (said,) = client.post("/predict", content=content).json()["predictions"]
            (expected,) = predictor.predict(read_pixels(content, SIZE, "crop", RANGE)[None])
            assert np.array_equal(np.array(list(said["probabilities"].values()), np.float32), expected)


@pytest.mark.parametrize("resize", ["crop", "letterbox", "stretch"])
def test_the_script_that_trains_again_reads_as_the_app_does(run, resize, tmp_path):
    write_json(run.path / "config.json", run.config.changed({"input.resize": resize}))
    script = training_script(run)
    own = way_to_pixels(script)
    assert own["VALUE_RANGE"] == RANGE
    assert "SIZE, RESIZE, VALUE_RANGE)" in script
    for kind, path in deep_files(tmp_path):
        found = own["read_pixels"](path, SIZE, resize, own["VALUE_RANGE"])
        assert np.array_equal(found, read_pixels(path, SIZE, resize, RANGE)), kind


@pytest.mark.slow
def test_a_savedmodel_makes_the_very_pixels_of_the_app_of_the_bytes_of_a_file():
    tf = pytest.importorskip("tensorflow")
    from tlcore.export.signatures import traced
    from tlcore.modalities.image.formats.keras_tf_decode import read_encoded

    specification = [tf.TensorSpec((), tf.string)]
    whole = traced(lambda content: read_encoded(content, SIZE, "crop", RANGE), input_signature=specification)
    for kind, content in deep_pngs().items():
        assert np.array_equal(whole(content).numpy(), read_pixels(content, SIZE, "crop", RANGE)), kind


def test_pixels_that_were_prepared_for_one_range_are_never_taken_for_another(workspace, run):
    from tlcore.runs.items import decode

    first = drain(decode(run, workspace), nothing).store
    later = drain(decode(make(workspace, open_dataset(workspace, run.dataset.id)), workspace), nothing).store
    assert first.key != later.key
    assert (first.inputs.first[:] != later.inputs.first[:]).any()
