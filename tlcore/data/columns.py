"""What a table says about each picture beside its class: the patient, the day, the machine.

It knows tables of text that name files, and the dataset's own table of such columns, `columns.parquet`: `sha256`, and a
text for each column. It does not know what the columns are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.data.labels import find_file, index_of
from tlcore.data.tables import Table, file_column, read_table
from tlcore.errors import DataError
from tlcore.files import read_parquet, replacing

SUFFIXES = frozenset({".csv", ".tsv"})
Values = dict[str, str]


def read_columns(dataset: Dataset) -> pd.DataFrame:
    """`sha256` and a text for each column that tables have given; empty texts where they are silent."""
    try:
        return read_parquet(dataset.path / "columns.parquet").fillna("")
    except (OSError, ValueError):
        return pd.DataFrame({"sha256": pd.Series(dtype="str")})


def values_of(paths: Sequence[PurePosixPath], read: Callable[[PurePosixPath], bytes]) -> dict[PurePosixPath, Values]:
    """What the tables among the files say about the others, by column; `read` gives the bytes of a table."""
    tables = [path for path in paths if path.suffix.casefold() in SUFFIXES]
    index = index_of([path for path in paths if path.suffix.casefold() not in SUFFIXES]) if tables else {}
    found: dict[PurePosixPath, Values] = {}
    for path in tables:
        for file, values in _said(read_table(read(path)), index, path.parent).items():
            found.setdefault(file, {}).update(values)
    return found


def keep_columns(dataset: Dataset, said: Mapping[PurePosixPath, Values], *, apart: Iterable[str] = ()) -> int:
    """Add what is said of files to the dataset's table; newer values replace older ones. Give how many pictures gain.

    Args:
        dataset: Its pictures are found by their source.
        said: By the path that a picture came from.
        apart: Hashes of pictures that are not meant, since they came from elsewhere under the same path.
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
    """Take the columns of a CSV that names pictures of the dataset; give how many pictures it names.

    Raises:
        DataError: It names none of them.
    """
    paths = [PurePosixPath(source) for source in dataset.all_items()["source"]]
    taken = keep_columns(dataset, _said(read_table(content), index_of(paths), PurePosixPath()))
    if not taken:
        raise DataError(
            f"A CSV is needed in which one column names the pictures as they came, such as '{paths[0].name}', and the "
            f"first row the columns. {name} names none of them."
        )
    return taken


def _said(table: Table, index: Mapping[str, list[PurePosixPath]], folder: PurePosixPath) -> dict[PurePosixPath, Values]:
    """What each row says of the file that it names."""
    find = partial(find_file, folder=folder, index=index)
    column = file_column(table, lambda text: find(text)[0] is not None)
    if column is None or find(table.cell(table.header, column))[0] is not None:
        return {}  # nothing names the files, or nothing the columns
    names = {place: title.strip() for place, title in enumerate(table.header) if place != column and title.strip()}
    found = {}
    for row in table.rows:
        file, _ = find(table.cell(row, column))
        if file is not None:
            found[file] = {_free(title): table.cell(row, place) for place, title in names.items()}
    return found


def _free(title: str) -> str:
    return f"{title} (of the table)" if title == "sha256" else title
