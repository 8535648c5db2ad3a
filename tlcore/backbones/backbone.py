"""The facts about a backbone that are known before it is built.

It knows facts: names, sizes, sources, blocks. It does not know Keras: the factory is named by text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from tlcore.errors import Problem
from tlcore.modalities import BEFORE, InputSettings, find_modality
from tlcore.tasks import TASKS

PRESET = "kaggle://"


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
        modality: What an item is; its folder has the row.
        tasks: What it can be trained for.
        factory: `package.module:callable`, called as `keras_build` of the modality says.
        architecture: The arguments of the factory, where its name alone does not say which network it makes.
        preprocessing: How an item's arrays become what the network was trained on, in the words of `keras_build`.
        scaling: Where that is `scaled`: by what each channel is multiplied (`scale`), and what is added (`offset`).
        native_size, minimum_size: Of an item's input, in the unit of the modality.
        size_step: Sizes that it takes are multiples of it, such as the side of a patch.
        parameters: Weights without the head that it was trained with.
        feature_length: Channels of the last feature map, the length of the pooled feature.
        multiplications: Billions for an item of the native size, as published; counted where nobody published them
            for that size.
        batch_normalization: Whether it has such layers; without them it follows large learning rates worse.
        published: Its published accuracy, share; None where there is none that can be named.
        published_kind: What that is the accuracy of, such as `ImageNet`.
        published_source: Who published it.
        blocks: From the input to the output. A cut stands at the input (0) or after a block (1 … len(blocks)).
            A backbone that can be cut only at its ends has one block.
        pretrained_on: The items from which its weights were learned.
        recommendation: One sentence that helps a person choose.
        weights_file: The published file name (without the head); of a preset of KerasHub with its folder.
        weights_url: Where Keras fetches it from, or the handle of a preset, `kaggle://…`; empty where a package brings
            it.
        weights_hash: The MD5 or SHA-256 that Keras lists, in hexadecimal; empty where it lists none.
        weights_package: The installed package that brings the file; empty where none does.
        download_megabytes: Size of the weights file, in units of 10^6 bytes.
        source: Where weights that a person added came from; empty for the rows that Graft brings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    title: str
    modality: str = BEFORE
    tasks: tuple[str, ...] = tuple(TASKS)
    factory: str
    architecture: Mapping[str, Any] = {}
    preprocessing: str
    scaling: Mapping[str, tuple[float, ...]] = {}
    native_size: int
    minimum_size: int
    size_step: int = 1
    parameters: int
    feature_length: int
    multiplications: float = 2.9
    batch_normalization: bool = True
    published: float | None = None
    published_kind: str = ""
    published_source: str = ""
    pretrained_on: str = "ImageNet"
    licence: str
    recommendation: str
    weights_file: str
    weights_url: str = ""
    weights_hash: str = ""
    weights_package: str = ""
    download_megabytes: float
    source: str = ""
    blocks: tuple[Block, ...]

    @property
    def preset(self) -> str:
        """The handle of KerasHub's preset; empty where the weights are no preset."""
        return self.weights_url.removeprefix(PRESET) if self.weights_url.startswith(PRESET) else ""

    @property
    def own(self) -> bool:
        """Whether a person added the weights."""
        return bool(self.source)

    @property
    def origin(self) -> str:
        """Say where the weights come from, to follow the name of the backbone."""
        return f"with weights from {self.source}" if self.own else f"pretrained on {self.pretrained_on}"

    @property
    def native_input(self) -> InputSettings:
        """The input settings that it was made for."""
        modality = find_modality(self.modality)
        return modality.settings.model_validate(modality.made_for(self.native_size))

    def faults(self, input: InputSettings) -> list[Problem]:
        """Find what it cannot take of the input settings."""
        return input.problems(title=self.title, native=self.native_size, minimum=self.minimum_size, step=self.size_step)

    def trained_parameters(self, unfrozen_blocks: int) -> int:
        """The number of weights in the last `unfrozen_blocks` blocks."""
        return sum(block.parameters for block in self.blocks[len(self.blocks) - unfrozen_blocks :])
