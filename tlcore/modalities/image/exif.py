"""Reads the camera and the day from a picture's EXIF data."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import ExifTags, Image

from tlcore.modalities.image.pixels import _formats
from tlcore.modalities.modality import Records

_DAY = re.compile(r"(\d{4})[:-](\d{2})[:-](\d{2})")
_LONGEST = 80


def camera_and_day(path: Path) -> tuple[str, str]:
    """Read the camera and the day (`2024-05-01`); both are empty where the EXIF data is broken or does not say."""
    _formats()
    try:
        with Image.open(path) as picture:
            exif = picture.getexif()
            detail = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception:  # Pillow's parsers raise what they please
        return "", ""
    maker, model = (_text(exif.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    camera = model if model.casefold().startswith(maker.casefold()) else f"{maker} {model}".strip()
    when = _text(detail.get(ExifTags.Base.DateTimeOriginal)) or _text(exif.get(ExifTags.Base.DateTime))
    day = _DAY.match(when)
    return camera, "-".join(day.groups()) if day and day[1] != "0000" else ""


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    return str(value).replace("\0", "").strip()[:_LONGEST] if isinstance(value, str) else ""


EXIF = Records(
    table="exif.parquet",
    says={"camera": "pictures of one camera", "day": "pictures of one day"},
    read=camera_and_day,
    advice="Many programs remove EXIF data when they save a picture.",
)
