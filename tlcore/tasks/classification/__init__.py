"""Classification: exactly one class for each item.

It knows class names, probabilities and temperature. It does not know items, datasets or files.
"""

from tlcore.tasks.classification import answers
from tlcore.tasks.classification.class_codes import class_codes
from tlcore.tasks.task import Metric, Task

# What answers without training the backbone, simplest first.
LARGEST_CLASS, NEAREST_MEAN, LINEAR_PROBE = "Always the largest class", "Nearest class mean", "Linear probe"
CLASSIFICATION = Task(
    key="classification",
    title="Classification",
    explains="Each example has exactly one label, such as a species.",
    output="probabilities",
    activation="Softmax",
    balancing=("none", "weights", "sampling"),
    options=("label_smoothing", "mixup", "cutmix"),
    exact="logistic regression",
    metrics=(
        Metric("accuracy", "Accuracy", "The share of correct predictions."),
        Metric("balanced_accuracy", "Balanced accuracy", "The mean recall over the classes."),
        Metric("macro_f1", "Macro F1", "The mean F1 score over the classes."),
    ),
    class_metric=Metric("recall", "Recall", "The share of the examples of a class that are found."),
    few=2,
    probe="class",
    names=answers.names,
    renamed=answers.renamed,
    read=answers.read,
    classes=answers.classes,
    width=answers.width,
    targets=class_codes,
    strata=answers.strata,
    activate=answers.activate,
    same=answers.same,
    answers=answers.answers,
    reply=answers.reply,
    right=answers.right,
    decide=answers.decide,
    gradient=answers.gradient,
    head="tlcore.tasks.classification.keras_head",
    evaluation="tlcore.tasks.classification.evaluate",
    counts_right=True,
    also=(
        *(Metric(f"top_{k}", f"Top-{k} accuracy", f"The true class is among the {k} most likely.") for k in (2, 3, 5)),
        Metric("log_loss", "Log loss", "In nats; confident errors cost most.", higher_is_better=False, kind="score"),
        Metric(
            "brier",
            "Brier score",
            "The mean squared error of the probabilities, 0 to 2.",
            higher_is_better=False,
            kind="score",
        ),
    ),
    shipped="tlcore.tasks.classification.shipped",
)
