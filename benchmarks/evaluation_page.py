"""How soon the Evaluate page opens with 10,000 test pictures of 100 classes.

    python benchmarks/evaluation_page.py [--pictures 10000] [--classes 100] [--visits 7]

A judged run is written with the library's own pen: its answers mix up neighbours, as those of a model do, and each
picture that the page shows is there. A server is started as `make run` starts it, and a browser clicks to and fro
between *Storage* and *Evaluate*; a visit lasts from the click until the accuracy and the matrix are drawn. The first
one, which fetches what draws charts, is given beside. The same is done with an empty workspace, and with an app of two
pages, one with a single chart, which is what Streamlit itself takes. On a machine that does other things, too, read the
processor time of a visit, of the server and of the whole browser: what waits for a turn is not in it. Streamlit's test
driver gives that of the page's script alone. The last line is one JSON object; `value` is the median with the
judgement, in seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright
from streamlit.testing.v1 import app_test

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.first_page import server  # noqa: E402
from benchmarks.machine import machine, versions  # noqa: E402
from benchmarks.many_pictures import KnownPages, timed  # noqa: E402
from tests.browser.chromium import find_or_install  # noqa: E402
from tests.judging import evaluate  # noqa: E402
from tests.pages.opening import open_page  # noqa: E402
from tlcore.data.dataset import Dataset  # noqa: E402
from tlcore.data.info import DatasetInfo, fingerprint, item_columns  # noqa: E402
from tlcore.evaluation.predictions import predictions_table  # noqa: E402
from tlcore.evaluation.run import headline  # noqa: E402
from tlcore.files import write_json  # noqa: E402
from tlcore.modalities import MODALITIES  # noqa: E402
from tlcore.runs.config import TrainingConfig  # noqa: E402
from tlcore.runs.create import create_run  # noqa: E402
from tlcore.runs.events import Ended, EpochEnded, PhaseEnded, PhaseStarted, Started  # noqa: E402
from tlcore.runs.recorder import Recorder  # noqa: E402
from tlcore.runs.run import Run  # noqa: E402
from tlcore.tasks.classification.roc_pr import class_curves  # noqa: E402
from tlcore.workspace import Workspace  # noqa: E402

BAR_SECONDS = 1.0
EPOCHS = 10
LEARNT = 4  # pictures of each class for training and for validation
BARE_APP = """import plotly.graph_objects as go
import streamlit as st
def chart():
    st.metric("Test accuracy", "1")
    st.plotly_chart(go.Figure(go.Heatmap(z=[[1, 0], [0, 1]])))
pages = [st.Page(lambda: st.title("Storage"), title="Storage", url_path="storage"), st.Page(chart, title="Evaluate")]
st.navigation(pages, position="top").run()
"""


def make_dataset(home: Path, items: int, classes: int) -> Dataset:
    """A table of so many pictures for the test, and a few of each class to learn from; every file is there."""
    path = home / "datasets" / f"20260101-000000-synthetic-{classes:04d}"
    (path / "images").mkdir(parents=True)
    numbers = np.arange(items + LEARNT * classes)
    shas = [hashlib.sha256(f"{classes} {number}".encode()).hexdigest() for number in numbers]
    labels = [f"class {number % classes:03d}" for number in numbers]
    table = pd.DataFrame({"sha256": shas, "file": [f"{sha}.jpg" for sha in shas], "label": labels})
    table = table.assign(split="", group="", width=64, height=48, flags="")
    table["source"] = [f"{label}/{number:06d}.jpg" for number, label in enumerate(labels)]
    table[list(item_columns(MODALITIES["image"]))].to_parquet(path / "items.parquet", index=False)
    pd.DataFrame({"source": table["source"], "outcome": "kept", "reason": ""}).to_parquet(path / "triage.parquet")
    info = DatasetInfo(
        id=path.name,
        name=f"{classes} classes",
        classes=tuple(sorted(set(labels))),
        fingerprint=fingerprint(table),
    )
    write_json(path / "dataset.json", info)
    rng = np.random.default_rng(0)
    items_of = [rng.integers(0, 255, (48, 64, 3), dtype=np.uint8) for _ in range(classes)]
    for number, sha in enumerate(shas):
        Image.fromarray(items_of[number % classes]).save(path / "images" / f"{sha}.jpg", quality=50)
    return Dataset(path)


def make_run(workspace: Workspace, dataset: Dataset, *, right: float, seed: int, name: str) -> Run:
    """A judged run; about the share `right` of its answers are right, most others one class of the same three."""
    run = create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, epochs=EPOCHS))
    run.rename(name)
    rng, classes = np.random.default_rng(seed), list(dataset.info.classes)
    split = run.split()
    learnt = LEARNT * len(classes)
    split["split"] = np.where(np.arange(len(split)) >= learnt, "test", np.where(split.index % 4 < 3, "train", "val"))
    split.to_parquet(run.path / "split.parquet")
    test = split[split["split"] == "test"]
    true = np.array([classes.index(label) for label in test["label"]])
    chances = _answers(rng, true, len(classes), right)
    table = predictions_table(test, chances, classes)
    table.to_parquet(run.predictions)
    write_json(run.evaluation_json, judged := evaluate(table, classes, dict.fromkeys(classes, 3)))
    (run.path / "evaluation").mkdir()
    class_curves(true, chances).to_parquet(run.path / "evaluation" / "curves.parquet")
    run.model_onnx.write_bytes(bytes(4_000_000 + 2_000_000 * seed))
    run.contract_json.write_text("{}")
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1, device="a processor"))
        recorder.record(PhaseStarted(phase="head", title="Training the head", epochs=EPOCHS, first_epoch=1))
        for epoch in range(1, EPOCHS + 1):
            recorder.record(_epoch(epoch))
        recorder.record(PhaseEnded(phase="head", seconds=30.0, images_per_second=100.0))
        recorder.record(headline(judged))
        recorder.record(Ended(state="finished"))
    return run


def _answers(rng: np.random.Generator, true: np.ndarray, classes: int, right: float) -> np.ndarray:
    """Probabilities `(n, classes)`: of a picture that is not known, a class of the same three is the likeliest."""
    near = 3 * (true // 3) + rng.integers(0, 3, len(true))
    far = rng.integers(0, classes, len(true))
    other = np.where(rng.random(len(true)) < 0.8, np.minimum(near, classes - 1), far)
    likeliest = np.where(rng.random(len(true)) < right, true, other)
    chances = rng.random((len(true), classes)).astype(np.float32) / classes
    rows = np.arange(len(true))
    chances[rows, true] += 0.3
    chances[rows, likeliest] += rng.random(len(true)).astype(np.float32) + 0.4
    return chances / chances.sum(axis=1, keepdims=True)


def _epoch(epoch: int) -> EpochEnded:
    """Of a training that learns its pictures by heart from the fourth epoch on."""
    loss, val_loss = 2.0 / epoch, 2.2 / min(epoch, 4) + 0.05 * max(0, epoch - 4)
    return EpochEnded(
        phase="head", epoch=epoch, loss=loss, val_loss=val_loss, learning_rate=1e-3, seconds=3.0, best=epoch <= 4,
        images_per_second=100.0, figures={"accuracy": 1 - loss / 3}, val_figures={"accuracy": 1 - val_loss / 3},
    )  # fmt: skip


def visit(page: Page, *shown: str) -> tuple[float, float]:
    """Seconds from the click on *Evaluate* until all of `shown` can be seen, by the clock and of the processor."""
    link(page, "Machine", "Storage").click()
    page.get_by_role("heading", name="Storage", exact=True).wait_for()
    page.wait_for_timeout(1000)  # what is still being drawn is not to count
    evaluate = link(page, "Results", "Evaluate")
    began, busy = time.perf_counter(), processor_seconds()
    evaluate.click()
    for selector in shown:
        page.locator(selector).first.wait_for()
    return time.perf_counter() - began, processor_seconds() - busy


def link(page: Page, group: str, name: str) -> Locator:
    """A link of the menu; where the pages stand in groups, its group is opened first."""
    page.get_by_test_id("stTopNav").wait_for()
    section = page.get_by_test_id("stTopNavSection").filter(has_text=group)
    if not section.count():
        return page.get_by_test_id("stTopNavLink").filter(has_text=name).first
    section.first.click()
    return page.get_by_test_id("stTopNavDropdownLink").filter(has_text=name).first


def processor_seconds() -> float:
    """What every process that this one has started has computed so far: servers and the browser."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def script_seconds(runs: int) -> float:
    """Processor time of the page's script, without a browser: the median."""
    app_test.PagesManager = KnownPages  # type: ignore[misc, attr-defined]
    logging.disable(logging.WARNING)
    app = open_page("evaluate")
    app.run()
    return statistics.median(timed(app.run)[1] for _ in range(runs))


