"""Frames of a camera: which of them are near-identical, and how they come into a dataset.

It knows pictures and hashes of how they look. It does not know the camera. Near-identical frames get one `group`, so
that no split has one of them in training and another in its test part.
"""

from __future__ import annotations

import csv
import secrets
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from tlcore.data.dataset import Dataset
from tlcore.data.intake import IntakeReport, ingest
from tlcore.data.progress import Progress
from tlcore.errors import DataError
from tlcore.files import remove_tree
from tlcore.workspace import Workspace

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


def groups_of(frames: Sequence[bytes], name: str) -> list[str]:
    """The group of each frame: `<name>-1`, `<name>-2` and so on.

    Frames are alike whose perceptual hashes differ in at most ten of 64 bits (pHash: the signs of the low frequencies
    about their median; C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010), or which
    differ by little everywhere when they are made small and grey: a small thing that moves before a ground that does
    not. What is alike by way of others is one group: a slow turn of the camera stays together from its first frame to
    its last. In doubt frames are one group, since a group that is too large costs a little balance, and one that is too
    small an honest test.

    Raises:
        DataError: A frame is no picture.
    """
    looks = [_look(frame) for frame in frames]
    group = np.full(len(looks), -1)
    if looks:
        bits, grey = np.stack([look.bits for look in looks]), np.stack([look.grey for look in looks])
    count = 0
    for first in range(len(looks)):
        if group[first] >= 0:
            continue
        waiting = [first]
        group[first] = count
        while waiting:
            this = waiting.pop()
            alike = (bits != bits[this]).sum(axis=1) <= ALIKE_BITS
            alike |= np.abs(grey - grey[this]).mean(axis=1) <= ALIKE_GREY
            joining = np.flatnonzero(alike & (group < 0))
            group[joining] = count
            waiting += joining.tolist()
        count += 1
    return [f"{name}-{number + 1}" for number in group.tolist()]


def take_burst(
    workspace: Workspace, frames: Sequence[bytes], label: str, *, into: Dataset | None = None, name: str = "Camera"
) -> Generator[Progress, None, IntakeReport]:
    """Take frames (JPEG or PNG) into a class of a dataset, of a new one called `name` where none is given.

    They go the way of every picture: each is examined, equal bytes are kept once, and it is one edit.

    Raises:
        DataError: There are no frames or too many, or the class has no name.
    """
    if not label.strip():
        raise DataError("The frames need a class. Received an empty name. Type at least one letter.")
    if not 0 < len(frames) <= MOST_FRAMES or max(map(len, frames)) > MOST_FRAME_BYTES:
        raise DataError(
            f"A burst has 1 to {MOST_FRAMES} frames of at most {MOST_FRAME_BYTES // 10**6} MB. Received {len(frames)}. "
            "Record for a shorter time."
        )
    burst = f"burst-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    groups = groups_of(frames, burst)
    home = workspace.root / "staging" / burst
    home.mkdir(parents=True)
    try:
        with (home / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
            table = csv.writer(stream)
            table.writerow(("file", "label", "group"))
            for number, (frame, group) in enumerate(zip(frames, groups, strict=True), start=1):
                file = f"{burst}-{number:03d}{'.png' if frame.startswith(_PNG) else '.jpg'}"
                (home / file).write_bytes(frame)
                table.writerow((file, label.strip(), group))
        return (yield from ingest(workspace, home, name=name if into is None else None, into=into))
    finally:
        remove_tree(home)


def _look(frame: bytes) -> _Look:
    from scipy.fft import dctn  # only for whoever has a camera

    try:
        with Image.open(BytesIO(frame), formats=("JPEG", "PNG")) as picture:
            small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError("A frame of the camera is no picture. Record again.") from error
    grey = (np.asarray(small, np.float32) / 255.0).astype(np.float32)
    low = dctn(grey)[:8, :8]
    return _Look((low > np.median(low)).ravel(), grey.ravel())
