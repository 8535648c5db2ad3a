"""What is asked of a run: every setting, its default, its range and its faults.

It knows settings. It does not know how they are carried out, nor anything of pixels or weights.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Mode = Literal["freeze", "fine-tune"]
ResizePolicy = Literal["crop", "letterbox", "stretch"]
Optimizer = Literal["adamw", "adam", "sgd"]
Balancing = Literal["none", "weights"]
Augmentation = Literal["flip_left_right", "flip_up_down", "rotate", "zoom", "shift", "brightness", "contrast"]


class Fractions(BaseModel):
    """The shares of the pictures for training, validation and test; they add up to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: float = 0.70
    val: float = 0.15
    test: float = 0.15


class TrainingConfig(BaseModel):
    """The settings of a run, as written to `config.json`.

    Attributes:
        dataset: The dataset's id.
        backbone: A key of the catalogue.
        mode: `freeze` trains the head alone; `fine-tune` also the last `blocks` blocks, after a head warm-up.
        blocks: How many blocks to unfreeze when fine-tuning, counted from the output; ignored when freezing.
        epochs: Passes over the training pictures (when fine-tuning: after the warm-up).
        image_size: Side of the square picture, pixels.
        resize: How a picture that is not square becomes one.
        head_learning_rate, fine_tune_learning_rate: Peak of the schedule.
        dropout: Share of the features that are dropped before the head, 0 to below 1.
        patience: Epochs without a better validation loss before training stops; 0 never stops early.
        balancing: `weights` counts the pictures of rare classes more.
        augment: The augmentations that are switched on.
        fractions: Used where the dataset brings no split of its own.
        seed: Of the split, the new weights, the order and the augmentations.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    dataset: str
    backbone: str = "efficientnet_lite0"
    mode: Mode = "freeze"
    blocks: int = 1
    epochs: int = 20
    image_size: int = 224
    resize: ResizePolicy = "crop"
    batch_size: int = 32
    optimizer: Optimizer = "adamw"
    head_learning_rate: float = 1e-2
    fine_tune_learning_rate: float = 1e-3
    dropout: float = 0.2
    patience: int = 5
    balancing: Balancing = "none"
    augment: tuple[Augmentation, ...] = ("flip_left_right",)
    fractions: Fractions = Fractions()
    seed: int = 0
