"""The curves: phases as bands, an axis that stays where it is, the best epoch."""

from __future__ import annotations

from pages.components.shell import charts
from tests.pages.made_runs import epoch_ended
from tests.runs.logs import fold
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import Ended, EpochEnded, PhaseEnded, PhaseStarted, Started
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.regression import REGRESSION
from tlcore.tasks.task import LOSS

CONFIG = TrainingConfig(dataset="any", mode="fine-tune", epochs=6)
WARM_UP = PhaseStarted(phase="head", title="Warming up the head", epochs=4, first_epoch=1)
FINE_TUNING = PhaseStarted(phase="fine-tune", title="Fine-tuning", epochs=6, first_epoch=5)


def log(*, until):
    """A warm-up of four epochs, then fine-tuning that stops early after three."""
    yield Started(pid=1)
    yield WARM_UP
    for epoch in range(1, 5):
        yield epoch_ended(epoch, loss=1 / epoch, val_loss=1 / epoch)
    yield PhaseEnded(phase="head", seconds=1.0)
    yield FINE_TUNING
    for epoch in range(5, 5 + until):
        yield epoch_ended(epoch, loss=0.1, val_loss=0.1 * epoch, phase="fine-tune", best=epoch == 5)


def state(events, *, alive=True):
    return fold(list(events), alive=alive)


def test_the_axis_of_epochs_stays_from_the_first_epoch_to_the_last():
    events = [*log(until=3), PhaseEnded(phase="fine-tune", seconds=1.0)]
    ends = {charts.last_epoch(state(events[:count]), CONFIG) for count in range(2, len(events) + 1)}
    assert ends == {10}


def test_the_axis_ends_where_the_plan_does_and_becomes_shorter_by_early_stopping_alone():
    events = [
        Started(pid=1),
        PhaseStarted(phase="logistic", title="Solving", epochs=1, first_epoch=1, planned=51),
        epoch_ended(1, loss=1, val_loss=1, phase="logistic"),
        PhaseEnded(phase="logistic", seconds=1.0),
        PhaseStarted(phase="head", title="Warming up the head", epochs=10, first_epoch=2, planned=51),
        *(epoch_ended(epoch, loss=1, val_loss=1) for epoch in range(2, 6)),
    ]
    config = CONFIG.model_copy(update={"epochs": 40})
    assert {charts.last_epoch(state(events[:count]), config) for count in range(2, len(events) + 1)} == {51}
    events.append(PhaseEnded(phase="head", seconds=1.0))
    assert charts.last_epoch(state(events), config) == 45
    events.append(PhaseStarted(phase="fine-tune", title="Fine-tuning", epochs=40, first_epoch=6, planned=45))
    assert charts.last_epoch(state(events), config) == 45


def test_a_run_that_is_over_shows_what_there_was():
    over = state([*log(until=3), PhaseEnded(phase="fine-tune", seconds=1.0), Ended(state="finished")], alive=False)
    assert charts.last_epoch(over, CONFIG) == 7


def test_phases_are_bands_that_do_not_overlap():
    found = charts.bands(state(log(until=2)), CONFIG)
    assert [(band.title, band.first, band.last) for band in found] == [
        ("Warming up the head", 1, 4),
        ("Fine-tuning", 5, 10),
    ]


def test_one_point_for_each_epoch_and_a_star_on_the_best():
    figure = charts.curves(state(log(until=2)), CONFIG, LOSS, task=CLASSIFICATION, revision="run")
    training, validation, best = figure.data
    assert list(training.x) == list(validation.x) == [1, 2, 3, 4, 5, 6]
    assert list(best.x) == [5]
    assert figure.layout.uirevision == "run"


def test_a_run_without_epochs_has_empty_axes_of_the_same_size():
    empty, full = (
        charts.curves(seen, CONFIG, CLASSIFICATION.find_metric("accuracy"), task=CLASSIFICATION, revision="run")
        for seen in (state([Started(pid=1)]), state(log(until=2)))
    )
    assert empty.layout.height == full.layout.height
    assert tuple(empty.layout.yaxis.range) == tuple(full.layout.yaxis.range)


def test_phases_of_one_name_have_bands_of_their_own():
    events = [Started(pid=1)]
    for first in (1, 3):
        events.append(PhaseStarted(phase="fine-tune", title=f"from {first}", epochs=3, first_epoch=first))
        events += [epoch_ended(first + more, loss=1, val_loss=1, phase="fine-tune") for more in (0, 1)]
        events.append(PhaseEnded(phase="fine-tune", seconds=1.0))
    found = charts.bands(state(events), CONFIG)
    assert [(band.first, band.last) for band in found] == [(1, 2), (3, 4)]


def values_log(*, epochs=3):
    """A regression: its metrics are measured on the validation set alone."""
    yield Started(pid=1)
    yield PhaseStarted(phase="head", title="Training the head", epochs=5, first_epoch=1)
    for epoch in range(1, epochs + 1):
        yield EpochEnded(
            phase="head",
            epoch=epoch,
            loss=1 / epoch,
            val_loss=1 / epoch,
            val_figures={"mae": 12.0 / epoch, "r2": epoch - 2.0},
            learning_rate=1e-3,
            seconds=1.0,
            images_per_second=100.0,
            best=True,
        )


def test_an_error_is_drawn_in_its_unit_and_not_in_percent():
    shown = state(values_log())
    figure = charts.curves(shown, CONFIG, REGRESSION.metrics[0], unit="mm", task=REGRESSION, revision="run")
    validation, best = figure.data
    assert list(validation.y) == [12, 6, 4]
    assert list(best.y) == [4]
    assert figure.layout.yaxis.title.text == "Mean absolute error (mm, lower is better)"
    assert figure.layout.yaxis.range is None
    assert figure.layout.yaxis.tickformat is None
    assert "mm" in validation.hovertemplate


def test_a_correlation_may_be_below_zero():
    figure = charts.curves(
        state(values_log()), CONFIG, REGRESSION.find_metric("r2"), task=REGRESSION, unit="mm", revision="run"
    )
    assert figure.layout.yaxis.title.text == "R² (higher is better)"
    assert figure.layout.yaxis.rangemode is None


def test_the_loss_of_a_number_has_no_unit():
    assert charts.axis_title(LOSS, charts.unit_of(LOSS, CLASSIFICATION)) == "Loss (nats, lower is better)"
    assert charts.axis_title(LOSS, charts.unit_of(LOSS, REGRESSION, "mm")) == "Loss (lower is better)"


def test_validation_curves_of_runs_lie_over_each_other_in_their_unit():
    runs = [("one", state(values_log())), ("two", state(values_log(epochs=2)))]
    figure = charts.overlay(runs, REGRESSION.metrics[0], unit="mm", task=REGRESSION)
    assert [list(curve.x) for curve in figure.data] == [[1, 2, 3], [1, 2]]
    assert figure.layout.yaxis.title.text == "Validation mean absolute error (mm)"
