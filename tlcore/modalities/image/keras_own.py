"""Makes a row of the catalogue of a folder of weights: which network it is, how its pixels are scaled, what it answers.

KerasHub reads the folder, and what it read is kept as a preset of its own, so that a row is built from then on as those
of the catalogue are. Nothing that a description names is built but the classes in `KINDS`. It does not know workspaces,
names or licences.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tlcore.backbones.own import DESCRIPTION, WEIGHTS, Adopted, read_description
from tlcore.errors import WeightsError
from tlcore.items import Arrays
from tlcore.modalities.image import keras_hugging_face as hugging_face
from tlcore.modalities.image.keras_build import IMAGENET_DEVIATION, IMAGENET_MEAN
from tlcore.modalities.image.keras_presets import SWIN_WARNS, VALUES, check_classes
from tlcore.modalities.image.settings import LARGEST, PIXELS
from tlcore.runs.keras_file import classes_in

USUAL_SIZE = 224
HALF = (0.5, 0.5, 0.5)
# What is no part of a network's function, or stands elsewhere in the row.
NOT_OF_THE_NETWORK = frozenset(
    {
        *("name", "trainable", "dtype", "data_format", "image_shape", "position_embedding_shape", "out_features"),
        *("antialias_in_interpolation", "dropout_rate", "attention_dropout", "drop_path", "drop_path_rate"),
        *("layer_scale_init_value", "use_mask_token", "apply_layernorm"),
    }
)
# What the graphs of ours are; a network of another kind is refused by its argument, and not by what it answers.
AS_OURS: Mapping[str, tuple[Any, ...]] = {
    "use_class_token": (True,),
    "use_swiglu_ffn": (False,),
    "use_gated_mlp": (False,),
    "hidden_activation": ("gelu",),
    "intermediate_activation": ("gelu_approximate",),
    "hidden_act": ("relu",),
    "use_learnable_affine_block": (False,),
    "mlp_ratio": (4, 4.0),
    "patch_norm": (True,),
}


@dataclass(frozen=True)
class Kind:
    """A class of KerasHub that can be rebuilt.

    Attributes:
        title: What people call it.
        mean, deviation: Of pixels of 0-1 for which such networks are trained, where a folder does not say it.
    """

    title: str
    mean: tuple[float, ...] = IMAGENET_MEAN
    deviation: tuple[float, ...] = IMAGENET_DEVIATION


KINDS: Mapping[str, Kind] = {
    "ViTBackbone": Kind("ViT", HALF, HALF),
    "DeiTBackbone": Kind("DeiT"),
    "DINOV2Backbone": Kind("DINOv2"),
    "DINOV3Backbone": Kind("DINOv3"),
    "SigLIPVisionEncoder": Kind("SigLIP", HALF, HALF),
    "SwinTransformerBackbone": Kind("Swin"),
    "HGNetV2Backbone": Kind("HGNetV2"),
}
WITH_TEXTS = "SigLIPBackbone"  # holds a SigLIPVisionEncoder
ALLOWED = {*KINDS, WITH_TEXTS, "SigLIPTextEncoder", "DTypePolicy", *VALUES}
POSSIBLE = f"Networks that can be used are {', '.join(kind.title for kind in KINDS.values())}."


@dataclass(frozen=True)
class Scaling:
    """By what pixels are multiplied and what is added, for each channel; `size` is that of the pictures, if known."""

    scale: tuple[float, ...]
    offset: tuple[float, ...]
    size: int | None = None


def adopt(folder: Path, described: Mapping[str, Any], keep: Path) -> Adopted:
    """Read the weights of a folder, keep them in `keep` as a preset, and say what is known of them.

    Raises:
        WeightsError: The description is of no network that can be rebuilt, or the weights do not fit it.
    """
    if "registered_name" in described:  # as KerasHub tells the layouts apart
        kind, scaling = _kind_of_kerashub(folder, described), _scaling_of_kerashub(folder)
    elif described.get("model_type") in hugging_face.CLASSES:
        kind, known = hugging_face.prepare(folder, described), hugging_face.statistics(folder)
        scaling = _from_statistics(*known) if known else None
    else:
        raise _unknown(str(described.get("model_type") or described.get("architecture") or ""))
    try:
        source = _read(folder)
        _check_numbers(source)
    except WeightsError:
        raise
    except Exception as error:  # a network of somebody else's description may fail in any way
        raise WeightsError(
            f"Weights that fit the description of a {KINDS[kind].title} are needed. Those of the folder do not: "
            f"{_first_line(error)} Take both files from one place."
        ) from error
    source.save_to_preset(str(keep), max_shard_size=None)
    return _adopted(kind, source, scaling)


def _kind_of_kerashub(folder: Path, described: Mapping[str, Any]) -> str:
    """Give the class of a description of KerasHub's, and refuse one that names other code.

    Raises:
        WeightsError: It is of another network, or names more than that.
    """
    name = str(described.get("class_name", ""))
    if name not in (*KINDS, WITH_TEXTS):
        raise _unknown(name)
    try:
        check_classes(folder / DESCRIPTION)
    except ValueError as error:
        raise WeightsError(f"{error} {POSSIBLE}") from error
    if others := [name for _, name in classes_in(described) if name not in ALLOWED]:
        raise WeightsError(f"A {DESCRIPTION} of one network is needed. It also names {others[0]}. {POSSIBLE}")
    if not (folder / WEIGHTS).is_file():
        raise WeightsError(f"One file {WEIGHTS} is needed beside {DESCRIPTION}, as KerasHub writes it. There is none.")
    return "SigLIPVisionEncoder" if name == WITH_TEXTS else name


def _unknown(name: str) -> WeightsError:
    what = f"It describes a {name}." if name else "It names none."
    return WeightsError(f"A {DESCRIPTION} that names a network is needed. {what} {POSSIBLE}")


def _read(folder: Path) -> Any:
    import keras_hub

    with warnings.catch_warnings():
        # Keras only warns about layers that the file does not fill, and leaves them as they are.
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", SWIN_WARNS, UserWarning)
        source = keras_hub.models.Backbone.from_preset(str(folder))
    return getattr(source, "vision_encoder", source)


def _check_numbers(source: Any) -> None:
    for variable in source.weights:
        if not np.isfinite(keras.ops.convert_to_numpy(variable)).all():
            raise WeightsError(
                f"Weights are finite numbers. {variable.path} holds others (NaN or infinite): the training that made "
                "them went wrong, or the file is damaged. Take another copy."
            )


def _adopted(kind: str, source: Any, scaling: Scaling | None) -> Adopted:
    architecture = {name: value for name, value in source.get_config().items() if name not in NOT_OF_THE_NETWORK}
    for name, ours in AS_OURS.items():
        if name in architecture and architecture[name] not in ours:
            raise WeightsError(
                f"A {KINDS[kind].title} whose {name} is {ours[0]!r} is needed: others cannot be rebuilt. That of the "
                f"folder is {architecture[name]!r}. Take another variant of the network."
            )
    if isinstance(patch := architecture.get("patch_size"), Sequence):
        architecture["patch_size"] = patch[0]
    height, width, channels = source.image_shape
    if height != width or channels != 3:
        raise WeightsError(
            f"A network for square pictures in colour is needed. This one takes {height} × {width} pixels of "
            f"{channels} channels. Take another variant of the network."
        )
    step, minimum, stride = _sizes(kind, architecture)
    size = int(height or USUAL_SIZE)
    if size % step:
        raise WeightsError(
            f"A network for pictures of a multiple of {step} pixels is needed. This one takes {size}. Save it for "
            "another size."
        )
    native = scaling.size if scaling and scaling.size else size
    known = scaling or _usual_scaling(kind)
    notes = () if scaling else (_assumed(kind),)
    return Adopted(
        row={
            "factory": f"keras_hub.models:{kind}",
            "architecture": architecture,
            "preprocessing": "scaled",
            "scaling": {"scale": known.scale, "offset": known.offset},
            "native_size": native if native % step == 0 and minimum <= native <= LARGEST else size,
            "minimum_size": minimum,
            "size_step": step,
            "recommendation": f"Your own weights, in a {KINDS[kind].title}.",
        },
        ends=_ends(kind, architecture),
        size=size,
        answer=_answer(kind, source, known, stride),
        notes=notes,
    )


def _sizes(kind: str, architecture: Mapping[str, Any]) -> tuple[int, int, int]:
    """Give what divides the sizes of its pictures, the smallest of these, and the pixels of one place of its map."""
    if kind == "HGNetV2Backbone":
        return 1, 32, 32
    patch = architecture["patch_size"]
    if kind == "SwinTransformerBackbone":
        stride = patch * 2 ** (len(architecture["depths"]) - 1)
        return stride * architecture["window_size"], stride * architecture["window_size"], stride
    return patch, 2 * patch, patch


def _ends(kind: str, architecture: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the last layer of each block, as the graphs of ours name them."""
    if kind == "HGNetV2Backbone":
        return ("stem", *(f"stage{number + 1}" for number in range(len(architecture["stackwise_stage_filters"]))))
    if kind == "SwinTransformerBackbone":
        return ("embedding", *(f"stage{number + 1}" for number in range(len(architecture["depths"]))), "top")
    return ("embedding", *(f"block{number + 1}" for number in range(architecture["num_layers"])), "top")


