"""What is published of a run: the files of its proven bundle, its judgement and its model card.

It knows files. It does not know where they go.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tlcore.data.archive import opening, reading
from tlcore.errors import ExportError, GraftError
from tlcore.report.card import model_card
from tlcore.runs.manifest import artefact
from tlcore.runs.run import Run

CARD = "README.md"
JUDGEMENT = "evaluation.json"


@contextmanager
def parcel(run: Run) -> Iterator[Path]:
    """Give a folder with all that is published, as long as the block lasts.

    Its files: `README.md` (the model card), `model.keras`, `model.onnx`, `contract.json`, `predict.py`,
    `pixels.py`, `requirements.txt` and `evaluation.json`.

    Raises:
        ExportError: The run has no bundle that agrees with the app.
    """
    try:
        bundle = artefact(run.path, "bundle")
    except ExportError as error:
        raise ExportError(
            f"A run whose bundle agrees with the app is needed. {error} `export {run.id} --format bundle` makes it."
        ) from error
    with TemporaryDirectory(prefix="graft-") as temporary:
        folder = Path(temporary)
        with opening(bundle) as opened:
            for entry in opened.entries:
                if len(entry.path.parts) == 1:
                    with reading(opened, entry) as stream, (folder / entry.name).open("wb") as file:
                        shutil.copyfileobj(stream, file)
        if run.evaluation_json.exists():
            shutil.copyfile(run.evaluation_json, folder / JUDGEMENT)
        if card := _card(run):
            (folder / CARD).write_text(card, encoding="utf-8")
        yield folder


def _card(run: Run) -> str:
    """The model card; empty where the run was not judged: the bundle's own README stays."""
    try:
        return model_card(run)
    except GraftError:
        return ""
