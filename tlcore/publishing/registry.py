"""MLflow's model registry, by its own client: a run with the files, and a version of a registered model.

It knows the client's few calls. It does not know what is published.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tlcore.errors import ExportError

EXTRA = "`pip install mlflow-skinny` adds it."
PLACE = "model"  # below a run's artifacts
_THERE = "RESOURCE_ALREADY_EXISTS"


def register(
    folder: Path, uri: str, name: str, *, title: str, tags: Mapping[str, str], figures: Mapping[str, float]
) -> str:
    """Add a version to a registered model, which is made where it is not there; give its address, `models:/name/3`.

    Args:
        folder: What becomes the artifacts of a run of its own in the experiment `MLFLOW_EXPERIMENT_NAME`, or `Graft`.
        uri: Of the server or the database; `MLFLOW_TRACKING_URI`'s where it is empty.
        name: Of the registered model.
        title: Of the run.
        tags: Of the run and the version.
        figures: Logged as metrics.

    Raises:
        ExportError: MLflow is not installed, or does not take it.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise ExportError(f"MLflow is needed, and it is not installed. {EXTRA}")
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    uri = uri or os.environ.get("MLFLOW_TRACKING_URI", "")
    if not uri:
        raise ExportError("The address of an MLflow is needed, `mlflow:URI`. Or set MLFLOW_TRACKING_URI.")
    try:
        return _register(MlflowClient(uri, uri), MlflowException, folder, name, title, tags, figures)
    except (MlflowException, OSError) as error:
        raise ExportError(f"MLflow at {uri} did not take {name}: {' '.join(str(error).split())[:300]}") from error


def _register(
    client: Any,
    fault: type[Exception],
    folder: Path,
    name: str,
    title: str,
    tags: Mapping[str, str],
    figures: Mapping[str, float],
) -> str:
    experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "Graft"
    found = client.get_experiment_by_name(experiment)
    key = found.experiment_id if found else client.create_experiment(experiment)
    run = client.create_run(key, run_name=title, tags=dict(tags)).info
    try:
        client.log_artifacts(run.run_id, str(folder), PLACE)
        for metric, value in figures.items():
            client.log_metric(run.run_id, metric, value)
        try:
            client.create_registered_model(name)
        except fault as error:
            if getattr(error, "error_code", "") != _THERE:
                raise
        version = client.create_model_version(name, f"{run.artifact_uri}/{PLACE}", run.run_id, tags=dict(tags))
    except Exception:
        client.set_terminated(run.run_id, "FAILED")
        raise
    client.set_terminated(run.run_id, "FINISHED")
    return f"models:/{name}/{version.version}"
