"""Builds the model of a run before its first step: a new head on the pretrained backbone, or another run's model.

It knows which weights a run begins with, and how what lies below a cut is told from other trunks. It does not know
phases. Of a file only arrays are taken, into layers of our own: nothing that is described in it is ever built.
"""

from __future__ import annotations

import hashlib
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.weights import weights_path, weights_state
from tlcore.errors import RunError
from tlcore.files import sha256
from tlcore.runs.initial_weights import FOLDER, StartAbout, read_start
from tlcore.runs.keras_file import WEIGHTS, none_of_ours
from tlcore.runs.metadata import RunDataset
from tlcore.runs.run import Run
from tlcore.tasks.head import Head
from tlcore.training.backbones import build_backbone, fetch_weights
from tlcore.training.model import TransferModel
from tlcore.workspace import Workspace

# Of what the catalogue says that a backbone has: a head and statistics come on top.
MOST_TIMES_THE_WEIGHTS = 2
BYTES_OF_A_HEAD = 64 << 20

# For the number of blocks below a cut, a hash of the weights there.
WeightsBelow = Callable[[int], str]


def begin(run: Run, backbone: Backbone, head: Head, workspace: Workspace) -> tuple[TransferModel, WeightsBelow]:
    """Build a run's model with the weights that it begins with.

    Raises:
        WeightsError: The pretrained weights are missing and cannot be fetched, damaged, or do not fit.
        RunError: The weights of another run do not fit.
    """
    start = read_start(run)
    if start is None:
        weights = fetch_weights(backbone, workspace)
        model, name = _build(run, backbone, head, weights, workspace), sha256(weights)
        return model, lambda _cut: name
    # What was frozen in the other run is still pretrained, and may be in the cache; nothing is downloaded to see that.
    pretrained = _on_this_machine(backbone, workspace)
    model = _build(run, backbone, head, pretrained or "random", workspace)
    before = _digests(model) if pretrained else {}
    _take_over(model, start, run.path / FOLDER / "model.keras", run.dataset, head)
    now = _digests(model)

    @cache
    def below(cut: int) -> str:
        trunk = model.trunk(cut)
        names = [variable.path for variable in trunk.variables] if trunk is not None else []
        if pretrained and all(before[name] == now[name] for name in names):
            return sha256(pretrained)
        return hashlib.sha256("".join(now[name] for name in names).encode()).hexdigest()

    return model, below


def _build(run: Run, backbone: Backbone, head: Head, weights: Path | str, workspace: Workspace) -> TransferModel:
    config = run.config
    body = build_backbone(
        backbone,
        input=config.input,
        weights="random" if weights == "random" else Path(weights),
        workspace=workspace,
    )
    return TransferModel(
        backbone, body, head, dropout=config.dropout, seed=config.seed, every_block=config.features == "every"
    )


def _on_this_machine(backbone: Backbone, workspace: Workspace) -> Path | None:
    if weights_state(backbone, workspace).path is None:
        return None
    return weights_path(backbone, workspace)


def _digests(model: TransferModel) -> dict[str, str]:
    """A hash of each variable below the head."""
    return {
        variable.path: hashlib.sha256(keras.ops.convert_to_numpy(variable).tobytes()).hexdigest()
        for variable in model.features.variables
    }


def _take_over(model: TransferModel, start: StartAbout, path: Path, dataset: RunDataset, head: Head) -> None:
    """Give the model the weights of a file, and its head those of the classes that are still there."""
    _check_arrays(path, 4 * MOST_TIMES_THE_WEIGHTS * model.backbone.parameters + BYTES_OF_A_HEAD)
    source = model.with_another_head(start.outputs)
    try:
        with warnings.catch_warnings():
            # Keras only warns about layers that the file does not fill, and leaves them as they are.
            warnings.simplefilter("error", UserWarning)
            source.whole.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise RunError(
            f"The weights to begin with must be those of {model.backbone.title}. Those of '{start.title}' do not fit: "
            f"{error} Begin with the pretrained weights."
        ) from error
    if not start.keeps_head:
        return  # it would be watched with items that it knows
    (kernel, bias), (theirs, their_bias) = tuple(map(np.array, model.head)), head.resume(*map(np.array, source.head))
    for place, label in enumerate(dataset.classes):
        if label in start.classes:
            known = start.classes.index(label)
            kernel[:, place], bias[place] = theirs[:, known], their_bias[known]
    if not dataset.classes:
        kernel, bias = theirs, their_bias
    model.set_head(kernel, bias)


def _check_arrays(path: Path, most_bytes: int) -> None:
    """Refuse a file whose arrays lie elsewhere, or are larger than they could be, before any of them is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(WEIGHTS).file_size > most_bytes:
                raise none_of_ours(path, "its weights are too large")
            with archive.open(WEIGHTS) as stream, h5py.File(stream, "r") as store:
                if _bytes_within(store, path) > most_bytes:
                    raise none_of_ours(path, "its weights are too large")
    except (OSError, KeyError, ValueError, RuntimeError, RecursionError, zipfile.BadZipFile) as error:
        raise none_of_ours(path, "its weights cannot be read") from error


def _bytes_within(group: h5py.Group, path: Path) -> int:
    total = 0
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise none_of_ours(path, "it leads to another file")
        each = group[name]
        if isinstance(each, h5py.Group):
            total += _bytes_within(each, path)
        elif each.external or each.is_virtual:
            raise none_of_ours(path, "it leads to another file")
        else:
            total += each.nbytes
    return total
