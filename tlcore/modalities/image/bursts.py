"""Frames of a camera: which of them are near-identical, and how they come into a dataset.

It knows pictures, hashes of how they look, and how a dataset takes items in. Not the camera. Near-identical
frames get one `group`, so that no split has one of them in training and another in the test set.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from tlcore.data.archive import Limits, opening
from tlcore.data.dataset import Dataset
from tlcore.data.edits.operations import apply
from tlcore.data.edits.types import Group
from tlcore.data.import_plan import Place
from tlcore.data.intake import examine_all
from tlcore.data.label_text import read_label
from tlcore.data.staging import Published, Staging
from tlcore.errors import DataError, ItemError
from tlcore.files import remove_tree
from tlcore.modalities import find_modality
from tlcore.modalities.image.preview import gray_cells
from tlcore.progress import Progress
from tlcore.workspace import Workspace

PREFIX = "burst-"
MOST_FRAMES = 300
MOST_FRAME_BYTES = 20 * 10**6
# Of the 64 bits of a perceptual hash: frames that differ in no more look alike.
ALIKE_BITS = 10
# Of the range of greys, on average over 32 × 32 cells.
ALIKE_GREY, SIDE = 0.06, 32
_PNG = b"\x89PNG"


@dataclass(frozen=True)
class _Look:
    """What of a frame is compared: 64 bits, and `(1024,)` greys from 0 to 1."""

    bits: npt.NDArray[np.bool_]
    grey: npt.NDArray[np.float32]


def groups_of(
    frames: Sequence[bytes], name: str, earlier: Sequence[tuple[bytes, str]] = ()
) -> tuple[list[str], dict[str, str]]:
    """The group of each frame, `<name>-1`, `<name>-2` and so on, or one of the `earlier` frames, given with theirs.

    Frames are alike whose perceptual hashes differ in at most ten of 64 bits (pHash: the signs of the low frequencies
    about their median; C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010), or which
    differ by little everywhere when they are made small and grey: a small thing that moves before a ground that does
    not. What is alike by way of others is one group: a slow turn of the camera stays together from its first frame to
    its last. In doubt frames are one group, since a group that is too large costs a little balance, and one that is too
    small an honest test.

    Returns:
        The groups of the frames, and the earlier groups that these bind to another one, each with that one's name.

    Raises:
        DataError: A frame is no picture.
    """
    looks = [_look(frame) for frame in (*(frame for frame, _ in earlier), *frames)]
    tied = [group for _, group in earlier]
    component = _components(looks, tied)
    names: dict[int, str] = {}
    for place, group in zip(component, tied, strict=False):
        names.setdefault(place, group)
    bound = {group: names[place] for place, group in zip(component, tied, strict=False) if names[place] != group}
    new = component[len(tied) :]
    fresh = {place: f"{name}-{number}" for number, place in enumerate(dict.fromkeys(new), start=1)}
    return [names.get(place, fresh[place]) for place in new], bound


def _components(looks: Sequence[_Look], tied: Sequence[str]) -> list[int]:
    """A number for each look, equal for those that are alike, by way of others too; the first ones are tied by name."""
    if not looks:
        return []
    bits, grey = np.stack([look.bits for look in looks]), np.stack([look.grey for look in looks])
    ties = np.array([*tied, *[""] * (len(looks) - len(tied))], dtype=object)
    found = np.full(len(looks), -1)
    for first in range(len(looks)):
        if found[first] >= 0:
            continue
        waiting = [first]
        found[first] = first
        while waiting:
            this = waiting.pop()
            alike = (bits != bits[this]).sum(axis=1) <= ALIKE_BITS
            alike |= np.abs(grey - grey[this]).mean(axis=1) <= ALIKE_GREY
            alike |= (ties == ties[this]) & (ties != "")
            joining = np.flatnonzero(alike & (found < 0))
            found[joining] = first
            waiting += joining.tolist()
    return [int(place) for place in found]


def take_burst(
    workspace: Workspace, frames: Sequence[bytes], label: str, *, into: Dataset | None = None, name: str = "Camera"
) -> Generator[Progress, None, Published]:
    """Take frames (JPEG or PNG) of one label into a dataset, or of a class into a new one called `name`.

    They go the way of every picture: each is examined, equal bytes are kept once, and it is one edit. Where they bind
    groups of earlier bursts to each other, that is another one.

    Raises:
        DataError: There are no frames or too many, or the label is none of the task.
    """
    text = read_label(label, "classification" if into is None else into.info.task)
    if not 0 < len(frames) <= MOST_FRAMES or max(map(len, frames)) > MOST_FRAME_BYTES:
        raise DataError(
            f"A burst has 1 to {MOST_FRAMES} frames of at most {MOST_FRAME_BYTES // 10**6} MB. Received {len(frames)}. "
            "Record for a shorter time."
        )
    burst = f"{PREFIX}{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    groups, bound = groups_of(frames, burst, _earlier(into) if into is not None else ())
    home = workspace.root / "staging" / burst
    home.mkdir(parents=True)
    try:
        places = {}
        for number, (frame, group) in enumerate(zip(frames, groups, strict=True), start=1):
            file = PurePosixPath(f"{burst}-{number:03d}{'.png' if frame.startswith(_PNG) else '.jpg'}")
            (home / file).write_bytes(frame)
            places[file] = Place(text, group=group, none=not text)
        with opening(home, limits := Limits()) as opened, Staging(workspace, into, find_modality("image")) as staging:
            yield from examine_all(opened, places, staging, limits=limits)
            report = staging.publish(name=name, notes=())
    finally:
        remove_tree(home)
    if bound:
        items = report.dataset.items()
        rows = items[items["group"].isin(set(bound))]
        groups_now = rows["group"].map(bound)
        apply(report.dataset, Group(groups=dict(zip(rows["sha256"], groups_now, strict=True))))
    return report


def _earlier(dataset: Dataset) -> list[tuple[bytes, str]]:
    """The latest frames of earlier bursts with their groups; those that can no longer be read are passed over."""
    items = dataset.items()
    frames = items[items["group"].str.startswith(PREFIX)].tail(MOST_FRAMES)
    found = []
    for file, group in zip(frames["file"], frames["group"], strict=True):
        with suppress(OSError):
            found.append((dataset.image_path(file).read_bytes(), group))
    return found


def _look(frame: bytes) -> _Look:
    from scipy.fft import dctn  # only for whoever has a camera

    try:
        grey = gray_cells(frame, SIDE)
    except ItemError as error:
        raise DataError("A frame of the camera is no picture. Record again.") from error
    low = dctn(grey)[:8, :8]
    return _Look((low > np.median(low)).ravel(), grey.ravel())
