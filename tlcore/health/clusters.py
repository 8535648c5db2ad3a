"""Clusters of near-duplicates, and what is wrong with them.

It knows pairs of items and tables. It does not know how pairs are found.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tlcore.data.info import DatasetInfo
from tlcore.data.label_counts import values
from tlcore.data.label_text import describe_label
from tlcore.health.findings import Finding
from tlcore.modalities.image.near_duplicates import Pairs
from tlcore.tasks import find_task

# What a cluster is worth: copies only waste a place and tempt the split; two labels for one item mislead.
WORTH_COPIES, WORTH_CONTRADICTION = 0.3, 0.8
# Of the deviation of all values: copies whose numbers differ by less are not contradicting each other.
CLOSE = 0.1


def clusters_of(pairs: Pairs, shas: np.ndarray) -> pd.DataFrame:
    """The table `sha256, cluster`: items that are copies of one another, also by way of a third.

    A cluster is named after the smallest hash in it, so that it keeps its name from one check to the next.
    """
    linked = coo_array((np.ones(len(pairs.first), np.int8), (pairs.first, pairs.second)), shape=(len(shas),) * 2)
    _, found = connected_components(linked, directed=False)
    sizes = np.bincount(found, minlength=1)
    rows = np.flatnonzero(sizes[found] > 1)
    table = pd.DataFrame({"sha256": shas[rows].astype(str), "cluster": found[rows]})
    smallest = table.groupby("cluster")["sha256"].transform("min") if len(table) else table["sha256"]
    table["cluster"] = "alike-" + smallest.str[:12]
    return table.sort_values(["cluster", "sha256"], ignore_index=True)


def cluster_findings(clusters: pd.DataFrame, items: pd.DataFrame, info: DatasetInfo | None = None) -> list[Finding]:
    """A finding for each cluster, whose score is higher where its items have different labels.

    `info` is the dataset's, where items may have several labels or a number.
    """
    if info is not None and info.task != "classification":
        return _of_task(clusters, items, info)
    known = clusters.merge(items[["sha256", "label", "source"]], on="sha256").sort_values("source", kind="stable")
    findings = []
    for name, rows in known.groupby("cluster", sort=True):
        labels = Counter(rows["label"])
        many = len(rows)
        if len(labels) > 1:
            given = " and ".join(f"{count} '{label}'" for label, count in labels.most_common(4))
            says = f"{many} pictures are copies of one another, but are labelled {given}: at least one label is wrong."
            score = WORTH_CONTRADICTION
        else:
            says = f"{many} pictures of '{next(iter(labels))}' are copies of one another and count as {many}."
            score = WORTH_COPIES + 0.2 * (1 - 2 / many)
        findings.append(Finding("near_duplicate", tuple(rows["sha256"]), score, says, group=str(name)))
    return findings


def _of_task(clusters: pd.DataFrame, items: pd.DataFrame, info: DatasetInfo) -> list[Finding]:
    """The same for several labels, whose sets are compared, and for numbers, which may differ a little."""
    known = clusters.merge(items[["sha256", "label", "source"]], on="sha256").sort_values("source", kind="stable")
    numbers = find_task(info.task).output == "values"
    close = CLOSE * float(values(items["label"]).std()) if numbers else 0.0
    findings = []
    for name, rows in known.groupby("cluster", sort=True):
        many, labels = len(rows), list(rows["label"].unique())
        if numbers:
            labels = sorted(labels, key=float)
            different = float(labels[-1]) - float(labels[0]) > close
        else:
            different = len(labels) > 1
        if different:
            given = f"{describe_label(labels[0], info)} and {describe_label(labels[-1], info)}"
            says = f"{many} pictures are copies of one another, but among them are {given}: at least one is wrong."
            score = WORTH_CONTRADICTION
        else:
            says = (
                f"{many} pictures with {describe_label(labels[0], info)} are copies of one another and count as {many}."
            )
            score = WORTH_COPIES + 0.2 * (1 - 2 / many)
        findings.append(Finding("near_duplicate", tuple(rows["sha256"]), score, says, group=str(name)))
    return findings
