"""How soon the pages about a dataset answer, with 100,000 pictures in it.

    python benchmarks/many_pictures.py [--pictures 100000] [--runs 7]

The dataset is synthetic: its table is whole, and the pictures that are shown are there. A check's results are written
with the library's own pen: thousands of findings and sets of near-copies. Each page is opened, as a person would, and
run again and again, as it is at every touch; then a picture is moved to another class and the page is run once more,
with the tables read anew. Streamlit's own test driver runs the script: the browser's drawing is not in it. Times are
medians, in seconds, by the clock and of the processor. The last line is one JSON object; `value` is the slowest median
by the clock.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from streamlit.runtime.pages_manager import PagesManager  # noqa: E402
from streamlit.testing.v1 import AppTest, app_test  # noqa: E402

from benchmarks.machine import machine, versions  # noqa: E402
from tests.pages import made_checks  # noqa: E402
from tests.pages.opening import open_page  # noqa: E402
from tlcore.data.dataset import Dataset  # noqa: E402
from tlcore.data.edits import operations  # noqa: E402
from tlcore.data.edits.types import Relabel  # noqa: E402
from tlcore.data.info import DatasetInfo, fingerprint, item_columns  # noqa: E402
from tlcore.files import write_json  # noqa: E402
from tlcore.modalities import MODALITIES  # noqa: E402
from tlcore.modalities.checks import Finding  # noqa: E402

CLASSES, FINDINGS, SHOWN = 20, 2500, 6000
BAR_SECONDS = 0.5
VIEWS = (
    ("data", {}),
    ("data", {"show": "class:class 03"}),
    ("data", {"show": "copies"}),
    ("check", {}),
    ("check", {"kind": "label_suspect"}),
    ("check", {"kind": "near_duplicate"}),
    ("history", {}),
)


class KnownPages(PagesManager):
    """As on a server that runs: AppTest forgets the navigation before every run."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        PagesManager.uses_pages_directory = False


def make(home: Path, items: int) -> Dataset:
    """A dataset with so many rows, and what a check would have found in it."""
    rng = np.random.default_rng(0)
    path = home / "datasets" / "20260101-000000-synthetic-0000"
    (path / "images").mkdir(parents=True)
    shas = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(items)]
    labels = [f"class {number:02d}" for number in rng.integers(0, CLASSES, items)]
    table = pd.DataFrame({"sha256": shas, "file": [f"{sha}.jpg" for sha in shas], "label": labels})
    table = table.assign(split="", group="", width=320, height=240, flags="")
    table["source"] = [f"{label}/{number:06d}.jpg" for number, label in enumerate(labels)]
    table[list(item_columns(MODALITIES["image"]))].to_parquet(path / "items.parquet", index=False)
    triage = pd.DataFrame({"source": table["source"], "outcome": "kept", "reason": ""})
    triage.to_parquet(path / "triage.parquet", index=False)
    classes = tuple(sorted(set(labels)))
    write_json(
        path / "dataset.json",
        DatasetInfo(id=path.name, name="synthetic", classes=classes, fingerprint=fingerprint(table)),
    )
    for sha in shas[:SHOWN]:
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)).save(path / "images" / f"{sha}.jpg")
    dataset = Dataset(path)
    found = [Finding("label_suspect", (sha,), 0.5, "Suspect.", {sha: classes[0]}) for sha in shas[:FINDINGS]]
    pairs = [tuple(shas[2 * number : 2 * number + 2]) for number in range(FINDINGS)]
    found += [Finding("near_duplicate", pair, 0.3, "Copies of one another.") for pair in pairs]
    made_checks.finished(dataset, found, clusters={str(number): list(pair) for number, pair in enumerate(pairs)})
    return dataset


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - clock, time.process_time() - processor


def edit(dataset: Dataset, app: AppTest) -> None:
    first = dataset.all_items().iloc[0]
    other = next(label for label in dataset.info.classes if label != first["label"])
    operations.apply(dataset, Relabel(labels={first["sha256"]: other}))
    app.run()


def measure(dataset: Dataset, page: str, query: dict[str, str], runs: int) -> dict[str, object]:
    app = open_page(page, dataset=dataset.id, **query)
    app.run()  # the thumbnails of the first page are there from now on
    again = [timed(app.run) for _ in range(runs)]
    edited = [timed(lambda: edit(dataset, app)) for _ in range(3)]
    if app.exception:
        raise SystemExit(f"{page}: {app.exception}")
    row: dict[str, object] = {"page": page, **query}
    for name, times in (("again", again), ("edit", edited)):
        row[f"{name}_seconds"] = round(statistics.median(clock for clock, _ in times), 3)
        row[f"{name}_processor_seconds"] = round(statistics.median(processor for _, processor in times), 3)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=7)
    asked = parser.parse_args()
    app_test.PagesManager = KnownPages  # type: ignore[misc, attr-defined]
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"GRAFT_HOME": home, "GRAFT_QUEUE": str(Path(home) / "queue")}
        dataset = make(Path(home), asked.pictures)
        rows = [measure(dataset, page, query, asked.runs) for page, query in VIEWS]
    for row in rows:
        print(json.dumps(row))
    value = max(float(str(row["again_seconds"])) for row in rows)
    print(
        json.dumps(
            {"benchmark": "many_pictures", "value": value, "bar": BAR_SECONDS, **machine(), "versions": versions()}
        )
    )


if __name__ == "__main__":
    main()
