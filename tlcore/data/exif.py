"""Which camera took a picture, and on which day, as its EXIF data says.

It knows the originals of a dataset and `exif.parquet`, in which it keeps what it read: `sha256`, `camera`, `day`. That
file is safe to delete.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pandas as pd
from PIL import ExifTags, Image

from tlcore.data.dataset import Dataset
from tlcore.data.pixels import _formats as let_pillow_read_heic
from tlcore.files import read_parquet, replacing

COLUMNS = ("sha256", "camera", "day")
_DAY = re.compile(r"(\d{4})[:-](\d{2})[:-](\d{2})")
_LONGEST = 80


def read_exif(dataset: Dataset, items: pd.DataFrame) -> pd.DataFrame:
    """`camera` and `day` (`2024-05-01`) of each of the items, in their order; empty where a picture does not say."""
    path = dataset.path / "exif.parquet"
    known = _known(path)
    new = items[~items["sha256"].isin(known["sha256"])]
    if len(new):
        let_pillow_read_heic()
        found = [(row.sha256, *_said(dataset.image_path(str(row.file)))) for row in new.itertuples()]
        known = pd.concat([known, pd.DataFrame(found, columns=list(COLUMNS), dtype="str")], ignore_index=True)
        with suppress(OSError), replacing(path) as beside:
            known.to_parquet(beside, index=False)
    return known.drop_duplicates("sha256").set_index("sha256").loc[items["sha256"], ["camera", "day"]]


def _known(path: Path) -> pd.DataFrame:
    try:
        return read_parquet(path)[list(COLUMNS)]
    except (OSError, ValueError, KeyError):
        return pd.DataFrame(columns=list(COLUMNS), dtype="str")


def _said(path: Path) -> tuple[str, str]:
    """The camera and the day; whatever is broken in a picture's EXIF data, it then says nothing."""
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
