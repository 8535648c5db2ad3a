"""What pictures have for the error analysis of a model.

It knows how large, bright and sharp pictures are. It does not know models.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.modalities.analysis import Analysis, Measurement
from tlcore.modalities.image.explain.corruptions import CORRUPTIONS
from tlcore.modalities.image.explain.mosaic import write_mosaic
from tlcore.modalities.image.image_statistics import appearance
from tlcore.modalities.image.preview import resized

BANDS = {
    "size": ("small (side up to {high:,.0f} pixels)", "of middling size", "large (side from {low:,.0f} pixels)"),
    "brightness": ("dark (up to {high:.0%} of white)", "of middling brightness", "bright (from {low:.0%} of white)"),
    "blur": ("blurred (the least sharp third)", "of middling sharpness", "sharp (the sharpest third)"),
}


def measure(items: pd.DataFrame, pixels: Iterable[npt.NDArray[np.uint8]]) -> tuple[Measurement, ...]:
    """Measure size, brightness and sharpness.

    Args:
        items: `width, height`, a row for each picture.
        pixels: As the model is given them, in the same order.
    """
    known = items.reindex(columns=["width", "height"]).fillna(0)
    side = np.sqrt(known["width"].to_numpy(float) * known["height"].to_numpy(float))
    looks = np.array([appearance(each) for each in pixels], float).reshape(-1, 2)
    return tuple(
        Measurement(name, numbers, BANDS[name])
        for name, numbers in (("size", side), ("brightness", looks[:, 0]), ("blur", looks[:, 1]))
    )


ANALYSIS = Analysis(
    corruptions=CORRUPTIONS,
    measure=measure,
    mosaic=write_mosaic,
    resized=resized,
    saliency="tlcore.modalities.image.explain.saliency",
    explain="tlcore.modalities.image.explain.explanations",
)
