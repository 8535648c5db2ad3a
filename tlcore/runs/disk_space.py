"""Estimates the disk space of a run, so that a full disk is reported before it starts.

It knows what a run writes and how large that is. It does not know how it is written. More than one view of the features
is computed only where there is room, and so are the features of early blocks: neither is counted.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from tlcore import disk
from tlcore.backbones.catalogue import find
from tlcore.data.caches import make_room, spare_bytes
from tlcore.disk import RESERVE_BYTES
from tlcore.errors import RunError
from tlcore.items import bytes_of
from tlcore.modalities import find_modality
from tlcore.runs.config import TrainingConfig
from tlcore.runs.items import find_decoded
from tlcore.runs.run import Run
from tlcore.workspace import Workspace

BYTES_OF_A_FEATURE = 2
BYTES_OF_A_WEIGHT = 4
# A trained weight in the checkpoint: itself, two values of the optimizer, its best and its average.
COPIES_IN_CHECKPOINT = 5
# model.keras and model.onnx, both of them among the exports, and both in the bundle.
COPIES_OF_MODEL = 6


@dataclass(frozen=True)
class Room:
    """The disk space of a run, in bytes.

    Attributes:
        arrays: The decoded items, in the cache.
        features: One view of each item as a frozen backbone's pooled features, in the cache.
        checkpoint: With the one before, which stays until the new one is whole.
        model: The model's files and the exports.
        noun: What several items are called.
    """

    arrays: int
    features: int
    checkpoint: int
    model: int
    noun: str = "items"

    @property
    def caches(self) -> int:
        return self.arrays + self.features

    @property
    def own(self) -> int:
        """Return the bytes of the run's own folder."""
        return self.checkpoint + self.model


def needed(config: TrainingConfig, *, items: int, classes: int) -> Room:
    """Estimate what a run writes.

    Raises:
        ConfigError: The backbone is not in the catalogue.
    """
    backbone = find(config.backbone)
    head = (backbone.feature_length + 1) * classes
    trained = head + (backbone.trained_parameters(config.blocks) if config.mode == "fine-tune" else 0)
    modality = find_modality(config.input.modality)
    return Room(
        arrays=items * bytes_of(modality.spec(config.input)),
        features=BYTES_OF_A_FEATURE * items * backbone.feature_length,
        checkpoint=2 * COPIES_IN_CHECKPOINT * BYTES_OF_A_WEIGHT * trained,
        model=COPIES_OF_MODEL * BYTES_OF_A_WEIGHT * (backbone.parameters + head),
        noun=modality.noun.many,
    )


def shortage(room: Room, *, cache: Path, folder: Path) -> str:
    """Say what is missing where the disks cannot hold a run's caches and its own folder; empty where they can.

    Caches that nobody uses count as free: they are thrown away when the room is needed.
    """
    if cache.stat().st_dev == folder.stat().st_dev:
        return _lack(room, room.caches + room.own, cache, caches=True)
    return _lack(room, room.caches, cache, caches=True) or _lack(room, room.own, folder, caches=False)


def check_room(run: Run, workspace: Workspace) -> None:
    """Refuse a run that does not fit on the disk; otherwise delete unused caches until it fits.

    Raises:
        RunError: There is too little room, with the numbers.
    """
    table = run.split()
    room = needed(run.config, items=table["sha256"].nunique(), classes=len(run.dataset.classes))
    decoded = find_decoded(run, workspace)  # kept until the end of this function: it must not make room for itself
    if decoded is not None:
        room = replace(room, arrays=0)
    if lack := shortage(room, cache=workspace.cache, folder=run.path):
        raise RunError(lack)
    make_room(workspace.cache, room.caches + room.own + RESERVE_BYTES)


def _lack(room: Room, bytes_needed: int, where: Path, *, caches: bool) -> str:
    wanted = bytes_needed + RESERVE_BYTES
    free = shutil.disk_usage(where).free
    if free >= wanted:
        return ""
    spare = spare_bytes(where) if caches else free
    if spare >= wanted:
        return ""
    parts = {f"for decoded {room.noun}": room.arrays, "for features": room.features} if caches else {}
    if not caches or bytes_needed > room.caches:
        parts["for checkpoint and model"] = room.own
    said = disk.lack("The run needs", parts, place=where, free=free, reserve=RESERVE_BYTES)
    also = f" With the caches that nobody uses, {disk.size(spare)} would be." if spare > free else ""
    return f"{said}{also} Make room there, choose smaller inputs, or set GRAFT_HOME to a folder on another disk."
