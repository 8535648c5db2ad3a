"""A workspace in which every name that a person can give is markup: of Markdown, HTML, TeX, Plotly, Streamlit.

Each name ends in a word of its own, so that a test can find it wherever it is shown, whole or cut short.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests import graphs
from tests.backbones.test_own import own_row
from tests.conftest import CLASSES
from tests.pages import made_checks
from tests.pages.made_runs import beginning
from tests.pages.small_models import exported
from tests.pages.test_understood import robustness
from tlcore.data.dataset import Dataset
from tlcore.data.edits import operations
from tlcore.data.edits.types import Exclude, Relabel, RenameClass
from tlcore.data.inbox import Inbox
from tlcore.data.intake import ingest
from tlcore.data.split.locked import draw_parts
from tlcore.evaluation.embedding_map import draw_map
from tlcore.evaluation.error_analysis.files import Outcome, Understanding
from tlcore.evaluation.error_analysis.run import Basis, _open
from tlcore.evaluation.files import read_predictions
from tlcore.evaluation.run import evaluate_run, headline
from tlcore.evaluation.slices import Trait, find_slices, traits_table
from tlcore.files import write_json
from tlcore.modalities.checks import Finding
from tlcore.progress import drain
from tlcore.runs.events import Ended, Noted, PhaseEnded
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import Run
from tlcore.sweeps.config import SweepConfig
from tlcore.sweeps.sweep import Sweep, create_sweep
from tlcore.workspace import Workspace

ELSEWHERE = "http://127.0.0.1:8799"
# A class for each of the shapes.
NAMES = {
    "circle": f"![logo]({ELSEWHERE}/leak.png) qlogo",
    "square": ":red[hot] *x* __y__ $5 & $10 :smile: :material/star: %{x} \\a `b` qhot",
    "triangle": f"<img src={ELSEWHERE}/i.png> <b>b</b> www.leak.example -> a@leak.example </script> &lt; qtag",
}
DATASET = f"# **Set** {ELSEWHERE}/set [x]({ELSEWHERE}) qset"
RUN = f"![r]({ELSEWHERE}/run.png) :blue-badge[r] $a$ $b$ qrun"
VERSION = "~~old~~ :green[v] qversion"
NOTE = f"took *this* from {ELSEWHERE}/note, [that]({ELSEWHERE}) and :material/home: qnote"
FILE = "![f](x) :orange[f] $f$ $g$ _f_ qfile"
WORDS = {
    **{name.split()[-1]: name for name in (*NAMES.values(), DATASET, RUN, VERSION, NOTE)},
    "qfile": FILE,
}


@dataclass(frozen=True)
class Hostile:
    """What is in the workspace."""

    workspace: Workspace
    dataset: Dataset
    run: Run
    other: Run
    sweep: Sweep

    def views(self) -> list[tuple[str, dict[str, str]]]:
        """Every page and every part of it that can be asked for: its file and its query."""
        here, run = {"dataset": self.dataset.id}, {"run": self.run.id}
        circle = NAMES["circle"]
        sha = str(self.dataset.items()["sha256"].iloc[0])
        return [
            ("data", here),
            *(("data", {**here, "show": show}) for show in (f"class:{circle}", f"split:2:{circle}", f"like:{sha}")),
            ("data", {**here, "show": "copies"}),
            ("data", {**here, "show": "state:excluded"}),
            *(("label", {**here, "way": way}) for way in ("inbox", "tables", "camera")),
            ("check", here),
            *(("check", {**here, "kind": kind}) for kind in ("label_suspect", "near_duplicate", "imbalance")),
            ("history", {**here, "version": "2"}),
            ("train", here),
            ("train", {"from": self.run.id, "begin": "run"}),
            ("runs", {}),
            ("runs", run),
            *(("evaluate", {**run, "view": view}) for view in ("", "classes", "probabilities", "map", "robustness")),
            *(("evaluate", {**run, "view": view}) for view in ("failures", "report")),
            ("evaluate", {**run, "view": "failures", "slice": "0"}),
            ("evaluate", {**run, "view": "compare", "with": self.other.id}),
            ("evaluate", {"run": self.other.id}),
            *(("try", {**run, "way": way}) for way in ("Pictures", "Many", "Test")),
            ("export", run),
            ("sweep", here),
            ("sweep", {"sweep": self.sweep.id}),
            ("storage", {}),
        ]


def hostile_workspace(workspace: Workspace, shapes: Path, home: Path) -> Hostile:
    """Fill a workspace; the environment says already that it is the one in use."""
    folder = home / "shapes"
    for place, item in enumerate(sorted(shapes.rglob("*.png"))):
        (folder / item.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(item, folder / item.parent.name / f"{place:02d} {FILE}.png")
    dataset = drain(ingest(workspace, folder), lambda step: None).dataset
    with pytest.MonkeyPatch.context() as patch:
        for old, new in NAMES.items():
            operations.apply(dataset, RenameClass(old=old, new=new))
            patch.setitem(graphs.CLASSES, new, CLASSES[old])
        dataset.rename(DATASET)
        draw_parts(dataset)
        run, other = (_run(workspace, dataset, right) for right in (0.4, 0.7))
    _understood(run, workspace)
    own_row(workspace, title=DATASET)
    write_json(run.path / "name.json", {"name": RUN})
    exported(run, "onnx", "model.onnx", agrees=False, reason=NOTE)
    shas = list(dataset.items()["sha256"])
    first, second, third = NAMES.values()
    operations.apply(dataset, Relabel(labels={shas[0]: second}))
    operations.apply(dataset, Exclude(shas=(shas[5],)))
    operations.name_version(dataset, dataset.info.version, VERSION)
    findings = [
        Finding("label_suspect", (shas[12],), 0.8, f"It looks like '{first}'.", {shas[12]: first}),
        Finding("label_suspect", (shas[13],), 0.7, f"It looks like '{third}'.", {shas[13]: third}),
        Finding("near_duplicate", tuple(shas[:3]), 0.4, f"Three pictures of {first} are nearly the same: {NOTE}"),
        Finding("imbalance", (), 0.05, f"'{second}' has few pictures."),
    ]
    made_checks.finished(dataset, findings, clusters={"a": shas[:3]})
    inbox = home / "inbox"
    for place, item in enumerate(sorted(shapes.rglob("*.png"))[:3]):
        inbox.mkdir(exist_ok=True)
        (inbox / f"{place} {FILE}.png").write_bytes(item.read_bytes() + bytes([place]))
    drain(Inbox(dataset).put(workspace, inbox), lambda step: None)
    return Hostile(workspace, dataset, run, other, create_sweep(workspace, dataset, SweepConfig(dataset=dataset.id)))


def _run(workspace: Workspace, dataset: Dataset, right: float) -> Run:
    """A judged run that is right about this share of the test pictures, and takes the others for the next class."""
    run = graphs.make_answerable_run(workspace, dataset)
    graphs.write_knowing_model(run, workspace, temperature=1.7)
    judged = evaluate_run(run, lambda step: None)
    table, classes = read_predictions(run.path), list(dataset.info.classes)
    wrong = np.arange(len(table)) >= right * len(table)
    after = {label: classes[(place + 1) % len(classes)] for place, label in enumerate(classes)}
    table["predicted"] = np.where(wrong, table["label"].map(after), table["label"])
    table["correct"] = ~wrong
    table.to_parquet(run.predictions)
    with Recorder(run) as recorder:
        for event in beginning():
            recorder.record(event)
        recorder.record(Noted(message=NOTE))
        recorder.record(PhaseEnded(phase="head", seconds=3.0, images_per_second=100.0))
        recorder.record(headline(judged))
        recorder.record(Ended(state="finished"))
    return run


def _understood(run: Run, workspace: Workspace) -> None:
    """What a closer look would have left."""
    found = Understanding(run)
    found.path.mkdir()
    basis: Basis = drain(_open(run, workspace), lambda step: None)
    basis.saliency.write(found.path, basis.decoded.rows)
    predictions = read_predictions(run.path)
    kinds = np.where(predictions["correct"], "bright", NAMES["square"]).astype(object)
    traits = [Trait("camera", kinds, "from the camera {value}")]
    traits_table(predictions, traits).to_parquet(found.path / "traits.parquet")
    write_json(found.path / "slices.json", find_slices(predictions, traits))
    table = pd.concat([basis.items[["sha256", "split", "label"]], draw_map(basis.features[:, :2])], axis=1)
    table.to_parquet(found.path / "map.parquet")
    write_json(found.path / "robustness.json", robustness().model_copy(update={"says": (NOTE,), "baseline_says": NOTE}))
    write_json(found.outcome_file, Outcome(state="finished", seconds=1.0, notes=(NOTE,)))
