"""The graph that resizes gives the app's pixels for any size, and the app's answers in a fresh process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import draw_shape
from tests.graphs import make_answerable_run
from tlcore.evaluation.run import evaluate_run
from tlcore.export.run import export_run
from tlcore.modalities.image.formats.fullsize import FULL_SIZE
from tlcore.modalities.image.formats.fullsize_graph import fullsize_graph
from tlcore.modalities.image.pixels import open_picture, read_pixels, to_pixels
from tlcore.runs.manifest import artefact

SIZE = 32
POLICIES = ("crop", "letterbox", "stretch")


@cache
def session(policy: str) -> onnxruntime.InferenceSession:
    graph = fullsize_graph(SIZE, policy, opset=17, ir_version=8)
    alone = onnxruntime.SessionOptions()
    alone.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(graph.SerializeToString(), alone, providers=["CPUExecutionProvider"])


def resized(item: np.ndarray, policy: str, *, jpeg: bool = False) -> np.ndarray:
    return session(policy).run(None, {"picture": item, "jpeg": np.array(jpeg)})[0][0]


@pytest.mark.slow
@settings(max_examples=40)
@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from(POLICIES), st.integers(0, 9))
@example(1, 1, "letterbox", 0)
@example(SIZE, SIZE, "crop", 0)
@example(353, 390, "crop", 0)  # only with lengths in single precision
@example(400, 3, "stretch", 0)
@example(40, 399, "crop", 0)  # columns first
def test_any_size_is_resized_to_the_apps_last_bit(width: int, height: int, policy: str, seed: int):
    item = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert (resized(item, policy) == to_pixels(Image.fromarray(item), SIZE, policy)).all()


@pytest.mark.parametrize("policy", POLICIES)
def test_what_comes_from_a_large_jpeg_is_reduced_as_its_decoder_does_for_the_app(policy, tmp_path: Path):
    y, x = np.mgrid[0:512, 0:640] / 60
    grey = (127 + 100 * np.sin(x) * np.cos(y) + np.random.default_rng(0).normal(0, 60, x.shape)).clip(0, 255)
    path = tmp_path / "large.jpg"
    Image.fromarray(grey.astype(np.uint8)).save(path, quality=95)
    app, whole = read_pixels(path, SIZE, policy), np.asarray(open_picture(path))
    assert np.abs(resized(whole, policy, jpeg=True) - app).max() <= 1
    assert np.abs(resized(whole, policy) - app).max() > 2


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_the_export_answers_as_the_app_does(workspace, tiny_dataset, policy):
    run = make_answerable_run(workspace, tiny_dataset, **{"input.resize": policy})
    run.contract_json.write_text(run.contract_json.read_text().replace('"crop"', f'"{policy}"'))
    evaluate_run(run, lambda step: None)
    (manifest,) = export_run(run, lambda step: None, ["onnx-fullsize"])
    assert manifest.agrees, manifest.reason
    assert manifest.largest_difference == 0
    assert manifest.awkward.same == manifest.awkward.files
    said = {each.key: each.value for each in onnx.load(artefact(run.path, "onnx-fullsize")).metadata_props}
    assert [each["name"] for each in json.loads(said["contract"])["inputs"]] == ["picture", "jpeg"]
    assert json.loads(said["labels"]) == list(run.dataset.classes)


@pytest.mark.slow
def test_the_program_that_the_docs_show_works(run, tmp_path: Path):
    FULL_SIZE.export(run, tmp_path)
    draw_shape("triangle", np.random.default_rng(1), 90).save(tmp_path / "picture.png")
    text = (Path(__file__).resolve().parents[2] / "docs/formats/onnx-fullsize.md").read_text()
    program = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "triangle\n", done.stderr
