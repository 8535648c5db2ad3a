"""Rows as the catalogue has them for KerasHub's families, of networks so small that a test can build them."""

from __future__ import annotations

from typing import Any

from tlcore.backbones.backbone import Backbone, Block

SIZE = 32
VIT = {"num_layers": 2, "num_heads": 2, "hidden_dim": 16}
DINO = {**VIT, "intermediate_dim": 24, "patch_size": 8, "num_register_tokens": 2}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "ViTBackbone": {**VIT, "patch_size": 8, "mlp_dim": 24},
    "DeiTBackbone": {**VIT, "patch_size": 8, "intermediate_dim": 24},
    "SigLIPVisionEncoder": {**VIT, "patch_size": 8, "intermediate_dim": 24},
    "DINOV2Backbone": DINO,
    "DINOV3Backbone": {**DINO, "rope_theta": 100.0, "use_key_bias": False, "layer_norm_eps": 1e-5},
    "SwinTransformerBackbone": {
        "patch_size": 2,
        "window_size": 4,
        "embed_dim": 8,
        "depths": [2, 2],
        "num_heads": [2, 4],
    },
    "HGNetV2Backbone": {
        "depths": [1, 2],
        "embedding_size": 16,
        "hidden_sizes": [48, 64],
        "stem_channels": [3, 16, 16],
        "hidden_act": "relu",
        "use_learnable_affine_block": False,
        "stackwise_stage_filters": [[16, 16, 48, 1, 2, 3], [48, 24, 64, 2, 2, 5]],
        "apply_downsample": [False, True],
        "use_lightweight_conv_block": [False, True],
    },
}


def tiny_preset(kind: str) -> Backbone:
    """Describe a small network of a KerasHub class."""
    architecture = ARCHITECTURES[kind]
    convolutional = kind == "HGNetV2Backbone"
    ends = {
        "HGNetV2Backbone": ("stem", "stage1", "stage2"),
        "SwinTransformerBackbone": ("embedding", "stage1", "stage2", "top"),
    }.get(kind, ("embedding", "block1", "block2", "top"))
    return Backbone(
        key=f"tiny_{kind.lower()}",
        title=f"Tiny {kind}",
        factory=f"keras_hub.models:{kind}",
        architecture=architecture,
        preprocessing="torch",
        native_size=SIZE,
        minimum_size=SIZE,
        size_step={"HGNetV2Backbone": 1, "SwinTransformerBackbone": 16}.get(kind, 8),
        parameters=0,
        feature_length=64 if convolutional else 16,
        batch_normalization=convolutional,
        licence="Apache-2.0",
        recommendation="For tests.",
        weights_file=f"tiny_{kind.lower()}/model.weights.h5",
        weights_url="kaggle://keras/tiny/keras/tiny/1",
        download_megabytes=0.1,
        blocks=tuple(Block(name=end, last_layer=end, parameters=0) for end in ends),
    )
