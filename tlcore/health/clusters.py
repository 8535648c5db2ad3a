"""What is wrong with clusters of near-duplicates.

It knows tables. It does not know how clusters are found.
"""

from __future__ import annotations

from collections import Counter

import pandas as pd

from tlcore.data.info import DatasetInfo
from tlcore.data.label_counts import values
from tlcore.data.label_text import describe_label
from tlcore.modalities import find_modality
from tlcore.modalities.checks import Finding
from tlcore.tasks import find_task

# What a cluster is worth: copies only waste a place and tempt the split; two labels for one item mislead.
WORTH_COPIES, WORTH_CONTRADICTION = 0.3, 0.8
# Of the deviation of all values: copies whose numbers differ by less are not contradicting each other.
CLOSE = 0.1


def cluster_findings(clusters: pd.DataFrame, items: pd.DataFrame, info: DatasetInfo) -> list[Finding]:
    """A finding for each cluster, whose score is higher where its labels contradict each other.

    Classes and sets of labels do where they differ; numbers may differ a little.
    """
    known = clusters.merge(items[["sha256", "label", "source"]], on="sha256").sort_values("source", kind="stable")
    noun, task = find_modality(info.modality).noun, find_task(info.task)
    close = CLOSE * float(values(items["label"]).std()) if task.output == "values" else None
    findings = []
    for name, rows in known.groupby("cluster", sort=True):
        labels, many = Counter(rows["label"]), len(rows)
        if _contradict(labels, close):
            says = f"{noun.counted(many)} are copies of one another, but {_told(labels, info)}"
            score = WORTH_CONTRADICTION
        else:
            of = "of" if task.probe == "class" else "with"
            given = describe_label(next(iter(labels)), info)
            says = f"{noun.counted(many)} {of} {given} are copies of one another and count as {many}."
            score = WORTH_COPIES + 0.2 * (1 - 2 / many)
        findings.append(Finding("near_duplicate", tuple(rows["sha256"]), score, says, group=str(name)))
    return findings


def _contradict(labels: Counter[str], close: float | None) -> bool:
    if close is None:
        return len(labels) > 1
    numbers = [float(label) for label in labels]
    return max(numbers) - min(numbers) > close


def _told(labels: Counter[str], info: DatasetInfo) -> str:
    if find_task(info.task).probe == "class":
        given = " and ".join(f"{count} '{label}'" for label, count in labels.most_common(4))
        return f"are labelled {given}: at least one label is wrong."
    order = sorted(labels, key=float) if find_task(info.task).output == "values" else list(labels)
    return (
        f"among them are {describe_label(order[0], info)} and {describe_label(order[-1], info)}: at least one is wrong."
    )
