"""What the files of a dataset record about how they came to be, read once and kept.

It knows the originals of a dataset and the table beside them. It does not know what files record; a modality does.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.files import read_parquet, replacing
from tlcore.modalities.modality import Records


def read_records(dataset: Dataset, items: pd.DataFrame, records: Records) -> pd.DataFrame:
    """Give a column for each record of the items, in their order; empty where a file does not say."""
    path, columns = dataset.path / records.table, ["sha256", *records.says]
    known = _known(path, columns)
    new = items[~items["sha256"].isin(known["sha256"])]
    if len(new):
        found = [(row.sha256, *records.read(dataset.image_path(str(row.file)))) for row in new.itertuples()]
        known = pd.concat([known, pd.DataFrame(found, columns=columns, dtype="str")], ignore_index=True)
        with suppress(OSError), replacing(path) as beside:
            known.to_parquet(beside, index=False)
    return known.drop_duplicates("sha256").set_index("sha256").loc[items["sha256"], list(records.says)]


def _known(path: Path, columns: list[str]) -> pd.DataFrame:
    try:
        return read_parquet(path)[columns]
    except (OSError, ValueError, KeyError):
        return pd.DataFrame(columns=columns, dtype="str")
