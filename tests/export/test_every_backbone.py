"""Backbones in every format: each kind of their layers, converted, loaded again, and asked.

In this process, but for JAX, which one process answers for all: what a conversion in a process of its own and a proof
in a fresh one add is held by `test_formats.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.conftest import QUICKLY_COMPILED
from tests.export.small_backbones import Small, make_small, take_in_shapes
from tests.export.this_process import convert, loaded_once
from tests.training.layer_kinds import backbones
from tests.training.tiny_presets import ARCHITECTURES, tiny_preset
from tlcore.backbones import catalogue
from tlcore.data.dataset import Dataset
from tlcore.export import registry, tensorflow_files
from tlcore.export.exporter import Replay
from tlcore.export.parity import agreement
from tlcore.export.verify import BATCHES, KINDS, as_taken
from tlcore.export.zip import unpack
from tlcore.modalities.image.settings import PIXELS
from tlcore.runs.formats import FORMATS
from tlcore.workspace import Workspace

# Converters say a lot; in the app they do so in processes of their own.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::UserWarning")]

WITH_JAX = "keras-jax"
KEYS = (
    *("onnx", "onnx-fp16", "onnx-int8", "keras", WITH_JAX),
    *("savedmodel", "litert", "litert-fp16", "litert-int8", "openvino"),
)
INSIDE = {"savedmodel": "model/1", "openvino": "model.xml"}  # of the zip, what is loaded
UNDER_JAX = """
import json, sys
import numpy as np
from tlcore.export.verify import KINDS
load, versions = KINDS["keras-jax"]()
for line in sys.stdin:
    model, pixels, answers = json.loads(line)
    np.save(answers, load(model)({"pixels": np.load(pixels)})[0])
    print("\\n" + versions["backend"], flush=True)
"""
# A rotary position, a scale, tokens before the patches and exact GELU: what the other transformers have, it has, too.
TINY_PRESETS, REPRESENTATIVE = [tiny_preset(kind) for kind in ARCHITECTURES], "DINOV3Backbone"
Ask = Callable[[str, np.ndarray], np.ndarray]


def of_presets() -> list[Any]:
    """Parameters of a test: a small network of each of KerasHub's classes."""
    return [
        pytest.param(each, id=each.key, marks=() if REPRESENTATIVE in each.factory else pytest.mark.every)
        for each in TINY_PRESETS
    ]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Dataset]]:
    home = tmp_path_factory.mktemp("backbones")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFT_HOME", str(home / "workspace"))
        patch.setenv("GRAFT_QUEUE", str(home / "queue"))
        patch.setattr(catalogue, "CATALOGUE", {**catalogue.CATALOGUE, **{each.key: each for each in TINY_PRESETS}})
        yield (workspace := Workspace.default()), take_in_shapes(workspace, home / "shapes")


@pytest.fixture(scope="module", params=[*backbones(), *of_presets()])
def small(request: pytest.FixtureRequest, shapes: tuple[Workspace, Dataset]) -> Iterator[Small]:
    yield make_small(*shapes, request.param)
    loaded_once.cache_clear()
    keras.utils.clear_session(free_memory=True)


@pytest.fixture(scope="module")
def under_jax(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks a Keras archive in a process whose backend is JAX."""
    pytest.importorskip("jax")
    home = tmp_path_factory.mktemp("jax")
    command = [sys.executable, "-c", UNDER_JAX]
    environment = {**os.environ, **QUICKLY_COMPILED}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:

        def ask(model: str, pixels: np.ndarray) -> np.ndarray:
            np.save(home / "pixels.npy", pixels)
            process.stdin.write(json.dumps([model, str(home / "pixels.npy"), str(home / "answers.npy")]) + "\n")
            process.stdin.flush()
            said = next((line for line in process.stdout if line.strip()), "nothing")
            assert said.strip() == "jax"
            return np.load(home / "answers.npy")

        yield ask
        process.stdin.close()


@pytest.fixture
def converted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_files, "convert", convert)


@pytest.mark.usefixtures("converted_here")
@pytest.mark.parametrize("key", KEYS)
def test_a_backbone_answers_in_every_format_as_it_does_in_keras(small, key, request, tmp_path):
    if key == "openvino" and not find_spec("openvino"):
        pytest.skip(FORMATS[key].missing)
    if key == WITH_JAX:
        said = [request.getfixturevalue("under_jax")(str(small.run.model_keras), small.pixels)]
        precision = "fp32"
    else:
        said, precision = asked(small, key, tmp_path), FORMATS[key].precision
    replay = Replay(said[0], 0.0, unfamiliarity=said[1] if len(said) > 1 else None)
    found = agreement(small.expected, replay, key, precision)
    assert found.agrees, found.reason
    assert (len(said) == 2) is not key.startswith("keras"), "all others say how unfamiliar a picture is"


def asked(small: Small, key: str, folder: Path) -> list[np.ndarray]:
    """Make the file, load it as a stranger would, and ask it about every test picture: each output, `(n, …)`."""
    (exporter,) = registry.find([key])
    exporter.export(small.run, folder)
    model, kind = folder / exporter.file, key.removesuffix("-fp16").removesuffix("-int8")
    if kind in INSIDE:
        unpack(model, folder / "unpacked")
        model = folder / "unpacked" / INSIDE[kind]
    rows = range(0, len(small.pixels), BATCHES.get(kind, 1))
    answer = KINDS[kind]()[0](str(model))
    batches = (as_taken({PIXELS: small.pixels[row : row + rows.step]}) for row in rows)
    said = [[np.asarray(each) for each in answer(batch)] for batch in batches]
    return [np.concatenate(each) for each in zip(*said, strict=True)]
