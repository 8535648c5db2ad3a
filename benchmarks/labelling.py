"""How many labels the inbox saves: pictures in the order of `most_useful` against pictures at random.

A part of a dataset is held out and judges, by the mean of the classes' recalls; the rest is an inbox that begins with
five labels of each class. Labels are then given in stretches of ten, as a person would who makes no mistakes, and the
probe is judged after each. Once with as many pictures of each class, and once with classes that are rarer and rarer:
each has two thirds of the one before, as an inbox is that nobody has sorted.

    python -m benchmarks.labelling PATH [--pictures 900] [--seeds 5] [--labels 150]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tlcore.data.intake import ingest
from tlcore.health.embed import embed
from tlcore.labelling.acquisition import most_useful
from tlcore.progress import drain
from tlcore.tasks import TASKS
from tlcore.tasks.linear_probe import LinearProbe, principal_axes
from tlcore.workspace import Workspace

FIRST, STRETCH, STRENGTH, RARER = 5, 10, 0.01, 2 / 3


def features(path: Path, workspace: Workspace, most: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Features and classes of as many pictures, the same number of each class as far as there are."""
    items = drain(ingest(workspace, path), lambda step: None).dataset
    table = items.items().sort_values("sha256")
    table = table[table.groupby("label").cumcount() < max(1, most // table["label"].nunique())]
    files = [items.image_path(file) for file in table["file"]]
    rows = np.asarray(drain(embed(workspace, files), lambda step: None), np.float32)
    return rows, table["label"].map(items.info.classes.index).to_numpy()


def course(
    rows: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], *, seed: int, most: int, useful: bool, rarer: float
) -> list[float]:
    """The mean recall on pictures held out, after each stretch of labels."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    held, pool = order[: len(order) // 3], order[len(order) // 3 :]
    classes = rng.permutation(np.unique(labels))
    shares = {label: rarer**place for place, label in enumerate(classes)}
    members = [pool[labels[pool] == label] for label in classes]
    pool = np.concatenate(
        [
            found[: max(FIRST + STRETCH, round(len(found) * shares[label]))]
            for label, found in zip(classes, members, strict=True)
        ]
    )
    axes = principal_axes(rows[pool])
    known = [int(row) for label in np.unique(labels) for row in pool[labels[pool] == label][:FIRST]]
    found = []
    while True:
        many = int(labels.max()) + 1
        probe = LinearProbe.fit(axes(rows[known]), labels[known], classes=many, strength=STRENGTH)
        right = probe.predict(axes(rows[held])).argmax(axis=1) == labels[held]
        found.append(float(np.mean([right[labels[held] == label].mean() for label in classes])))
        left = np.setdiff1d(pool, known)
        if len(found) > most // STRETCH or len(left) < STRETCH:
            return found
        if useful:
            chances = probe.predict(axes(rows[left]))
            chosen = most_useful(
                rows[left] - rows[left].mean(axis=0), TASKS["classification"].gradient(chances), STRETCH, seed=seed
            )
        else:
            chosen = rng.permutation(len(left))[:STRETCH]
        known += [int(left[row]) for row in chosen]


def main() -> None:
    """Print one JSON object: the mean recalls of both orders after so many labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--pictures", type=int, default=900)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--labels", type=int, default=150)
    parser.add_argument("--workspace", type=Path, help="Where the graph of the backbone may be already.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        workspace = Workspace(given.workspace or Path(folder))
        workspace.datasets.mkdir(parents=True, exist_ok=True)
        rows, labels = features(given.path, workspace, given.pictures)
        classes = len(np.unique(labels))
        result: dict[str, object] = {"data": given.path.name, "pictures": len(labels), "classes": classes}
        for kind, rarer in (("even", 1.0), ("uneven", RARER)):
            for name, useful in (("useful", True), ("random", False)):
                runs = [
                    course(rows, labels, seed=seed, most=given.labels, useful=useful, rarer=rarer)
                    for seed in range(given.seeds)
                ]
                length = min(map(len, runs))
                result[f"{kind}, {name}"] = np.mean([run[:length] for run in runs], axis=0).round(4).tolist()
            result[f"{kind}, labels"] = [FIRST * classes + STRETCH * step for step in range(length)]
        print(json.dumps(result))


if __name__ == "__main__":
    main()
