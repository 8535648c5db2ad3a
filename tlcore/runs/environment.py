"""Where a worker runs, and why it is gone if it is gone.

It knows versions, the machine's boot time and the kernel's count of processes killed for want of memory. It does not
know events.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import datetime
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict, Field

import tlcore
from tlcore.runs.events import now

PACKAGES = (
    "keras",
    "tensorflow",
    "jax",
    "numpy",
    "pillow",
    "onnxruntime",
    "openvino",
    "onnx",
    "tf2onnx",
    "scikit-learn",
)
# The clock may be set while the machine runs, which moves the boot time that the system computes from it.
BOOT_TIME_SLACK_SECONDS = 60.0


class Environment(BaseModel):
    """`environment.json`: written by the worker when it takes its lock.

    Attributes:
        boot_time: When the machine was started, seconds since 1970.
        oom_kills: Processes that the kernel has killed for want of memory since then; None where it does not count.
        memory_bytes: Of the machine.
        notes: What the worker decided here, in sentences, such as which engine computes features and why.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    at: datetime = Field(default_factory=now)
    pid: int
    python: str
    platform: str
    graft: str
    packages: dict[str, str]
    cpus: int
    memory_bytes: int
    backend: str
    device: str = ""
    seed: int | None = None
    boot_time: float
    oom_kills: int | None
    notes: tuple[str, ...] = ()


def look_around(*, device: str = "", seed: int | None = None, notes: tuple[str, ...] = ()) -> Environment:
    """Describe this process and its machine, without importing what it names."""
    return Environment(
        pid=os.getpid(),
        python=platform.python_version(),
        platform=platform.platform(),
        graft=tlcore.__version__,
        packages=_versions(),
        cpus=_usable_cpus(),
        memory_bytes=psutil.virtual_memory().total,
        backend=os.environ.get("KERAS_BACKEND", "tensorflow"),
        device=device,
        seed=seed,
        boot_time=psutil.boot_time(),
        oom_kills=oom_kills(),
        notes=notes,
    )


def oom_kills() -> int | None:
    """Processes that the kernel has killed for want of memory; None where it does not say (macOS)."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return None
    counts = dict(line.split() for line in lines if len(line.split()) == 2)
    return int(counts["oom_kill"]) if "oom_kill" in counts else None


def likely_cause(then: Environment | None) -> str:
    """Say in a sentence why a worker that began in this environment is gone."""
    if then is None:
        return "The worker ended while it was starting. Look at the end of its log, then resume the run."
    if psutil.boot_time() - then.boot_time > BOOT_TIME_SLACK_SECONDS:
        return "The machine was restarted while the run was under way."
    kills = oom_kills()
    if kills is not None and then.oom_kills is not None and kills > then.oom_kills:
        return (
            "The worker was killed, most likely because the machine ran out of memory. "
            "Close other programs, or repeat the run with a smaller batch size or image size."
        )
    return "The worker was killed, or it crashed, before it could say why. The end of its log may say more."


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _usable_cpus() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
