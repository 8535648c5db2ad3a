"""Estimates the longest duration of a sweep from earlier runs of the same kind on this machine.

It knows the times in run folders. It guesses nothing about a backbone that was never trained here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tlcore.errors import GraftError
from tlcore.runs.run import Run, list_runs
from tlcore.sweeps.config import Point, SweepConfig, grid, most_trials, training_config
from tlcore.workspace import Workspace

LATEST_RUNS = 50
ITEM_PHASES = ("prepare", "trunk", "evaluate")  # as long as there are items; saving and proving are not


@dataclass(frozen=True)
class Estimate:
    """`seconds` of the trials that are known, scaled to all of them; `unknown` are points without an earlier run."""

    seconds: float | None
    unknown: tuple[Point, ...]


def estimate(workspace: Workspace, config: SweepConfig, items: int) -> Estimate:
    """Add up what the trials would take if none ended early."""
    points = grid(config)
    known = _seconds_by_point(workspace, config, items, set(points))
    unknown = tuple(point for point in points if point not in known)
    if not known or len(unknown) > len(points) / 2:
        return Estimate(None, unknown)
    return Estimate(most_trials(config) * sum(known.values()) / len(known), unknown)


def _seconds_by_point(workspace: Workspace, config: SweepConfig, items: int, points: set[Point]) -> dict[Point, float]:
    """The newest finished run of the same backbone, depth and input speaks for a point, whatever its rate."""
    known: dict[Point, float] = {}
    for run in list_runs(workspace)[:LATEST_RUNS]:
        asked = run.config
        blocks = asked.blocks if asked.mode == "fine-tune" else 0
        for point in points - set(known):
            same = (point.backbone, point.blocks) == (asked.backbone, blocks)
            if same and training_config(config, point).input == asked.input:
                seconds = _scaled(run, config.epochs, items)
                if seconds is not None:
                    known[point] = seconds
    return known


def _scaled(run: Run, epochs: int, items: int) -> float | None:
    try:
        state = run.state()
        if state.state != "finished" or not state.epochs:
            return None
        share = items / max(1, len(run.split()))
    except GraftError:
        return None
    last = state.epochs[-1].phase
    done = sum(epoch.phase == last for epoch in state.epochs)
    scale = {**dict.fromkeys(ITEM_PHASES, share), last: share * epochs / done}
    training = {epoch.phase for epoch in state.epochs}
    return sum(seconds * scale.get(name, share if name in training else 1.0) for name, seconds in state.seconds.items())
