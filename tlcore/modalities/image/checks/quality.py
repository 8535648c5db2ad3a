"""Faults of single items: blurred, dark, blown out, nearly uniform, of an odd size, grey among colour.

The scores and the bounds are cleanvision's own. It knows measures and tables. It does not know how they are taken.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tlcore.modalities.checks import Finding

# cleanvision's bounds, below which a score (0 worst, 1 best) is a fault, and how it scales what it measures.
DARK, LIGHT, UNIFORM, BLURRED, ODD_RATIO = 0.32, 0.05, 0.3, 0.29, 0.35
UNIFORM_SCALE, BLURRED_SCALE, BLURRED_CONTRAST = 0.1, 0.01, 0.18
IQR_FACTOR = 3.0
# What is less dark, light or soft than that is a fault where it is unusual in the dataset, in robust deviations.
DARKER, LIGHTER, SOFTER = 0.4, 0.7, 0.5
UNUSUAL = 3.5
LEAST_SHARPNESS = 0.001  # less is no less sharp
GREY = 1.0  # grey levels between the channels
# Of all items: more than that are no exception.
RARE, RARE_SIZE, RARE_LIGHT = 0.2, 0.15, 0.05
WORTH: dict[str, float] = {"uniform": 0.45, "blown_out": 0.35, "dark": 0.35, "blurred": 0.3}
_SAYS = {
    "uniform": "'{source}' is nearly uniform: there is next to nothing to learn from.",
    "blown_out": "'{source}' is blown out: even its dark parts are at {value:.0%} of full brightness.",
    "dark": "'{source}' is dark: even its brightest parts reach only {value:.0%} of full brightness.",
    "blurred": "'{source}' is blurred even at the size at which it is shown to the model.",
}


def fault_findings(items: pd.DataFrame, measures: pd.DataFrame) -> list[Finding]:
    """Findings about single items; `measures` has the rows of `items`, in the same order."""
    return [*_of_light_and_blur(items, measures), *_odd_sizes(items), *_grey_among_colour(items, measures)]


def _of_light_and_blur(items: pd.DataFrame, measures: pd.DataFrame) -> Iterator[Finding]:
    from cleanvision.issue_managers.image_property import BlurrinessProperty, BrightnessProperty, EntropyProperty

    dark = BrightnessProperty("dark").get_scores(measures, "dark").iloc[:, 0]
    light = BrightnessProperty("light").get_scores(measures, "light").iloc[:, 0]
    uniform = EntropyProperty().get_scores(measures, "low_information", normalizing_factor=UNIFORM_SCALE).iloc[:, 0]
    sharp = (
        BlurrinessProperty()
        .get_scores(measures, "blurry", normalizing_factor=BLURRED_SCALE, color_threshold=BLURRED_CONTRAST)
        .iloc[:, 0]
    )
    high, low = measures["brightness_perc_99"], measures["brightness_perc_5"]
    edges = np.log(measures["sharpness"] + LEAST_SHARPNESS)
    never = pd.Series(data=False, index=measures.index)
    looks: tuple[tuple[str, pd.Series, float, pd.Series, pd.Series], ...] = (
        ("uniform", uniform, UNIFORM, high, never),
        ("dark", dark, DARK, high, (high < DARKER) & (_unusual(high) < -UNUSUAL)),
        ("blown_out", light, LIGHT, low, (low > LIGHTER) & (_unusual(low) > UNUSUAL)),
        ("blurred", sharp, BLURRED, high, (edges < edges.median() + np.log(SOFTER)) & (_unusual(edges) < -UNUSUAL)),
    )
    told: set[int] = set()  # the worst that can be said of an item is said once
    for kind, scores, bound, value, unusual in looks:
        # Where many are as unusual, the items are of two kinds, and neither is a fault.
        found = scores < bound if unusual.mean() > RARE_LIGHT else (scores < bound) | unusual
        for row in np.flatnonzero(found.to_numpy()):
            if int(row) in told:
                continue
            told.add(int(row))
            badness = max(0.0, float(1 - scores.iloc[row] / bound))
            says = _SAYS[kind].format(source=items["source"].iloc[row], value=float(value.iloc[row]))
            yield Finding(kind, (str(items["sha256"].iloc[row]),), WORTH[kind] * (0.5 + 0.5 * badness), says)


def _unusual(values: pd.Series) -> pd.Series:
    """How many robust deviations from the median (Iglewicz and Hoaglin, 1993)."""
    away = values - values.median()
    deviation: pd.Series = away / max(1.4826 * float(away.abs().median()), 1e-6)
    return deviation


def _odd_sizes(items: pd.DataFrame) -> Iterator[Finding]:
    width, height = items["width"].to_numpy(float), items["height"].to_numpy(float)
    ratio = np.minimum(width / height, height / width)
    size = np.sqrt(width * height)
    low, high = np.percentile(size, [25, 75]) if len(size) else (0.0, 0.0)
    # Where nearly all are of one size, another is odd only if it is much smaller or larger.
    margin = max(IQR_FACTOR * (high - low), 0.5 * float(np.median(size)) if len(size) else 0.0)
    odd = np.flatnonzero((ratio < ODD_RATIO) | (size < low - margin) | (size > high + margin))
    if len(odd) > RARE_SIZE * len(items):
        return  # there are two usual sizes; where one of them gives a class away, `shortcuts` says so
    for row in odd:
        each = items.iloc[row]
        shape = f"'{each['source']}' has {each['width']:,} × {each['height']:,} pixels"
        if ratio[row] < ODD_RATIO:
            says = f"{shape}, {1 / ratio[row]:.1f} times as long as wide: cropping or stretching it loses most of it."
        else:
            says = f"{shape}, where most pictures have about {np.median(size):,.0f} along a side."
        smaller = size[row] < low - margin
        yield Finding("odd_size", (str(each["sha256"]),), 0.25 if smaller or ratio[row] < ODD_RATIO else 0.1, says)


def _grey_among_colour(items: pd.DataFrame, measures: pd.DataFrame) -> Iterator[Finding]:
    grey = (measures["colour"] < GREY).to_numpy()
    if not 0 < grey.mean() <= RARE:
        return
    shas = tuple(items["sha256"][grey].astype(str))
    many = f"{len(shas)} pictures are" if len(shas) > 1 else "One picture is"
    says = f"{many} grey among {int((~grey).sum()):,} in colour: a model may take that for a sign of the class."
    yield Finding("grey", shas, 0.15, says)
