"""What exports of a regression say and carry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tlcore.markup import one_line
from tlcore.tasks.shipped import Script, Shipped, Words

HERE = Path(__file__).parent
PROGRESS = """\
        loss = said["loss"][0]
        print(f"{name} {epoch + 1}/{epochs}: loss {loss:.3f}, validation loss {-score[1]:.3f}")
"""
LOSS = """{
            "huber": keras.losses.Huber(delta=1.0),
            "squared": keras.losses.MeanSquaredError(),
            "absolute": keras.losses.MeanAbsoluteError(),
        }[LOSS]"""


def described(classes: Sequence[str], name: str, unit: str, labels: Sequence[str]) -> dict[str, Any]:
    """Say what the value is, and its mean and deviation among the training items."""
    values = np.array(labels, np.float64)
    return {
        "VALUE": one_line(name),
        "UNIT": one_line(unit),
        "MEAN": float(values.mean()),
        "DEVIATION": float(values.std()) or 1.0,
    }


SHIPPED = Shipped(
    words=Words(
        "A $one regression model",
        "It predicts $answer.",
        "the value for each $one, with its prediction interval",
        "the value, its prediction interval and its unit",
        "The model gives a value whatever a $one shows.",
        '["value"]',
    ),
    predict=HERE / "predict.py.txt",
    script=Script(
        texts=(HERE / "train.py.txt",),
        pieces=("Values",),
        exact=("Exact value",),
        solver="solve_value",
        imports={
            "Exact value": (
                "from sklearn.linear_model import Ridge, RidgeCV",
                "from sklearn.model_selection import GroupKFold",
            ),
            "Values": ("from scipy.stats import spearmanr",),
        },
        gaps={
            "labels": 'np.array([[float(row["label"])] for row in rows])',
            "weights": "np.ones(len(labels), np.float32)",
            "sampling": "",
            "answers": "standardized(self.labels[rows])",
            "loss": LOSS,
            "metrics": "",
            "progress": PROGRESS,
            "solved": "",
            "counts": "None  # every $one counts the same",
            "wrong": "np.abs(raw[:, 0] - standardized(labels)[:, 0])",
            "outputs": "1",
            "said": """f"Test mean absolute error {found['mae']:.4g} {UNIT} on {found['n']} $many.\"""",
        },
        settings={"LOSS": "loss"},
        answer=described,
    ),
)
