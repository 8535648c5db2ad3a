"""Where a run is to be published, in words such as `hf:owner/name`, and how it gets there.

It knows the kinds of places. It does not know their clients.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tlcore.disk import expanded
from tlcore.errors import ExportError, RunError
from tlcore.publishing.hub import push
from tlcore.publishing.parcel import parcel
from tlcore.publishing.registry import register
from tlcore.runs.run import Run
from tlcore.workspace import slug

PLACES = "`hf:owner/name`, `mlflow:URI` or `folder:PATH`"


@dataclass(frozen=True)
class Published:
    """What was published: `place` is `hf`, `mlflow` or `folder`, `address` where it is found, `files` their names."""

    place: str
    address: str
    files: tuple[str, ...]


def publish(run: Run, to: str, *, name: str = "", public: bool = False) -> Published:
    """Publish a run's proven model.

    Args:
        run: A run whose bundle agrees with the app.
        to: `hf:owner/name`, `mlflow:URI` (or `mlflow:` with `MLFLOW_TRACKING_URI`) or `folder:PATH`, a new folder.
        name: Of the registered model in MLflow; else that of the run's dataset.
        public: Whether a repository that is made can be seen by everybody.

    Raises:
        ExportError: There is nothing proven to publish, `to` is no place, or the place does not take it.
    """
    place, colon, where = to.partition(":")
    if not colon or place not in {"hf", "mlflow", "folder"} or (place != "mlflow" and not where.strip()):
        raise ExportError(f"A place to publish to is needed: {PLACES}. Received '{to}'.")
    with parcel(run) as folder:
        files = tuple(sorted(path.name for path in folder.iterdir()))
        if place == "hf":
            address = push(folder, where.strip(), message=f"Publish {run.id}", public=public)
        elif place == "mlflow":
            model = name or slug(_dataset(run))
            address = register(folder, where.strip(), model, title=run.name, tags=_tags(run), figures=_figures(run))
        else:
            address = _copied(folder, expanded(Path(where)))
    return Published(place, address, files)


def _copied(folder: Path, target: Path) -> str:
    if target.exists():
        raise ExportError(f"A new folder is needed. There is something at {target}. Name another one.")
    try:
        shutil.copytree(folder, target)
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror or error}. Name another folder.") from error
    return str(target)


def _dataset(run: Run) -> str:
    try:
        return run.dataset.name
    except RunError:
        return run.name


def _tags(run: Run) -> dict[str, str]:
    return {"graft.run": run.id, "graft.dataset": _dataset(run), "graft.backbone": run.config.backbone}


def _figures(run: Run) -> dict[str, float]:
    """What is said of a model in one line: its headline metric on the test set, with the interval."""
    test = run.state().test
    if test is None:
        return {}
    return {f"test_{test.metric}": test.value, "test_low": test.low, "test_high": test.high}
