"""The numbers of a report as CSV files in one zip.

It knows documents, CSV and zips. It does not know runs.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from tlcore import spreadsheet
from tlcore.report.document import Document, flat

if TYPE_CHECKING:
    import pandas as pd

# No clock time: the same run gives the same bytes.
TIME = (1980, 1, 1, 0, 0, 0)


def as_zip(document: Document, predictions: pd.DataFrame) -> bytes:
    """A CSV for each table and for the data of each figure, and one of every answer about a test item.

    UTF-8; shares are 0 to 1; a figure with an interval takes three columns.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in {table.name: table for table in document.tables()}.values():
            text = io.StringIO()
            spreadsheet.Writer(text, lineterminator="\n").writerows(flat(table.columns, table.rows))
            _add(archive, f"{table.name}.csv", text.getvalue())
        _add(archive, "predictions.csv", spreadsheet.table_as_csv(predictions))
    return stream.getvalue()


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    archive.writestr(zipfile.ZipInfo(name, TIME), spreadsheet.as_file(text), zipfile.ZIP_DEFLATED)
