"""The exact head's own solver beside scikit-learn's `LogisticRegression`: same features, folds, strengths and loss.

    python benchmarks/exact_head.py [--repeats 5] [--json]

Both choose the strength by the same folds, climbing from the weakest with a warm start until it has been worse twice,
and then solve on all rows; both on one thread, in turn, by processor time. Scikit-learn's gets the same turned rows and
stops where a twentieth of its own tolerance changes no loss by more than a thousandth. The features are those of the
textile sample (three classes), and drawn ones of many classes with a spectrum like theirs. `value` is the median of the
shares, ours of scikit-learn's; `details` has each of them, with seconds and the log loss of held-out rows; `probes` has
the shares for the linear probe at one strength on 256 axes, where scikit-learn's stops as the probe's once did, and how
far the probabilities of both are from those of a solution to convergence.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tlcore.modalities.image.value_range import range_of
from tlcore.tasks.classification import logistic_head
from tlcore.tasks.folds import folds_of
from tlcore.tasks.linear_probe import AXES, LinearProbe

TOLERANCE, MOST_STEPS = 1e-4, 1000


def theirs(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias by scikit-learn, with the strength chosen as the exact head chooses it."""
    middle, scale = features.mean(axis=0), float(np.sqrt(features.var(axis=0).mean()))
    x, turn = logistic_head._turned(((features - middle) / scale).astype(np.float32))
    x = x[:, :-1]
    some = np.random.default_rng(0).permutation(len(x))[: logistic_head.MOST_ROWS_TO_CHOOSE]
    many = len(some) >= logistic_head.MANY_ROWS
    most = logistic_head.FOLDS_OF_MANY if many else logistic_head.FOLDS
    dealt = folds_of(labels[some], seed=0, most=most)
    models = [LogisticRegression(tol=TOLERANCE, max_iter=MOST_STEPS, warm_start=True) for _ in dealt]
    best, worse = (np.inf, 0.0), 0
    for strength in logistic_head.STRENGTHS:
        losses = []
        for (learn, judge), model in zip(dealt, models, strict=True):
            model.set_params(C=strength).fit(x[some][learn], labels[some][learn])
            losses.append(-log_loss(model.predict_log_proba(x[some][judge]), labels[some][judge]))
        loss = float(np.concatenate(losses).mean())
        worse = 0 if loss < best[0] else worse + 1
        best = min(best, (loss, strength))
        if worse == 2:
            break
    found = LogisticRegression(C=best[1], tol=TOLERANCE, max_iter=MOST_STEPS).fit(x, labels)
    kernel = turn @ found.coef_.T / scale
    return kernel, found.intercept_ - middle @ kernel


def ours(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias by the exact head, its folds one after the other."""
    found = logistic_head.solve(features, labels, classes=int(labels.max()) + 1, seed=0)
    return found.kernel, found.bias


def log_loss(logs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return logs[np.arange(len(labels)), labels]


def textiles() -> tuple[np.ndarray, np.ndarray]:
    """Features `(2000, 1280)` of the sample, by the bundled backbone, and its classes."""
    from tlcore.data.intake import sample
    from tlcore.health import embed
    from tlcore.progress import drain
    from tlcore.workspace import Workspace

    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        dataset = drain(sample(workspace), lambda step: None).dataset
        items = dataset.items()
        paths = [dataset.path / "images" / file for file in items["file"]]
        found = drain(embed.embed(workspace, paths, range_of(dataset.info.reading)), lambda step: None)
        return np.asarray(found, np.float32), np.unique(items["label"], return_inverse=True)[1]


def drawn(rows: int, classes: int, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features whose axes vary as those of the sample do, and classes that a linear head tells in part."""
    rng = np.random.default_rng(classes)
    features = rng.normal(size=(rows, len(spread))) * spread
    chances = softmax(3 * features @ rng.normal(size=(len(spread), classes)) / np.linalg.norm(spread), axis=1)
    return features.astype(np.float32), np.array([rng.choice(classes, p=one) for one in chances])


def measured(features: np.ndarray, labels: np.ndarray, repeats: int) -> dict[str, Any]:
    held = np.arange(len(labels)) % 4 == 0
    shares, seconds, losses = [], {"ours": [], "theirs": []}, {}
    for _ in range(repeats):
        for name, solve in (("ours", ours), ("theirs", theirs)):
            began = time.process_time()
            kernel, bias = solve(features[~held], labels[~held])
            seconds[name].append(time.process_time() - began)
            logs = log_softmax(features[held] @ kernel + bias, axis=1)
            losses[name] = float(-log_loss(logs, labels[held]).mean())
        shares.append(seconds["ours"][-1] / seconds["theirs"][-1])
    middle = {name: statistics.median(each) for name, each in seconds.items()}
    return {"share": statistics.median(shares), "seconds": middle, "log_loss": losses, "rows": int((~held).sum())}


def probes(spread: np.ndarray, repeats: int) -> dict[str, Any]:
    """The linear probe at its middle strength, beside scikit-learn's."""
    found = {}
    for rows, classes in ((2000, 2), (1500, 3), (400, 20), (3000, 50)):
        features, labels = drawn(rows, classes, spread[:AXES])
        strength, shares = 1e-2, []
        for _ in range(repeats):
            began = time.process_time()
            own = LinearProbe.fit(features, labels, classes=classes, strength=strength)
            middle = time.process_time()
            quick = LogisticRegression(C=strength, max_iter=200, tol=1e-3).fit(features, labels)
            shares.append((middle - began) / (time.process_time() - middle))
        exact = LogisticRegression(C=strength, max_iter=5000, tol=1e-8).fit(features, labels).predict_proba(features)
        found[f"{rows} rows, {classes} classes"] = {
            "share": statistics.median(shares),
            "ours_off_by": float(np.abs(own.predict(features) - exact).max()),
            "theirs_off_by": float(np.abs(quick.predict_proba(features) - exact).max()),
        }
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    features, labels = textiles()
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(features.T)).clip(0))[::-1]
    cases = {"textile sample, 3 classes": (features, labels)}
    cases |= {f"drawn, {classes} classes": drawn(rows, classes, spread) for rows, classes in ((400, 20), (2000, 50))}
    with threadpool_limits(1):
        details = {name: measured(*case, asked.repeats) for name, case in cases.items()}
        of_probes = probes(spread, asked.repeats)
    for name, each in (*details.items(), *of_probes.items()):
        print(f"{name}: {each}")
    value = statistics.median(each["share"] for each in details.values())
    versions = {name: version(name) for name in ("scikit-learn", "scipy", "numpy")}
    print(
        json.dumps(
            {"name": "exact_head", "value": value, "details": details, "probes": of_probes, "versions": versions}
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
