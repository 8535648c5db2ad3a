"""Engines, their measurement and the guard of lower precision, on a backbone of three small blocks."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from tlcore.files import read_json
from tlcore.training import choice
from tlcore.training.choice import Choosing, Measured, Sample
from tlcore.training.engine import Engine, answer_all, engines, openvino_precisions
from tlcore.training.guard import PICTURES, same_answers
from tlcore.training.head_graph import FEATURES, PIXELS
from tlcore.training.save import to_onnx

WITHOUT = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="the extra fast-cpu is not installed")


@pytest.fixture
def trunk(tiny_model):
    return tiny_model.trunk(2)


@pytest.fixture
def found(trunk):
    graph = to_onnx(trunk, source=PIXELS, target=FEATURES)
    return {engine.name: engine for engine in engines(trunk, lambda: graph, lower=True)}


def test_every_engine_gives_the_features_of_the_trunk(found, trunk, colours):
    pixels, _ = colours
    expected = trunk.predict(pixels.astype(np.float32), verbose=0)
    assert {"ONNX Runtime", "Keras, 8 at a time"} <= set(found)
    for engine in found.values():
        features = answer_all(engine.start(), pixels, at_once=engine.at_once, threads=engine.threads)
        assert features.dtype == np.float32
        atol = 1e-5 if engine.precision == "float32" else 0.02 * expected.max()
        np.testing.assert_allclose(features, expected, atol=atol)


@WITHOUT
def test_openvino_is_among_the_engines_in_every_precision_of_the_processor(found, trunk):
    assert "OpenVINO" in found
    assert ("OpenVINO in bfloat16" in found) == ("bfloat16" in openvino_precisions())
    assert all(engine.precision == "float32" for engine in engines(trunk, lambda: None, lower=False))


def test_without_openvino_there_are_the_others(trunk, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert {engine.key for engine in engines(trunk, lambda: None, lower=True)} == {"keras", "onnxruntime"}


# === The choice, with engines whose speed is known ===

PIXELS_ = np.random.default_rng(0).integers(0, 256, (2 * PICTURES, 4, 4, 3), dtype=np.uint8)
LABELS = np.arange(2 * PICTURES) % 3
SAMPLE = Sample(PIXELS_, LABELS, "pictures", 10**6)


class Paced:
    """Stands in for an engine: its features are right, or of other pictures; the clock says how long they took."""

    def __init__(self, monkeypatch):
        self.now, self.started, self.asked = 0.0, [], 0
        monkeypatch.setattr(choice.time, "monotonic", lambda: self.now)

    def engine(self, key, rate, *, precision="float32", right=True):
        def answer(pixels):
            self.now += len(pixels) / rate
            self.asked += len(pixels)
            means = pixels.astype(np.float32).mean(axis=1).reshape(len(pixels), -1)
            return means if right else means[:, ::-1]

        def start():
            self.started.append(key)
            return answer

        return Engine(key, precision, 1, 1, start)


@pytest.fixture
def paced(monkeypatch):
    return Paced(monkeypatch)


def test_the_fastest_engine_is_chosen_with_its_reason_and_remembered(paced, tmp_path):
    slow, fast = paced.engine("keras", 40), paced.engine("onnxruntime", 200)
    chosen = Choosing(tmp_path, {"cut": 1}, [slow, fast], SAMPLE).choose(10**6)
    assert chosen.engine is fast
    assert chosen.rate == pytest.approx(200)
    assert chosen.reason == "ONNX Runtime computes what lies below the cut: 200 pictures a second, against 40 by Keras."
    assert paced.now < 2.5
    paced.started.clear()
    again = Choosing(tmp_path, {"cut": 1}, [slow, fast], SAMPLE)
    assert again.known
    assert again.choose(10**6).reason == chosen.reason
    assert not paced.started
    assert not Choosing(tmp_path, {"cut": 2}, [slow, fast], SAMPLE).known


def test_few_pictures_are_not_outweighed_by_the_measurement(paced, tmp_path):
    few = Sample(PIXELS_[:20], LABELS[:20], "few", 20)
    both = [paced.engine("keras", 40), paced.engine("onnxruntime", 200)]
    assert Choosing(tmp_path, {}, both, few).choose(20).engine is both[1]
    assert paced.asked < 20


def test_another_version_of_an_engine_is_measured_anew(paced, tmp_path, monkeypatch):
    engine = paced.engine("keras", 40)
    Choosing(tmp_path, {}, [engine], SAMPLE).rates()
    monkeypatch.setattr(choice, "version", lambda package: "another")
    assert not Choosing(tmp_path, {}, [engine], SAMPLE).known


def test_a_damaged_memory_is_measured_anew(paced, tmp_path):
    (tmp_path / "engines.json").write_text("{")
    assert Choosing(tmp_path, {}, [paced.engine("keras", 40)], SAMPLE).choose(9).engine.key == "keras"


def pair(paced, *, right):
    return [
        paced.engine("onnxruntime", 100),
        paced.engine("openvino", 300, precision="bfloat16", right=right),
    ]


def test_lower_precision_is_chosen_where_a_head_learns_the_same_from_it(paced, tmp_path):
    both = pair(paced, right=True)
    chosen = Choosing(tmp_path, {}, both, SAMPLE).choose(10**4)
    assert chosen.engine is both[1]
    assert "100.0% of the same answers" in chosen.reason
    assert list(read_json(tmp_path / "engines.json", Measured).agreements.values()) == [1.0]
    asked = paced.asked
    assert Choosing(tmp_path, {}, both, SAMPLE).choose(10).engine is both[1]  # few more pictures of the same set
    assert paced.asked == asked


def test_what_the_guard_asked_is_kept_until_the_engines_are_forgotten(paced, tmp_path, monkeypatch):
    exact, lower = both = pair(paced, right=True)
    choosing = Choosing(tmp_path, {}, both, SAMPLE)
    choosing.choose(10**4)
    means = PIXELS_.astype(np.float32).mean(axis=1).reshape(len(PIXELS_), -1)
    np.testing.assert_array_equal(choosing.asked(exact), means[: 2 * PICTURES])
    np.testing.assert_array_equal(choosing.asked(lower), means[:PICTURES])
    choosing.forget()
    assert choosing.asked(exact) is None
    monkeypatch.setattr(choice, "BYTES_ASKED", 10)  # features of an early block would fill the memory
    (tmp_path / "engines.json").unlink()
    large = Choosing(tmp_path, {}, both, SAMPLE)
    large.choose(10**4)
    assert large.asked(exact) is None


def test_lower_precision_is_refused_where_a_head_learns_otherwise_from_it(paced, tmp_path):
    both = pair(paced, right=False)
    chosen = Choosing(tmp_path, {}, both, SAMPLE).choose(10**4)
    assert chosen.engine is both[0]
    assert "OpenVINO in bfloat16 would be faster (300)" in chosen.reason


@pytest.mark.parametrize(
    ("passes", "sample"),
    [(300, SAMPLE), (10**6, Sample(PIXELS_[:50], LABELS[:50], "few", 50))],
    ids=["too little to gain", "too few pictures to judge by"],
)
def test_lower_precision_is_not_tried_where_it_cannot_pay_or_be_judged(paced, tmp_path, passes, sample):
    both = pair(paced, right=True)
    assert Choosing(tmp_path, {}, both, sample).choose(passes).engine is both[0]
    assert not read_json(tmp_path / "engines.json", Measured).agreements


def test_the_guard_tells_noise_that_matters_from_noise_that_does_not():
    chance = np.random.default_rng(0)
    exact = chance.normal(size=(2 * PICTURES, 2, 2, 16)).astype(np.float32)
    exact[np.arange(len(LABELS)), :, :, LABELS] += 1
    small, large = (exact + chance.normal(scale=scale, size=exact.shape).astype(np.float32) for scale in (1e-3, 2.0))
    assert same_answers(exact, small[:PICTURES], LABELS) >= 0.995
    assert same_answers(exact, large[:PICTURES], LABELS) < 0.995


def test_openvino_reports_to_nobody():
    pytest.importorskip("openvino")
    program = (
        "import sys\n"
        "from tlcore.training.engine import openvino_precisions\n"
        "openvino_precisions()\n"
        "print(sorted(name for name, module in sys.modules.items() if 'openvino_telemetry' in name and module))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
