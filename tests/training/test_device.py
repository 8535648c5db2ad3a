from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.conftest import QUICKLY_COMPILED
from tests.heads import head
from tests.training import several_devices
from tlcore.errors import ConfigError
from tlcore.training import device
from tlcore.training.batches import Batches, InOrder, Labelled

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def alone():
    """What one device makes of it, in this process."""
    return several_devices.train()


@pytest.fixture(scope="module")
def together():
    """What two virtual devices of the processor make of it, under each backend; both programs run at once."""
    processes = {
        backend: subprocess.Popen(
            [sys.executable, "-m", "tests.training.several_devices"],
            cwd=ROOT,
            env={**os.environ, **QUICKLY_COMPILED, "KERAS_BACKEND": backend, "GRAFT_DEVICES": "2"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for backend in ("tensorflow", "jax")
    }
    answers = {backend: process.communicate(timeout=300) for backend, process in processes.items()}
    for backend, process in processes.items():
        assert process.returncode == 0, answers[backend][1][-2000:]
    return {backend: json.loads(output) for backend, (output, _) in answers.items()}


@pytest.mark.slow
@pytest.mark.parametrize("kind", several_devices.ITEMS)
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_learn_what_one_learns_from_the_same_batches(alone, together, backend, kind):
    assert alone["count"] == 1
    assert together[backend]["count"] == 2
    for what, expected in alone[kind].items():
        np.testing.assert_allclose(together[backend][kind][what], expected, rtol=1e-3, atol=5e-3, err_msg=what)
    np.testing.assert_allclose(together[backend][kind]["loss"], alone[kind]["loss"], rtol=1e-5)


@pytest.mark.slow
def test_devices_that_train_together_are_named(alone, together):
    assert alone["device"].startswith("CPU, ")
    assert "virtual" not in alone["device"]
    for found in together.values():
        assert found["device"].startswith("2 virtual devices of the CPU")


def test_on_one_device_nothing_changes():
    with device.scope():
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    assert keras.distribution.distribution() is None
    assert getattr(model, "_distribute_strategy", None) is None
    assert device.of_the_whole_batch(keras.optimizers.Adam) is keras.optimizers.Adam


@pytest.mark.parametrize("size", [1, 5, 8])
def test_a_batch_that_is_filled_up_has_the_same_loss(monkeypatch, size):
    monkeypatch.setattr(device, "count", lambda: 4)
    losses = np.arange(1.0, size + 1)
    weights = np.linspace(0.5, 2, size, dtype=np.float32)
    filled, larger = device.fill(losses, weights)
    assert len(filled) == len(larger) == -(-size // 4) * 4
    assert larger.dtype == weights.dtype
    assert (filled * larger).mean() == pytest.approx((losses * weights).mean())


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_number_of_devices_that_is_none_is_refused_with_a_sentence(monkeypatch, text):
    monkeypatch.setenv("GRAFT_DEVICES", text)
    with pytest.raises(ConfigError, match=f"GRAFT_DEVICES needs .* Received: '{text}'"):
        device.prepare(0)


def test_a_device_gets_the_lower_precision_that_it_has_units_for(monkeypatch):
    assert device.lower_precision() is None  # a processor computes as it is
    monkeypatch.setattr(device, "_devices", lambda: ["gpu:0"])
    for capability, expected in [((6, 1), None), ((7, 5), "mixed_float16"), ((9, 0), "mixed_bfloat16"), (None, None)]:
        monkeypatch.setattr(device, "_capability", lambda capability=capability: capability)
        assert device.lower_precision() == expected


def test_accelerators_are_named_by_their_makers_and_counted(monkeypatch):
    monkeypatch.setattr(device, "_devices", lambda: ["gpu:0", "gpu:1", "gpu:2"])
    monkeypatch.setattr(device, "_kinds", lambda: ["NVIDIA L4", "NVIDIA L4", "NVIDIA T4"])
    assert device.name() == "2 × NVIDIA L4, NVIDIA T4, each with its share of every batch"
    monkeypatch.setenv("GRAFT_DEVICES", "1")
    assert device.count() == 1
    assert device.name() == "NVIDIA L4"


@pytest.mark.parametrize(("count", "size"), [(9, 3), (10, None), (12, 4)])
def test_batches_are_read_in_their_order_without_a_thread_that_tunes(count, size):
    """That thread misses its end now and then, and a training would stand still for up to a minute."""

    def pixels(rows, epoch):
        return np.asarray(rows, np.float32)[:, None]

    batches = InOrder(pixels, count, batch_size=4)
    read = device.read(batches)
    assert not read.options().autotune.enabled
    assert int(read.cardinality()) == batches.num_batches
    for _ in range(2):
        np.testing.assert_array_equal(np.concatenate([batch.numpy() for (batch,) in read]).ravel(), np.arange(count))
    assert read.element_spec[0].shape[0] == size


def test_several_threads_are_left_to_keras():
    labelled = Labelled(lambda rows, epoch: rows, np.arange(8), np.ones(8, np.float32), head(8))
    several = Batches(labelled, batch_size=4, seed=0, workers=4)
    assert device.read(several) is several
