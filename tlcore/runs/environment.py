"""Describes the environment of a worker: versions, machine, device.

It knows packages and the machine. It does not know events.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import datetime
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict, Field

import tlcore
from tlcore.jobs.cause import oom_kills
from tlcore.jobs.events import now
from tlcore.threads import cores

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


class Environment(BaseModel):
    """`environment.json`: written by the worker when it takes its lock.

    Attributes:
        boot_time: When the machine was started, seconds since 1970.
        oom_kills: Processes that the kernel has killed for want of memory since then; None where it does not count.
        memory_bytes: Of the machine.
        notes: What the worker decided here, in sentences, such as which engine computes features.
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
        cpus=cores(),
        memory_bytes=psutil.virtual_memory().total,
        backend=os.environ.get("KERAS_BACKEND", "tensorflow"),
        device=device,
        seed=seed,
        boot_time=psutil.boot_time(),
        oom_kills=oom_kills(),
        notes=notes,
    )


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