def _answer(kind: str, source: Any, scaling: Scaling, stride: int) -> Callable[[Arrays], Any]:
    """Give what KerasHub's network makes of pixels, as a map of features."""
    if kind == "SigLIPVisionEncoder":  # whose own output is pooled by attention
        source = keras.Model(source.input, source.post_layer_norm.output)

    def answer(arrays: Arrays) -> Any:
        scale, offset = (np.array(each, np.float32) for each in (scaling.scale, scaling.offset))
        prepared = np.asarray(arrays[PIXELS], np.float32) * scale + offset
        found = source(dict.fromkeys(source.input, prepared) if isinstance(source.input, dict) else prepared)
        if isinstance(found, dict):  # one map for each stage
            return np.asarray(list(found.values())[-1])
        tokens, side = np.asarray(found), prepared.shape[1] // stride
        # Before those of the patches stand the class and registers.
        return tokens[:, -side * side :].reshape(len(tokens), side, side, -1)

    return answer


# === How pixels are scaled ===


def _usual_scaling(kind: str) -> Scaling:
    return _from_statistics(KINDS[kind].mean, KINDS[kind].deviation)


def _assumed(kind: str) -> str:
    mean = ", ".join(f"{value:g}" for value in KINDS[kind].mean)
    return (
        f"The folder does not say how pixels are scaled. What is usual for {KINDS[kind].title} is taken: mean {mean} "
        "of pixels of 0 to 1."
    )