JUDGED = ('[data-testid="stMetric"]', ".js-plotly-plot .main-svg")
EMPTY = ("text=Nothing to evaluate yet",)


def ratio(clock: dict[str, list[float]], other: str) -> float:
    """How many times as long the page takes as the other one: the median over pairs of visits."""
    return statistics.median(mine / theirs for mine, theirs in zip(clock["judged"], clock[other], strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--visits", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-evaluation-page-") as scratch, sync_playwright() as playwright:
        home, none = Path(scratch) / "home", Path(scratch) / "none"
        os.environ.update(GRAFT_HOME=str(home), GRAFT_QUEUE=str(Path(scratch) / "queue"))
        dataset = make_dataset(home, asked.pictures, asked.classes)
        make_run(Workspace.default(), dataset, right=0.8, seed=0, name="a run")
        bare = Path(scratch) / "bare.py"
        bare.write_text(BARE_APP)
        browser = playwright.chromium.launch(
            executable_path=str(find_or_install()), args=["--no-sandbox", "--disable-background-networking"]
        )
        with (
            server(ROOT / "app.py", str(home)) as (ours, _),
            server(ROOT / "app.py", str(none)) as (empty, _),
            server(bare, str(none)) as (theirs, _),
        ):
            shown = {"judged": JUDGED, "empty": EMPTY, "bare": JUDGED}
            pages = {name: browser.new_page() for name in shown}
            for page, url in zip(pages.values(), (f"{ours}/storage", f"{empty}/storage", theirs), strict=True):
                page.set_default_timeout(90_000)
                page.goto(url)
            first = {name: visit(page, *shown[name]) for name, page in pages.items()}
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in pages}
            for _ in range(asked.visits):
                for name, page in pages.items():
                    found[name].append(visit(page, *shown[name]))
        browser.close()
        script = script_seconds(asked.visits)
    clock, processor = ({name: [pair[side] for pair in found[name]] for name in found} for side in (0, 1))
    median = statistics.median(clock["judged"])
    details = {
        "seconds": clock,
        "first_visit_seconds": {name: pair[0] for name, pair in first.items()},
        "processor_seconds": {name: statistics.median(times) for name, times in processor.items()},
        "script_processor_seconds": script,
        "ratio_to_the_empty_page": ratio(clock, "empty"),
        "ratio_to_bare_streamlit": ratio(clock, "bare"),
    }
    holds = median < BAR_SECONDS
    result = {"name": "evaluation_page", "value": median, "bar": BAR_SECONDS, "holds": holds, "details": details}
    print(json.dumps({**result, "machine": machine(), "versions": versions()}))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
