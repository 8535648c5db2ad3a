"""Pictures in every format and mode, and short ways to take them in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tlcore.data.intake import IntakeReport, ingest
from tlcore.progress import drain
from tlcore.workspace import Workspace

SUFFIX_OF_FORMAT = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "BMP": ".bmp",
    "GIF": ".gif",
    "TIFF": ".tif",
    "HEIF": ".heic",
}


def photo(seed: int = 0, size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A smooth picture, so that lossy formats keep it, with its upper left corner red."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(40, 200, (4, 6, 3), dtype=np.uint8))
    item = coarse.resize(size, Image.Resampling.BICUBIC)
    item.paste((230, 20, 20), (0, 0, size[0] // 3, size[1] // 3))
    return item


def write_picture(path: Path, seed: int = 0, kind: str | None = None, size: tuple[int, int] = (48, 32)) -> Path:
    """Write a picture, in the format that its name says or in another one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = kind or {suffix: name for name, suffix in SUFFIX_OF_FORMAT.items()}.get(path.suffix, "PNG")
    item = photo(seed, size)
    if kind == "HEIF":
        pillow_heif.from_pillow(item).save(path, quality=90)
    else:
        item.save(path, kind)
    return path


def write_classes(folder: Path, *places: str, count: int = 2, first_seed: int = 0) -> Path:
    """Write a few different pictures into each of the folders named."""
    for number, place in enumerate(places):
        for item in range(count):
            write_picture(folder / place / f"{item}.png", seed=first_seed + number * 1000 + item)
    return folder


@pytest.fixture
def take_in(workspace: Workspace) -> Callable[..., IntakeReport]:
    return lambda source, **options: drain(ingest(workspace, source, **options), lambda progress: None)
