"""What stands in the gaps of the training script for each task: labels as arrays, loss, and what is done at the end.

It knows tasks and the names in `bundled/train.py.txt`. It does not know runs or files.
"""

from __future__ import annotations

from tlcore.runs.config import TrainingConfig

# Of the head that is solved for.
SOLVERS = {"classification": "solve_head", "multilabel": "solve_labels", "regression": "solve_value"}
LOSSES = {
    "huber": "keras.losses.Huber(delta=1.0)",
    "squared": "keras.losses.MeanSquaredError()",
    "absolute": "keras.losses.MeanAbsoluteError()",
}
PROGRESS = """\
        loss = said["loss"][0]
        print(f"{name} {epoch + 1}/{epochs}: loss {loss:.3f}, validation loss {-score[1]:.3f}")
"""
PROGRESS_OF_CLASSES = """\
        loss, right = said["loss"][0], said["accuracy"][0]
        print(f"{name} {epoch + 1}/{epochs}: loss {loss:.3f}, right {right:.3f}, validation loss {-score[1]:.3f}")
"""
SAMPLING = """\
        if BALANCING == "sampling":
            chance = 1.0 / np.bincount(self.labels)[self.labels]
            order = self.rng.choice(order, len(order), p=chance / chance.sum())
"""
FINISH_CLASSES = """\
    before = answer(logits, val.pixels) if validation is None else validation
    heat = temperature(before, val.labels)
    head.set_weights([weights / heat for weights in head.get_weights()])
    model = keras.Model(pixels, layers.Softmax(name="probabilities")(logits.output))
    outputs = answer(model, test.pixels)
    of_truth = outputs[np.arange(len(test.labels)), test.labels]
    found = {
        "accuracy": float((outputs.argmax(axis=1) == test.labels).mean()),
        "log_loss": float(-np.log(np.maximum(of_truth, 1e-12)).mean()),
        "n": len(test.labels),
        "temperature": heat,
    }
"""
FINISH_LABELS = """\
    before = answer(logits, val.pixels) if validation is None else validation
    heats, thresholds = [], []
    for place in range(len(CLASSES)):  # a label is two classes of the logits 0 and x
        pair, has = np.stack([np.zeros(len(before)), before[:, place]], axis=1), val.labels[:, place]
        heats.append(temperature(pair, has.astype(int)))
        thresholds.append(threshold(expit(before[:, place] / heats[-1]), has > 0))
    head.set_weights([weights / np.array(heats, np.float32) for weights in head.get_weights()])
    model = keras.Model(pixels, layers.Activation("sigmoid", name="probabilities")(logits.output))
    outputs = answer(model, test.pixels)
    found = {
        **measured(outputs, outputs >= np.array(thresholds), test.labels > 0),
        "n": len(test.labels),
        "temperatures": heats,
        "thresholds": dict(zip(CLASSES, thresholds)),
    }
"""
FINISH_VALUES = """\
    before = (answer(logits, val.pixels) if validation is None else validation)[:, 0] * DEVIATION + MEAN
    kernel, bias = head.get_weights()
    head.set_weights([kernel * DEVIATION, bias * DEVIATION + MEAN])  # from here on in the unit of the value
    # Split-conformal prediction: so far off are 90 % of the validation pictures at most.
    errors = np.sort(np.abs(before - val.labels[:, 0]))
    margin = float(errors[min(len(errors), math.ceil((len(errors) + 1) * 0.9)) - 1])
    model = keras.Model(pixels, layers.Identity(name="values")(logits.output))
    outputs = answer(model, test.pixels)
    found = {
        **measured(outputs[:, 0], test.labels[:, 0]),
        "n": len(test.labels),
        "value": VALUE,
        "unit": UNIT,
        "interval_margin": margin,
    }
"""
CLASSES = {
    "labels": 'np.array([CLASSES.index(row["label"]) for row in rows])',
    "weights": '(class_weights(labels) if BALANCING == "weights" else np.ones(len(CLASSES), np.float32))[labels]',
    "sampling": SAMPLING,
    "answers": "np.eye(len(CLASSES), dtype=np.float32)[self.labels[rows]]",
    "loss": "keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING)",
    "metrics": 'keras.metrics.CategoricalAccuracy(name="accuracy")',
    "progress": PROGRESS_OF_CLASSES,
    "solved": "len(CLASSES)",
    "counts": 'class_weights(learn.labels) if BALANCING == "weights" else np.ones(len(CLASSES), np.float32)',
    "outputs": "len(CLASSES)",
    "finish": FINISH_CLASSES,
    "said": """f"Test accuracy {found['accuracy']:.3f} on {found['n']} pictures, log loss {found['log_loss']:.3f}.\"""",
}
LABELS = {
    "labels": 'np.array([[name in json.loads(row["label"]) for name in CLASSES] for row in rows], np.float32)',
    "weights": "np.ones(len(labels), np.float32)",
    "sampling": "",
    "answers": "self.labels[rows]",
    "loss": "keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=LABEL_SMOOTHING)",
    "metrics": "",
    "progress": PROGRESS,
    "solved": "2",
    "counts": "None  # every picture counts the same",
    "outputs": "len(CLASSES)",
    "finish": FINISH_LABELS,
    "said": """f"Test mean average precision {found['mean_average_precision']:.3f} on {found['n']} pictures.\"""",
}
VALUES = {
    "labels": 'np.array([[float(row["label"])] for row in rows])',
    "weights": "np.ones(len(labels), np.float32)",
    "sampling": "",
    "answers": "standardized(self.labels[rows])",
    "metrics": "",
    "progress": PROGRESS,
    "solved": "",
    "counts": "None  # every picture counts the same",
    "outputs": "1",
    "finish": FINISH_VALUES,
    "said": """f"Test mean absolute error {found['mae']:.4g} {UNIT} on {found['n']} pictures.\"""",
}


def script_words(task: str, config: TrainingConfig) -> dict[str, str]:
    """Give the text for each gap of the script that depends on the task."""
    if task == "regression":
        return {**VALUES, "loss": LOSSES[config.loss]}
    return LABELS if task == "multilabel" else CLASSES
