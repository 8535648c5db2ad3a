"""What a table says about each item beside its class: the patient, the day, the machine.

It knows tables of text that name files, and the dataset's own table of such columns, `columns.parquet`: `sha256`, and a
text for each column. It does not know what the columns are for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.data.file_names import FileIndex
from tlcore.data.import_plan import ImportChoices
from tlcore.data.label_tables import read_label_table
from tlcore.data.tables import read_table
from tlcore.errors import DataError
from tlcore.files import read_parquet, replacing

Values = dict[str, str]


def read_columns(dataset: Dataset) -> pd.DataFrame:
    """`sha256` and a text for each column that tables have given; empty texts where they are silent."""
    try:
        return read_parquet(dataset.path / "columns.parquet").fillna("")
    except (OSError, ValueError):
        return pd.DataFrame({"sha256": pd.Series(dtype="str")})


def keep_columns(dataset: Dataset, said: Mapping[PurePosixPath, Values], *, apart: Iterable[str] = ()) -> int:
    """Add what is said of files to the dataset's table; newer values replace older ones. Give how many items gain.

    Args:
        dataset: Its items are found by their source.
        said: By the path that an item came from.
        apart: Hashes of items that are not meant, since they came from elsewhere under the same path.
    """
    items = dataset.all_items()
    items = items[~items["sha256"].isin(set(apart))]
    meant = [
        (sha, said[path])
        for sha, path in zip(items["sha256"], map(PurePosixPath, items["source"]), strict=True)
        if path in said
    ]
    if not meant:
        return 0
    new = pd.DataFrame([values for _, values in meant], index=[sha for sha, _ in meant], dtype="str")
    new.index.name = "sha256"
    old = read_columns(dataset).set_index("sha256")
    table = new.combine_first(old).fillna("").reset_index()
    with replacing(dataset.path / "columns.parquet") as beside:
        table.to_parquet(beside, index=False)
    return len(meant)


def take_columns(dataset: Dataset, name: str, content: bytes) -> int:
    """Take the columns of a CSV that names items of the dataset; give how many items it names.

    Raises:
        DataError: It names none of them.
    """
    paths = [PurePosixPath(source) for source in dataset.all_items()["source"]]
    table = read_label_table(PurePosixPath(name), read_table(content), FileIndex(paths), ImportChoices())
    taken = keep_columns(dataset, table.values())
    if not taken:
        items = dataset.modality.noun.many
        raise DataError(
            f"A CSV is needed in which one column names the {items} as they came, such as '{paths[0].name}', and the "
            f"first row the columns. {name} names none of them."
        )
    return taken
