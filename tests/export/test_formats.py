"""A small network of every kind of layer that converters stumble over, in every format; and the docs' code for each."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.conftest import built_once, draw_shape
from tests.contracts import image_contract
from tests.graphs import make_answerable_run, write_knowing_model
from tlcore.data.dataset import Dataset
from tlcore.data.intake import ingest
from tlcore.evaluation.run import evaluate_run
from tlcore.export.calibration_data import sample
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.graph_split import Halves
from tlcore.export.model_files import replayed
from tlcore.export.parity import AppAnswers, agreement, app_answers, compare
from tlcore.export.run import export_run
from tlcore.files import write_json
from tlcore.inference.ood import learn_known
from tlcore.modalities.image.settings import PIXELS
from tlcore.progress import drain
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.formats import FORMATS
from tlcore.runs.items import read_test_items
from tlcore.runs.manifest import artefact, read_manifest
from tlcore.runs.run import Run, list_runs
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.workspace import Workspace

SIZE = 32
ODD_NAME = "[2024] *? 100% #1 é"  # signs that some take for patterns
DOCS = Path(__file__).resolve().parents[2] / "docs" / "formats"
CONVERTED = ("onnx", "onnx-fp16", "onnx-int8", "keras", "savedmodel", "litert", "litert-fp16", "litert-int8", "code")


def nothing(step: object) -> None:
    """Nobody looks how far it is."""


def of_many_layers() -> tuple[object, object]:
    """A network with depthwise and separable convolutions, a gate, GELU and a residual; and the part below its head."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.ReLU(max_value=6.0)(layers.BatchNormalization()(layers.Conv2D(16, 3, 2, "same", use_bias=False)(x)))
    x = layers.Activation("gelu")(layers.DepthwiseConv2D(3, padding="same")(x))
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(16, 1, activation="sigmoid")(layers.Conv2D(4, 1, activation="swish")(gate))
    x = layers.Multiply()([x, gate])
    x = layers.Add()([x, layers.SeparableConv2D(16, 3, padding="same")(x)])
    x = layers.LayerNormalization()(layers.Conv2D(24, 3, 2, "same", activation="relu")(x))
    x = layers.Concatenate()([layers.MaxPooling2D(2)(x), layers.AveragePooling2D(2)(x)])
    pooled = layers.GlobalAveragePooling2D(name="pooled")(x)
    head = layers.Dense(3, name="head_logits")
    whole = keras.Model(pixels, layers.Softmax(name="probabilities")(head(pooled)))
    return whole, keras.Model(pixels, pooled)


