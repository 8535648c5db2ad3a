"""The worker of a check: one look at the items after the other, in a process of its own.

It knows the order of the looks and what each needs. Results are written at the end, so that a check that fails leaves
those of the one before. Pixels and features go through the caches in which runs look for theirs.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from tlcore.data.dataset import Dataset
from tlcore.health import embed
from tlcore.health.check import Check
from tlcore.health.events import CheckStarted, Event, StageEnded
from tlcore.health.results import write_results
from tlcore.health.steps import CheckSteps
from tlcore.inference.trunk import AT_ONCE, FEATURES, Single
from tlcore.items import Field
from tlcore.jobs.writer import JobWriter
from tlcore.jobs.writer import work as be_worker
from tlcore.memmap import MappedRows
from tlcore.progress import Progress as Step
from tlcore.progress import drain
from tlcore.threads import cores
from tlcore.training.trunk_cache import Features, TrunkCache
from tlcore.workspace import Workspace

SLOW_IMPORTS = (
    "cleanvision.issue_managers.image_property",
    "cleanlab.filter",
    "sklearn.cluster",
    "sklearn.linear_model",
)


def work(folder: Path) -> int:
    """Check a dataset and give the exit code: 0 when it finished or was stopped, 1 when it failed."""
    check = Check(Dataset(folder))
    return be_worker(JobWriter(check), partial(_carry_out, check))


def _carry_out(check: Check, writer: JobWriter[Event]) -> Literal["finished"]:
    writer.record(CheckStarted.here(version=check.dataset.info.version))
    began, workspace = time.monotonic(), Workspace.default()
    # They take seconds and one core; decoding items meanwhile takes the others.
    importing = threading.Thread(target=lambda: [importlib.import_module(name) for name in SLOW_IMPORTS], daemon=True)
    importing.start()
    looks = CheckSteps(workspace, check.dataset)
    many = looks.noun.many
    stages: tuple[tuple[str, str, Callable[[], Generator[Step, None, Any]]], ...] = (
        ("prepare", f"Preparing the {many}", looks.prepare),
        ("trunk", "Computing features", lambda: _features(looks, workspace)),
        ("measure", f"Measuring the {many}", looks.measure),
        ("copies", "Looking for near-duplicates", looks.find_copies),
        ("labels", "Asking a probe about every label", looks.ask_probe),
        ("classes", "Looking at whole classes", looks.look_at_classes),
        ("curve", f"Would more {many} help?", looks.draw_curve),
    )
    for stage, title, steps in stages:
        _stage(writer, looks, stage, title, steps())
    importing.join()
    write_results(check, looks, seconds=lambda: time.monotonic() - began)
    return "finished"


def _stage(
    writer: JobWriter[Event], looks: CheckSteps, stage: str, title: str, steps: Generator[Step, None, Any]
) -> None:
    began, processor, already = time.monotonic(), time.process_time(), len(looks.findings)
    drain(steps, partial(writer.show, phase=stage, title=title, unit=looks.noun.many))
    writer.record(
        StageEnded(
            stage=stage,
            seconds=time.monotonic() - began,
            processor=time.process_time() - processor,
            findings=len(looks.findings) - already,
        )
    )


def _features(looks: CheckSteps, workspace: Workspace) -> Generator[Step, None, None]:
    """Features of every item: found where a run or an earlier check has computed them, else computed as runs do."""
    if looks.store is None:
        return
    whole, length = {"pictures": looks.store.key, **embed.identity(workspace)}, embed.bundled().feature_length
    cache = TrunkCache(workspace.cache, whole, len(looks.items), (Field(FEATURES, (length,)),))
    if (found := cache.read("plain")) is None:
        yield Step(0, 0, note="Making the backbone ready")
        found = yield from _compute(cache, embed.trunk(workspace), looks.store.inputs.first)
    looks.features = found[FEATURES]


def _compute(cache: TrunkCache, answer: Single, pixels: MappedRows) -> Generator[Step, None, Features]:
    steps = cache.build("plain", lambda rows: {FEATURES: answer(pixels[rows])}, at_once=AT_ONCE, threads=cores())
    for step in steps:
        yield Step(step.done, step.total, step.rate, step.seconds_left, "Computing features")
    found = cache.read("plain")
    if found is None:
        raise RuntimeError("features that were just computed are not there")
    return found
