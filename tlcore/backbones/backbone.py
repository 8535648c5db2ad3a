"""The facts about a backbone that are known before it is built.

It knows facts: names, sizes, sources, blocks. It does not know Keras: the factory is named by text.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Preprocessing = Literal["built_in", "tf", "torch", "caffe", "lite"]


class Block(BaseModel):
    """A stretch of layers that is frozen or trained as a whole.

    Attributes:
        name: What a person reads on the slider, such as `block 5` or `stage 3`.
        last_layer: The name of the Keras layer whose single output ends the block.
        parameters: The number of weights in the block, BatchNormalization statistics included.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    last_layer: str
    parameters: int


class Backbone(BaseModel):
    """One entry of the catalogue.

    Attributes:
        key: Snake case, stable: `efficientnet_lite0`.
        modality: The key of the modality whose items it takes.
        factory: `package.module:callable`, called with `weights=None, include_top=False, input_tensor=…`.
        preprocessing: How pixels of 0–255 become what the network was trained on; `built_in` means it does so itself.
        native_size, minimum_size: Side of the square input, pixels.
        parameters: Weights without the ImageNet head.
        feature_length: Channels of the last feature map, the length of the pooled feature.
        imagenet_top1: Accuracy on ImageNet's validation items, share; its source is `imagenet_source`.
        blocks: From the input to the output. A cut stands at the input (0) or after a block (1 … len(blocks)).
            A backbone that can be cut only at its ends has one block.
        recommendation: One sentence that helps a person choose.
        weights_file: The published file name (without the ImageNet head).
        weights_url: Where Keras fetches it from; empty where a package brings it.
        weights_hash: The MD5 or SHA-256 that Keras lists, in hexadecimal; empty where it lists none.
        weights_package: The installed package that brings the file; empty where none does.
        download_megabytes: Size of the weights file, in units of 10^6 bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    modality: str = "image"
    title: str
    factory: str
    preprocessing: Preprocessing
    native_size: int
    minimum_size: int
    parameters: int
    feature_length: int
    imagenet_top1: float
    imagenet_source: str
    licence: str
    recommendation: str
    weights_file: str
    weights_url: str = ""
    weights_hash: str = ""
    weights_package: str = ""
    download_megabytes: float
    blocks: tuple[Block, ...]

    def trained_parameters(self, unfrozen_blocks: int) -> int:
        """The number of weights in the last `unfrozen_blocks` blocks."""
        return sum(block.parameters for block in self.blocks[len(self.blocks) - unfrozen_blocks :])
