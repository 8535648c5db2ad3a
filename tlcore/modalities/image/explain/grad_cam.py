"""Heat maps: which places of a picture speak for a class, and whether such a map can be trusted.

It knows arrays, an opened model and anything that answers. It does not know files, nor how a map is shown on a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tlcore.evaluation.feature_map import OpenedModel, Seen
from tlcore.modalities.analysis import Trust
from tlcore.modalities.image.explain.heat_overlay import stretched

Floats = npt.NDArray[np.float32]
Method = Literal["grad-cam", "occlusion"]
Each = Callable[[Iterable[npt.NDArray[Any]]], Iterator[Floats]]
WINDOWS = 6  # of occlusion, side by side along a side; they move by half of themselves
LEAST = 1e-12  # of a probability, so that its logarithm is finite


def grad_cam(seen: Seen, kernel: Floats, index: int) -> Floats:
    """What each place of the last feature map adds to a class's logit, `(height, width)`; with the bias they sum to it.

    Grad-CAM (R. R. Selvaraju and others, ICCV 2017) weighs each channel by the mean gradient of the logit. Under a mean
    over places and one dense layer that gradient is the layer's weight over the number of places, so that Grad-CAM is
    the class activation map (B. Zhou and others, CVPR 2016), exactly, and nothing needs to be differentiated. Negative
    values speak against the class; Grad-CAM as published shows only what is above 0.

    Args:
        seen: What the model makes of the picture.
        kernel: Of the head, `(d, classes)`. Of one that sees every block, the map is what the last one's mean adds.
        index: Which class.
    """
    height, width, channels = seen.grid.shape
    heat: Floats = seen.grid @ kernel[:channels, index] / (height * width)
    return heat


def occlusion(each: Each, pixels: npt.NDArray[np.uint8], index: int) -> Floats:
    """How much the odds of a class fall when a part of the picture is covered, `(n, n)`, in logits (nats).

    M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014. It asks nothing but
    the answers, so it holds for any model. A square window in the picture's mean colour moves over it by half its side;
    a cell has the mean of the windows that cover it. Negative values: covered, the class becomes likelier.

    Args:
        each: Gives the probabilities `(classes,)` of pictures, in order.
        pixels: `(size, size, 3)`, 0–255.
        index: Which class.
    """
    cells = 2 * WINDOWS
    edges = np.linspace(0, pixels.shape[0], cells + 1).round().astype(int)
    colour = pixels.mean(axis=(0, 1)).round().astype(pixels.dtype)
    places = [(top, left) for top in range(cells - 1) for left in range(cells - 1)]

    def covered() -> Iterator[npt.NDArray[np.uint8]]:
        yield pixels
        for top, left in places:
            part = pixels.copy()
            part[edges[top] : edges[top + 2], edges[left] : edges[left + 2]] = colour
            yield part

    odds = np.array([_logit(answer, index) for answer in each(covered())], np.float32)
    falls, times = np.zeros((cells, cells), np.float32), np.zeros((cells, cells), np.float32)
    for (top, left), value in zip(places, odds[1:], strict=True):
        falls[top : top + 2, left : left + 2] += odds[0] - value
        times[top : top + 2, left : left + 2] += 1
    heat: Floats = falls / times
    return heat


def shuffled(model: OpenedModel) -> tuple[OpenedModel, OpenedModel]:
    """The model with its head's weights shuffled, and with those of every layer."""
    return model.randomised(head_only=True), model.randomised(head_only=False)


def trust(
    model: OpenedModel, others: tuple[OpenedModel, OpenedModel], pixels: npt.NDArray[np.uint8], index: int
) -> Trust:
    """Check the Grad-CAM map of a class against those of the same model `shuffled`.

    J. Adebayo and others, "Sanity Checks for Saliency Maps", NeurIPS 2018: a map that stays the same shows edges of the
    picture and not what the model has learnt.
    """
    true = grad_cam(model.see(pixels), model.kernel, index)
    head, everything = (likeness(true, grad_cam(other.see(pixels), other.kernel, index)) for other in others)
    return Trust(head=head, everything=everything)


def middle(trusts: Sequence[Trust]) -> Trust | None:
    """The median of each number; None where there are none."""
    if not trusts:
        return None
    head, everything = np.median([(each.head, each.everything) for each in trusts], axis=0)
    return Trust(head=float(head), everything=float(everything))


def likeness(one: Floats, other: Floats) -> float:
    """Spearman's rank correlation of two maps, laid over each other at the finer one's size; 0 where one is flat."""
    from scipy.stats import spearmanr

    side = max(*one.shape, *other.shape)
    first, second = (stretched(heat, side).ravel() for heat in (one, other))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(spearmanr(first, second).statistic)


def shares(heat: Floats) -> Floats:
    """What speaks for the class only, as shares that sum to 1; even where nothing does."""
    warm = np.maximum(heat, 0)
    total = float(warm.sum())
    return np.full_like(warm, 1 / warm.size) if total <= 0 else (warm / total).astype(np.float32)


def _logit(chances: Floats, index: int) -> float:
    """The logarithm of the odds; 1 - p is the sum of the others, which float32 still tells where p is rounded to 1."""
    others = float(np.delete(chances, index).sum())
    return float(np.log(max(float(chances[index]), LEAST)) - np.log(max(others, LEAST)))
