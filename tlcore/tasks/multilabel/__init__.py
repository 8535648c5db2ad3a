"""Multi-label classification: any number of labels for each item.

It knows sets of labels, independent probabilities and thresholds. It does not know items, datasets or files.
"""

from tlcore.tasks.multilabel import answers, labels
from tlcore.tasks.task import Metric, Task

MULTILABEL = Task(
    key="multilabel",
    title="Multi-label classification",
    explains="Each example has any number of labels, such as every object in it.",
    output="probabilities",
    activation="Sigmoid",
    balancing=("none",),
    options=("label_smoothing", "mixup"),
    exact="logistic regression",
    metrics=(
        Metric(
            "mean_average_precision",
            "Mean average precision (mAP)",
            "How well each label's examples are ranked above the others, averaged over the labels.",
        ),
        Metric("micro_f1", "Micro F1", "The F1 score over all labels of all examples together."),
        Metric("macro_f1", "Macro F1", "The mean F1 score over the labels."),
        Metric("exact_match", "Exact-match ratio", "The share of examples whose labels are all correct."),
        Metric(
            "hamming_loss",
            "Hamming loss",
            "The share of wrong yes-or-no decisions over all labels of all examples.",
            higher_is_better=False,
        ),
    ),
    class_metric=Metric(
        "average_precision",
        "Average precision (AP)",
        "How well the examples of a label are ranked above the others.",
    ),
    few=1,
    probe="labels",
    names=labels.split,
    renamed=labels.renamed,
    read=labels.read,
    classes=labels.classes,
    width=answers.width,
    targets=labels.targets,
    strata=labels.strata,
    activate=answers.activate,
    same=answers.same,
    answers=answers.answers,
    reply=answers.reply,
    right=answers.right,
    decide=answers.decide,
    gradient=answers.gradient,
    head="tlcore.tasks.multilabel.keras_head",
    shipped="tlcore.tasks.multilabel.shipped",
    evaluation="tlcore.tasks.multilabel.evaluate",
)
