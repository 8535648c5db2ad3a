"""What exports of a classification say and carry."""

from __future__ import annotations

from pathlib import Path

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
        loss, right = said["loss"][0], said["accuracy"][0]
        print(f"{name} {epoch + 1}/{epochs}: loss {loss:.3f}, right {right:.3f}, validation loss {-score[1]:.3f}")
"""
WEIGHTS = 'class_weights({}) if BALANCING == "weights" else np.ones(len(CLASSES), np.float32)'
SAMPLING = """\
        if BALANCING == "sampling":
            chance = 1.0 / np.bincount(self.labels)[self.labels]
            order = self.rng.choice(order, len(order), p=chance / chance.sum())
"""

SHIPPED = Shipped(
    words=Words(
        "A $one classifier",
        "It tells these classes apart: $answer.",
        "the likeliest classes of each $one. `--top 1` shows one only",
        "label, confidence, the probability of each class, whether it is sure",
        "The model names one of its classes whatever a $one shows.",
        '["label"]',
    ),
    predict=HERE / "predict.py.txt",
    script=Script(
        texts=(HERE / "train.py.txt", LOGISTIC),
        pieces=("Classes", "Temperature"),
        exact=("Logistic regression",),
        solver="solve_head",
        imports={
            "Logistic regression": LOGISTIC_IMPORTS,
            "Temperature": TEMPERATURE_IMPORTS,
            "Classes": ("from sklearn.metrics import f1_score, recall_score",),
        },
        gaps={
            "labels": 'np.array([CLASSES.index(row["label"]) for row in rows])',
            "weights": f"({WEIGHTS.format('labels')})[labels]",
            "sampling": SAMPLING,
            "answers": "np.eye(len(CLASSES), dtype=np.float32)[self.labels[rows]]",
            "loss": "keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING)",
            "metrics": 'keras.metrics.CategoricalAccuracy(name="accuracy")',
            "progress": PROGRESS,
            "solved": "len(CLASSES)",
            "counts": WEIGHTS.format("learn.labels"),
            "wrong": "(raw.argmax(axis=1) != labels).astype(np.float64)",
            "outputs": "len(CLASSES)",
            "said": """f"Test accuracy {found['accuracy']:.3f} on {found['n']} $many, """
            """log loss {found['log_loss']:.3f}.\"""",
        },
        settings={
            "LABEL_SMOOTHING": "label_smoothing",
            "MIXUP": "mixup",
            "CUTMIX": "cutmix",
            "BALANCING": "balancing",
        },
        answer=named_classes,
    ),
)
