"""Trunks that one test has converted to ONNX, lent to the workspaces of others.

The same trunk is the same graph, and to convert it takes longer than most tests. That it is converted as it should be,
and found again, is held by `training/test_graphs.py` and `training/test_trunk.py`, which borrow none.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

GRAPHS = "graph-*"  # folders of a workspace's cache, named by all that a graph depends on


@contextmanager
def lent(factory: pytest.TempPathFactory, workspace: Path) -> Iterator[None]:
    """Put every graph that the session knows into a workspace's cache, and take the new ones from it in the end."""
    own = factory.getbasetemp()
    known = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "graphs"
    lend(known, workspace)
    yield
    keep(workspace, known)


def lend(known: Path, workspace: Path) -> None:
    """Link every known graph into a workspace's cache."""
    for folder in known.glob(GRAPHS):
        shutil.copytree(folder, workspace / "cache" / folder.name, copy_function=os.link, dirs_exist_ok=True)


def keep(workspace: Path, known: Path) -> None:
    """Copy the graphs that a workspace's cache has got to the known ones."""
    for folder in (workspace / "cache").glob(GRAPHS):
        if (folder / "trunk.onnx").is_file() and not (known / folder.name).exists():
            known.mkdir(exist_ok=True)
            half = known / f"half-{os.getpid()}-{folder.name}"
            shutil.copytree(folder, half)
            try:
                half.rename(known / folder.name)
            except OSError:  # another process was there first
                shutil.rmtree(half)
