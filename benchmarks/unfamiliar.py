"""Whether a model notices pictures of something else: datasets against each other, and classes that were left out.

    python benchmarks/unfamiliar.py [--data sample,FOLDER,…] [--seeds 0,1,2]

Of each dataset the features of the bundled backbone, frozen, are dealt as a run would deal its pictures: 70 % to learn
from, 15 % to set the limit by, 15 % as the familiar ones; stretches of 20 frames of a video stay together. Strangers
are 300 pictures of each other dataset, and (the hard case) the pictures of a class that was left out, one class after
the other. Scored by `tlcore.inference.ood`, as every exported model does it, and for comparison by the
Mahalanobis distance to the nearest class mean with one covariance for all classes (K. Lee and others, NeurIPS 2018),
shrunk by Ledoit and Wolf's rule. Features are computed once and kept in `--home`. The last line is one JSON object;
`value` is the lowest AUROC of a dataset against another, of means over the seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402
import pandas as pd  # noqa: E402
from sklearn.covariance import ledoit_wolf  # noqa: E402

from benchmarks.accuracy import stretches  # noqa: E402
from benchmarks.machine import machine, versions  # noqa: E402
from tlcore.commands.data import find_or_take_in  # noqa: E402
from tlcore.commands.terminal import Terminal  # noqa: E402
from tlcore.data.dataset import Dataset  # noqa: E402
from tlcore.data.import_plan import ImportChoices  # noqa: E402
from tlcore.evaluation.ood_evaluation import auroc  # noqa: E402
from tlcore.health.embed import embed  # noqa: E402
from tlcore.inference.ood import learn_known, some_known  # noqa: E402
from tlcore.progress import drain  # noqa: E402
from tlcore.workspace import Workspace  # noqa: E402

BAR = 0.95
STRANGERS = 300
SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
Floats = npt.NDArray[np.float32]
Score = Callable[[Floats], npt.NDArray[np.float64]]


class Featured:
    """A dataset's features `(n, d)`, labels and what must stay together, each in the same order."""

    def __init__(self, workspace: Workspace, dataset: Dataset) -> None:
        self.name = dataset.info.name
        items = dataset.items().sort_values("sha256").reset_index(drop=True)
        self.labels = items["label"].astype(str).to_numpy()
        self.units = (items["label"].astype(str) + "/" + stretches(items).astype(str)).to_numpy()
        kept = workspace.root / f"unfamiliar-{dataset.info.fingerprint[:16]}.npy"
        if not kept.exists():
            files = [dataset.image_path(file) for file in items["file"]]
            np.save(kept, drain(embed(workspace, files), lambda step: None))
        self.features = np.load(kept).astype(np.float32)

    def dealt(self, seed: int) -> dict[str, npt.NDArray[np.int64]]:
        """Rows of each part."""
        names = np.random.default_rng(seed).permutation(np.unique(self.units))
        ends = (np.cumsum(list(SHARES.values())) * len(names)).round().astype(int)
        parts = dict(zip(SHARES, np.split(names, ends[:-1]), strict=True))
        return {part: np.flatnonzero(np.isin(self.units, here)) for part, here in parts.items()}


def nearest(train: Floats, labels: npt.NDArray[np.str_], validation: Floats, seed: int) -> Score:
    codes = np.unique(labels, return_inverse=True)[1]
    known = learn_known(train[some_known(codes, seed=seed)], validation)
    return lambda features: known.unfamiliarity(features).astype(np.float64)


def mahalanobis(train: Floats, labels: npt.NDArray[np.str_], validation: Floats, seed: int) -> Score:
    names, codes = np.unique(labels, return_inverse=True)
    means = np.stack([train[codes == code].mean(axis=0) for code in range(len(names))])
    precision = np.linalg.inv(ledoit_wolf(train - means[codes], assume_centered=True)[0])

    def score(features: Floats) -> npt.NDArray[np.float64]:
        away = [features - mean for mean in means]
        return np.min([np.einsum("ij,ij->i", each @ precision, each) for each in away], axis=0).astype(np.float64)

    return score


METHODS = {"nearest picture": nearest, "Mahalanobis": mahalanobis}


def measure(data: list[Featured], seed: int) -> Iterator[dict[str, object]]:
    for here in data:
        parts = here.dealt(seed)
        for name, learn in METHODS.items():
            score = learn(*(_rows(here, parts, here.labels == here.labels)), seed)
            own = score(here.features[parts["test"]])
            for other in (each for each in data if each is not here):
                some = np.random.default_rng(seed).permutation(len(other.features))[:STRANGERS]
                yield _result(here.name, other.name, name, own, score(other.features[some]))
            for left in np.unique(here.labels):
                stays = here.labels != left
                if len(np.unique(here.labels[stays])) < 2:
                    continue
                without = learn(*_rows(here, parts, stays), seed)
                familiar = without(here.features[parts["test"][stays[parts["test"]]]])
                yield _result(here.name, f"left out: {left}", name, familiar, without(here.features[~stays]))


def _rows(
    here: Featured, parts: dict[str, npt.NDArray[np.int64]], stays: npt.NDArray[np.bool_]
) -> tuple[Floats, npt.NDArray[np.str_], Floats]:
    train, validation = (parts[part][stays[parts[part]]] for part in ("train", "validation"))
    return here.features[train], here.labels[train], here.features[validation]


def _result(
    data: str, strangers: str, method: str, own: npt.NDArray[np.float64], strange: npt.NDArray[np.float64]
) -> dict[str, object]:
    found = {"data": data, "strangers": strangers, "method": method, "auroc": auroc(own, strange).value}
    if method == "nearest picture":
        found |= {"false_alarms": float((own > 1).mean()), "recognised": float((strange > 1).mean())}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="sample", help="`sample` and folders, with commas")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "graft-unfamiliar")
    parser.add_argument("--json", action="store_true", help="as every benchmark has it: the last line is JSON anyway")
    asked = parser.parse_args()
    asked.home.mkdir(parents=True, exist_ok=True)
    os.environ.update(GRAFT_HOME=str(asked.home), GRAFT_QUEUE=str(asked.home / "queue"))
    workspace, terminal = Workspace.default(), Terminal(as_json=True)
    data = [
        Featured(workspace, find_or_take_in(workspace, name, terminal, ImportChoices()))
        for name in asked.data.split(",")
    ]
    found = pd.DataFrame([result for seed in map(int, asked.seeds.split(",")) for result in measure(data, seed)])
    means = found.groupby(["data", "strangers", "method"]).mean(numeric_only=True)
    print(means.round(3).to_string())
    far: dict[str, list[float]] = defaultdict(list)
    for (here, strangers, method), row in means.iterrows():
        if method == "nearest picture" and not strangers.startswith("left out"):
            far[f"{here} against {strangers}"].append(float(row["auroc"]))
    value = min((statistics.mean(values) for values in far.values()), default=None)
    details = json.loads(means.reset_index().round(4).to_json(orient="records"))
    holds = value is not None and value >= BAR
    result = {"name": "unfamiliar", "value": value, "bar": BAR, "holds": holds, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
