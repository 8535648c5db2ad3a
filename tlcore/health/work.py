"""The worker of a check: one look at the pictures after the other, in a process of its own.

It knows the order of the looks and what each needs. Results are written at the end, so that a check that fails leaves
those of the one before. Pixels and features go through the caches in which runs look for theirs.
"""

from __future__ import annotations

import importlib
import os
import threading
import time
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Literal

from tlcore.data.dataset import Dataset
from tlcore.data.progress import Progress as Step
from tlcore.data.progress import drain
from tlcore.data.rows import MappedRows
from tlcore.health import embed
from tlcore.health.check import Check
from tlcore.health.events import CheckEnded, CheckStarted, StageEnded
from tlcore.health.looks import Looks
from tlcore.health.recorder import CheckRecorder
from tlcore.health.results import write_results
from tlcore.inference.trunk import Answer, cores
from tlcore.runs.events import Progress
from tlcore.training.trunk_cache import Features, TrunkCache
from tlcore.workspace import Workspace

SLOW_IMPORTS = (
    "cleanvision.issue_managers.image_property",
    "cleanlab.filter",
    "sklearn.cluster",
    "sklearn.linear_model",
)
# As runs name what they keep: exact features first, those that a guard let pass in lower precision else.
PRECISIONS: tuple[dict[str, str], ...] = ({}, {"precision": "bfloat16"})


class StoppedError(Exception):
    """Somebody asked the check to stop."""


def work(folder: Path) -> int:
    """Check a dataset and give the exit code: 0 when it finished or was stopped, 1 when it failed."""
    check = Check(Dataset(folder))
    try:
        with CheckRecorder(check) as recorder:
            recorder.record(CheckStarted(pid=os.getpid(), version=check.dataset.info.version))
            recorder.record(CheckEnded(state=_carry_out(check, recorder)))
    except Exception as error:  # the sentence is in the events already; the log gets the whole
        traceback.print_exception(error)
        return 1
    return 0


def _carry_out(check: Check, recorder: CheckRecorder) -> Literal["finished", "stopped"]:
    began, workspace = time.monotonic(), Workspace.default()
    # They take seconds and one core; decoding pictures meanwhile takes the others.
    importing = threading.Thread(target=lambda: [importlib.import_module(name) for name in SLOW_IMPORTS], daemon=True)
    importing.start()
    looks = Looks(workspace, check.dataset)
    stages: tuple[tuple[str, str, Callable[[], Generator[Step, None, Any]]], ...] = (
        ("prepare", "Preparing the pictures", looks.prepare),
        ("trunk", "Computing features", lambda: _features(looks, workspace)),
        ("measure", "Measuring the pictures", looks.measure),
        ("copies", "Looking for near-duplicates", looks.find_copies),
        ("labels", "Asking a probe about every label", looks.ask_probe),
        ("classes", "Looking at whole classes", looks.look_at_classes),
        ("curve", "Would more pictures help?", looks.draw_curve),
    )
    try:
        for stage, title, steps in stages:
            _stage(check, recorder, looks, stage, title, steps())
        importing.join()
    except StoppedError:
        return "stopped"
    write_results(check, looks, seconds=lambda: time.monotonic() - began)
    return "finished"


def _stage(
    check: Check, recorder: CheckRecorder, looks: Looks, stage: str, title: str, steps: Generator[Step, None, Any]
) -> None:
    began, processor, already = time.monotonic(), time.process_time(), len(looks.findings)

    def show(step: Step) -> None:
        if check.stop_asked():
            raise StoppedError
        recorder.progress(
            Progress(
                phase=stage,
                title=step.note or title,
                done=step.done,
                total=step.total,
                images_per_second=step.rate,
                seconds_left=step.seconds_left,
            )
        )

    drain(steps, show)
    recorder.record(
        StageEnded(
            stage=stage,
            seconds=time.monotonic() - began,
            processor=time.process_time() - processor,
            findings=len(looks.findings) - already,
        )
    )


def _features(looks: Looks, workspace: Workspace) -> Generator[Step, None, None]:
    """Features of every picture: found where a run or an earlier check has computed them, else computed as runs do."""
    whole, length = {"pictures": looks.store.key, **embed.identity(workspace)}, embed.bundled().feature_length
    shape = (len(looks.items), length)
    caches = [TrunkCache(workspace.cache, {**whole, **precision}, shape) for precision in PRECISIONS]
    found = next((features for cache in caches if (features := cache.read("plain")) is not None), None)
    if found is None:
        yield Step(0, 0, note="Making the backbone ready")
        found = yield from _compute(caches[0], embed.trunk(workspace), MappedRows(looks.store.pixels))
    looks.features = found


def _compute(cache: TrunkCache, answer: Answer, pixels: MappedRows) -> Generator[Step, None, Features]:
    steps = cache.build("plain", lambda rows: answer(pixels[rows]), at_once=embed.AT_ONCE, threads=cores())
    for step in steps:
        yield Step(step.done, step.total, step.rate, step.seconds_left, "Computing features")
    found = cache.read("plain")
    if found is None:
        raise RuntimeError("features that were just computed are not there")
    return found
