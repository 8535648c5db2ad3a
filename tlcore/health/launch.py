"""The one place where the worker of a check is started.

It knows processes. It does not know what the worker does.
"""

from __future__ import annotations

import sys

from tlcore.data.dataset import Dataset
from tlcore.errors import DataError
from tlcore.health.check import Check
from tlcore.runs.launch import start_worker
from tlcore.workspace import Workspace


def launch_check(workspace: Workspace, dataset: Dataset) -> Check:
    """Start the check of a dataset in a process of its own and return when it has begun; it outlives this process.

    Raises:
        DataError: The dataset is being checked already, or the worker died before it began.
    """
    check = Check(dataset)
    if check.alive():
        raise DataError(
            f"A dataset is checked by one worker. {dataset.info.name} is being checked already. Wait for it, or stop "
            "the check."
        )
    already_there = len(check.events())
    check.path.mkdir(parents=True, exist_ok=True)
    check.stop_file.unlink(missing_ok=True)
    start_worker(
        [sys.executable, "-m", "tlcore", "check-work", str(dataset.path.absolute())],
        check.worker_log,
        lambda: len(check.events()) > already_there,
        what=f"the check of {dataset.id}",
        fault=DataError,
        workspace=workspace,
    )
    return check
