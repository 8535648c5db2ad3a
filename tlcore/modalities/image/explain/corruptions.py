"""Corruptions: what light, lenses, files and hands do to a picture, in five strengths each.

It knows pixels. It does not know models. After D. Hendrycks and T. Dietterich, "Benchmarking Neural Network Robustness
to Common Corruptions and Perturbations", ICLR 2019; the strengths are our own and are told in units.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tlcore.modalities.analysis import Corruption

Pixels = npt.NDArray[np.uint8]


def _blur(pixels: Pixels, percent: float, seed: int) -> Pixels:
    radius = percent / 100 * pixels.shape[0]
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _noise(pixels: Pixels, levels: float, seed: int) -> Pixels:
    return _to_pixels(pixels + np.random.default_rng(seed).normal(0, levels, pixels.shape))


def _light(pixels: Pixels, percent: float, seed: int) -> Pixels:
    return _to_pixels(pixels * (percent / 100))


def _jpeg(pixels: Pixels, quality: float, seed: int) -> Pixels:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(quality))
    with Image.open(stream) as image:
        return np.asarray(image.convert("RGB"))


def _rotation(pixels: Pixels, degrees: float, seed: int) -> Pixels:
    """Turn about the middle, every other picture the other way round."""
    size = pixels.shape[0]
    margin = int(size * (np.sqrt(2) - 1) / 2) + 1
    wide = Image.fromarray(_mirrored(pixels, margin))
    turned = wide.rotate(degrees if seed % 2 else -degrees, Image.Resampling.BICUBIC)
    return np.asarray(turned.crop((margin, margin, margin + size, margin + size)))


def _scale(pixels: Pixels, percent: float, seed: int) -> Pixels:
    """Nearer is a part of the picture, farther away a smaller one among its mirror images."""
    size, picture = pixels.shape[0], Image.fromarray(pixels)
    if percent >= 100:
        edge = (size - size * 100 / percent) / 2
        box = (edge, edge, size - edge, size - edge)
        return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC, box=box))
    inner = max(1, round(size * percent / 100))
    small = np.asarray(picture.resize((inner, inner), Image.Resampling.BICUBIC))
    before = (size - inner) // 2
    return _mirrored(small, before, size - inner - before)


def _mirrored(pixels: Pixels, before: int, after: int | None = None) -> Pixels:
    """What comes in from outside is the picture, mirrored: black corners would be a corruption of their own."""
    edge = (before, before if after is None else after)
    wide: Pixels = np.pad(pixels, (edge, edge, (0, 0)), mode="symmetric")
    return wide


def _to_pixels(values: npt.NDArray[Any]) -> Pixels:
    rounded: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


CORRUPTIONS = (
    Corruption("blur", "Blur", "% of the side (Gaussian radius)", (0.4, 0.8, 1.3, 2.0, 3.0), _blur),
    Corruption("noise", "Noise", "grey levels (deviation)", (8, 16, 26, 40, 60), _noise),
    Corruption("darker", "Less light", "% of the brightness", (80, 60, 45, 30, 20), _light),
    Corruption("brighter", "More light", "% of the brightness", (120, 145, 175, 210, 260), _light),
    Corruption("jpeg", "JPEG", "quality", (60, 40, 25, 15, 8), _jpeg),
    Corruption("rotation", "Rotation", "degrees", (5, 10, 20, 30, 45), _rotation),
    Corruption("smaller", "Farther away", "% of the size", (90, 80, 70, 55, 40), _scale),
    Corruption("larger", "Nearer", "% of the size", (110, 125, 150, 180, 220), _scale),
)
