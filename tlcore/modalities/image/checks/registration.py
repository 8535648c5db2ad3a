"""Whether one small picture is cut out of another: they are laid over each other as well as possible, then compared.

The window is found by Gauss-Newton steps that also fit brightness and contrast, first at half the size (Lucas and
Kanade, An Iterative Image Registration Technique, 1981; Evangelidis and Psarakis, 2008). Two pictures of one kind agree
in their coarse shapes; copies agree in their details, too, and everywhere. It knows arrays, and no files or labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tlcore.modalities.image.checks.perceptual_hash import WINDOWS, Floats, Integers, sampling

HALF_STEPS, STEPS = 4, 3
LONGEST_STEP = 0.04  # of the side
EDGE = 2  # pixels that a crop may lack
FAINT = 1.0  # grey levels: details below it are noise
FINEST, COARSEST, AROUND = 0.8, 1.6, 4.0  # pixels: of details, and of the strength that they are compared with

Window = tuple[npt.NDArray[Any], npt.NDArray[Any]]  # scale and start, each `(2, n)`: down and across


def agreement(
    whole: npt.NDArray[np.uint8], part: npt.NDArray[np.uint8], windows: Integers, *, farthest: float, least: float
) -> tuple[Floats, Floats, Window]:
    """How well parts agree with what they may be cut out of: correlation of the pictures, of their details; and where.

    The first two are 0 where a look at half the size has said enough, and where the window has run away.

    Args:
        whole: `(n, side, side)`.
        part: `(n, side, side)`, flipped as it must be.
        windows: `(n,)`, where in the whole the part is about: positions in `WINDOWS`.
        farthest: From there a window may end up, and one side may be longer than the other, in units of the side.
        least: Agreement of details at half the size, below which nothing more is looked at.
    """
    asked = WINDOWS[windows]
    window = np.stack([asked[:, 0]] * 2), np.stack([asked[:, 1], asked[:, 2]])
    window, _, details = _laid_over(_half(whole), _half(part), window, HALF_STEPS)
    middles = window[1] + window[0] / 2, asked[:, 1:].T + asked[:, 0] / 2
    ran = np.maximum(np.abs(window[0] - asked[:, 0]), np.abs(middles[0] - middles[1])).max(axis=0)
    stretched = np.abs(window[0][0] - window[0][1])
    rows = np.flatnonzero((details >= least) & (np.maximum(ran, stretched) <= farthest))
    found = np.zeros((2, len(whole)), np.float32)
    if len(rows):
        near = window[0][:, rows], window[1][:, rows]
        near, *found[:, rows] = _laid_over(whole[rows].astype(np.float32), part[rows].astype(np.float32), near, STEPS)
        window[0][:, rows], window[1][:, rows] = near
    return found[0], found[1], window


def other_tint(whole: npt.NDArray[Any], part: npt.NDArray[Any], window: Window) -> Floats:
    """How far the colours of parts are from those in the window of the whole, grey levels, `(n,)`.

    Both are `(n, side, side, 2)`: how much more red, and blue, than green.
    """
    scale, start, side = *window, whole.shape[1]
    down, across = (sampling(scale[axis], start[axis], side)[:, None] for axis in range(2))
    seen = down @ whole.astype(np.float32).transpose(0, 3, 1, 2) @ across.transpose(0, 1, 3, 2)
    return np.asarray(np.abs(seen - part.transpose(0, 3, 1, 2)).mean(axis=(1, 2, 3)), np.float32)


def _laid_over(source: Floats, target: Floats, window: Window, steps: int) -> tuple[Window, Floats, Floats]:
    """The window of the source that looks most like the target; correlations of the pictures and of their details."""
    scale, start = window[0].copy(), window[1].copy()
    for _ in range(steps):
        for axis, (longer, further) in enumerate(_step(_seen(source, (scale, start)), target, scale)):
            scale[axis] += longer
            start[axis] += further - longer / 2  # the middle moves by `further`; growing leaves it where it is
    seen, inner = _seen(source, (scale, start)), slice(EDGE, -EDGE)
    details = _correlation(_details(seen)[:, inner, inner], _details(target)[:, inner, inner])
    return (scale, start), _correlation(seen, target), details


def _seen(source: Floats, window: Window) -> Floats:
    scale, start, side = *window, source.shape[1]
    down, across = (sampling(scale[axis], start[axis], side) for axis in range(2))
    return np.asarray(down @ source @ across.transpose(0, 2, 1), np.float32)


def _step(seen: Floats, target: Floats, scale: npt.NDArray[Any]) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """For each axis, how much longer the window should be, and how far its middle should move."""
    side = seen.shape[1]
    down, across = (
        slope * (side / scale[axis]).astype(np.float32)[:, None, None]
        for axis, slope in enumerate(np.gradient(seen, axis=(1, 2)))
    )
    centred = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    columns = (
        seen - seen.mean(axis=(1, 2), keepdims=True),
        np.ones_like(seen),
        down,
        down * centred[:, None],
        across,
        across * centred[None, :],
    )
    x = np.stack(columns, axis=1).reshape(len(seen), len(columns), -1)
    square = x @ x.transpose(0, 2, 1)
    damping = 1e-3 * np.einsum("nii->ni", square) + 1e-3
    damped = square + np.eye(len(columns), dtype=np.float32) * damping[:, None, :]
    found = np.linalg.solve(damped, x @ target.reshape(len(seen), -1, 1))[:, :, 0]
    contrast = np.where(np.abs(found[:, 0]) < 0.2, 0.2, found[:, 0])
    moves = np.clip(found[:, 2:] / contrast[:, None], -LONGEST_STEP, LONGEST_STEP).astype(np.float64)
    return [(moves[:, 1], moves[:, 0]), (moves[:, 3], moves[:, 2])]


def _details(pictures: Floats) -> Floats:
    """What is neither so fine that a recompression changes it nor so coarse that all pictures of a kind share it.

    Strong edges count little more than faint ones: else an outline would speak for all that is within it.
    """
    fine = _blur(pictures, FINEST) - _blur(pictures, COARSEST)
    strength = np.sqrt(_blur(fine * fine, AROUND))
    return np.asarray(fine / (strength + FAINT), np.float32)


def _half(pictures: npt.NDArray[np.uint8]) -> Floats:
    count, side, _ = pictures.shape
    halved: Floats = pictures.reshape(count, side // 2, 2, side // 2, 2).mean(axis=(2, 4), dtype=np.float32)
    return halved


def _blur(pictures: Floats, deviation: float) -> Floats:
    away = np.arange(pictures.shape[1])[:, None] - np.arange(pictures.shape[1])[None, :]
    bell = np.exp(-(away**2) / (2 * deviation**2))
    smooth = (bell / bell.sum(axis=1, keepdims=True)).astype(np.float32)
    blurred: Floats = smooth @ pictures @ smooth.T
    return blurred


def _correlation(one: Floats, other: Floats) -> Floats:
    a = one - one.mean(axis=(1, 2), keepdims=True)
    b = other - other.mean(axis=(1, 2), keepdims=True)
    sizes = np.sqrt((a * a).sum(axis=(1, 2)) * (b * b).sum(axis=(1, 2)))
    found: Floats = (a * b).sum(axis=(1, 2)) / np.maximum(sizes, 1e-3)
    return found