def make_run(workspace: Workspace, folder: Path) -> Run:
    from sklearn.linear_model import LogisticRegression

    from tlcore.training.head_graph import POOLED, head_graph, join
    from tlcore.training.save import save_keras, save_onnx, to_onnx

    rng = np.random.default_rng(0)
    for label in ("circle", "square", "triangle"):
        (folder / label).mkdir(parents=True)
        for number in range(24):
            draw_shape(label, rng).save(folder / label / f"{number:02d}.png")
    dataset: Dataset = drain(ingest(workspace, folder), nothing).dataset
    fractions = Fractions(train=0.4, val=0.2, test=0.4)
    run = create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, input={"size": SIZE}, fractions=fractions))
    labels = image_contract(
        classes=run.dataset.classes, size=SIZE, resize="crop", backbone="small", dataset="shapes", temperature=1.0
    )
    write_json(run.contract_json, labels)
    whole, body = of_many_layers()
    train, val = (sample(run, part, 100) for part in ("train", "val"))
    features = body.predict(train.arrays[PIXELS], verbose=0)
    middle, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    found = LogisticRegression().fit((features - middle) / scale, train.targets)
    kernel = (found.coef_.T / scale[:, None]).astype(np.float32)
    bias = (found.intercept_ - middle @ kernel).astype(np.float32)
    whole.get_layer("head_logits").set_weights([kernel, bias])
    graph = to_onnx(body, target=POOLED)
    known = learn_known(features, body.predict(val.arrays[PIXELS], verbose=0))
    save_onnx(
        join(graph, head_graph(kernel, bias, known, CLASSIFICATION, like=graph, source=POOLED), "head/"), run.model_onnx
    )
    save_keras(whole, run.model_keras)
    evaluate_run(run, nothing)
    return run


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run in every format that converts the network."""

    def build(folder: Path) -> None:
        home = folder / ODD_NAME
        home.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRAFT_HOME", str(home / "workspace"))
            patch.setenv("GRAFT_QUEUE", str(home / "queue"))
            run = make_run(Workspace.default(), home / "shapes")
            wanted = [*CONVERTED, *(["openvino"] if find_spec("openvino") else [])]
            export_run(run, nothing, wanted, workspace=Workspace.default())

    home = built_once(tmp_path_factory, "formats", build) / ODD_NAME
    (run,) = list_runs(Workspace(home / "workspace"))
    return run


@pytest.mark.slow
@pytest.mark.parametrize("key", [*CONVERTED, "openvino"])
def test_every_format_answers_as_the_app_does_and_says_how_unfamiliar_a_picture_is(converted, key):
    if FORMATS[key].missing:
        pytest.skip(FORMATS[key].missing)
    made = read_manifest(converted.path, key)
    assert made.agrees, made.reason
    assert made.accuracy.low <= made.accuracy.value <= made.accuracy.high
    assert 0 < made.milliseconds_per_item <= made.milliseconds_p95
    assert made.sha256
    if made.awkward:
        assert made.awkward.differing == ()
    assert (made.awkward is not None) == (key in {"savedmodel", "code"})
    if FORMATS[key].precision == "fp32":
        assert made.largest_difference < 1e-4


@pytest.mark.slow
def test_eight_bits_are_smaller_and_half_precision_is_too(converted):
    for family in ("onnx", "litert"):
        plain, half = (read_manifest(converted.path, key).bytes for key in (family, f"{family}-fp16"))
        assert half < plain


@pytest.mark.slow
def test_what_the_numbers_mean_goes_along_in_every_format(converted):
    labels = list(converted.dataset.classes)
    for key in ("onnx", "onnx-fp16", "onnx-int8"):
        said = {each.key: each.value for each in onnx.load(artefact(converted.path, key)).metadata_props}
        assert json.loads(said["contract"])["classes"] == json.loads(said["labels"]) == labels
        assert json.loads(said["image_size"]) == SIZE
    for key in ("litert", "litert-int8", "savedmodel", "code"):  # a LiteRT file is a zip behind a model
        with zipfile.ZipFile(artefact(converted.path, key)) as archive:
            said = json.loads(archive.read("contract.json"))
        assert (said["classes"], said["temperature"], said["unfamiliar_above"]) == (labels, 1.0, 1.0)
        assert said["thresholds"]
    with zipfile.ZipFile(artefact(converted.path, "keras")) as archive:
        said = json.loads(archive.read("contract.json"))
    names = [each["name"] for each in said["outputs"]]
    assert (said["classes"], said["temperature"], names) == (labels, 1.0, ["probabilities"])
    assert said["thresholds"]


@pytest.mark.slow
def test_the_keras_file_answers_the_same_under_jax(converted, tmp_path):
    pytest.importorskip("jax")
    items = drain(read_test_items(converted, Workspace(converted.path.parent.parent)), nothing)
    with FreshProcess() as fresh:
        replay = replayed("keras-jax", artefact(converted.path, "keras"), items, fresh, tmp_path)
    assert replay.versions["backend"] == "jax"
    assert agreement(app_answers(converted), replay, "model.keras").agrees


@pytest.mark.slow
@pytest.mark.parametrize("page", ["keras", "onnx", "savedmodel", "litert", "openvino", "code"])
def test_the_code_in_the_docs_runs(converted, page, tmp_path):
    if FORMATS[page].missing:
        pytest.skip(FORMATS[page].missing)
    text = (DOCS / f"{page}.md").read_text()
    program = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    file = artefact(converted.path, page)
    (tmp_path / file.name).write_bytes(file.read_bytes())
    draw_shape("circle", np.random.default_rng(5)).save(tmp_path / "picture.jpg")
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "circle" in done.stdout


def test_a_format_has_a_page_that_says_where_to_use_it():
    pages = {path.stem for path in DOCS.glob("*.md")}
    families = {key.removesuffix("-fp16").removesuffix("-int8") for key in FORMATS}
    assert families - pages <= {"web", "server", "onnx-fullsize"}, "these have pages of their own names"


def test_a_body_and_its_head_are_the_graph_again(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset)
    write_knowing_model(run, workspace, temperature=1.0)
    halves = Halves(onnx.load(run.model_onnx))
    assert [value.name for value in halves.body.graph.output] == ["colour"]
    assert not [each for each in halves.body.graph.initializer if "known" in each.name]
    again = halves.joined(halves.body, limit=0.25)
    onnx.checker.check_model(again)
    assert [value.name for value in again.graph.output] == ["probabilities", "unfamiliarity"]
    assert Halves(again).constant("limit") == np.float32(0.25)


@pytest.mark.parametrize(
    ("precision", "others", "off", "agrees"),
    [
        ("fp32", 0, 1e-4, True),
        ("fp32", 1, 1e-4, False),
        ("fp32", 0, 2e-3, False),
        ("fp16", 5, 0.1, True),
        ("fp16", 6, 0.1, False),
        ("int8", 20, 0.1, True),
        ("int8", 21, 0.1, False),
    ],
)
def test_each_precision_has_a_bar_of_its_own(precision, others, off, agrees):
    app = np.tile(np.array([0.95, 0.05], np.float32), (1000, 1))
    said = app + np.array([-off, off], np.float32)
    if others:
        said[-others:] = [0.4, 0.6]
    expected = AppAnswers(app, targets=np.zeros(1000, np.int64))  # the app is right about all of them
    found = agreement(expected, Replay(said, 1.0), "file", precision)
    assert found.agrees is agrees
    assert bool(found.reason) is not agrees
    assert found.accuracy.value == pytest.approx(1 - others / 1000)


def test_a_file_that_gives_no_numbers_is_worth_nothing():
    app = np.full((40, 2), 0.5, np.float32)
    found = compare(AppAnswers(app), np.full((40, 2), np.nan, np.float32), "model.onnx", "int8")
    assert found.failed
