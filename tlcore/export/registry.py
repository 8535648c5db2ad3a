"""The table of formats.

It knows which formats there are, in the order in which they are shown. It does not know how they are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tlcore.errors import ExportError
from tlcore.export.bundle import Bundle
from tlcore.export.code import CODE
from tlcore.export.core_ml import CORE_ML
from tlcore.export.eight_bits import EIGHT_BITS
from tlcore.export.exporter import Exporter
from tlcore.export.item_exports import item_exports
from tlcore.export.model_files import KERAS
from tlcore.export.onnx_files import HALF, ONNX
from tlcore.export.openvino_file import OPENVINO
from tlcore.export.server import SERVER
from tlcore.export.tensorflow_files import LITE, SAVED_MODEL
from tlcore.keyed import by_key
from tlcore.modalities import MODALITIES
from tlcore.runs.formats import FORMATS

ALL = "all"


GENERAL: tuple[Exporter, ...] = (
    *(Bundle(), ONNX, HALF, EIGHT_BITS, SERVER, KERAS),
    *(SAVED_MODEL, *LITE, OPENVINO, CORE_ML, CODE),
)
_FOUND = by_key((*GENERAL, *(exporter for key in MODALITIES for exporter in item_exports(key).formats)))
EXPORTERS: Mapping[str, Exporter] = MappingProxyType({key: _FOUND[key] for key in FORMATS})


def find(keys: Sequence[str] | None, modality: str = "image") -> tuple[Exporter, ...]:
    """The formats of these keys; those that every run has where none is named; for `all` those that can be made here.

    Args:
        keys: As they are asked for.
        modality: What the items of the run are.

    Raises:
        ExportError: There is no such format of such items, or it cannot be made here.
    """
    known = {key: form for key, form in FORMATS.items() if form.fits(modality)}
    wanted = [key for key, form in known.items() if form.with_run] if keys is None else list(keys)
    unknown = [key for key in wanted if key not in (*known, ALL)]
    if unknown or not wanted:
        came = ", ".join(unknown) or "none"
        raise ExportError(f"A format is one of {', '.join([*known, ALL])}. Received: {came}.")
    if ALL in wanted:
        return tuple(EXPORTERS[key] for key, form in known.items() if not form.missing)
    if missing := [FORMATS[key].missing for key in wanted if FORMATS[key].missing]:
        raise ExportError(" ".join(missing))
    return tuple(EXPORTERS[key] for key in dict.fromkeys(wanted))
