"""A conversion in a process of its own, with TensorFlow as Keras' backend: a converter that crashes harms nobody.

It knows how the process is started and what is said to it. What it does is `converting`'s.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import tlcore
from tlcore.errors import ExportError
from tlcore.export.facts import shipped_contract
from tlcore.runs.run import Run

SECONDS = 1800.0


def convert(kind: str, run: Run, target: Path, **more: Any) -> None:
    """Have the run's model converted into a folder or file, `target`.

    Raises:
        ExportError: The converter failed, or took far too long.
    """
    if not run.model_keras.is_file():
        raise ExportError(f"The run needs its {run.model_keras.name}. It is not in {run.path}. Train the run again.")
    asked = {
        "keras": str(run.model_keras),
        "onnx": str(run.model_onnx),
        "target": str(target),
        "contract": shipped_contract(run).model_dump(mode="json"),
        **more,
    }
    # On the processor: a training run may need the device's memory.
    environment = {
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": str(Path(tlcore.__file__).resolve().parent.parent),
    }
    command = [sys.executable, "-m", "tlcore.export.convert_main", kind]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked), env=environment, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise ExportError(f"the conversion was not done in {SECONDS / 60:.0f} minutes") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["it said nothing"]
        raise ExportError(f"the conversion failed with code {done.returncode} ({lines[-1][:300]})")
