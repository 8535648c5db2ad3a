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
from tlcore.health.steps import CheckSteps
from tlcore.tasks import Decision


def write_results(check: Check, looks: CheckSteps, *, seconds: Callable[[], float]) -> None:
    """Put every result in its place; `check.json`, which says what they are about, comes last."""
    folder, probed = check.path, looks.probed
    (folder / "check.json").unlink(missing_ok=True)  # from here on, results of two checks may stand beside each other
    _write_array(folder / "features.npy", looks.features)
    _write_array(folder / "compact.npy", None if looks.compact is None else looks.compact.astype(np.float32))
    _write_table(folder / "clusters.parquet", looks.clusters)
    items = pd.concat([looks.items[["sha256", "label"]], looks.measures], axis=1)
    if probed is not None:
        items["predicted"] = looks.task.answers(probed.outputs, looks.info.classes, Decision())["predicted"]
    if looks.doubts.quality is not None:
        items["label_quality"] = looks.doubts.quality
    shares = probed is not None and looks.task.output == "probabilities"
    _write_array(folder / "probabilities.npy", probed.outputs if probed is not None and shares else None)
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
        task=looks.info.task,
        reading=looks.info.reading,
        items=len(looks.items),
        left_out=looks.left_out(),
        seconds=seconds(),
        score=looks.score,
        notes=tuple(looks.notes),
    )
    write_json(folder / "check.json", info)


def _write_array(path: Path, array: npt.NDArray[np.floating] | None) -> None:
    if array is None:
        path.unlink(missing_ok=True)
        return
    with replacing(path) as beside, beside.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with replacing(path) as beside:
        table.to_parquet(beside, index=False)
