"""Checks in every state, written with the library's own pen, without looking at any picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.files import write_json
from tlcore.health.check import Check, CheckInfo
from tlcore.health.curve import Curve, LearningCurve, Point, Predicted
from tlcore.health.events import CheckEnded, CheckStarted
from tlcore.health.findings import ranked, write_findings
from tlcore.jobs.writer import JobWriter
from tlcore.modalities.checks import Finding
from tlcore.tasks.evaluation import Figure


def finished(
    dataset: Dataset,
    findings: list[Finding],
    *,
    clusters: dict[str, list[str]] | None = None,
    score: float | None = 0.91,
    task: str = "",
) -> Check:
    """A check that found these."""
    check = Check(dataset)
    items, info = dataset.items(), dataset.info
    with JobWriter(check) as recorder:
        recorder.record(CheckStarted(pid=1, version=info.version))
        write_findings(check.path / "findings.parquet", ranked(findings))
        rows = [(sha, name) for name, shas in (clusters or {}).items() for sha in shas]
        pd.DataFrame(rows, columns=["sha256", "cluster"]).to_parquet(check.path / "clusters.parquet")
        items[["sha256"]].to_parquet(check.path / "pictures.parquet")
        np.save(check.path / "compact.npy", looks(items))
        write_json(check.path / "curve.json", curve(len(items), info.classes))
        made = CheckInfo(
            version=info.version,
            fingerprint=info.fingerprint,
            classes=info.classes,
            task=task,
            reading=info.reading,
            items=len(items),
            seconds=12.3,
            score=None if score is None else Figure(value=score, low=score - 0.03, high=score + 0.03),
        )
        write_json(check.path / "check.json", made)
        recorder.record(CheckEnded(state="finished"))
    return check


def ended(dataset: Dataset, state: str, error: str = "") -> Check:
    """A check that was stopped or failed before it found anything."""
    check = Check(dataset)
    with JobWriter(check) as recorder:
        recorder.record(CheckStarted(pid=1, version=1))
        recorder.record(CheckEnded(state=state, error=error))
    check.worker_log.write_text("the last words of the worker\n")
    return check


def looks(items: pd.DataFrame) -> np.ndarray:
    """Features of length 1: each class has two clusters, by the place of a picture in it being odd or even."""
    place = items.groupby("label").cumcount().to_numpy() % 2
    kind = pd.factorize(items["label"])[0] * 2 + place
    rows = np.eye(kind.max() + 1, 16, dtype=np.float32)[kind]
    rows += np.random.default_rng(0).normal(0, 0.02, rows.shape).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def curve(items: int, classes: tuple[str, ...]) -> LearningCurve:
    def one(says: str, most: int) -> Curve:
        sizes = [max(1, round(most * share)) for share in (0.1, 0.2, 0.4, 0.7, 1.0)]
        right = [0.95 - 0.6 * size**-0.5 for size in sizes]
        ahead = [*sizes, 2 * most, 4 * most]
        return Curve(
            points=tuple(Point(items=n, value=a, deviation=0.02) for n, a in zip(sizes, right, strict=True)),
            floor=0.05,
            drop=0.6,
            rate=0.5,
            fitted=tuple(
                Predicted(items=n, value=(a := 0.95 - 0.6 * n**-0.5), low=a - 0.03, high=min(1, a + 0.02))
                for n in ahead
            ),
            says=says,
        )

    each = {name: one(f"Twice as many of '{name}' would help a little.", items // len(classes)) for name in classes}
    whole = one("Twice as many pictures would bring about 1 more in 100 right.", items)
    return LearningCurve(whole=whole, classes=each)
