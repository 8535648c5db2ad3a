"""Whether Auto keeps up with the best of five usual ways within each of its budgets, from 5 pictures per class on.

    python benchmarks/accuracy.py [--data sample,FOLDER,…] [--sizes 5,10,20,50,all] [--seeds 0,1,2] [--methods …]
    python benchmarks/accuracy.py --table

Each dataset has fixed test pictures: its own test part, or a fifth drawn once. Pictures named like frames of a video
(`frame12.jpg`) are drawn by stretches of 20 neighbouring frames, and test frames are never neighbours of others. For
each size and seed, so many pictures of each class are drawn from the rest, and laid out as a dataset with a given test
part; every method gets these, takes its validation pictures from them, and is judged by its own exported `model.onnx`.
It takes hours. Each result is appended to `--results` at once, and what is there already is not measured again, so it
can be interrupted, and several machines' results put together with `cat`. The last line is one JSON object; `value` is
the most that Auto without a limit (*best*) is below the best of the others, in points of accuracy, of means over the
seeds: it may be one point, or one standard error of that difference where this is larger. *Quick* is held against
logistic regression alone, and may not be below it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

from benchmarks.machine import machine, versions  # noqa: E402
from tlcore.backbones.catalogue import find  # noqa: E402
from tlcore.commands.data import find_or_take_in  # noqa: E402
from tlcore.commands.terminal import Terminal  # noqa: E402
from tlcore.data.dataset import Dataset, open_dataset  # noqa: E402
from tlcore.data.import_plan import ImportChoices  # noqa: E402
from tlcore.data.intake import ingest  # noqa: E402
from tlcore.errors import DataError  # noqa: E402
from tlcore.progress import drain  # noqa: E402
from tlcore.runs.config import TrainingConfig  # noqa: E402
from tlcore.runs.create import create_run  # noqa: E402
from tlcore.runs.events import CandidateEnded, CandidateStarted  # noqa: E402
from tlcore.runs.recommend import recommend  # noqa: E402
from tlcore.runs.recorder import Recorder  # noqa: E402
from tlcore.runs.run import Run  # noqa: E402
from tlcore.workspace import Workspace  # noqa: E402

USUAL = TrainingConfig(dataset="-").backbone
BAR = 1.0
STRETCH = 20  # frames
TEST_SHARE = 0.2
LAST_BLOCKS = 3
FRAME = re.compile(r"frame(\d+)\.\w+$")
SIZES = "5,10,20,50,all"
METHODS = {
    "logistic": "logistic regression",
    "every": "logistic regression, every block",
    "linear": "linear head, Adam",
    "last": "last blocks",
    "whole": "all blocks",
    "quick": "Auto, quick",
    "balanced": "Auto, balanced",
    "best": "Auto, best",
}
TIMES = ("seconds", "expected_seconds")
OTHERS = ("logistic", "every", "linear", "last", "whole")


# === Pictures ===


def test_rows(items: pd.DataFrame) -> np.ndarray:
    """The pictures that no method ever learns from: the given test part, or a fifth of each class, by stretches."""
    if (items["split"] == "test").any():
        return (items["split"] == "test").to_numpy()
    rng = np.random.default_rng(0)
    chosen = np.zeros(len(items), bool)
    for _, rows in items.groupby("label", sort=True):
        units = stretches(rows)
        names = rng.permutation(units.unique())
        taken = names[: max(1, round(TEST_SHARE * len(names)))]
        chosen[items.index.get_indexer(rows.index[units.isin(taken)])] = True
    return chosen


def stretches(rows: pd.DataFrame) -> pd.Series:
    """What must not be torn apart: stretches of a video, or else each picture by itself."""
    frames = rows["source"].str.extract(FRAME.pattern)[0]
    if frames.isna().any():
        return rows["sha256"]
    return frames.astype(int) // STRETCH


def drawn(workspace: Workspace, dataset: Dataset, size: str, seed: int) -> Dataset:
    """A dataset of `size` pictures of each class and every test picture, made once."""
    name = f"{dataset.info.name}, {size} of each class, seed {seed}"
    with contextlib.suppress(DataError):
        return open_dataset(workspace, name)
    items = dataset.items().sort_values("sha256").reset_index(drop=True)
    is_test = test_rows(items)
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory(dir=workspace.root) as folder:
        for part, rows in (("test", items[is_test]), ("train", items[~is_test])):
            for label, here in rows.groupby("label"):
                whole = part == "test" or size == "all"
                few = here if whole else here.iloc[rng.permutation(len(here))[: int(size)]]
                place = Path(folder) / "pictures" / part / str(label)
                place.mkdir(parents=True)
                for row in few.itertuples():
                    shutil.copy(dataset.image_path(row.file), place / Path(row.source).name)
        return drain(ingest(workspace, Path(folder) / "pictures", name=name), lambda step: None).dataset


# === Methods ===


def settings(method: str, dataset: Dataset, backbone: str) -> dict[str, Any]:
    """What a method asks for; everything else is the default."""
    chosen = find(backbone)
    common = {"backbone": backbone, "input.size": chosen.native_size}
    blocks = len(chosen.blocks)
    match method:
        case "logistic":
            return {**common, "mode": "freeze", "head": "logistic", "augment": ()}
        case "every":
            return {**common, "mode": "freeze", "head": "logistic", "features": "every", "augment": ()}
        case "linear":
            longer = {"optimizer": "adam", "head_learning_rate": 1e-3, "epochs": 100, "patience": 10, "head": "trained"}
            return {**common, "mode": "freeze", **longer}
        case "last":
            return {**common, "mode": "fine-tune", "blocks": min(LAST_BLOCKS, blocks)}
        case "whole":
            return {**common, "mode": "fine-tune", "blocks": blocks}
        case _:
            return {**common, **recommend(dataset, chosen).values, "budget": method}


def measured(workspace: Workspace, dataset: Dataset, asked: dict[str, Any], seed: int) -> tuple[float, Run]:
    """Train as a worker does, in this process, and judge the exported model; its downloads are not made."""
    import keras

    from tlcore.evaluation.run import evaluate_run
    from tlcore.training.ladder import Ladder
    from tlcore.training.trainer import train
    from tlcore.training.work import save_model

    keras.backend.clear_session()
    run = create_run(workspace, dataset, TrainingConfig(**{"dataset": dataset.id, "seed": seed, **asked}))
    if run.given.mode == "auto":
        with Recorder(run) as recorder:
            keep = partial(save_model, run)
            Ladder(run, report=partial(told, recorder), stop=lambda: False, keep=keep).climb()
    else:
        save_model(run, train(run, report=lambda news: None, stop=lambda: False), run.config)
    return evaluate_run(run, lambda step: None).figures["accuracy"].value, run


def told(recorder: Recorder, news: Any) -> None:
    """Keep what Auto says of its candidates."""
    if isinstance(news, CandidateStarted | CandidateEnded):
        recorder.record(news)


# === Results ===


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def cells(results: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, dict[int, float]]]:
    """Accuracies, in percent, by dataset and size, then by method, then by seed."""
    found: dict[tuple[str, str], dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for result in results:
        found[result["data"], result["size"]][result["method"]][result["seed"]] = 100 * result["accuracy"]
    return found


def shortfalls(results: list[dict[str, Any]], method: str, others: Sequence[str]) -> dict[str, tuple[float, float]]:
    """How many points a method is below the best of others, and the standard error of that difference.

    Over the draws that all of those measured have.
    """
    found = {}
    for (data, size), measured in cells(results).items():
        there = {name: scores for name, scores in measured.items() if name in (method, *others)}
        draws = set.intersection(*(set(scores) for scores in there.values())) if there else set()
        if not draws or method not in there or len(there) < 2:
            continue
        best = max((name for name in there if name != method), key=lambda name: _mean(there[name], draws))
        below = [there[best][seed] - there[method][seed] for seed in draws]
        error = statistics.stdev(below) / len(below) ** 0.5 if len(below) > 1 else 0.0
        found[f"{data}, {size}"] = statistics.mean(below), error
    return found


def _mean(scores: dict[int, float], draws: set[int]) -> float:
    return statistics.mean(scores[seed] for seed in draws)


def table(results: list[dict[str, Any]]) -> Iterator[str]:
    """The lines of a Markdown table: means and standard deviations over the seeds; a single draw says its seed."""
    yield f"| dataset | pictures per class | {' | '.join(METHODS.values())} | Auto, best, within the bar |"
    yield "|" + "---|" * (len(METHODS) + 3)
    short = shortfalls(results, "best", OTHERS)
    for (data, size), methods in cells(results).items():
        said = [spread(methods[method]) if method in methods else "" for method in METHODS]
        below, error = short.get(f"{data}, {size}", (None, 0.0))
        verdict = "" if below is None else "yes" if below <= max(BAR, error) else f"no: {below:.1f} below"
        yield f"| {data} | {size} | {' | '.join(said)} | {verdict} |"


def spread(scores: dict[int, float]) -> str:
    if len(scores) == 1:
        return f"{next(iter(scores.values())):.1f} (seed {next(iter(scores))})"
    return f"{statistics.mean(scores.values()):.1f} ± {statistics.stdev(scores.values()):.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="sample", help="`sample` and folders, with commas")
    parser.add_argument("--sizes", default=SIZES)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--backbone", default=USUAL)
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "graft-accuracy")
    parser.add_argument("--results", type=Path, help="default: accuracy.jsonl in the home")
    parser.add_argument("--again", action="store_true", help="measure what has been measured once more")
    parser.add_argument("--table", action="store_true", help="only print what has been measured")
    parser.add_argument("--json", action="store_true", help="as every benchmark has it: the last line is JSON anyway")
    asked = parser.parse_args()
    asked.home.mkdir(parents=True, exist_ok=True)
    path = asked.results or asked.home / "accuracy.jsonl"
    if not asked.table:
        measure_all(asked, path)
    results = read(path)
    print("\n".join(table(results)))
    short, quick = shortfalls(results, "best", OTHERS), shortfalls(results, "quick", ("logistic",))
    most = max((below for below, _ in short.values()), default=None)
    holds = bool(short) and all(below <= max(BAR, error) for below, error in short.values())
    holds = holds and all(below <= error for below, error in quick.values())
    details = {"points_below_the_best": short, "quick_below_logistic": quick, "results": len(results)}
    result = {"name": "accuracy", "value": most, "bar": BAR, "holds": holds, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0 if holds else 1


def measure_all(asked: argparse.Namespace, path: Path) -> None:
    os.environ.update(GRAFT_HOME=str(asked.home), GRAFT_QUEUE=str(asked.home / "queue"))
    workspace = Workspace.default()
    done = {tuple(result[name] for name in ("data", "size", "seed", "method")) for result in read(path)}
    for data in asked.data.split(","):
        dataset = find_or_take_in(workspace, data, Terminal(as_json=True), ImportChoices())
        name = dataset.info.name + ("" if asked.backbone == USUAL else f", {asked.backbone}")
        for size in asked.sizes.split(","):
            for seed in map(int, asked.seeds.split(",")):
                for method in asked.methods.split(","):
                    if (name, size, seed, method) in done and not asked.again:
                        continue
                    few = drawn(workspace, dataset, size, seed)
                    settled = settings(method, few, asked.backbone)
                    began = time.monotonic()
                    accuracy, run = measured(workspace, few, settled, seed)
                    result = {"data": name, "size": size, "seed": seed, "method": method, "accuracy": accuracy}
                    result |= {
                        "seconds": round(time.monotonic() - began, 1),
                        "settings": run.config.model_dump(mode="json"),
                        "candidates": [
                            each.model_dump(mode="json", include={"name", "outcome", "value", *TIMES})
                            for each in run.state().candidates
                        ],
                    }
                    with path.open("a") as stream:
                        stream.write(json.dumps(result) + "\n")
                    print(f"{name}, {size} of each, seed {seed}, {method}: {accuracy:.4f}", flush=True)
                    run.delete()


if __name__ == "__main__":
    sys.exit(main())
