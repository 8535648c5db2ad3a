"""The evaluation of a model that gives any number of labels."""

from __future__ import annotations

from pages.components.answers import (
    all_metrics,
    headline_metric,
    label_calibration,
    label_errors,
    label_matrix,
    label_table,
    label_threshold,
)
from pages.components.answers.judged import Judged
from pages.components.shell import test_usage, training_diagnostics

ABOUT = {
    "Label frequencies": "every picture gets each label's share of the training set",
    "Linear probe": "logistic regression on the frozen backbone",
}


def overview(judged: Judged) -> None:
    """The headline, which labels occur together and are mixed up, every metric, and the worst errors."""
    headline_metric.show(judged.evaluation, beside="micro_f1", about=ABOUT)
    if judged.dataset is not None:
        test_usage.show(judged.dataset, judged.run.dataset.draw)
    if judged.evaluation.n:
        training_diagnostics.show(judged.run)
        label_matrix.show(judged)
        all_metrics.show(judged.evaluation)
        label_errors.show(judged)


def labels(judged: Judged) -> None:
    """Every label with its figures, and its threshold."""
    label_table.show(judged)
    if judged.evaluation.n:
        label_threshold.show(judged)


def calibration(judged: Judged) -> None:
    """The reliability diagram of each label."""
    if judged.evaluation.n:
        label_calibration.show(judged)


VIEWS = {
    "": (":material/fact_check: Overview", overview),
    "classes": (":material/category: Per label", labels),
    "probabilities": (":material/percent: Calibration", calibration),
}
