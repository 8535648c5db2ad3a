"""Contracts of models of pictures, as a run writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from tlcore.contract import Contract, contract_of
from tlcore.modalities.image.settings import ImageInput


def image_contract(
    classes: Sequence[str],
    size: int,
    *,
    resize: Literal["crop", "letterbox", "stretch"] = "crop",
    value_range: tuple[float, float] | None = None,
    **others: Any,
) -> Contract:
    return contract_of(ImageInput(size=size, resize=resize, value_range=value_range), classes, **others)
