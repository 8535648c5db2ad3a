"""Whether an artefact that reads picture files itself sees the pixels that the app sees.

It knows the battery of awkward files, how it is laid before a fresh process, and the tolerances. It knows no format.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tlcore.contract import Contract
from tlcore.errors import ExportError
from tlcore.modalities.image.battery import AwkwardFile, battery
from tlcore.modalities.image.pixels import Policy, ValueRange, read_pixels
from tlcore.modalities.image.settings import ImageInput
from tlcore.runs.manifest import Awkward

if TYPE_CHECKING:
    from tlcore.export.exporter import FreshProcess

Pixels: TypeAlias = npt.NDArray[np.uint8]
REPLAY = Path(__file__).with_name("verify_battery.py")


@dataclass(frozen=True)
class Tolerance:
    """How far the pixels of a file may be from the app's, of 255, and what the format cannot read at all.

    Attributes:
        largest: Of any value.
        mean: Of all values of the file.
        unread: Kinds of the battery that may be refused.
    """

    largest: float = 0.0
    mean: float = 0.0
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sight:
    """What an artefact saw of each file of the battery, in its order: pixels, or why it refused the file."""

    seen: Sequence[Pixels | str]
    tolerance: Tolerance = Tolerance()


# Decoders of browsers and of TensorFlow bring inks to colours in their own way, and canvases round.
OTHER_DECODERS = Tolerance(8.0, 0.75, frozenset({"TIFF", "HEIC"}))
# Large JPEGs that were turned are reduced in other squares at two of their edges.
UPRIGHT_FIRST = Tolerance(48.0, 1.5)


def laid_out(side: int, scratch: Path) -> dict[str, Any]:
    """Write the battery into a folder, and say where: what a fresh process is asked.

    It writes the pixels of all files, one after the other, into `seen` (zeros where it refuses one), and answers with
    `refused`: a text for each file, empty where it was read.
    """
    folder = scratch / "battery"
    folder.mkdir()
    files = []
    for number, file in enumerate(_drawn(side)):
        path = folder / f"{number:03d}{Path(file.name).suffix}"
        path.write_bytes(file.content)
        files.append(str(path))
    return {"files": files, "seen": str(scratch / "battery.bin"), "side": side}


def answered(asked: dict[str, Any], refused: Sequence[str]) -> tuple[Pixels | str, ...]:
    """What a fresh process saw.

    Raises:
        ExportError: It did not answer for every file.
    """
    side, files = asked["side"], asked["files"]
    pixels = np.fromfile(asked["seen"], np.uint8)
    if pixels.size != len(files) * side * side * 3 or len(refused) != len(files):
        raise ExportError(f"it did not say what it sees in each of {len(files)} awkward files")
    shaped = pixels.reshape(len(files), side, side, 3)
    return tuple(reason or each for reason, each in zip(refused, shaped, strict=True))


def check_python(home: Path, module: str, contract: Contract, fresh: FreshProcess, scratch: Path) -> Awkward:
    """Hold what pixels the Python code in a folder of an artefact makes of the battery against the app's."""
    settings = contract.input
    about = {"policy": settings.resize, "value_range": settings.value_range}
    asked = {**laid_out(settings.size, scratch), "home": str(home), "module": module, **about}
    output = fresh.run(REPLAY, [], asked=json.dumps(asked), folder=scratch, items=len(asked["files"]))
    return judge(Sight(answered(asked, json.loads(output.splitlines()[-1])["refused"])), settings)


def judge(sight: Sight, settings: ImageInput) -> Awkward:
    """Hold what an artefact saw against what the app sees."""
    side = settings.size
    tolerance, differing = sight.tolerance, []
    unread: Counter[str] = Counter()
    files = _drawn(side)
    for file, ours, theirs in zip(files, _ours(side, settings.resize, settings.value_range), sight.seen, strict=True):
        if isinstance(ours, str) and isinstance(theirs, str):
            continue
        if isinstance(theirs, str):
            if file.kind in tolerance.unread:
                unread[file.kind] += 1
            else:
                differing.append(f"{file.name} is refused: {theirs}")
        elif isinstance(ours, str):
            differing.append(f"{file.name} is read, the app refuses it")
        else:
            apart = np.abs(theirs.astype(np.float32) - ours)
            if apart.max() > tolerance.largest or apart.mean() > tolerance.mean:
                differing.append(f"{file.name} is up to {apart.max():.0f} off, {apart.mean():.2f} on average")
    return Awkward(
        files=len(files),
        same=len(files) - len(differing) - unread.total(),
        differing=tuple(differing),
        unread=tuple(f"{kind} ({count})" for kind, count in unread.items()),
        largest=tolerance.largest,
        mean=tolerance.mean,
    )


@lru_cache(maxsize=1)
def _drawn(side: int) -> tuple[AwkwardFile, ...]:
    return battery(side)


@lru_cache(maxsize=1)
def _ours(side: int, policy: Policy, value_range: ValueRange | None) -> tuple[Pixels | str, ...]:
    found: list[Pixels | str] = []
    for file in _drawn(side):
        try:
            found.append(read_pixels(file.content, side, policy, value_range))
        except ValueError as error:
            found.append(str(error))
    return tuple(found)
