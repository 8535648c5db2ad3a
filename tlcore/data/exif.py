"""Which camera took a picture, and on which day, as its EXIF data says.

It knows the originals of a dataset and `exif.parquet`, in which it keeps what it read: `sha256`, `camera`, `day`. That
file is safe to delete.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.files import read_parquet, replacing
from tlcore.modalities.image.exif import camera_and_day

COLUMNS = ("sha256", "camera", "day")


def read_exif(dataset: Dataset, items: pd.DataFrame) -> pd.DataFrame:
    """`camera` and `day` (`2024-05-01`) of each of the items, in their order; empty where a picture does not say."""
    path = dataset.path / "exif.parquet"
    known = _known(path)
    new = items[~items["sha256"].isin(known["sha256"])]
    if len(new):
        found = [(row.sha256, *camera_and_day(dataset.image_path(str(row.file)))) for row in new.itertuples()]
        known = pd.concat([known, pd.DataFrame(found, columns=list(COLUMNS), dtype="str")], ignore_index=True)
        with suppress(OSError), replacing(path) as beside:
            known.to_parquet(beside, index=False)
    return known.drop_duplicates("sha256").set_index("sha256").loc[items["sha256"], ["camera", "day"]]


def _known(path: Path) -> pd.DataFrame:
    try:
        return read_parquet(path)[list(COLUMNS)]
    except (OSError, ValueError, KeyError):
        return pd.DataFrame(columns=list(COLUMNS), dtype="str")
