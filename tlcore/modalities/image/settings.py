"""The input settings of pictures: the size of the square that a model sees, and how a picture becomes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field as Described

from tlcore.errors import Problem
from tlcore.items import Arrays, Field, Spec
from tlcore.modalities.image.pixels import VERSION, read_pixels
from tlcore.modalities.image.value_range import spoken
from tlcore.modalities.modality import Advice, InputSettings
from tlcore.settings import Range

if TYPE_CHECKING:
    import pandas as pd

PIXELS = "pixels"
LARGEST = 1024
STEP = 10 / 7  # twice as many pixels
# Each with its title and for what it is good.
AUGMENTATIONS = {
    "flip_left_right": ("Flip left-right", "Good for most things; not for text or for left and right hands."),
    "flip_up_down": ("Flip up-down", "For pictures from above, such as surfaces or satellites; not for people."),
    "rotate": ("Rotate", "For things that lie in any direction."),
    "zoom": ("Zoom", "For things that are near in one picture and far in another."),
    "shift": ("Shift", "For things that are not always in the middle."),
    "brightness": ("Brightness", "For light that changes; not where the brightness is what tells classes apart."),
    "contrast": ("Contrast", "For different cameras and weather."),
    "erase": ("Erase a piece", "For things that are often partly hidden."),
}
USUAL = ("flip_left_right",)
# What is tried first against overfitting.
MORE = ("flip_left_right", "rotate", "zoom", "brightness")
MIRRORED = Advice("augment", USUAL, "A mirrored thing is mostly the same thing; switch on what else happens.")
# As files of before had them beside other settings.
BEFORE = {"image_size": "size", "resize": "resize", "value_range": "value_range"}


class ImageInput(InputSettings):
    """How a file becomes the model's input.

    Attributes:
        value_range: Which values of a grey picture of more than 8 bits become black and white; None where the model was
            not trained on such pictures, or each was scaled by itself. It is found for a dataset, not chosen for a run.
    """

    modality: Literal["image"] = "image"
    size: Annotated[int, Range(1, LARGEST)] = Described(
        224,
        title="Image size (pixels)",
        description="Side of the square picture that the model sees, at least the backbone's minimum and in its "
        "steps: 14 or 16 pixels for most transformers. Larger shows more detail and takes longer.",
        json_schema_extra={"option": "--image-size", "step": 32},
    )
    resize: Literal["crop", "letterbox", "stretch"] = Described(
        "crop",
        title="Resize",
        description="How a picture becomes a square: `crop` cuts off the longer side, `letterbox` pads the shorter "
        "one, `stretch` squeezes.",
        json_schema_extra={
            "option": "--resize",
            "words": {
                "crop": "crop: the middle square",
                "letterbox": "letterbox: everything, with bars",
                "stretch": "stretch: everything, squeezed",
            },
        },
    )
    value_range: tuple[float, float] | None = None

    def problems(self, *, title: str, native: int, minimum: int, step: int) -> list[Problem]:
        sizes = Range(minimum, LARGEST)
        if self.size in sizes and self.size % step == 0:
            return []
        steps = f" in steps of {step}" if step > 1 else ""
        takes = f"{title} takes pictures of {sizes} pixels{steps}"
        return [Problem("input.size", f"{takes}. Received {self.size}. {native} is what it was made for.")]


def decode(source: Any, settings: ImageInput) -> Arrays:
    """Read a file's pixels, `(size, size, 3)`.

    Raises:
        ValueError: It cannot be read, with the reason.
    """
    return {PIXELS: read_pixels(source, settings.size, settings.resize, settings.value_range)}


def spec(settings: ImageInput) -> Spec:
    """Describe the pixels of a picture: RGB, 0 to 255."""
    return (Field(PIXELS, (settings.size, settings.size, 3), "uint8"),)


def identity(settings: ImageInput) -> str:
    """Name what the settings make of a file, and the version of the way from file to pixels."""
    found = settings.value_range
    values = "" if found is None else f" {float(found[0])!r} {float(found[1])!r}"
    return f"pixels {VERSION} {settings.size} {settings.resize}{values}"


def described(settings: ImageInput) -> str:
    """Say what the settings make of a picture, after its noun."""
    return f"of {settings.size} pixels, {settings.resize}"


def made_for(native: int) -> dict[str, Any]:
    """Give the settings that a backbone was made for, from its native size."""
    return {"size": native}


def told_by_shape(shape: Sequence[int]) -> dict[str, Any]:
    """Give the settings that the shape of a model's input, without the number of pictures, tells."""
    side, across, channels = shape
    if side != across or channels != 3:
        raise ValueError(f"Pixels need the shape (size, size, 3). Received {tuple(shape)}.")
    return {"size": int(side)}


def takes(settings: ImageInput) -> tuple[str, str]:
    """Say what a model takes, and how a picture becomes that."""
    size = settings.size
    becomes = f"A picture becomes a square by “{settings.resize}”, after its EXIF orientation was applied."
    if settings.value_range:
        becomes += (
            f" Of grey pictures of more than 8 bits, values {spoken(settings.value_range)} become 0 to 255 "
            "(`input.value_range` in `contract.json`); what lies outside is clipped."
        )
    return f"pixels `(n, {size}, {size}, 3)`, RGB, 0 to 255,", becomes


def usual_size(items: pd.DataFrame) -> int:
    """Find the shorter side of the middle picture, pixels."""
    return int(items[["width", "height"]].min(axis=1).median()) if len(items) else 0


def larger(settings: ImageInput, usual: int, step: int) -> dict[str, Any]:
    """Give the next larger size, 320 after 224, where pictures whose usual size is `usual` have as much to show.

    It is a multiple of 32, which most networks halve five times, or of the `step` of one that takes no such sizes.
    """
    unit = step if 32 % step else 32
    size = unit * round(settings.size * STEP / unit)
    return {"size": size} if settings.size < size <= min(usual, LARGEST) else {}


def advice(size: int, *, title: str, native: int) -> tuple[Advice, ...]:
    """Recommend the size of the input, and augmentations, for pictures whose usual size is `size`."""
    shown = "enlarged" if size < native else "shrunk" if size > native else "as they are"
    made = f"{title} was made for it; your pictures, mostly {size} pixels, are {shown}."
    return Advice("input.size", native, made), MIRRORED
