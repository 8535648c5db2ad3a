r"""The labels of an item as one text: names joined by `|`, sorted; `\|` and `\\` stand for `|` and `\` in a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tlcore.tasks.task import Targets

NO_LABEL = "(no label)"


def join(names: Iterable[str]) -> str:
    """Join label names to one text; equal sets of names give equal texts, and no name at all an empty one."""
    return "|".join(name.replace("\\", "\\\\").replace("|", "\\|") for name in sorted(set(names)))


def split(text: str) -> tuple[str, ...]:
    """Split a text into its label names; an empty one has none."""
    parts = re.findall(r"(?:\\.|[^|\\])+", text)
    return tuple(re.sub(r"\\(.)", r"\1", part) for part in parts)


def read(text: str) -> str:
    """Bring a text into its canonical form: sorted, every name once, without blanks around it."""
    return join(filter(None, (name.strip() for name in split(text))))


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Give the labels of a text their new names; two that become one are one."""
    return join(names.get(name, name) for name in split(text))


def with_label(text: str, name: str) -> str:
    """Add a label to those of a text."""
    return join((*split(text), name))


def without_label(text: str, name: str) -> str:
    """Take a label from those of a text."""
    return join(other for other in split(text) if other != name)


def classes(texts: Sequence[str]) -> tuple[str, ...]:
    """List the labels that occur, sorted."""
    return tuple(sorted({name for text in set(texts) for name in split(text)}))


def targets(texts: Sequence[str], classes: Sequence[str]) -> Targets:
    """Mark which labels each item has: `(n, classes)`, float32, 0 or 1."""
    numbers = {name: number for number, name in enumerate(classes)}
    found = np.zeros((len(texts), len(classes)), np.float32)
    for row, text in enumerate(texts):
        found[row, [numbers[name] for name in split(text)]] = 1
    return found


def strata(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Balance a split by every label, and by the items that have none."""
    return [split(text) or (NO_LABEL,) for text in texts]
