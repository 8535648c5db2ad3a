from __future__ import annotations

import pytest

from tlcore.runs.config import TrainingConfig
from tlcore.training.phases import plan


def test_freezing_trains_the_head_above_every_block(tiny_backbone):
    config = TrainingConfig(dataset="d", mode="freeze", epochs=7, head_learning_rate=0.5)
    solved, phase = plan(config, tiny_backbone)
    assert (solved.exact, solved.cut) == (True, 3)
    assert (phase.name, phase.cut, phase.epochs, phase.learning_rate) == ("head", 3, 7, 0.5)


@pytest.mark.parametrize(("blocks", "cut"), [(1, 2), (2, 1), (3, 0)])
def test_fine_tuning_warms_up_the_head_before_the_cut_moves_down(tiny_backbone, blocks, cut):
    config = TrainingConfig(dataset="d", mode="fine-tune", blocks=blocks, epochs=7, fine_tune_learning_rate=0.5)
    solved, warm_up, fine_tune = plan(config, tiny_backbone)
    assert (solved.exact, solved.cut) == (True, 3)
    assert (warm_up.name, warm_up.cut) == ("head", 3)
    assert (fine_tune.name, fine_tune.cut, fine_tune.epochs, fine_tune.learning_rate) == ("fine-tune", cut, 7, 0.5)
