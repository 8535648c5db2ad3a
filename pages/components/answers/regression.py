"""The evaluation of a model that predicts a number."""

from __future__ import annotations

import streamlit as st

from pages.components.answers import all_metrics, headline_metric, value_charts, value_errors
from pages.components.answers.judged import Judged
from pages.components.shell import formats, frame, test_usage, training_diagnostics
from pages.components.shell.plotly_chart import plotly_chart
from tlcore import numbers

ABOUT = {
    "Always the median": "the median of the training set, whatever the picture",
    "Linear probe": "ridge regression on the frozen backbone",
}


def overview(judged: Judged) -> None:
    """The headline, predicted against true values, prediction intervals, every metric, and the largest errors."""
    headline_metric.show(judged.evaluation, beside="r2", about=ABOUT)
    if judged.dataset is not None:
        test_usage.show(judged.dataset, judged.run.dataset.draw)
    if judged.evaluation.n:
        training_diagnostics.show(judged.run)
        predicted_against_true(judged)
        intervals(judged)
        all_metrics.show(judged.evaluation)
        value_errors.largest(judged)


def residuals(judged: Judged) -> None:
    """Errors over predicted values, and how large they are."""
    if judged.evaluation.n:
        _residual_chart(judged)
        _histogram(judged)


@frame.fragment
def predicted_against_true(judged: Judged) -> None:
    """The chart, and the picture of the point that is looked at."""
    st.subheader("Predicted against true values", anchor=False)
    st.markdown(
        "Each point is a test picture. On the dotted line the prediction is exact; above it the prediction is too "
        "high, below it too low. Click a point to see its picture."
    )
    value_errors.clickable(
        judged,
        value_charts.predicted_against_true,
        key="predicted-true",
        alt="predicted value of each test picture over its true value, with the diagonal and the prediction intervals",
    )


def intervals(judged: Judged) -> None:
    """Half the width of the prediction intervals, and how many of them hold the true value."""
    evaluation = judged.evaluation
    found, margin, target = evaluation.coverage, evaluation.margin, evaluation.target_coverage
    st.subheader("Prediction intervals", anchor=False)
    if found is None or margin is None or target is None:
        st.caption("There are none: the validation set was empty when the model was trained.")
        return
    with st.grid(3, min_column_width=170):
        for label, value, about in (
            (
                "Prediction interval",
                f"± {numbers.significant(margin, evaluation.unit)}",
                "around every predicted value",
            ),
            ("Target coverage", formats.percent(target, 0), "of the intervals should hold the true value"),
            (
                "Coverage on the test set",
                formats.percent(found.value),
                f"95 % interval {100 * found.low:.0f} to {formats.percent(found.high, 0)}",
            ),
        ):
            with st.container(gap="xxsmall"):
                st.metric(label, formats.plain(value))
                st.caption(about)
    st.markdown(_verdict(found.low, found.high, target))


def _verdict(low: float, high: float, target: float) -> str:
    wanted = formats.percent(target, 0)
    said = (
        "The width was chosen on the validation set (split-conformal prediction): for pictures like these it holds, "
        "whatever the model's errors look like. "
    )
    if high < target:
        return f"{said}On the test set the intervals hold **significantly fewer** true values than {wanted}."
    if low > target:
        return f"{said}On the test set the intervals hold **significantly more** true values than {wanted}."
    return f"{said}The coverage on the test set **does not differ significantly** from {wanted}."


@frame.fragment
def _residual_chart(judged: Judged) -> None:
    st.subheader("Residuals", anchor=False)
    st.markdown(
        "A residual is the predicted value minus the true one. A good model's residuals scatter evenly around 0; a "
        "slope or a funnel means that it is off in a systematic way. Click a point to see its picture."
    )
    value_errors.clickable(
        judged,
        value_charts.residuals,
        key="residuals",
        alt="residual of each test picture over its predicted value, with the prediction intervals",
    )


def _histogram(judged: Judged) -> None:
    found = value_errors.values(judged)
    st.subheader("Distribution of residuals", anchor=False)
    mean = float(found.residuals.mean())
    side, size = "too high" if mean > 0 else "too low", numbers.signed(mean, found.unit)
    st.markdown(formats.plain(f"The mean residual is {size}: on average, predictions are {side}."))
    plotly_chart(
        value_charts.histogram(found),
        key="residual-histogram",
        config={"displayModeBar": False},
        alt="number of test pictures by residual",
    )


VIEWS = {
    "": (":material/fact_check: Overview", overview),
    "residuals": (":material/scatter_plot: Residuals", residuals),
}
