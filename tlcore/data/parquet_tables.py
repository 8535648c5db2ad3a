"""Tables of text from Parquet files without items: they may label items that lie beside them.

It knows Arrow. It does not know what the columns are for. Rows are read a few at a time until they are too many, since
a file may unfold to far more than it holds.
"""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from tlcore.data.parquet_columns import column_facts, features_of, is_list_type, is_plain
from tlcore.data.tables import EMPTY_LIST, MOST_BYTES, Table

_ROWS = 1024
_MOST_ROWS = 2_000_000


def read_parquet_table(content: bytes) -> Table:
    """Read the columns of texts, numbers, yes or no, and lists of these; one that cannot be read has no rows."""
    try:
        with pq.ParquetFile(io.BytesIO(content)) as file:
            return _read(file)
    except (pa.ArrowException, OSError, ValueError) as error:
        return Table((), (), fault=f"This Parquet file is damaged: {str(error).strip().rstrip('.')}.")


def _read(file: pq.ParquetFile) -> Table:
    schema = file.schema_arrow
    features = features_of(schema)
    fields = [field for field in schema if is_plain(field.type)]
    names = tuple(field.name for field in fields)
    rows: list[tuple[str, ...]] = []
    letters = 0
    for batch in file.iter_batches(_ROWS, columns=list(names), use_threads=False):
        facts = [column_facts(n, name, batch.column(name), features.get(name)) for n, name in enumerate(names)]
        cells = [[EMPTY_LIST if row in one.empty_lists else v for row, v in enumerate(one.values)] for one in facts]
        rows += zip(*cells, strict=True)
        letters += sum(len(cell) for column in cells for cell in column)
        if letters > MOST_BYTES or len(rows) > _MOST_ROWS:
            return Table((), (), fault="This Parquet file is too large for a table of labels. Give it in parts.")
    return Table(names, tuple(rows), lists=frozenset(n for n, one in enumerate(fields) if is_list_type(one.type)))
