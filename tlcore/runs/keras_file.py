"""Reads the description of a `.keras` file without building any of its layers.

It knows the archive and the names that an exported model has. It does not know Keras, nor what the weights are.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tlcore.contract import CONTRACT
from tlcore.errors import RunError

SUFFIX = ".keras"
WEIGHTS = "model.weights.h5"
# What its numbers mean, in the archives that are handed out: today's name, and that of before.
ABOUT = (CONTRACT, "graft.json")
PREFIX = "graft_"  # of the name that every exported model has
HEAD = "head_logits"
MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class KerasFile:
    """A model that a Graft exported.

    Attributes:
        backbone: A key of the catalogue, of the Graft that made it.
        shape: Of its first input, without the number of items.
        outputs: How many classes its head tells apart.
        about: What the archive says of its classes and of its input, as JSON; empty in those of older Grafts.
    """

    backbone: str
    shape: tuple[int, ...]
    outputs: int
    about: bytes = b""


def read_keras_file(path: Path) -> KerasFile:
    """Read what a file is made for.

    Raises:
        RunError: It is not there, none of Graft's, or has layers with code of their own.
    """
    described, about = _read(path)
    foreign = sorted({f"{module}.{name}" for module, name in classes_in(described) if not _plain(module, name)})
    if foreign:
        raise RunError(
            f"A model of plain Keras layers is needed to begin with. {path.name} has {', '.join(foreign[:3])}: code "
            "that comes with a file is never run. Begin with a model that Graft exported."
        )
    try:
        layers = described["config"]["layers"]
        name = str(described["config"]["name"])
        shape = tuple(int(length) for length in layers[0]["config"]["batch_shape"][1:])
        outputs = [int(each["config"]["units"]) for each in layers if each["name"] == HEAD]
        if not name.startswith(PREFIX) or len(outputs) != 1:
            raise ValueError
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise none_of_ours(path, "it holds another kind of model") from error
    return KerasFile(name.removeprefix(PREFIX), shape, outputs[0], about)


def none_of_ours(path: Path, why: str) -> RunError:
    """Explain why a run cannot start from a file."""
    return RunError(
        f"A {SUFFIX} file that Graft exported is needed to begin with. {path.name} is none: {why}. Take the Keras "
        "model of a run's downloads."
    )


def _read(path: Path) -> tuple[Any, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            archive.getinfo(WEIGHTS)
            about = next((name for name in ABOUT if name in archive.namelist()), "")
            if any(archive.getinfo(name).file_size > MOST_BYTES for name in ("config.json", about) if name):
                raise none_of_ours(path, "its description is too large")
            return json.loads(archive.read("config.json")), archive.read(about) if about else b""
    except FileNotFoundError as error:
        raise RunError(f"A {SUFFIX} file is needed to begin with. There is none at {path}.") from error
    except (OSError, KeyError, ValueError, RuntimeError, RecursionError, zipfile.BadZipFile, zlib.error) as error:
        raise none_of_ours(path, "it is damaged, or no archive of Keras 3") from error


def classes_in(described: Any) -> Iterator[tuple[str, str]]:
    """Name the module and the class of everything that a description would build."""
    waiting = [described]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if "class_name" in each and each["class_name"] != "__keras_tensor__":
                yield str(each.get("module") or ""), str(each["class_name"])
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _plain(module: str, name: str) -> bool:
    return (module == "keras" or module.startswith("keras.")) and name != "Lambda"
