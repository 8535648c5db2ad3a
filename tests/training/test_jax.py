"""The same run under JAX. Its extra is among the development requirements, so this is never skipped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import QUICKLY_COMPILED
from tests.training import tiny_run
from tlcore.backbones import catalogue
from tlcore.runs.events import EpochEnded

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
def test_a_run_under_jax_learns_the_same_and_its_files_prove_themselves(workspace, tiny_folder, tmp_path, monkeypatch):
    home = tmp_path / "jax"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.training.tiny_run", str(tiny_folder)],
        cwd=ROOT,
        env={
            **os.environ,
            **QUICKLY_COMPILED,
            "KERAS_BACKEND": "jax",
            "GRAFT_HOME": str(home),
            "GRAFT_QUEUE": str(home / "queue"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        from tlcore.training.trainer import train

        monkeypatch.setattr(catalogue, "CATALOGUE", tiny_run.WITH_TINY)
        news = []
        train(tiny_run.prepare(tiny_folder), report=news.append, stop=lambda: False)
        output, complaint = process.communicate(timeout=500)
    finally:
        process.kill()
    assert process.returncode == 0, complaint[-2000:]
    found = json.loads(output.splitlines()[-1])
    assert found["code"] == 0, found["log"]
    expected = [[each.loss, each.val_loss] for each in news if isinstance(each, EpochEnded)]
    assert len(expected) == 3  # the exact head, then two epochs of every block
    np.testing.assert_allclose(found["losses"], expected, rtol=1e-2, atol=1e-3)
    assert found["tested"] == 9
    assert found["agreeing"] == {"keras": True, "onnx": True, "bundle": True}
