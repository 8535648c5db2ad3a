"""Builds the backbones whose weights KerasHub publishes, as graphs of plain Keras layers filled from its presets.

KerasHub reads the preset; its numbers are then copied into layers of ours. Its own layers hold a whole encoder each:
no cut could stand inside, and some of them cannot be loaded again by themselves. What is saved and exported needs
nothing but Keras. It does not know heads, phases or data.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import zip_longest
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.weights import PRESET_CONFIG, PRESET_PAGES
from tlcore.errors import WeightsError
from tlcore.modalities.image.keras_hgnet import hgnet
from tlcore.modalities.image.keras_swin import TOP, pairs, swin
from tlcore.modalities.image.keras_vision_transformer import (
    ATTENTION,
    EMBEDDING,
    NORM,
    Transformer,
    layers_of,
    transformer,
)
from tlcore.runs.keras_file import classes_in

Numbers = npt.NDArray[np.float32]
# Whose classes a preset may name, and what Keras calls values that JSON has no word for.
PACKAGES, VALUES = ("keras", "keras_hub"), ("__tuple__", "__numpy__", "__tensor__")
# What KerasHub's Swin says of itself whenever it is built; its own masks are meant.
SWIN_WARNS = "Layer 'attn' .* was passed an input with a mask"
HGNET, SWIN = "HGNetV2Backbone", "SwinTransformerBackbone"
OF_ATTENTION = ("query_dense", "key_dense", "value_dense", "output_dense")


@dataclass(frozen=True)
class Places:
    """Where a KerasHub class of transformers keeps its weights, as dotted names.

    Attributes:
        embedding: The layer that makes tokens of pixels; the next three are within it.
        patches: The convolution.
        tokens: The tokens before those of the patches.
        positions: A vector for each position; empty where there is none.
        blocks: A list of layers.
        norm: The last normalization.
        attention: Within a block, the layer that has the four dense ones of attention.
        parts: Within a block, all layers with weights, in the order of ours.
    """

    embedding: str
    patches: str
    tokens: tuple[str, ...]
    positions: str
    blocks: str
    norm: str
    attention: str
    parts: tuple[str, ...]


_DINO_TOKENS, _DINO = ("cls_token", "register_tokens"), ("embeddings", "patch_embeddings.projection")
PLACES: Mapping[str, Places] = {
    "ViTBackbone": Places(
        *("vit_patching_and_embedding", "patch_embedding", ("class_token",), "position_embedding.embeddings"),
        *("vit_encoder.encoder_layers", "vit_encoder.layer_norm", "mha"),
        ("layer_norm_1", "mha", "layer_norm_2", "mlp.dense_1", "mlp.dense_2"),
    ),
    "DeiTBackbone": Places(
        *("deit_patching_and_embedding", "patch_embedding", ("class_token", "distillation_token")),
        *("position_embedding", "deit_encoder.encoder_layers", "deit_encoder.layer_norm", "mha"),
        ("layer_norm_1", "mha", "layer_norm_2", "mlp.dense", "output_layer.dense"),
    ),
    "SigLIPVisionEncoder": Places(
        *("embedding", "patch_embedding", (), "position_embedding.embeddings"),
        *("encoder_layers", "post_layer_norm", "self_attn"),
        ("layer_norm1", "self_attn", "layer_norm2", "mlp.fc1", "mlp.fc2"),
    ),
    "DINOV2Backbone": Places(
        *(*_DINO, _DINO_TOKENS, "position_embeddings", "encoder.layers", "layernorm", "attention.attention"),
        ("norm1", "attention.attention", "layer_scale1", "norm2", "mlp.fc1", "mlp.fc2", "layer_scale2"),
    ),
    "DINOV3Backbone": Places(
        *(*_DINO, _DINO_TOKENS, "", "encoder.layers", "layernorm", "attention"),
        ("norm1", "attention", "layer_scale1", "norm2", "mlp.up_proj", "mlp.down_proj", "layer_scale2"),
    ),
}


def preset_graph(pixels: Any, backbone: Backbone) -> Any:
    """Build the graph from prepared pixels to the last feature map."""
    match _class_of(backbone):
        case "HGNetV2Backbone":
            return hgnet(pixels, backbone.architecture)
        case "SwinTransformerBackbone":
            return swin(pixels, backbone.architecture)
    return transformer(pixels, facts_of(backbone))


def facts_of(backbone: Backbone) -> Transformer:
    """Read the numbers of a transformer from the arguments of its KerasHub class."""
    given = backbone.architecture
    kind = _class_of(backbone)
    tokens = {"ViTBackbone": 1, "DeiTBackbone": 2, "SigLIPVisionEncoder": 0}
    dino = kind.startswith("DINO")
    return Transformer(
        patch=given["patch_size"],
        layers=given["num_layers"],
        width=given["hidden_dim"],
        heads=given["num_heads"],
        hidden=given["mlp_dim" if kind == "ViTBackbone" else "intermediate_dim"],
        prefix=1 + given["num_register_tokens"] if dino else tokens[kind],
        scaled=dino,
        approximate=kind == "SigLIPVisionEncoder",
        theta=given["rope_theta"] if kind == "DINOV3Backbone" else 0.0,
        epsilon=given["layer_norm_eps"] if kind == "DINOV3Backbone" else given.get("layer_norm_epsilon", 1e-6),
    )


def load_preset(model: keras.Model, backbone: Backbone, weights: Path) -> None:
    """Fill a model from a preset: the folder in which `weights` lies, with its `config.json`.

    Raises:
        WeightsError: The folder is none of KerasHub's, damaged, or of another network.
    """
    try:
        check_classes(weights.with_name(PRESET_CONFIG))
        import keras_hub  # here: whoever needs no preset need not wait for it

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", SWIN_WARNS, UserWarning)
            source = keras_hub.models.Backbone.from_preset(str(weights.parent))
        # SigLIP is published with the encoder of its texts.
        copy_weights(getattr(source, "vision_encoder", source), model, backbone)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        published = f"Replace it with the published one, {PRESET_PAGES}{backbone.preset}."
        way = "Remove it and add it again." if backbone.own else published
        raise WeightsError(
            f"{backbone.title} needs its preset, a folder with {PRESET_CONFIG} and {weights.name}. {weights.parent} "
            f"does not fit: {error} {way}"
        ) from error


def copy_weights(source: Any, model: keras.Model, backbone: Backbone) -> None:
    """Copy the numbers of a KerasHub backbone into a model of `preset_graph`.

    Raises:
        ValueError: They are of another network.
    """
    kind = _class_of(backbone)
    if type(source).__name__ != kind:
        raise ValueError(f"The network should be a {kind}. It is a {type(source).__name__}.")
    if kind == HGNET:
        _copy(source.weights, model.weights)
        return
    if kind == SWIN:
        _copy_swin(source, model)
        return
    facts, places = facts_of(backbone), PLACES[kind]
    blocks = _within(source, places.blocks)
    wanted, found = (facts.layers, facts.heads), (len(blocks), source.num_heads)
    if wanted != found:
        raise ValueError(f"The network should have {wanted[0]} blocks of {wanted[1]} heads. It has {found}.")
    _, rows, columns, _ = model.output.shape
    model.get_layer(EMBEDDING).set_weights(_embedding(_within(source, places.embedding), places, rows, columns))
    for number, block in enumerate(blocks, start=1):
        for given, ours in zip(_parts(block, places), layers_of(model, number, facts), strict=True):
            _copy(given.weights, ours.weights)
    _copy(_within(source, places.norm).weights, model.get_layer(NORM).weights)


def _copy_swin(source: Any, model: keras.Model) -> None:
    _copy(source.patch_embedding.proj.weights, model.get_layer("patches").weights)
    _copy(source.patch_embedding.norm.weights, model.get_layer(EMBEDDING).weights)
    for number, stage in enumerate(source.stages, start=1):
        for place, block in enumerate(stage.blocks, start=1):
            last = stage.downsample is None and place == len(stage.blocks)
            name = f"stage{number}" if last else f"stage{number}_block{place}"
            _copy_swin_attention(block.attn, model, name)
            parts = {"norm_1": block.norm1, "norm_2": block.norm2, "dense_1": block.mlp.fc1, "dense_2": block.mlp.fc2}
            for part, given in parts.items():
                _copy(given.weights, model.get_layer(f"{name}_{part}").weights)
        if stage.downsample is not None:
            _copy(stage.downsample.norm.weights, model.get_layer(f"stage{number}_norm").weights)
            _copy(stage.downsample.reduction.weights, model.get_layer(f"stage{number}").weights)
    _copy(source.norm.weights, model.get_layer(TOP).weights)


def _copy_swin_attention(given: Any, model: keras.Model, name: str) -> None:
    kernel, bias = (_numbers(each) for each in given.qkv.weights)
    kernels, biases = np.split(kernel, 3, axis=-1), np.split(bias, 3)
    for part, kernel_part, bias_part in zip(ATTENTION[:3], kernels, biases, strict=True):
        ours = model.get_layer(f"{name}_{part}")
        ours.set_weights([kernel_part.reshape(ours.kernel.shape), bias_part.reshape(ours.bias.shape)])
    _copy(given.proj.weights, model.get_layer(f"{name}_{ATTENTION[3]}").weights)
    between = _numbers(given.relative_position_bias_table)[pairs(given.win_h)]
    model.get_layer(f"{name}_position").bias.assign(np.moveaxis(between, -1, 0).reshape(-1))


def _embedding(home: Any, places: Places, rows: int, columns: int) -> list[Numbers]:
    """Give the kernel that makes a token of a patch, and what is added to each token, `(tokens, width)`."""
    convolution = _within(home, places.patches)
    kernel, bias = (_numbers(each) for each in convolution.weights)
    tokens = [_numbers(getattr(home, name)).reshape(-1, len(bias)) for name in places.tokens if hasattr(home, name)]
    prefix = np.concatenate([np.zeros((0, len(bias)), np.float32), *tokens])
    patches = np.tile(bias, (rows * columns, 1))
    if places.positions:
        positions = _numbers(_within(home, places.positions)).reshape(-1, len(bias))
        side = math.isqrt(len(positions))
        lead = len(positions) - side * side  # registers have no position
        prefix[:lead] += positions[:lead]
        patches += _resized(positions[lead:].reshape(side, side, -1), rows, columns)
    return [kernel.reshape(-1, len(bias)), np.concatenate([prefix, patches])]


def _resized(positions: Numbers, rows: int, columns: int) -> Numbers:
    """Bring the vectors of a grid of positions to a grid of another size, `(rows * columns, width)`."""
    if positions.shape[:2] != (rows, columns):
        # As DINOv2 itself does it for pictures of another size.
        positions = _numbers(keras.ops.image.resize(positions, (rows, columns), interpolation="bicubic"))
    return positions.reshape(rows * columns, -1)


def _parts(block: Any, places: Places) -> list[Any]:
    """List the layers of a block that have weights, those of attention one after the other."""
    parts = [(_within(block, part), part == places.attention) for part in places.parts]
    return [
        layer
        for part, is_attention in parts
        for layer in ([getattr(part, name) for name in OF_ATTENTION] if is_attention else [part])
    ]


def _within(home: Any, place: str) -> Any:
    """Find what a dotted name says, by attribute or, in a model, by the name of a layer."""

    def step(each: Any, name: str) -> Any:
        return getattr(each, name) if hasattr(each, name) else each.get_layer(name)

    return reduce(step, place.split("."), home)


def _copy(given: Sequence[Any], ours: Sequence[Any]) -> None:
    """Copy variables one by one, in another shape where the same numbers stand in the same order.

    Where a bias of ours is missing there, it is 0: DINOv3's keys have none.
    """
    for theirs, variable in zip_longest(given, ours):
        if variable is None:
            raise ValueError(f"It has more weights than are needed, such as {theirs.path}.")
        variable.assign(np.zeros(variable.shape) if theirs is None else _numbers(theirs).reshape(variable.shape))


def _numbers(variable: Any) -> Numbers:
    return np.asarray(keras.ops.convert_to_numpy(variable)).astype(np.float32)


def check_classes(config: Path) -> None:
    """Refuse a description that names code of others before anything of it is built.

    Raises:
        ValueError: It does, or is no JSON.
    """
    described = json.loads(config.read_text(encoding="utf-8"))
    named = ((module, name) for module, name in classes_in(described) if name not in VALUES)
    foreign = [f"{module}.{name}" for module, name in named if module.split(".")[0] not in PACKAGES]
    if foreign:
        raise ValueError(f"Classes of Keras and KerasHub are needed. {config.name} names {foreign[0]}.")


def _class_of(backbone: Backbone) -> str:
    return backbone.factory.partition(":")[2]
