"""Explain answers about picture files: heat maps as pictures, by two methods, and how far to trust them.

It knows picture files and where the maps are put. It does not know how a map is computed.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tlcore.errors import RunError, WorkspaceError
from tlcore.evaluation.feature_map import OpenedModel, Seen
from tlcore.files import replacing, write_json
from tlcore.inference.predictor import Predictor
from tlcore.modalities.analysis import Trust
from tlcore.modalities.image.explain.grad_cam import (
    Each,
    Floats,
    grad_cam,
    likeness,
    middle,
    occlusion,
    shuffled,
    trust,
)
from tlcore.modalities.image.explain.heat_overlay import write_overlay
from tlcore.progress import Pace, Progress
from tlcore.tasks.classification.class_codes import likeliest

SIDE = 448  # of the maps that are drawn, pixels: small pictures grow


class Explanation(BaseModel):
    """One picture.

    Attributes:
        predicted, confidence: The model's answer and its probability.
        label, probability: The class that the maps are of, and its probability.
        grad_cam, occlusion: File names of the maps below the folder that was asked for.
        agreement: Rank correlation of the two maps, -1 to 1. Where they differ, believe neither blindly.
        trust: How the Grad-CAM map changes when weights are shuffled.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: str
    predicted: str
    confidence: float
    label: str
    probability: float
    grad_cam: str
    occlusion: str
    agreement: float
    trust: Trust


@dataclass(frozen=True)
class Explanations:
    """All pictures; those that could not be read with the reason; `trust` is the median, None without pictures."""

    items: tuple[Explanation, ...]
    failed: tuple[tuple[Path, str], ...]
    trust: Trust | None


def explain_items(
    run: Path, sources: Sequence[Path], out: Path, *, label: str | None = None
) -> Generator[Progress, None, Explanations]:
    """Write two heat maps of each picture, and `explanations.json`, into a folder.

    Args:
        run: The folder of a run that has a model.
        sources: Picture files.
        out: Made where it is not there; maps of the same name are replaced.
        label: The class that is asked about; None for each picture's answer.

    Raises:
        RunError: The model is missing, cannot be opened, or knows no such class.
        WorkspaceError: The folder cannot be written.
    """
    model, predictor = OpenedModel.from_run(run), Predictor.from_run(run)
    classes = model.labels.labels
    if not classes:
        raise RunError("Heat maps need a model that gives classes or labels. This one predicts a number.")
    if label is not None and label not in classes:
        known = ", ".join(f"'{each}'" for each in classes)
        raise RunError(f"A class of the run is needed. Received '{label}'. There is: {known}.")
    others, pace = shuffled(model), Pace(len(sources), "Drawing heat maps")
    found: list[Explanation] = []
    failed: list[tuple[Path, str]] = []
    for number, source in enumerate(sources):
        yield pace.at(number)
        try:
            pixels = predictor.decode(source)["pixels"]
        except (OSError, ValueError) as error:
            failed.append((source, str(error)))
            continue
        seen = model.see(pixels)
        best = int(likeliest(seen.outputs[None])[0])
        index = best if label is None else classes.index(label)
        by_gradient, by_covering, agreement = both_maps(model, seen, predictor.each, pixels, index)
        stem = f"{number + 1:03d}-{source.stem}"
        found.append(
            Explanation(
                path=str(source),
                predicted=classes[best],
                confidence=float(seen.outputs[best]),
                label=classes[index],
                probability=float(seen.outputs[index]),
                grad_cam=_draw(out / f"{stem}-grad-cam.png", pixels, by_gradient),
                occlusion=_draw(out / f"{stem}-occlusion.png", pixels, by_covering),
                agreement=agreement,
                trust=trust(model, others, pixels, index),
            )
        )
    yield pace.at(len(sources))
    median = middle([each.trust for each in found])
    _write(out, found, median)
    return Explanations(tuple(found), tuple(failed), median)


def both_maps(
    model: OpenedModel, seen: Seen, each: Each, pixels: npt.NDArray[np.uint8], index: int
) -> tuple[Floats, Floats, float]:
    """Map a class's evidence by Grad-CAM and by occlusion, and give their rank correlation."""
    by_gradient, by_covering = grad_cam(seen, model.kernel, index), occlusion(each, pixels, index)
    return by_gradient, by_covering, likeness(by_gradient, by_covering)


def _draw(path: Path, pixels: npt.NDArray[np.uint8], heat: npt.NDArray[np.float32]) -> str:
    try:
        with replacing(path) as beside:
            write_overlay(beside, pixels, heat, SIDE)
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    return path.name


def _write(out: Path, found: Sequence[Explanation], median: Trust | None) -> None:
    content = {
        "schema_version": 1,
        "trust": median.model_dump(mode="json") if median else None,
        "pictures": [each.model_dump(mode="json") for each in found],
    }
    try:
        write_json(out / "explanations.json", content)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(f"Heat maps need a folder that can be written. {out} cannot: {error.strerror}. Name another.")
