"""The bundle on a computer that has never heard of Graft: an environment with what it lists, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tlcore.contract import read_contract
from tlcore.evaluation.files import read_predictions
from tlcore.evaluation.predictions import probabilities
from tlcore.export.run import export_run
from tlcore.runs.manifest import artefact

# As on a stranger's computer: nothing of this environment leads the program anywhere.
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "GRAFT"))}


def environment(folder: Path, requirements: Path) -> Path:
    """Make one with the listed packages, and give its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, env=PLAIN)
    python = folder / "bin" / "python"
    installing = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
    done = subprocess.run(installing, capture_output=True, text=True, env=PLAIN)
    if done.returncode and "connection" in done.stderr.lower():
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    return python


@pytest.mark.slow
def test_what_the_bundle_lists_is_all_that_its_program_needs(run, tmp_path):
    export_run(run, lambda step: None, ["bundle"])
    home = tmp_path / "bundle"
    with zipfile.ZipFile(artefact(run.path, "bundle")) as archive:
        archive.extractall(home)
    python = environment(tmp_path / "environment", home / "requirements.txt")
    expected = read_predictions(run.path)
    dataset = run.path.parents[1] / "datasets" / run.config.dataset
    items = [str(next((dataset / "images").glob(f"{sha}.*"))) for sha in expected["sha256"]]
    done = subprocess.run([python, home / "predict.py", "--json", *items], capture_output=True, text=True, env=PLAIN)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line)["probabilities"] for line in done.stdout.splitlines()]
    labels = read_contract(run.path).labels
    found = [[answer[label] for label in labels] for answer in answers]
    np.testing.assert_allclose(found, probabilities(expected, len(labels)), atol=1e-6)
