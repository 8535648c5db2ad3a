"""The exact head within a run: what it learns from, and what is said of it."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

from tests.heads import head
from tlcore.runs.config import TrainingConfig
from tlcore.runs.items import Items
from tlcore.training.logistic_training import solve_head
from tlcore.training.phases import Phase


def part(labels: list[int], name: str) -> Items:
    nothing = cast(Any, None)
    return Items(nothing, np.array(labels), tuple(f"{name}{n}" for n in range(len(labels))), nothing)


@pytest.mark.parametrize(("kind", "learns_from_validation"), [("logistic", True), ("both", False)])
def test_validation_pictures_are_learnt_from_only_where_nothing_is_left_to_choose_by_them(kind, learns_from_validation):
    """The second class is known from one training picture; only validation shows that it reaches far to the right."""
    features = {
        "train": np.array([[-1.0], [-1.1], [-0.9], [-1.0], [0.2], [0.3]], np.float32),
        "val": np.array([[-1.0], [4.0], [4.2], [4.1]], np.float32),
    }
    items = {"train": part([0, 0, 0, 0, 1, 1], "t"), "val": part([0, 1, 1, 1], "v")}
    config = TrainingConfig(dataset="d", head=kind)
    phase = Phase(name="logistic", title="", cut=1, epochs=1, learning_rate=0.0, patience=0)
    found, _, ended = solve_head(phase, features, items, config, head(2), epoch=1)
    only, _, same = solve_head(
        phase,
        {**features, "val": features["val"][:1]},
        {**items, "val": part([0], "v")},
        config,
        head(2),
        epoch=1,
    )
    changed = not np.allclose(found.kernel, only.kernel, atol=1e-4)
    assert changed == learns_from_validation
    assert ended.loss == pytest.approx(same.loss), "what is said is of the head that had not met them"
