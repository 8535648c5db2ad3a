"""What a check leaves in the dataset's folder.

It knows the files' contents and the order in which they must appear. It does not know how they are read; that is
`check`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from tlcore.files import replacing, write_json
from tlcore.health.check import Check, CheckInfo
from tlcore.health.findings import ranked, write_findings
from tlcore.health.labels import label_quality
from tlcore.health.steps import CheckSteps


def write_results(check: Check, looks: CheckSteps, *, seconds: Callable[[], float]) -> None:
    """Put every result in its place; `check.json`, which says what they are about, comes last."""
    folder, probed = check.path, looks.probed
    (folder / "check.json").unlink(missing_ok=True)  # from here on, results of two checks may stand beside each other
    _write_array(folder / "features.npy", looks.features)
    _write_array(folder / "compact.npy", looks.compact.astype(np.float32))
    _write_table(folder / "clusters.parquet", looks.clusters)
    items = pd.concat([looks.items[["sha256", "label"]], looks.measures], axis=1)
    if probed is None:
        (folder / "probabilities.npy").unlink(missing_ok=True)
    elif not looks.one_class:
        _write_answers(folder, looks, probed.predictions, items)
    else:
        _write_array(folder / "probabilities.npy", probed.predictions)
        items["predicted"] = np.array(looks.info.classes, object)[probed.predictions.argmax(axis=1)]
        items["label_quality"] = label_quality(probed.predictions, looks.targets)
    _write_table(folder / "pictures.parquet", items)
    write_findings(folder / "findings.parquet", ranked(looks.findings))
    if looks.curve is None:
        (folder / "curve.json").unlink(missing_ok=True)
    else:
        write_json(folder / "curve.json", looks.curve)
    info = CheckInfo(
        version=looks.info.version,
        fingerprint=looks.info.fingerprint,
        classes=looks.info.classes,
        reading=looks.info.reading,
        items=len(looks.items),
        left_out=looks.left_out(),
        seconds=seconds(),
        accuracy=None if probed is None or not looks.one_class else probed.accuracy(looks.targets),
        notes=tuple(looks.notes),
    )
    write_json(folder / "check.json", info)


def _write_answers(folder: Path, looks: CheckSteps, predictions: npt.NDArray[np.floating], items: pd.DataFrame) -> None:
    """Keep what the probe says of several labels, a column for each, or of a number."""
    if looks.task.output == "values":
        (folder / "probabilities.npy").unlink(missing_ok=True)
        items["predicted"] = predictions
    else:
        _write_array(folder / "probabilities.npy", predictions)


def _write_array(path: Path, array: npt.NDArray[np.floating]) -> None:
    with replacing(path) as beside, beside.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with replacing(path) as beside:
        table.to_parquet(beside, index=False)
