"""Finds a backbone's pretrained weights on this machine, and says what to do if they are missing.

It knows files, names and hashes. It neither downloads nor reads weights.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.errors import WeightsError
from tlcore.workspace import Workspace

MD5_DIGITS = 32
PRESET_CONFIG, PRESET_PAGES = "config.json", "https://www.kaggle.com/models/"


@dataclass(frozen=True)
class WeightsState:
    """The state of the weights: in an installed package, on this disk, or not downloaded yet."""

    where: Literal["bundled", "cached", "missing"]
    path: Path | None
    sentence: str


def weights_state(backbone: Backbone, workspace: Workspace) -> WeightsState:
    """Find the weights without reading them."""
    path = _look(backbone, workspace)
    size = f"{backbone.download_megabytes:,.0f} MB"
    if path is None:
        return WeightsState("missing", None, f"To be downloaded ({size}).")
    if backbone.weights_package:
        return WeightsState("bundled", path, "Bundled: no download needed.")
    return WeightsState("cached", path, f"On this machine: {path}.")


def weights_path(backbone: Backbone, workspace: Workspace) -> Path:
    """The weights file, checked against the hash that Keras lists for it, where it lists one.

    Raises:
        WeightsError: The file is missing or damaged.
    """
    path = _look(backbone, workspace)
    if path is None:
        raise WeightsError(missing_sentence(backbone, workspace))
    check_weights(backbone, path)
    return path


def check_weights(backbone: Backbone, path: Path) -> None:
    """Compare the file with the hash that Keras lists for it, where it lists one.

    Raises:
        WeightsError: They differ, or the file cannot be read.
    """
    if not backbone.weights_hash:
        return
    kind = "md5" if len(backbone.weights_hash) == MD5_DIGITS else "sha256"
    try:
        status = path.stat()
        found = _digest(kind, path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise WeightsError(f"{backbone.title} needs {path}. It cannot be read: {error.strerror}.") from error
    if found != backbone.weights_hash:
        raise WeightsError(
            f"{backbone.title} needs {path.name} with the {kind.upper()} {backbone.weights_hash}. {path} has {found}: "
            "it is damaged or another file. Delete it, and put the published file there or let it be downloaded."
        )


def missing_sentence(backbone: Backbone, workspace: Workspace) -> str:
    """Say which file is missing, where to put it, and which backbones work now."""
    if backbone.weights_package:
        return (
            f"{backbone.title} needs {backbone.weights_file} from the package {backbone.weights_package}, "
            "which is not installed. Run `make install`."
        )
    if backbone.own:
        return (
            f"{backbone.title} needs the weights that were added for it, {workspace.weights / backbone.weights_file}. "
            f"They are not there. Copy them back, or remove it with `backbones remove {backbone.key}` and add it again."
        )
    ready = [entry.title for entry in CATALOGUE.values() if _look(entry, workspace) is not None]
    works = f"These work now: {', '.join(ready)}." if ready else "No backbone has its weights on this machine yet."
    named, size = Path(backbone.weights_file), f"{backbone.download_megabytes:,.0f} MB"
    if backbone.preset:
        what = f"the preset {named.parent} of KerasHub ({size}), which is"
        way = (
            f"fetch {PRESET_CONFIG} and {named.name} from {PRESET_PAGES}{backbone.preset} and put both into "
            f"{workspace.weights / named.parent}"
        )
    else:
        what = f"the file {named} ({size}), which is"
        way = f"fetch {backbone.weights_url} and put it into {workspace.weights}"
    return (
        f"{backbone.title} needs its pretrained weights, {what} not on this machine. On a machine with a network, "
        f"{way}. {works}"
    )


def applications_folder() -> Path:
    """The folder in which Keras keeps what it downloads."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser() / "models"


def presets_folder() -> Path:
    """The folder in which KerasHub's presets are kept once they are downloaded."""
    return Path(os.environ.get("KAGGLEHUB_CACHE") or Path.home() / ".cache" / "kagglehub").expanduser() / "models"


def _look(backbone: Backbone, workspace: Workspace) -> Path | None:
    return next((path for path in _places(backbone, workspace) if path.is_file()), None)


def _places(backbone: Backbone, workspace: Workspace) -> Iterator[Path]:
    if backbone.weights_package:
        # Found without importing: a package of data has no business running code here.
        spec = importlib.util.find_spec(backbone.weights_package)
        for package in (spec and spec.submodule_search_locations) or ():
            yield Path(package) / "models" / backbone.weights_file
        return
    if backbone.own or backbone.preset:
        yield workspace.weights / backbone.weights_file
    if backbone.own:
        return
    if backbone.preset:
        folder, name = presets_folder() / backbone.preset, Path(backbone.weights_file).name
        if (folder.parent / ".complete" / folder.name / f"{name}.complete").exists():  # else it is being downloaded
            yield folder / name
        return
    # Keras may keep a file under another name than the one a browser saves it by.
    names = dict.fromkeys((backbone.weights_file, Path(urlsplit(backbone.weights_url).path).name))
    for folder in (workspace.weights, applications_folder()):
        for name in names:
            yield folder / name


@lru_cache(maxsize=64)
def _digest(kind: str, path: Path, _changed: int, _size: int) -> str:
    with path.open("rb") as stream:
        # MD5 finds damage, not malice; a weights file is only ever read as numbers.
        return hashlib.file_digest(stream, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()