def _from_statistics(mean: Sequence[float], deviation: Sequence[float], size: int | None = None) -> Scaling:
    """Give the scaling of pixels of 0-255 that brings them to mean 0 and deviation 1."""
    scale = tuple(1 / (255 * each) for each in deviation)
    return Scaling(scale, tuple(-middle / each for middle, each in zip(mean, deviation, strict=True)), size)


def _scaling_of_kerashub(folder: Path) -> Scaling | None:
    path = folder / "image_converter.json"
    if not path.is_file():
        return None
    try:
        config = read_description(path)["config"]
        size = config.get("image_size")
        scale, offset = (_three(config.get(name), usual) for name, usual in (("scale", 1.0), ("offset", 0.0)))
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"An image_converter.json that says how pixels are scaled is needed. This one does not: {error}. Write "
            "the folder with KerasHub again, or leave the file out."
        ) from error
    return Scaling(scale, offset, size[0] if size else None)


def _three(value: Any, usual: float) -> tuple[float, ...]:
    """Give a number for each channel."""
    numbers = [usual if value is None else value] * 3 if not isinstance(value, list) else value
    if len(numbers) != 3 or not np.isfinite(numbers).all():
        raise ValueError("three numbers are needed, one for each channel")
    return tuple(float(number) for number in numbers)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{lines[0]}." if lines else f"{type(error).__name__}."
