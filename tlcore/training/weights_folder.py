"""Copies a folder of weights that a person brought, or a zip of one, and refuses what must not be read.

It knows layouts, files and their endings. It does not know Keras, nor what the weights are for. Pickles are never
copied; archives and links are `data.archive`'s to refuse.
"""

from __future__ import annotations

import zipfile
from collections.abc import Generator
from pathlib import Path, PurePosixPath

from tlcore.backbones.own import DESCRIPTION
from tlcore.data.archive import Entry, Limits, Opened, opening, reading
from tlcore.disk import free_bytes, lack
from tlcore.errors import GraftError, ItemError, WeightsError
from tlcore.progress import Pace, Progress

FILES = "model.safetensors or model.weights.h5"
KEPT = (".json", ".safetensors", ".weights.h5")
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")
LAYOUTS = (
    "a folder that KerasHub wrote (config.json, model.weights.h5) or Hugging Face's transformers (config.json, "
    "model.safetensors), or a zip of one"
)
MEGABYTE = 10**6
LIMITS = Limits(files=10_000, bytes=40 * 10**9)


def bring(given: Path, into: Path) -> Generator[Progress, None, None]:
    """Copy the description and the weights of a folder or zip; progress is in megabytes.

    Raises:
        WeightsError: It is none, holds weights that must not be read, or files that lead elsewhere.
    """
    if not given.is_dir() and not (given.is_file() and zipfile.is_zipfile(given)):
        raise WeightsError(f"Own weights are {LAYOUTS}. There is no such thing at {given}. Check the path.")
    try:
        with opening(given, LIMITS) as opened:
            yield from _copy(opened, given, into)
    except WeightsError:
        raise
    except GraftError as error:
        raise WeightsError(f"Own weights are {LAYOUTS}. {given} cannot be read: {error}") from error


def _copy(opened: Opened, given: Path, into: Path) -> Generator[Progress, None, None]:
    home = _home(opened, given)
    wanted = [
        entry
        for entry in opened.entries
        if entry.path.parent == home and entry.path.name.endswith(KEPT) and not entry.path.name.startswith(".")
    ]
    _refuse_pickles(opened, wanted, home)
    size = sum(entry.size for entry in wanted)
    # Twice: as they came, and as they are kept.
    if short := lack("The weights need", {"for the weights": 2 * size}, place=into, free=free_bytes(into)):
        raise WeightsError(short)
    pace, done = Pace(size // MEGABYTE, "Copying the weights"), 0
    for entry in wanted:
        try:
            with reading(opened, entry) as source, (into / entry.path.name).open("wb") as copy:
                while chunk := source.read(MEGABYTE):
                    copy.write(chunk)
                    done += len(chunk)
                    if pace.due():
                        yield pace.at(done // MEGABYTE)
        except ItemError as error:
            raise WeightsError(f"{given.name} should hold {entry.name}. {error} Copy it again.") from error


def _home(opened: Opened, given: Path) -> PurePosixPath:
    """Find the folder of the description: the one that lies highest."""
    homes = [entry.path.parent for entry in opened.entries if entry.path.name == DESCRIPTION]
    if homes:
        return min(homes, key=lambda home: (len(home.parts), home))
    if links := [name for name, _ in opened.left_out if PurePosixPath(name).name == DESCRIPTION]:
        raise WeightsError(
            f"Weights need their files in the folder itself. {links[0]} is a link. Copy the file that it leads to: "
            "links are not followed."
        )
    raise WeightsError(f"Own weights are {LAYOUTS}. {given} has no {DESCRIPTION}. Give the folder that holds it.")


def _refuse_pickles(opened: Opened, wanted: list[Entry], home: PurePosixPath) -> None:
    """Say what is lacking where no file of weights is among those that are wanted."""
    if any(not entry.path.name.endswith(".json") for entry in wanted):
        return
    beside = [entry.path.name for entry in opened.entries if entry.path.parent == home]
    if pickles := [name for name in beside if name.endswith(PICKLES)]:
        raise WeightsError(
            f"Weights are needed as numbers alone. {pickles[0]} is a pickle, which can run code when it is read. Save "
            "it as safetensors where it came from (`model.save_pretrained(folder, safe_serialization=True)`)."
        )
    links = [name for name, _ in opened.left_out if name.endswith(KEPT)]
    came = f"{links[0]} is a link, and links are not followed: copy the file itself." if links else "There is none."
    raise WeightsError(f"A file of weights is needed beside {DESCRIPTION}: {FILES}. {came}")
