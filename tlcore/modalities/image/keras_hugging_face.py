"""Prepares a folder of weights as Hugging Face's transformers write it, so that KerasHub reads it.

KerasHub's converters expect one name for each tensor, one file and every fact in the description; folders differ in all
three. It knows names of tensors and keys of a description. It builds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tlcore.backbones.own import DESCRIPTION, read_description
from tlcore.errors import WeightsError
from tlcore.files import write_json

ONE_FILE, INDEX, PIXELS_TOO = "model.safetensors", "model.safetensors.index.json", "preprocessor_config.json"
# The class of KerasHub for each `model_type`, and how the names of its tensors begin where KerasHub looks for them.
CLASSES: Mapping[str, tuple[str, str]] = {
    "vit": ("ViTBackbone", "vit."),
    "deit": ("DeiTBackbone", "deit."),
    "dinov2": ("DINOV2Backbone", ""),
    "dinov2_with_registers": ("DINOV2Backbone", ""),
    "dinov3_vit": ("DINOV3Backbone", ""),
    "swin": ("SwinTransformerBackbone", ""),
}
# What every network has, in one of two ways to write it: all that stands before is the task's, such as `vit.`.
LANDMARKS = ("embeddings.patch_embeddings.projection.weight", "embeddings.patch_embeddings.weight")
# Of keys that older descriptions lack.
USUAL = {
    "qkv_bias": True,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "attention_dropout": 0.0,
    "drop_path_rate": 0.0,
    "layerscale_value": 1.0,
    "use_swiglu_ffn": False,
    "use_gated_mlp": False,
}


def prepare(folder: Path, described: Mapping[str, Any]) -> str:
    """Bring the tensors and the description of a folder into the form that KerasHub reads; give its class.

    Raises:
        WeightsError: It is of another network, or its files are damaged or not all there.
    """
    kind, prefix = CLASSES[described["model_type"]]
    if (activation := described.get("hidden_act", "gelu")) != "gelu":
        raise WeightsError(
            f"A network with the activation 'gelu' is needed: others cannot be rebuilt. This one has {activation!r}. "
            "Take another one."
        )
    tensors = {f"{prefix}{name}": np.ascontiguousarray(tensor.astype(np.float32)) for name, tensor in _tensors(folder)}
    has_mask = f"{prefix}embeddings.mask_token" in tensors
    save_file(tensors, folder / ONE_FILE)
    (folder / INDEX).unlink(missing_ok=True)
    write_json(folder / DESCRIPTION, {**USUAL, **described, "use_mask_token": has_mask})
    return kind


def statistics(folder: Path) -> tuple[list[float], list[float], int | None] | None:
    """Read the mean and the deviation of pixels of 0-1, and the size of pictures; None where nothing says them."""
    if not (folder / PIXELS_TOO).is_file():
        return None
    said = read_description(folder / PIXELS_TOO)
    mean, deviation = said.get("image_mean"), said.get("image_std")
    if not (said.get("do_normalize", True) and mean and deviation):
        mean, deviation = [0.0] * 3, [1.0] * 3
    size = said.get("crop_size") if said.get("do_center_crop") else said.get("size")
    if isinstance(size, Mapping):
        size = size.get("height") or size.get("shortest_edge")
    return mean, deviation, size if isinstance(size, int) else None


def _tensors(folder: Path) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Give the tensors of the network, without what stands before their names; the task's own are left out."""
    found = {name: path for path in _files(folder) for name in _names(path)}
    landmark = next((name for name in found for end in LANDMARKS if name.endswith(end)), None)
    if landmark is None:
        raise WeightsError(
            f"Weights of a vision transformer are needed, with a tensor '{LANDMARKS[0]}'. Those of the folder have "
            "none. Take the files that belong together."
        )
    start = landmark[: landmark.index("embeddings.")]
    for name, path in found.items():
        if name.startswith(start):
            with safe_open(path, framework="np") as stream:
                yield name.removeprefix(start), stream.get_tensor(name)


def _names(path: Path) -> list[str]:
    try:
        with safe_open(path, framework="np") as stream:
            return list(stream.keys())
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"A file of weights in the safetensors format is needed. {path.name} is none: {error}. Copy it again."
        ) from error


def _files(folder: Path) -> list[Path]:
    """List the files of weights: one, or those that the index names, which lie beside it.

    Raises:
        WeightsError: One is missing.
    """
    names = [ONE_FILE]
    if (folder / INDEX).is_file():
        mapped = read_description(folder / INDEX).get("weight_map")
        names = sorted(set(mapped.values())) if isinstance(mapped, dict) else []
    missing = [name for name in names if Path(name).name != name or not (folder / name).is_file()]
    if missing or not names:
        raise WeightsError(
            f"All files of the weights are needed in the folder itself. {(missing or [ONE_FILE])[0]} is not there. "
            "Copy it there."
        )
    return [folder / name for name in names]
