"""Whether the check finds what was planted, and how long it takes against one pass of the trunk.

    python benchmarks/health.py [--data sample,FOLDER,…] [--seed 0]
    python benchmarks/health.py --data FOLDER --pictures 10000        the time alone, of so many pictures

In a copy of each dataset 5 % of the labels are flipped, 5 % of the pictures get a near-copy (in turn: resized to 60 %,
a tenth of each side cropped off at a random place, JPEG of quality 40, mirrored), and 20 files are damaged. Then it is
taken in and checked, as by `data check`. Bars: near-copies with recall and precision of at least 0.95, counting every
pair of pictures in one cluster, those that nobody planted as wrong; the average precision of the label suspects no
lower than that of cleanlab's own ranking of the same probabilities; every damaged file named by the intake; and the
check within twice the time of its trunk pass, asked of at least 10,000 pictures. The pictures for that are windows cut
out of the dataset's, no two of one picture overlapping by more than two thirds; `processor_times`
compares processor seconds, which other work on the machine disturbs less. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from io import BytesIO
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import psutil  # noqa: E402
from PIL import Image  # noqa: E402

from benchmarks.machine import machine, versions  # noqa: E402
from tlcore.commands.data import find_or_take_in  # noqa: E402
from tlcore.commands.terminal import Terminal  # noqa: E402
from tlcore.data.caches import clear, list_caches  # noqa: E402
from tlcore.data.dataset import Dataset  # noqa: E402
from tlcore.data.import_plan import ImportChoices  # noqa: E402
from tlcore.data.intake import ingest  # noqa: E402
from tlcore.health import embed  # noqa: E402
from tlcore.health.check import Check  # noqa: E402
from tlcore.health.events import CheckStarted, StageEnded  # noqa: E402
from tlcore.jobs.launch import launch  # noqa: E402
from tlcore.progress import drain  # noqa: E402
from tlcore.workspace import Workspace  # noqa: E402

FLIPPED, COPIED, DAMAGED = 0.05, 0.05, 20
PAIRS_BAR, TIMES_BAR, MANY = 0.95, 2.0, 10_000
CHANGES = ("resized", "cropped", "recompressed", "mirrored")


# === Planting ===


def change(item: Image.Image, kind: str, rng: np.random.Generator) -> Image.Image:
    """One of the near-copies."""
    width, height = item.size
    if kind == "resized":
        return item.resize((round(0.6 * width), round(0.6 * height)), Image.Resampling.BICUBIC)
    if kind == "cropped":
        left, top = int(rng.uniform(0, 0.1) * width), int(rng.uniform(0, 0.1) * height)
        return item.crop((left, top, left + int(0.9 * width), top + int(0.9 * height)))
    if kind == "recompressed":
        stream = BytesIO()
        item.save(stream, "JPEG", quality=40)
        return Image.open(stream)
    return item.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def plant(dataset: Dataset, folder: Path, seed: int) -> tuple[dict[str, str], set[str], set[str]]:
    """Write the pictures with their faults; give each near-copy's original, the flipped ones and the damaged ones."""
    rng = np.random.default_rng(seed)
    items = dataset.items().sort_values("sha256", ignore_index=True)
    names = [f"{number:06d}" for number in range(len(items))]
    flipped = set(rng.permutation(len(items))[: round(FLIPPED * len(items))].tolist())
    copied = rng.permutation(len(items))[: round(COPIED * len(items))].tolist()
    classes = dataset.info.classes
    labels = [
        str(rng.choice([other for other in classes if other != label])) if row in flipped else str(label)
        for row, label in enumerate(items["label"])
    ]
    for label in classes:
        (folder / label).mkdir(parents=True)
    for row, file in enumerate(items["file"]):
        path = dataset.image_path(file)
        shutil.copy(path, folder / labels[row] / f"{names[row]}{path.suffix}")
    copies = {}
    for number, row in enumerate(copied):
        kind = CHANGES[number % len(CHANGES)]
        with Image.open(dataset.image_path(items["file"][row])) as item:
            copy = change(item.convert("RGB"), kind, rng)
        name = f"{kind}-{names[row]}"
        copy.save(folder / labels[row] / f"{name}.jpg", quality=40 if kind == "recompressed" else 92)
        copies[name] = names[row]
    damaged = set()
    for number in range(DAMAGED):
        content = bytearray(dataset.image_path(items["file"][number]).read_bytes())
        content = content[: len(content) // 2] if number % 2 else content[:20] + rng.bytes(len(content) - 20)
        path = folder / classes[number % len(classes)] / f"damaged-{number:02d}.jpg"
        path.write_bytes(content)
        damaged.add(path.name)
    return copies, {names[row] for row in flipped}, damaged


def windows(dataset: Dataset, folder: Path, count: int) -> None:
    """Write so many pictures: those of the dataset, then windows cut out of them at the corners, half as long."""
    items = dataset.items().sort_values("sha256", ignore_index=True)
    for number in range(count):
        row, turn = number % len(items), number // len(items)
        with Image.open(dataset.image_path(items["file"][row])) as opened:
            item = opened.convert("RGB")
        if turn:
            width, height = item.size
            left, top = (turn - 1) % 2 * width // 2, (turn - 1) // 2 % 2 * height // 2
            item = item.crop((left, top, left + width // 2, top + height // 2)).resize((width, height))
        place = folder / str(items["label"][row])
        place.mkdir(parents=True, exist_ok=True)
        item.save(place / f"{number:06d}.jpg", quality=90)


# === Checking ===


def checked(workspace: Workspace, dataset: Dataset) -> tuple[Check, dict[str, float], dict[str, float], float]:
    """Have a worker check it; give the seconds of each stage, its processor seconds, and the most memory, in GB."""
    check, most = Check(dataset), 0
    launch(check, workspace)
    worker = next(event.pid for event in reversed(check.events()) if isinstance(event, CheckStarted))
    while (state := check.state()).live:
        with contextlib.suppress(psutil.NoSuchProcess):
            most = max(most, psutil.Process(worker).memory_info().rss)
        time.sleep(0.2)
    if state.state != "finished":
        raise RuntimeError(f"the check {state.state}: {state.error}")
    ended = [event for event in check.events() if isinstance(event, StageEnded)]
    wall = {event.stage: round(event.seconds, 2) for event in ended}
    return check, wall, {event.stage: round(event.processor, 2) for event in ended}, most / 1e9


def measured(workspace: Workspace, data: str, seed: int) -> dict:
    from cleanlab.rank import get_label_quality_scores
    from sklearn.metrics import average_precision_score

    original = find_or_take_in(workspace, data, Terminal(as_json=True), ImportChoices())
    with tempfile.TemporaryDirectory(dir=workspace.root) as scratch:
        folder = Path(scratch) / "planted"
        copies, flipped, damaged = plant(original, folder, seed)
        report = drain(ingest(workspace, folder, name=f"{original.info.name}, planted"), lambda step: None)
    check, stages, _, _ = checked(workspace, report.dataset)
    items = report.dataset.items()
    name_of = {row.sha256: Path(row.source).stem for row in items.itertuples()}
    wanted = {frozenset(pair) for pair in copies.items()}
    found = {
        frozenset((name_of[a], name_of[b]))
        for _, rows in check.clusters().groupby("cluster")
        for a, b in combinations(rows["sha256"], 2)
    }
    by_kind = {
        kind: sum(pair in found for pair in of_kind) / max(len(of_kind), 1)
        for kind in CHANGES
        if (of_kind := [pair for pair in wanted if any(name.startswith(kind) for name in pair)])
    }
    items, chances = check.items(), check.probabilities()
    number = {label: place for place, label in enumerate(report.dataset.info.classes)}
    labels = items["label"].map(number).to_numpy()
    # A near-copy of a flipped picture has its wrong label, too.
    wrong = [copies.get(name_of[sha], name_of[sha]) in flipped for sha in items["sha256"]]
    ours = average_precision_score(wrong, 1 - items["label_quality"])
    theirs = average_precision_score(wrong, 1 - get_label_quality_scores(labels, chances.to_numpy(np.float64)))
    listed = {Path(left.source).name for left in report.left_out if left.reason}
    result = {
        "pictures": len(items),
        "recall": len(found & wanted) / len(wanted),
        "precision": len(found & wanted) / max(len(found), 1),
        "recall_by_kind": by_kind,
        "unplanted_pairs": sorted(" ".join(sorted(pair)) for pair in found - wanted),
        "label_average_precision": ours,
        "cleanlab_average_precision": theirs,
        "suspects": sum(finding.kind == "label_suspect" for finding in check.findings()),
        "damaged_named": len(damaged & listed) / len(damaged),
        "seconds": check.info().seconds,
        "stages": stages,
    }
    report.dataset.delete()
    return result


def timed(workspace: Workspace, data: str, count: int) -> dict:
    original = find_or_take_in(workspace, data, Terminal(as_json=True), ImportChoices())
    with tempfile.TemporaryDirectory(dir=workspace.root) as scratch:
        folder = Path(scratch) / "many"
        windows(original, folder, count)
        dataset = drain(ingest(workspace, folder, name="many"), lambda step: None).dataset
    names = [cache.name for cache in list_caches(workspace.cache) if cache.kind in ("pictures", "features")]
    clear(workspace.cache, names)  # or a measurement that is repeated would find its features
    embed.trunk(workspace)  # the graph is made once for each cache, in some ten seconds
    check, stages, processor, gigabytes = checked(workspace, dataset)
    seconds = check.info().seconds
    result = {
        "pictures": len(dataset.items()),
        "seconds": seconds,
        "trunk_seconds": stages["trunk"],
        "times": seconds / stages["trunk"],
        "processor_times": sum(processor.values()) / processor["trunk"],
        "worker_gigabytes": gigabytes,
        "stages": stages,
        "processor": processor,
    }
    dataset.delete()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="sample", help="`sample` and folders, with commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, default=0, help="measure the time of so many, and plant nothing")
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / "graft-health")
    parser.add_argument("--json", action="store_true", help="as every benchmark has it: the last line is JSON anyway")
    asked = parser.parse_args()
    asked.home.mkdir(parents=True, exist_ok=True)
    os.environ.update(GRAFT_HOME=str(asked.home), GRAFT_QUEUE=str(asked.home / "queue"))
    workspace = Workspace.default()
    details = {}
    for data in asked.data.split(","):
        name = Path(data).name
        details[name] = (
            timed(workspace, data, asked.pictures) if asked.pictures else measured(workspace, data, asked.seed)
        )
        print(f"{name}: {json.dumps(details[name])}", flush=True)
    found = list(details.values())
    if asked.pictures:
        value, bar = max(each["times"] for each in found), TIMES_BAR
        holds = value <= bar
    else:
        value, bar = min(min(each["recall"], each["precision"]) for each in found), PAIRS_BAR
        labels = all(each["label_average_precision"] >= each["cleanlab_average_precision"] for each in found)
        holds = value >= bar and labels and all(each["damaged_named"] == 1 for each in found)
    result = {"name": "health", "value": value, "bar": bar, "holds": holds, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
