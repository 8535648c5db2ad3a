"""Defines the workspace: one folder with datasets, caches, weights and runs.

It knows paths. It does not know what is in the files.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tlcore.disk import closed, expanded, shortened
from tlcore.errors import WorkspaceError


@dataclass(frozen=True)
class Workspace:
    """The folder in which everything is kept; `$GRAFT_HOME`, or `./workspace`."""

    root: Path

    @classmethod
    def default(cls) -> Workspace:
        """The workspace that the environment names; made if it is not there. One that is only read opens as well.

        Raises:
            WorkspaceError: The folder cannot be made or written.
        """
        workspace = cls(home())
        try:
            for folder in (workspace.datasets, workspace.cache, workspace.runs, workspace.weights):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            # What is there can be looked at; whoever writes is told then.
            if not closed(error) or not (workspace.datasets.is_dir() or workspace.runs.is_dir()):
                raise WorkspaceError(
                    f"Graft needs a folder that it can write. {shortened(workspace.root)} cannot be used: "
                    f"{error.strerror}. Set GRAFT_HOME to another folder."
                ) from error
        return workspace

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def cache(self) -> Path:
        """Pixel stores and trunk caches: safe to delete at any time."""
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def sweeps(self) -> Path:
        return self.root / "sweeps"

    @property
    def weights(self) -> Path:
        """Weights files put here by hand are found by their published file name."""
        return self.root / "weights"


def home() -> Path:
    """Return the path of the workspace, whether it exists or not: `$GRAFT_HOME`, or `./workspace`."""
    return expanded(Path(os.environ.get("GRAFT_HOME") or "workspace")).resolve()


def slug(text: str, *, longest: int = 40) -> str:
    """A name that is safe in a path and in a URL: letters, digits and hyphens of any script, never empty."""
    plain = re.sub(r"[^\w]+", "-", text.casefold().replace("_", "-")).strip("-")
    return plain[:longest].strip("-") or "unnamed"


def fresh_id(name: str) -> str:
    """An identifier that sorts by time and says what it is: `20261121-101500-<name>-<hex>`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{slug(name)}-{secrets.token_hex(2)}"
