"""Attention: where in the picture the model looks for each class, and whether that is where it should.

It knows heat maps of test pictures. It does not know how they are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.evaluation.heat import Trust, shares, stretched

Floats = npt.NDArray[np.float32]
SIDE = 16  # maps are compared at this size
BORDER = 2  # cells on each side: an eighth of the side
RATE = 0.05
FEW = 5
MUCH = 1.15  # times what an even map would have
FAR = 0.1


class ClassAttention(BaseModel):
    """One class.

    Attributes:
        n: Pictures whose maps were looked at: test pictures of the class that were answered with it.
        border: Mean share of the heat in the outer eighth on each side; an even map has 0.44 there.
        elsewhere_border: The same over the other classes.
        apart: How far its usual place is from that of the other classes: half the sum of the differences of the mean
            maps, 0 (the same) to 1 (nothing in common).
        warning: A sentence where the heat lies at the border, or away from where it lies for others; empty else.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    n: int
    border: float
    elsewhere_border: float
    apart: float
    warning: str = ""


class Attention(BaseModel):
    """`understanding/attention.json`.

    Attributes:
        classes: Those with enough pictures, in the order of the run.
        trust: How the maps change when weights are shuffled, medians over a few pictures; None without pictures.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    classes: tuple[ClassAttention, ...]
    trust: Trust | None = None


def look_at_classes(heats: Floats, labels: npt.NDArray[Any], classes: Sequence[str]) -> tuple[ClassAttention, ...]:
    """Compare each class's maps with those of the other classes.

    A class is warned of where its heat is at the border more than that of others, by a one-sided Mann-Whitney test with
    the false discovery rate held at 5 % over the classes, and more than an even map's would be; or where its usual
    place shares little with that of the others.

    Args:
        heats: `(n, height, width)`, as `heat.grad_cam` gives them.
        labels: `(n,)`, the class that each map is of.
        classes: In the order of the run.
    """
    from scipy.stats import false_discovery_control, mannwhitneyu

    maps = np.array([shares(stretched(heat, SIDE)) for heat in heats], np.float32).reshape(-1, SIDE, SIDE)
    inner = slice(BORDER, SIDE - BORDER)
    at_border = 1 - maps[:, inner, inner].sum(axis=(1, 2))
    enough = [label for label in classes if FEW <= int((labels == label).sum()) <= len(labels) - FEW]
    if not enough:
        return ()
    ps = [
        float(mannwhitneyu(at_border[labels == label], at_border[labels != label], alternative="greater").pvalue)
        for label in enough
    ]
    found = []
    for label, q in zip(enough, false_discovery_control(ps), strict=True):
        here = labels == label
        apart = 0.5 * float(np.abs(maps[here].mean(axis=0) - maps[~here].mean(axis=0)).sum())
        one = ClassAttention(
            label=label,
            n=int(here.sum()),
            border=float(at_border[here].mean()),
            elsewhere_border=float(at_border[~here].mean()),
            apart=apart,
        )
        found.append(one.model_copy(update={"warning": _warning(one, sure=bool(q <= RATE), maps=maps, here=here)}))
    return tuple(found)


def even_border() -> float:
    """The share of the border in a map that is the same everywhere."""
    return 1 - ((SIDE - 2 * BORDER) / SIDE) ** 2


def _warning(one: ClassAttention, *, sure: bool, maps: Floats, here: npt.NDArray[np.bool_]) -> str:
    if sure and one.border > MUCH * even_border() and one.border > one.elsewhere_border + FAR:
        return (
            f"For '{one.label}' the model looks at the border: {one.border:.0%} of the heat lies there, against "
            f"{one.elsewhere_border:.0%} for the other classes. Look whether something there gives the class away: a "
            "frame, a stamp, the ground it lies on."
        )
    if one.apart > 0.5 + _scatter(maps[here]):
        return (
            f"For '{one.label}' the model looks where it does not look for the others: their usual places share only "
            f"{1 - one.apart:.0%}. Look whether it is the object that is there."
        )
    return ""


def _scatter(maps: Floats) -> float:
    """How far apart two halves of the same class are: what few pictures do by themselves, same unit as `apart`."""
    halves = maps[::2].mean(axis=0), maps[1::2].mean(axis=0)
    return 0.5 * float(np.abs(halves[0] - halves[1]).sum())
