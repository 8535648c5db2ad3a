"""Describes the parts of the training script that depend on what an item is, and finds pieces in text files.

It knows how pieces are titled: a line `# === Title ===` begins one. It does not know any modality or task.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tlcore.backbones.backbone import Backbone
from tlcore.modalities import find_modality
from tlcore.runs.config import TrainingConfig
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.tasks.shipped import Shipped


@dataclass(frozen=True)
class ItemScript:
    """A modality's part of the script that trains a model again.

    Attributes:
        pieces: The pieces that a run needs, by title, from its settings and its backbone.
        imports: The lines that these pieces need.
        packages: What must be installed for them.
        gaps: Text for each gap that depends on the modality.
        settings: Settings that only this modality has, by their names in the script.
    """

    pieces: Callable[[TrainingConfig, Backbone], Mapping[str, str]]
    imports: Callable[[Collection[str], Backbone], Sequence[str]]
    packages: tuple[str, ...]
    gaps: Callable[[TrainingConfig, Backbone], Mapping[str, str]]
    settings: Callable[[Run], Mapping[str, Any]]


def shipped(task: str) -> Shipped:
    """Find a task's part of exports."""
    found: Shipped = import_module(find_task(task).shipped).SHIPPED
    return found


def item_script(modality: str) -> ItemScript | None:
    """Find a modality's part of the script; None where there is no script of its runs."""
    named = find_modality(modality).script
    if not named:
        return None
    module, _, name = named.partition(":")
    found: ItemScript = getattr(import_module(module), name)
    return found


def pieces_of(texts: Sequence[Path]) -> dict[str, str]:
    """Read the pieces of text files, by title."""
    found: dict[str, str] = {}
    for path in texts:
        for part in f"\n{path.read_text(encoding='utf-8')}".split("\n# === ")[1:]:
            title, _, text = part.partition(" ===\n")
            found[title] = text.strip("\n") + "\n"
    return found
