"""Regression: a number for each item.

It knows values, their scale and prediction intervals. It does not know items, datasets or files.
"""

from tlcore.tasks.regression import answers
from tlcore.tasks.task import Metric, Task

REGRESSION = Task(
    key="regression",
    title="Regression",
    explains="Each example has a number, such as a weight or a count.",
    output="values",
    activation="Identity",
    balancing=("none",),
    options=("loss",),
    exact="ridge regression",
    metrics=(
        Metric(
            "mae",
            "Mean absolute error (MAE)",
            "How far off the predictions are on average.",
            higher_is_better=False,
            kind="value",
        ),
        Metric(
            "rmse",
            "Root mean squared error (RMSE)",
            "How far off the predictions are, with large errors counted more.",
            higher_is_better=False,
            kind="value",
        ),
        Metric("r2", "R²", "The share of the variation in the values that the predictions explain.", kind="score"),
        Metric(
            "spearman",
            "Spearman correlation",
            "How well the predictions put the examples in order, from −1 to 1.",
            kind="score",
        ),
    ),
    class_metric=None,
    few=0,
    probe="number",
    names=answers.names,
    renamed=answers.renamed,
    read=answers.read,
    classes=answers.classes,
    width=answers.width,
    targets=answers.targets,
    strata=answers.strata,
    activate=answers.activate,
    same=answers.same,
    answers=answers.answers,
    reply=answers.reply,
    right=answers.right,
    decide=answers.decide,
    gradient=answers.gradient,
    head="tlcore.tasks.regression.keras_head",
    shipped="tlcore.tasks.regression.shipped",
    evaluation="tlcore.tasks.regression.evaluate",
)
