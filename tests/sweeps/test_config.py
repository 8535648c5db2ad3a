"""What a sweep is asked: every fault with its field, and the points that the choices span."""

from __future__ import annotations

import pytest

from tests.pages.made_runs import finished
from tests.task_runs import make_dataset
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.errors import ConfigError
from tlcore.runs.events import Evaluated
from tlcore.runs.recommend import recommend
from tlcore.sweeps.config import Point, SweepConfig, default_rate, grid, most_trials, problems, training_config
from tlcore.sweeps.estimate import estimate
from tlcore.sweeps.search import Search, head_rates
from tlcore.sweeps.state import Trial
from tlcore.sweeps.sweep import create_sweep
from tlcore.sweeps.table import Row, best, front

LITE, NASNET = "efficientnet_lite0", "nasnet_mobile"


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({"backbones": ()}, "backbones"),
        ({"backbones": ("nothing",)}, "backbones"),
        ({"depths": ()}, "depths"),
        ({"depths": (-1,)}, "depths"),
        ({"rates": (0.0,)}, "rates"),
        ({"trials": 0}, "trials"),
        ({"epochs": 0}, "epochs"),
        ({"input": {"size": 8}}, "input.size"),
    ],
    ids=lambda value: str(value),
)
def test_every_fault_has_its_field_and_is_told_once(workspace, tiny_dataset, choices, field):
    config = SweepConfig(dataset=tiny_dataset.id, **choices)
    (fault,) = problems(config, tiny_dataset)
    assert fault.field == field
    assert "Received" in fault.message or "None is chosen" in fault.message
    with pytest.raises(ConfigError):
        create_sweep(workspace, tiny_dataset, config)


def test_deeper_than_a_backbone_is_all_of_it_and_tried_once():
    config = SweepConfig(dataset="d", backbones=(LITE, NASNET), depths=(0, 1, 5, 99, "all"))
    every = len(CATALOGUE[LITE].blocks)
    assert {point for point in grid(config) if point.backbone == NASNET} == {Point(NASNET, 0), Point(NASNET, 1)}
    assert sorted(point.blocks for point in grid(config) if point.backbone == LITE) == [0, 1, 5, every]


def test_given_rates_limit_the_trials_a_range_does_not():
    assert most_trials(SweepConfig(dataset="d", depths=(0, 1), rates=(0.1, 0.2), trials=10)) == 4
    assert most_trials(SweepConfig(dataset="d", depths=(0, 1), trials=10)) == 10


def test_the_rate_of_a_point_is_that_of_what_is_trained():
    config = SweepConfig(dataset="d", epochs=3, seed=5, backbones=("xception",))
    frozen = training_config(config, Point("xception", 0, 0.05))
    assert (frozen.mode, frozen.head_learning_rate, frozen.epochs, frozen.seed) == ("freeze", 0.05, 3, 5)
    tuned = training_config(config, Point("xception", 2, 0.05))
    assert (tuned.mode, tuned.blocks, tuned.fine_tune_learning_rate) == ("fine-tune", 2, 0.05)
    assert tuned.head_learning_rate == 0.01
    assert tuned.input.size == CATALOGUE["xception"].native_size


def test_what_is_not_tried_is_as_recommended_for_the_pictures(workspace, tiny_dataset):
    choices = SweepConfig(
        dataset=tiny_dataset.id, backbones=(LITE, "convnext_tiny"), epochs=7, seed=3, input={"size": 64}
    )
    config = create_sweep(workspace, tiny_dataset, choices).config
    for backbone in choices.backbones:
        recommended = recommend(tiny_dataset, CATALOGUE[backbone]).values
        tuned = training_config(config, Point(backbone, 2))
        assert tuned.batch_size == recommended["batch_size"]
        assert tuned.fine_tune_learning_rate == recommended["fine_tune_learning_rate"]
        assert (tuned.blocks, tuned.epochs, tuned.seed, tuned.input.size) == (2, 7, 3, 64)
        assert tuned.target_metric == "accuracy"
        assert tuned.head == "both"
    assert default_rate(config, Point(LITE, 2)) != default_rate(config, Point("convnext_tiny", 2))


