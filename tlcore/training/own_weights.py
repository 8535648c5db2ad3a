"""Adds a backbone of a person's own to the catalogue of a workspace: checked, rebuilt, tried on items, then kept.

    folder or zip ──▶ copied ──▶ read by its library, kept as a preset ──▶ rebuilt ──▶ both answer alike ──▶ a row

It knows the order of the steps and what is counted. What a network is, and how its library reads it, is the modality's.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Generator, Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import keras
import numpy as np

from tlcore.backbones.backbone import Backbone, Block
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.backbones.own import (
    DESCRIPTION,
    ROW,
    WEIGHTS,
    Adopted,
    checked_licence,
    checked_name,
    key_of,
    read_description,
)
from tlcore.data.dataset import Dataset
from tlcore.data.intake import sample_folder
from tlcore.errors import WeightsError
from tlcore.files import remove_tree, sha256, temporary_folder, write_json
from tlcore.items import Arrays
from tlcore.modalities import BEFORE, find_modality
from tlcore.progress import Progress
from tlcore.training.backbones import build_backbone
from tlcore.training.cut import cut
from tlcore.training.weights_folder import bring
from tlcore.workspace import Workspace

TRIED = 8
# Of the largest feature: what single precision and another order of the same sums may change.
TOLERANCE = 1e-3
STEPS = 4


def add_backbone(
    workspace: Workspace,
    given: Path,
    *,
    name: str,
    licence: str,
    source: str = "",
    dataset: Dataset | None = None,
) -> Generator[Progress, None, tuple[Backbone, tuple[str, ...]]]:
    """Make a row of a folder of weights, or of a zip of one, and give it with what a person should know.

    Args:
        workspace: Where it is kept.
        given: The folder or the zip.
        name: As people read it; no other backbone has it.
        licence: Of the weights.
        source: Where they came from; the name of the folder where nothing is said.
        dataset: On whose items they are tried; those of the sample where None.

    Raises:
        WeightsError: The weights are none that can be used, or the name is taken.
    """
    said: dict[str, Any] = {"title": checked_name(name, CATALOGUE), "licence": checked_licence(licence)}
    said["source"] = " ".join(source.split()) or given.resolve().name
    modality = find_modality(dataset.info.modality if dataset else BEFORE)
    if not modality.adopt:
        raise WeightsError(f"Own weights can be added for other items. There is no such way for {modality.noun.many}.")
    with temporary_folder("graft-weights-") as brought, temporary_folder("graft-preset-") as keep:
        yield from bring(given, brought)
        yield Progress(1, STEPS, note="Reading the weights")
        adopted = resolve_name(modality.adopt)(brought, read_description(brought / DESCRIPTION), keep)
        yield Progress(2, STEPS, note="Building the network")
        row = _row(adopted, keep, modality.key, said)
        model = build_backbone(row, input=row.native_input, weights=keep / WEIGHTS)
        row = _counted(row, model, adopted.ends)
        yield Progress(3, STEPS, note=f"Trying it on {TRIED} {modality.noun.many}")
        settings = row.native_input.model_copy(update=modality.made_for(adopted.size))
        if settings != row.native_input:  # its own library takes this size alone
            model = build_backbone(row, input=settings, weights=keep / WEIGHTS)
        _try(row, model, adopted, _items(row, settings, dataset))
        _keep(row, keep, workspace)
    return row, adopted.notes


def _row(adopted: Adopted, keep: Path, modality: str, said: dict[str, Any]) -> Backbone:
    """Give the row of a preset, but for what is counted in the network that is built of it."""
    weights = keep / WEIGHTS
    digest = sha256(weights)
    key = key_of(said["title"], {"weights": digest, **adopted.row})
    return Backbone(
        key=key,
        modality=modality,
        **said,
        **adopted.row,
        pretrained_on="",
        weights_file=f"{key}/{WEIGHTS}",
        weights_hash=digest,
        download_megabytes=round(weights.stat().st_size / 10**6, 1),
        parameters=0,
        feature_length=1,
        blocks=(),
    )


def _counted(row: Backbone, model: keras.Model, ends: Sequence[str]) -> Backbone:
    return row.model_copy(
        update={
            "parameters": model.count_params(),
            "feature_length": model.output_shape[-1],
            "multiplications": float(f"{_multiplications(model) / 10**9:.3g}"),
            "batch_normalization": any(isinstance(each, keras.layers.BatchNormalization) for each in model.layers),
            "blocks": _blocks(model, ends),
        }
    )


def _blocks(model: keras.Model, ends: Sequence[str]) -> tuple[Block, ...]:
    """Count the weights between each cut and the one before."""
    found, left = [], model.count_params()
    for end in ends:
        _, top = cut(model, end)
        name = re.sub(r"(?<=[a-z])(?=\d)", " ", end)
        found.append(Block(name=name, last_layer=end, parameters=left - top.count_params()))
        left = top.count_params()
    return tuple(found)


def _multiplications(model: keras.Model) -> int:
    """Count those with weights: every one of a kernel at each place of the output."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.EinsumDense):
            _, kernel, found = re.split(",|->", layer.equation)
            places = [size for axis, size in zip(found, layer.output.shape, strict=True) if axis not in kernel]
            total += math.prod(places[1:]) * math.prod(layer.kernel.shape)
        elif hasattr(layer, "kernel"):
            total += math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)
    return total


