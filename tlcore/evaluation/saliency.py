"""Attention: where in the picture the model looks for each class, and whether that is where it should.

It knows heat maps of test pictures. It does not know how they are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.evaluation.grad_cam import Trust, shares
from tlcore.modalities.image.heat_overlay import stretched

Floats = npt.NDArray[np.float32]
SIDE = 16  # maps are compared at this size
BORDER = 2  # cells on each side: an eighth of the side
RATE = 0.05
FEW = 5
MUCH = 1.15  # times what an even map would have
MORE = 0.1  # of all heat
LESS = 0.6  # times what the other classes have


class ClassAttention(BaseModel):
    """One class.

    Attributes:
        n: Pictures whose maps were looked at: test pictures of the class that were answered with it.
        border: Mean share of the heat in the outer eighth on each side; an even map has 0.44 there.
        elsewhere_border: The same over the other classes.
        usual: Mean share of the heat in the place that is usual for the other classes: the cells that hold the warmer
            half of their heat. `elsewhere_usual` is the mean of what that is for each map of another class.
        warning: A sentence where the heat lies at the border, or away from where it lies for others; empty else.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    n: int
    border: float
    elsewhere_border: float
    usual: float
    elsewhere_usual: float
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

    A class is warned of where its heat is at the border more than that of the others, and more than an even map's would
    be; or where much less of it than of theirs is in their usual place. Both by one-sided Mann-Whitney tests, with the
    false discovery rate held at 5 % over all classes.

    Args:
        heats: `(n, height, width)`, as `heat.grad_cam` gives them.
        labels: `(n,)`, the class that each map is of.
        classes: In the order of the run.
    """
    from scipy.stats import false_discovery_control

    maps = np.array([shares(stretched(heat, SIDE)) for heat in heats], np.float32).reshape(-1, SIDE, SIDE)
    counts = {label: int((labels == label).sum()) for label in classes}
    enough = [label for label in classes if counts[label] >= FEW]
    if len(enough) < 2:
        return ()
    kept = np.isin(labels, enough)
    maps, labels = maps[kept], labels[kept]
    scores = _at_border(maps), _in_place(maps, labels, enough)
    looked = [_look(*scores, labels == label, label) for label in enough]
    q = false_discovery_control([p for _, ps in looked for p in ps]).reshape(-1, 2)
    return tuple(
        one.model_copy(update={"warning": _warning(one, border=bool(of[0] <= RATE), place=bool(of[1] <= RATE))})
        for (one, _), of in zip(looked, q, strict=True)
    )


def even_border() -> float:
    """The share of the border in a map that is the same everywhere."""
    return 1 - ((SIDE - 2 * BORDER) / SIDE) ** 2


def _at_border(maps: Floats) -> Floats:
    inner = slice(BORDER, SIDE - BORDER)
    share: Floats = 1 - maps[:, inner, inner].sum(axis=(1, 2))
    return share


def _in_place(maps: Floats, labels: npt.NDArray[Any], classes: Sequence[str]) -> Floats:
    """Of each map the share in the place that is usual for the classes that are not its own.

    Nobody's own maps say what is usual for him: else each class would seem more usual than the one it is held against.
    """
    means = {label: maps[labels == label].mean(axis=0) for label in classes}
    share = np.empty(len(maps), np.float32)
    for label in classes:
        place = _usual_place(np.mean([mean for other, mean in means.items() if other != label], axis=0))
        share[labels == label] = maps[labels == label][:, place].sum(axis=1)
    return share


def _usual_place(mean: Floats) -> npt.NDArray[np.bool_]:
    """The warmest cells of a map, as few as hold half of its heat."""
    order = np.argsort(-mean, axis=None, kind="stable")
    place = np.zeros(mean.size, bool)
    place[order[: 1 + int(np.searchsorted(np.cumsum(mean.ravel()[order]), mean.sum() / 2))]] = True
    return place.reshape(mean.shape)


def _look(
    at_border: Floats, in_place: Floats, here: npt.NDArray[np.bool_], label: str
) -> tuple[ClassAttention, tuple[float, float]]:
    """One class, and how often chance makes its maps differ so much: at the border, and in their place."""
    from scipy.stats import mannwhitneyu

    one = ClassAttention(
        label=label,
        n=int(here.sum()),
        border=float(at_border[here].mean()),
        elsewhere_border=float(at_border[~here].mean()),
        usual=float(in_place[here].mean()),
        elsewhere_usual=float(in_place[~here].mean()),
    )
    more = mannwhitneyu(at_border[here], at_border[~here], alternative="greater").pvalue
    less = mannwhitneyu(in_place[here], in_place[~here], alternative="less").pvalue
    return one, (float(more), float(less))


def _warning(one: ClassAttention, *, border: bool, place: bool) -> str:
    if border and one.border > MUCH * even_border() and one.border > one.elsewhere_border + MORE:
        return (
            f"For '{one.label}' the model looks at the border: {one.border:.0%} of the heat lies there, against "
            f"{one.elsewhere_border:.0%} for the other classes. Look whether something there gives the class away: a "
            "frame, a stamp, the ground it lies on."
        )
    if place and one.usual < LESS * one.elsewhere_usual:
        return (
            f"For '{one.label}' the model looks elsewhere than for the others: {one.usual:.0%} of the heat lies "
            f"in the usual place, against {one.elsewhere_usual:.0%} for them. Look whether the object is there."
        )
    return ""
