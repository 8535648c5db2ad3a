"""Folders of weights as Hugging Face's transformers write them, of small networks of KerasHub.

The names, the shapes and the descriptions are those of transformers, written by hand: no converter of KerasHub has a
part in it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tests.training.tiny_presets import ARCHITECTURES, SIZE
from tlcore.modalities.image.keras_build import IMAGENET_DEVIATION, IMAGENET_MEAN
from tlcore.modalities.image.keras_presets import PLACES, _parts, _within

Tensors = dict[str, np.ndarray]
ATTENTION = tuple(f"attention.attention.{name}" for name in ("query", "key", "value"))
VIT = (
    "layernorm_before",
    *ATTENTION,
    "attention.output.dense",
    "layernorm_after",
    "intermediate.dense",
    "output.dense",
)
DINOV2 = (
    *("norm1", *ATTENTION, "attention.output.dense", "layer_scale1"),
    *("norm2", "mlp.fc1", "mlp.fc2", "layer_scale2"),
)
DINOV3 = (
    *("norm1", *(f"attention.{name}_proj" for name in "qkvo"), "layer_scale1"),
    *("norm2", "mlp.up_proj", "mlp.down_proj", "layer_scale2"),
)
# The `model_type`, what stands before a block's number, the names within a block, and the last normalization.
NAMES: dict[str, tuple[str, str, tuple[str, ...], str]] = {
    "ViTBackbone": ("vit", "encoder.layer.", VIT, "layernorm"),
    "DeiTBackbone": ("deit", "encoder.layer.", VIT, "layernorm"),
    "DINOV2Backbone": ("dinov2_with_registers", "encoder.layer.", DINOV2, "layernorm"),
    "DINOV3Backbone": ("dinov3_vit", "layer.", DINOV3, "norm"),
}
SWIN = "SwinTransformerBackbone"
KINDS = (*NAMES, SWIN)


def write_folder(folder: Path, kind: str, network: Any, *, before: str = "") -> Path:
    """Write a network; `before` stands before the name of each tensor, as the task's name does."""
    folder.mkdir()
    tensors = swin(network) if kind == SWIN else transformer(kind, network)
    named = {f"{before}{name}": np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    save_file({**named, "classifier.weight": np.zeros((2, 16), np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(described(kind)))
    said = {"do_normalize": True, "image_mean": IMAGENET_MEAN, "image_std": IMAGENET_DEVIATION}
    size = {"height": SIZE, "width": SIZE}
    (folder / "preprocessor_config.json").write_text(json.dumps({**said, "size": size}))
    return folder


def described(kind: str) -> dict[str, Any]:
    """Give the description of a small network."""
    given = ARCHITECTURES[kind]
    both = {"architectures": ["AnyForImageClassification"], "image_size": SIZE, "patch_size": given["patch_size"]}
    both |= {"hidden_act": "gelu", "id2label": {"0": "healthy", "1": "ill"}}
    if kind == SWIN:
        of_swin = {name: given[name] for name in ("embed_dim", "depths", "num_heads", "window_size")}
        return {**both, **of_swin, "model_type": "swin", "mlp_ratio": 4.0, "qkv_bias": True}
    found = {
        **both,
        "model_type": NAMES[kind][0],
        "num_hidden_layers": given["num_layers"],
        "num_attention_heads": given["num_heads"],
        "hidden_size": given["hidden_dim"],
        "intermediate_size": given.get("mlp_dim") or given["intermediate_dim"],
        "layer_norm_eps": given.get("layer_norm_eps", 1e-6),
    }
    if kind == "DINOV2Backbone":
        found |= {"mlp_ratio": given["intermediate_dim"] / given["hidden_dim"], "num_register_tokens": 2}
    if kind == "DINOV3Backbone":
        biases = {f"{name}_bias": name != "key" for name in ("query", "key", "value", "proj", "mlp")}
        found |= {**biases, "rope_theta": given["rope_theta"], "num_register_tokens": 2}
    return found


def transformer(kind: str, network: Any) -> Tensors:
    """Give the tensors of a vision transformer."""
    _, start, names, norm = NAMES[kind]
    places = PLACES[kind]
    home = _within(network, places.embedding)
    convolution = _within(home, places.patches)
    patches = "embeddings.patch_embeddings" + ("" if kind == "DINOV3Backbone" else ".projection")
    tensors = of_convolution(convolution, patches)
    tokens = {"class_token": "cls_token"}
    for place in (*places.tokens, "mask_token"):
        if hasattr(home, place):
            tensors[f"embeddings.{tokens.get(place, place)}"] = np.array(getattr(home, place))
    if places.positions:
        width = network.hidden_dim
        positions = np.array(_within(home, places.positions)).reshape(1, -1, width)
        tensors["embeddings.position_embeddings"] = positions
    for number, block in enumerate(_within(network, places.blocks)):
        for name, layer in zip(names, _parts(block, places), strict=True):
            tensors |= of_layer(layer, f"{start}{number}.{name}", network.hidden_dim)
    return tensors | of_layer(_within(network, places.norm), norm, network.hidden_dim)


def swin(network: Any) -> Tensors:
    """Give the tensors of a Swin transformer."""
    tensors = of_convolution(network.patch_embedding.proj, "embeddings.patch_embeddings.projection")
    tensors |= of_layer(network.patch_embedding.norm, "embeddings.norm")
    for stage_number, stage in enumerate(network.stages):
        home = f"encoder.layers.{stage_number}"
        for number, block in enumerate(stage.blocks):
            at = f"{home}.blocks.{number}"
            kernels, biases = (
                np.split(np.array(block.attn.qkv.kernel), 3, 1),
                np.split(np.array(block.attn.qkv.bias), 3),
            )
            for name, kernel, bias in zip(("query", "key", "value"), kernels, biases, strict=True):
                tensors[f"{at}.attention.self.{name}.weight"] = kernel.T
                tensors[f"{at}.attention.self.{name}.bias"] = bias
            table = np.array(block.attn.relative_position_bias_table)
            tensors[f"{at}.attention.self.relative_position_bias_table"] = table
            tensors |= of_layer(block.attn.proj, f"{at}.attention.output.dense")
            tensors |= of_layer(block.norm1, f"{at}.layernorm_before") | of_layer(block.norm2, f"{at}.layernorm_after")
            tensors |= of_layer(block.mlp.fc1, f"{at}.intermediate.dense")
            tensors |= of_layer(block.mlp.fc2, f"{at}.output.dense")
        if stage.downsample is not None:
            tensors[f"{home}.downsample.reduction.weight"] = np.array(stage.downsample.reduction.kernel).T
            tensors |= of_layer(stage.downsample.norm, f"{home}.downsample.norm")
    return tensors | of_layer(network.norm, "layernorm")


def of_convolution(layer: Any, name: str) -> Tensors:
    """Give a convolution's tensors in the order of PyTorch: to, from, rows, columns."""
    return {f"{name}.weight": np.array(layer.kernel).transpose(3, 2, 0, 1), f"{name}.bias": np.array(layer.bias)}


def of_layer(layer: Any, name: str, width: int = 0) -> Tensors:
    """Give a layer's tensors; dense layers of attention are flat in PyTorch."""
    if hasattr(layer, "gamma"):
        return {f"{name}.weight": np.array(layer.gamma), f"{name}.bias": np.array(layer.beta)}
    if hasattr(layer, "lambda1"):
        return {f"{name}.lambda1": np.array(layer.lambda1)}
    kernel = np.array(layer.kernel)
    if kernel.ndim == 3:
        kernel = kernel.reshape(width, -1) if kernel.shape[0] == width else kernel.reshape(-1, width)
    bias = {} if layer.bias is None else {f"{name}.bias": np.array(layer.bias).reshape(-1)}
    return {f"{name}.weight": kernel.T, **bias}
