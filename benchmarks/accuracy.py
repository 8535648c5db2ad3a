"""Whether the recommended settings ("Auto") keep up with the best of four usual ways, from 5 pictures per class on.

    python benchmarks/accuracy.py [--data sample,FOLDER,…] [--sizes 5,10,20,50,all] [--seeds 0,1,2] [--methods …]
    python benchmarks/accuracy.py --table

Each dataset has fixed test pictures: its own test part, or a fifth drawn once. Pictures named like frames of a video
(`frame12.jpg`) are drawn by stretches of 20 neighbouring frames, and test frames are never neighbours of others. For
each size and seed, so many pictures of each class are drawn from the rest, and laid out as a dataset with a given test
part; every method gets these, takes its validation pictures from them, and is judged by its own exported `model.onnx`.
It takes hours. Each result is appended to `--results` at once, and what is there already is not measured again, so it
can be interrupted, and several machines' results put together with `cat`. The last line is one JSON object; `value` is
the most that Auto is below the best of the others, in points of accuracy, of means over the seeds.
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
from collections.abc import Iterator
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
from tlcore.files import write_json  # noqa: E402
from tlcore.progress import drain  # noqa: E402
from tlcore.runs.config import TrainingConfig  # noqa: E402
from tlcore.runs.create import create_run  # noqa: E402
from tlcore.runs.recommend import recommend  # noqa: E402
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
    "linear": "linear head, Adam",
    "last": "last blocks",
    "whole": "all blocks",
    "auto": "Auto",
}


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
            return {**common, "mode": "freeze", "head": "logistic"}
        case "linear":
            longer = {"optimizer": "adam", "head_learning_rate": 1e-3, "epochs": 100, "patience": 10}
            return {**common, "mode": "freeze", **longer}
        case "last":
            return {**common, "mode": "fine-tune", "blocks": min(LAST_BLOCKS, blocks)}
        case "whole":
            return {**common, "mode": "fine-tune", "blocks": blocks}
        case _:
            return {**common, **recommend(dataset, chosen).values}


def measured(workspace: Workspace, dataset: Dataset, asked: dict[str, Any], seed: int) -> tuple[float, Run]:
    """Train as a worker does, in this process, and judge the exported model; its downloads are not made."""
    import keras

    from tlcore.contract import contract_of
    from tlcore.evaluation.run import evaluate_run
    from tlcore.training.save import save_onnx
    from tlcore.training.trainer import train

    keras.backend.clear_session()
    run = create_run(workspace, dataset, TrainingConfig(**{"dataset": dataset.id, "seed": seed, **asked}))
    trained = train(run, report=lambda news: None, stop=lambda: False)
    finished = trained.finish()
    save_onnx(finished.graph, run.model_onnx)
    config, about = run.config, run.dataset
    labels = contract_of(
        run.input,
        about.classes,
        backbone=config.backbone,
        dataset=about.name,
        temperature=finished.temperature,
    )
    write_json(run.contract_json, labels)
    return evaluate_run(run, lambda step: None).figures["accuracy"].value, run


# === Results ===


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def cells(results: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, dict[int, float]]]:
    """Accuracies, in percent, by dataset and size, then by method, then by seed."""
    found: dict[tuple[str, str], dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for result in results:
        found[result["data"], result["size"]][result["method"]][result["seed"]] = 100 * result["accuracy"]
    return found


def shortfalls(results: list[dict[str, Any]]) -> dict[str, float]:
    """How many points Auto is below the best of the others, over the draws that all of those measured have."""
    found = {}
    for (data, size), methods in cells(results).items():
        draws = set.intersection(*(set(scores) for scores in methods.values()))
        means = {method: statistics.mean(scores[seed] for seed in draws) for method, scores in methods.items() if draws}
        if "auto" in means and len(means) > 1:
            found[f"{data}, {size}"] = max(mean for method, mean in means.items() if method != "auto") - means["auto"]
    return found


def table(results: list[dict[str, Any]]) -> Iterator[str]:
    """The lines of a Markdown table: means and standard deviations over the seeds; a single draw says its seed."""
    yield f"| dataset | pictures per class | {' | '.join(METHODS.values())} | Auto within {BAR:g} point |"
    yield "|" + "---|" * (len(METHODS) + 3)
    short = shortfalls(results)
    for (data, size), methods in cells(results).items():
        said = [spread(methods[method]) if method in methods else "" for method in METHODS]
        below = short.get(f"{data}, {size}")
        verdict = "" if below is None else "yes" if below <= BAR else f"no: {below:.1f} below"
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
    short = shortfalls(results)
    most = max(short.values(), default=None)
    holds = most is not None and most <= BAR
    details = {"points_below_the_best": short, "results": len(results)}
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
                    }
                    with path.open("a") as stream:
                        stream.write(json.dumps(result) + "\n")
                    print(f"{name}, {size} of each, seed {seed}, {method}: {accuracy:.4f}", flush=True)
                    run.delete()


if __name__ == "__main__":
    sys.exit(main())
