"""What exports of a multi-label classification say and carry."""

from __future__ import annotations

import json
from pathlib import Path

from tlcore.markup import one_line
from tlcore.tasks.multilabel import labels
from tlcore.tasks.shipped import (
    LOGISTIC,
    LOGISTIC_IMPORTS,
    TEMPERATURE_IMPORTS,
    Script,
    Shipped,
    Words,
    named_classes,
)

HERE = Path(__file__).parent
PROGRESS = """\
        loss = said["loss"][0]
        print(f"{name} {epoch + 1}/{epochs}: loss {loss:.3f}, validation loss {-score[1]:.3f}")
"""


def written(label: str) -> str:
    """Write the labels of an item as a list of JSON."""
    return json.dumps([one_line(name) for name in labels.split(label)], ensure_ascii=False)


SHIPPED = Shipped(
    words=Words(
        "A multi-label $one classifier",
        "It gives each $one any number of these labels: $answer.",
        "the labels of each $one: those whose probabilities reach their thresholds",
        "the labels above their thresholds, and the probability of each label",
        "The model decides about each of its labels whatever a $one shows.",
        '["labels"]',
    ),
    predict=HERE / "predict.py.txt",
    script=Script(
        texts=(HERE / "train.py.txt", LOGISTIC),
        pieces=("Several labels", "Temperature"),
        exact=("Logistic regression", "Exact labels"),
        solver="solve_labels",
        imports={
            "Logistic regression": LOGISTIC_IMPORTS,
            "Temperature": TEMPERATURE_IMPORTS,
            "Several labels": (
                "from scipy.special import expit",
                "from sklearn.metrics import average_precision_score",
            ),
        },
        gaps={
            "labels": 'np.array([[name in json.loads(row["label"]) for name in CLASSES] for row in rows], np.float32)',
            "weights": "np.ones(len(labels), np.float32)",
            "sampling": "",
            "answers": "self.labels[rows]",
            "loss": "keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING)",
            "metrics": "",
            "progress": PROGRESS,
            "solved": "2",
            "counts": "None  # every $one counts the same",
            "wrong": "np.logaddexp(0.0, np.where(labels > 0, -raw, raw)).mean(axis=1)",
            "outputs": "len(CLASSES)",
            "said": """f"Test mean average precision {found['mean_average_precision']:.3f} on {found['n']} $many.\"""",
        },
        settings={"LABEL_SMOOTHING": "label_smoothing", "MIXUP": "mixup", "CUTMIX": "cutmix"},
        answer=named_classes,
        label=written,
    ),
)