# === Trying it ===


def _try(row: Backbone, model: keras.Model, adopted: Adopted, arrays: Arrays) -> None:
    """Compare what was built with what it was built from, on the arrays of some items.

    Raises:
        WeightsError: They answer differently, or the answers cannot tell items apart.
    """
    inputs = [arrays[tensor.name] for tensor in model.inputs]
    ours = np.asarray(model(inputs if len(inputs) > 1 else inputs[0]))
    theirs = adopted.answer(arrays)
    if not np.isfinite(ours).all():
        raise WeightsError(
            f"Weights should give finite features. Those of {row.title} do not. Take another copy of the weights."
        )
    pooled = ours.reshape(len(ours), -1, ours.shape[-1]).mean(axis=1)
    if pooled.std(axis=0).max() <= TOLERANCE * np.abs(pooled).max():
        noun = find_modality(row.modality).noun
        raise WeightsError(
            f"Weights should tell {noun.many} apart. Those of {row.title} give the same features for each of "
            f"{len(ours)}: they are not trained, or the file is damaged. Take another copy of the weights."
        )
    if ours.shape != theirs.shape or np.abs(ours - theirs).max() > TOLERANCE * np.abs(theirs).max():
        raise WeightsError(
            f"A network that can be rebuilt is needed. {row.title} answers otherwise once it is rebuilt: it is a "
            "variant that is not known here. Take another network."
        )


def _items(row: Backbone, settings: Any, dataset: Dataset | None) -> Arrays:
    """Decode a few items, from all over a dataset or the sample."""
    modality = find_modality(row.modality)
    if dataset is not None:
        paths = [dataset.image_path(file) for file in dataset.items()["file"].tolist()]
    else:
        paths = sorted(path for path in sample_folder().rglob("*") if path.suffix.lower() in modality.suffixes)
    chosen = paths[:: max(1, len(paths) // TRIED)][:TRIED]
    decoded = [modality.decode(path, settings) for path in chosen]
    return {name: np.stack([each[name] for each in decoded]) for name in decoded[0]}


def _keep(row: Backbone, preset: Path, workspace: Workspace) -> None:
    """Put the row and its weights into the workspace, the row last: without it a folder is none."""
    home = workspace.weights / row.key
    try:
        remove_tree(home)
        home.mkdir(parents=True)
        for name in (DESCRIPTION, WEIGHTS):
            shutil.copyfile(preset / name, home / name)
        write_json(home / ROW, row)
    except OSError as error:
        remove_tree(home)
        raise WeightsError(
            f"The weights are kept in {home}. They cannot be written there: {error.strerror}. Make room, or set "
            "GRAFT_HOME to another folder."
        ) from error
