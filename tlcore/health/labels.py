"""Labels that look wrong, as findings.

It knows what the task makes of out-of-fold answers. It does not know features.
"""

from __future__ import annotations

import pandas as pd

from tlcore.data.info import DatasetInfo
from tlcore.data.label_text import describe_label
from tlcore.modalities.checks import Finding
from tlcore.tasks import find_task
from tlcore.tasks.doubts import Doubts

LEAST, MOST = 0.3, 0.8


def label_findings(items: pd.DataFrame, doubts: Doubts, info: DatasetInfo) -> list[Finding]:
    """A finding for each item whose label is probably wrong, with the likelier one where the task can tell it.

    The rows of `doubts` are those of `items`.
    """
    has = "is labelled" if find_task(info.task).probe == "class" else "has"
    findings = []
    for doubt in doubts.found:
        sha, label, source = (str(items[name].iloc[doubt.row]) for name in ("sha256", "label", "source"))
        says = f"'{source}' {has} {describe_label(label, info)}, but a probe that has not seen it {doubt.says}."
        suggested = None if doubt.suggested is None else {sha: doubt.suggested}
        score = LEAST + (MOST - LEAST) * doubt.strength
        findings.append(Finding("label_suspect", (sha,), score, says, suggested=suggested))
    return findings
