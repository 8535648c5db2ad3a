"""The table of formats.

It knows which formats there are, in the order in which they are shown. It does not know how they are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from tlcore.errors import ExportError
from tlcore.export.bundle import Bundle
from tlcore.export.exporter import Exporter
from tlcore.export.model_files import KERAS, ONNX


def table(exporters: Iterable[Exporter]) -> Mapping[str, Exporter]:
    """Index formats by key.

    Raises:
        ValueError: Two have the same key.
    """
    found: dict[str, Exporter] = {}
    for exporter in exporters:
        if exporter.key in found:
            raise ValueError(f"A format's key must be its own. '{exporter.key}' is given twice.")
        found[exporter.key] = exporter
    return MappingProxyType(found)


EXPORTERS = table((KERAS, ONNX, Bundle()))


def find(keys: Sequence[str] | None) -> tuple[Exporter, ...]:
    """The formats of these keys; all where none is named.

    Raises:
        ExportError: There is no such format.
    """
    unknown = [key for key in keys or () if key not in EXPORTERS]
    if unknown:
        raise ExportError(f"A format is one of {', '.join(EXPORTERS)}. Received: {', '.join(unknown)}.")
    return tuple(EXPORTERS[key] for key in dict.fromkeys(keys or EXPORTERS))
