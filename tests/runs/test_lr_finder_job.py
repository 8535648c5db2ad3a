"""The search for a learning rate, in its own process through the command line."""

from __future__ import annotations

import pytest

from tlcore.errors import RunError
from tlcore.progress import drain
from tlcore.runs.config import TrainingConfig
from tlcore.runs.lr_finder import find_rates


@pytest.mark.slow
def test_a_process_of_its_own_finds_the_curve(workspace, tiny_dataset):
    seen = []
    config = TrainingConfig(dataset=tiny_dataset.id, input={"size": 32}, batch_size=8)
    found = drain(find_rates(config), seen.append)
    assert len(found.rates) == len(found.losses) > 20
    assert list(found.rates) == sorted(found.rates)
    assert found.rates[0] < found.suggested < found.rates[-1]
    assert seen
    assert not list(workspace.runs.glob("*"))


def test_a_search_that_cannot_begin_says_why_in_its_sentence(workspace):
    with pytest.raises(RunError, match="'gone' is not one"):
        drain(find_rates(TrainingConfig(dataset="gone")), lambda step: None)
