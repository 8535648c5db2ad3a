from __future__ import annotations

import numpy as np
import pytest

from tests.task_runs import make_dataset
from tlcore.data.split.file import read_draw
from tlcore.errors import RunError
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.training.lr_finder import find_rate, suggest

RATES = np.geomspace(1e-6, 1.0, 100).tolist()


def test_the_rate_at_which_the_loss_falls_fastest_is_suggested():
    # Flat, a fall that is steepest at a rate of 1e-3, then an explosion.
    losses = [2 - 1 / (1 + np.exp(-4 * np.log(rate / 1e-3))) + max(0.0, np.log(rate / 0.1)) ** 2 for rate in RATES]
    curve = suggest(RATES, losses)
    assert curve.suggested == pytest.approx(1e-3, rel=0.2)
    assert len(curve.rates) == len(curve.losses) == 100


def test_batches_that_differ_do_not_hide_the_fall():
    swings = np.random.default_rng(0).normal(scale=0.02, size=100)
    losses = [1.1 - 0.25 / (1 + np.exp(-2 * np.log(rate / 1e-2))) for rate in RATES]
    curve = suggest(RATES, (np.array(losses) + swings).tolist())
    assert 2e-3 < curve.suggested < 5e-2


def test_losses_that_are_no_numbers_are_left_out():
    losses = [2 - number / 100 if number < 60 else float("nan") for number in range(100)]
    curve = suggest(RATES, losses)
    assert len(curve.rates) == 60
    assert np.isfinite(curve.losses).all()


def test_a_loss_that_falls_nowhere_is_said_to_say_nothing():
    with pytest.raises(RunError, match="did not fall"):
        suggest(RATES, [1 + number / 100 for number in range(100)])


@pytest.mark.slow
def test_the_finder_tries_rates_on_the_pictures_and_keeps_nothing(workspace, tiny_dataset):
    config = TrainingConfig(
        dataset=tiny_dataset.id, input={"size": 64}, batch_size=8, fractions=Fractions(train=0.5, val=0.25, test=0.25)
    )
    seen = []
    curve = find_rate(config, tiny_dataset, workspace, report=seen.append, stop=lambda: False)
    assert list(curve.rates) == sorted(curve.rates)
    assert curve.rates[0] < curve.suggested < curve.rates[-1]
    assert min(curve.losses) < curve.losses[0]
    assert not list(workspace.runs.glob("*"))
    assert read_draw(tiny_dataset) is None
    assert any(getattr(news, "phase", "") == "rates" for news in seen)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_the_finder_knows_the_loss_of_every_task(workspace, tmp_path, task):
    dataset = make_dataset(workspace, tmp_path / task, task)
    config = TrainingConfig(dataset=dataset.id, input={"size": 32}, batch_size=8)
    curve = find_rate(config, dataset, workspace, report=lambda news: None, stop=lambda: False)
    assert curve.rates[0] < curve.suggested < curve.rates[-1]
    assert np.isfinite(curve.losses).all()