def test_an_error_is_the_better_the_lower_it_is():
    def row(number, mae, seconds):
        test = Evaluated(task="regression", metric="mae", unit="mm", value=mae, low=0, high=9, n=9)
        return Row(Trial(number, "run", LITE, 0, 0.1, state="finished"), validation=mae, seconds=seconds, test=test)

    laid_out = [row(1, 2.0, 10.0), row(2, 3.0, 20.0), row(3, 1.5, 30.0)]
    assert best(laid_out, "mae").trial.number == 3
    assert [row.trial.number for row in front(laid_out, lambda row: row.seconds, "mae")] == [1, 3]


@pytest.mark.parametrize(("task", "metric"), [("multilabel", "mean_average_precision"), ("regression", "mae")])
def test_a_sweep_is_decided_by_the_headline_metric_of_its_task(workspace, tmp_path, task, metric):
    dataset = make_dataset(workspace, tmp_path / task, task)
    config = create_sweep(workspace, dataset, SweepConfig(dataset=dataset.id)).config
    assert config.metric == metric
    assert training_config(config, Point(LITE, 0)).target_metric == metric
    (fault,) = problems(SweepConfig(dataset=dataset.id, depths=(0,), target_metric="accuracy"), dataset)
    assert fault.field == "target_metric"


@pytest.mark.parametrize(
    ("task", "low", "high"), [("classification", 1e-3, 1e-1), ("multilabel", 1e-3, 1e-1), ("regression", 1e-4, 1e-2)]
)
def test_the_rates_that_are_searched_fit_the_head_of_the_task(workspace, tiny_dataset, tmp_path, task, low, high):
    dataset = tiny_dataset if task == "classification" else make_dataset(workspace, tmp_path / task, task)
    sweep = create_sweep(workspace, dataset, SweepConfig(dataset=dataset.id, depths=(0,), trials=8))
    assert head_rates(sweep.config) == pytest.approx((low, high))
    search = Search(sweep)
    first = search.next()
    assert first.point.rate == pytest.approx(default_rate(sweep.config, first.point))


def test_the_front_has_what_no_cheaper_trial_equals_on_validation():
    def row(number, validation, seconds, judged=True):
        test = Evaluated(accuracy=1 - validation, low=0, high=1, n=9)
        trial = Trial(number, "run", LITE, 0, 0.1, state="finished" if judged else "pruned")
        return Row(trial, validation=validation, seconds=seconds, test=test)

    laid_out = [row(1, 0.9, 30.0), row(2, 0.8, 10.0), row(3, 0.8, 20.0), row(4, 0.95, 5.0, judged=False)]
    assert [row.trial.number for row in front(laid_out, lambda row: row.seconds, "accuracy")] == [2, 1]
    assert [row.trial.number for row in front(laid_out, lambda row: row.seconds, "loss")] == [2]


def test_the_estimate_scales_an_earlier_run_of_the_same_kind(workspace, tiny_dataset):
    items = len(tiny_dataset.items())
    finished(workspace, tiny_dataset)  # half a second of pictures, three of three epochs
    config = SweepConfig(dataset=tiny_dataset.id, depths=(0,), trials=4, epochs=6)
    assert estimate(workspace, config, items).seconds == pytest.approx(4 * (0.5 + 2 * 3.0))
    assert estimate(workspace, config, 10 * items).seconds == pytest.approx(40 * (0.5 + 2 * 3.0))
    deeper = config.model_copy(update={"depths": (0, 1, 2)})
    assert estimate(workspace, deeper, items).seconds is None
    assert estimate(workspace, deeper, items).unknown == (Point(LITE, 1), Point(LITE, 2))
    assert estimate(workspace, config.model_copy(update={"input": {"size": 64}}), items).seconds is None
