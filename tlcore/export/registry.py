"""The table of formats.

It knows which formats there are, in the order in which they are shown. It does not know how they are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from tlcore.errors import ExportError
from tlcore.export.bundle import Bundle
from tlcore.export.code import CODE
from tlcore.export.core_ml import CORE_ML
from tlcore.export.eight_bits import EIGHT_BITS
from tlcore.export.exporter import Exporter
from tlcore.export.fullsize import FULL_SIZE
from tlcore.export.model_files import KERAS
from tlcore.export.onnx_files import HALF, ONNX
from tlcore.export.openvino_file import OPENVINO
from tlcore.export.server import SERVER
from tlcore.export.tensorflow_files import LITE, SAVED_MODEL
from tlcore.export.web import WEB
from tlcore.runs.formats import FORMATS

ALL = "all"


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


EXPORTERS = table(
    (Bundle(), ONNX, HALF, EIGHT_BITS, FULL_SIZE, WEB, SERVER, KERAS, SAVED_MODEL, *LITE, OPENVINO, CORE_ML, CODE)
)


def find(keys: Sequence[str] | None) -> tuple[Exporter, ...]:
    """The formats of these keys; those that every run has where none is named; for `all` those that can be made here.

    Raises:
        ExportError: There is no such format, or it cannot be made here.
    """
    wanted = [key for key in EXPORTERS if FORMATS[key].with_run] if keys is None else list(keys)
    unknown = [key for key in wanted if key not in (*EXPORTERS, ALL)]
    if unknown or not wanted:
        came = ", ".join(unknown) or "none"
        raise ExportError(f"A format is one of {', '.join([*EXPORTERS, ALL])}. Received: {came}.")
    if ALL in wanted:
        return tuple(exporter for key, exporter in EXPORTERS.items() if not FORMATS[key].missing)
    if missing := [FORMATS[key].missing for key in wanted if FORMATS[key].missing]:
        raise ExportError(" ".join(missing))
    return tuple(EXPORTERS[key] for key in dict.fromkeys(wanted))
