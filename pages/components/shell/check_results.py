"""The results of a dataset's check, read from the disk once for each check and each version of the dataset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from pages.components.shell import tables
from tlcore.data.clustering import cluster
from tlcore.data.dataset import Dataset
from tlcore.data.edits import operations
from tlcore.health.check import Check
from tlcore.health.curve import LearningCurve
from tlcore.modalities.checks import Finding

# The kinds of which something is left to mend as long as two of the pictures are in use and in different groups.
TOGETHER = {"near_duplicate", "groups"}


def findings(dataset: Dataset) -> list[Finding]:
    """What was found, the worst first. Shared between sessions: never change it."""
    return _findings(str(dataset.path), tables.stamp(dataset, "health/findings.parquet", "health/check.json"))


def curve(dataset: Dataset) -> LearningCurve | None:
    """Whether more pictures would help; None where it is not known."""
    return _curve(str(dataset.path), tables.stamp(dataset, "health/curve.json"))


def clusters(dataset: Dataset) -> pd.DataFrame:
    """Near-copies that are in use: `sha256` and `cluster`, for clusters of two and more."""
    stamp = tables.stamp(dataset, "health/clusters.parquet", "items.parquet", "edits.jsonl")
    return _clusters(str(dataset.path), stamp)


def left(dataset: Dataset) -> list[Finding]:
    """The findings that no edit has settled since the check, each with the pictures that still want a decision."""
    stamp = tables.stamp(dataset, "health/findings.parquet", "health/check.json", "items.parquet", "edits.jsonl")
    return _left(str(dataset.path), stamp)


def sets_of(dataset: Dataset, found: Iterable[Finding]) -> dict[str, list[str]]:
    """The pictures of findings by the cluster of near-copies they are in, in their order."""
    table = clusters(dataset)
    cluster_of = dict(zip(table["sha256"], table["cluster"].astype(str), strict=True))
    sets: dict[str, list[str]] = {}
    for sha in dict.fromkeys(sha for finding in found for sha in finding.items):
        if sha in cluster_of:
            sets.setdefault(cluster_of[sha], []).append(sha)
    return {name: members for name, members in sets.items() if len(members) > 1}


def parts(dataset: Dataset, label: str, number: int) -> pd.Series:
    """Which of `number` parts of a class each picture is in, by SHA-256, from 0, the largest part first.

    Empty where the pictures of the class were not checked.
    """
    stamp = tables.stamp(dataset, "health/compact.npy", "items.parquet", "edits.jsonl")
    return _parts(str(dataset.path), stamp, label, number)


@st.cache_resource(max_entries=4, show_spinner=False)
def _findings(path: str, stamp: tuple[int, ...]) -> list[Finding]:
    return Check(Dataset(Path(path))).findings()


@st.cache_resource(max_entries=4, show_spinner=False)
def _curve(path: str, stamp: tuple[int, ...]) -> LearningCurve | None:
    return Check(Dataset(Path(path))).curve()


@st.cache_resource(max_entries=4, show_spinner=False)
def _clusters(path: str, stamp: tuple[int, ...]) -> pd.DataFrame:
    dataset = Dataset(Path(path))
    found = Check(dataset).clusters()
    in_use = set(tables.items(dataset)["sha256"].tolist())
    found = found[np.array([sha in in_use for sha in found["sha256"].tolist()], bool)]
    return found[found.groupby("cluster")["sha256"].transform("size") > 1]


@st.cache_resource(max_entries=4, show_spinner=False)
def _left(path: str, stamp: tuple[int, ...]) -> list[Finding]:
    dataset = Dataset(Path(path))
    info = Check(dataset).info()
    if info is None:
        return []
    table = tables.items(dataset)
    shas = table["sha256"].tolist()
    now = dict(zip(shas, table["label"].tolist(), strict=True))
    groups = dict(zip(shas, table["group"].tolist(), strict=True))
    then = now if info.version == dataset.info.version else _labels_at(path, info.version)
    copied = set(clusters(dataset)["sha256"])
    return [one for finding in findings(dataset) if (one := _still(finding, now, then, groups, copied))]


# By the version alone: what was, stays so.
@st.cache_resource(max_entries=2, show_spinner=False)
def _labels_at(path: str, version: int) -> dict[str, str]:
    table = operations.at_version(Dataset(Path(path)), version)
    return dict(zip(table["sha256"].tolist(), table["label"].tolist(), strict=True))


def _still(
    finding: Finding, now: dict[str, str], then: dict[str, str], groups: dict[str, str], copied: set[str]
) -> Finding | None:
    """The finding with the pictures that are still as they were; None where nothing is left of it.

    `now` and `then` say the class of each picture now and when it was checked, `copied` which have a near-copy in use.
    """
    if not finding.items:
        return finding
    items = [sha for sha in finding.items if sha in now]
    if finding.kind in {"label_suspect", "outlier", "split_class", "confusable_classes"}:
        items = [sha for sha in items if now[sha] == then.get(sha)]
    elif finding.kind == "leak":
        items = [sha for sha in items if sha in copied]
    elif finding.kind in TOGETHER:
        held = {groups[sha] for sha in items}
        settled = len(items) < 2 or (len(held) == 1 and held != {""})
        items = [] if settled else items
    return replace(finding, items=tuple(items)) if items else None


@st.cache_resource(max_entries=8, show_spinner="Clustering the pictures of the class …")
def _parts(path: str, stamp: tuple[int, ...], label: str, number: int) -> pd.Series:
    dataset = Dataset(Path(path))
    compact = Check(dataset).compact()
    table = tables.items(dataset)
    wanted = set(table.loc[table["label"] == label, "sha256"])
    places = [place for place, sha in enumerate(compact.shas) if sha in wanted] if compact else []
    if compact is None or len(places) < number:
        return pd.Series(dtype="int64")
    return pd.Series(
        cluster(np.asarray(compact.rows[places], np.float32), number), index=[compact.shas[place] for place in places]
    )
