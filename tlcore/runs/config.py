"""What is asked of a run: every setting, its default, its range and its faults.

It knows settings. It does not know how they are carried out, nor anything of pixels or weights.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Mode = Literal["freeze", "fine-tune"]
ResizePolicy = Literal["crop", "letterbox", "stretch"]
Optimizer = Literal["adamw", "adam", "sgd"]
Balancing = Literal["none", "weights", "sampling"]
Head = Literal["trained", "logistic", "both"]
TargetMetric = Literal["loss", "accuracy", "balanced_accuracy", "macro_f1"]
Precision = Literal["auto", "float32"]
Augmentation = Literal["flip_left_right", "flip_up_down", "rotate", "zoom", "shift", "brightness", "contrast", "erase"]


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
        start: What the training begins with: a run's id, or the path of a `.keras` file that a Graft exported. None is
            the pretrained weights and a new head.
        mode: `freeze` trains the head alone; `fine-tune` also the last `blocks` blocks, after a head warm-up.
        blocks: How many blocks to unfreeze when fine-tuning, counted from the output; ignored when freezing.
        epochs: Passes over the training pictures (when fine-tuning: after the warm-up).
        image_size: Side of the square picture, pixels.
        resize: How a picture that is not square becomes one.
        head: `trained` follows gradients; `logistic` is the regularised logistic regression, solved exactly; `both`
            trains on from that solution and keeps whichever is better on the validation pictures.
        head_learning_rate, fine_tune_learning_rate: Peak of the schedule.
        weight_decay: Of AdamW, for each step and unit of the learning rate.
        layer_decay: Each block below the last learns at this multiple of the rate of the block above it; 1 is off.
        gradual: Whether the cut moves down block by block, each time that validation stops improving.
        dropout: Share of the features that are dropped before the head, 0 to below 1.
        ema: Momentum of the moving average of the weights that is judged and kept; 0 is off.
        target_metric: Of the validation pictures; chooses the best epoch.
        patience: Epochs without a better target metric before training stops; 0 never stops early.
        balancing: `weights` counts the pictures of rare classes more, `sampling` shows them more often.
        augment: The augmentations that are switched on.
        views: Cached views of each training picture; None chooses.
        label_smoothing: Share of the answer that is spread over all classes, 0 to below 1.
        mixup, cutmix: Strength of mixing two pictures, the alpha of its beta distribution; 0 is off.
        precision: `auto` computes in lower precision where that is measured to be faster and as good.
        fractions: The first run of a dataset draws its split with them. Later ones keep the test part, which is
            locked, and divide the rest in the proportion of the first two. A split that the dataset brings is kept.
        seed: Of the new weights, the order, the augmentations and the split, but for a test part that is locked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    dataset: str
    backbone: str = "efficientnet_lite0"
    start: str | None = None
    mode: Mode = "freeze"
    blocks: int = 1
    epochs: int = 20
    image_size: int = 224
    resize: ResizePolicy = "crop"
    head: Head = "trained"
    batch_size: int = 32
    optimizer: Optimizer = "adamw"
    head_learning_rate: float = 1e-2
    fine_tune_learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    layer_decay: float = 1.0
    gradual: bool = False
    dropout: float = 0.2
    ema: float = 0.0
    target_metric: TargetMetric = "loss"
    patience: int = 5
    balancing: Balancing = "none"
    augment: tuple[Augmentation, ...] = ("flip_left_right",)
    views: int | None = None
    label_smoothing: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    precision: Precision = "auto"
    fractions: Fractions = Fractions()
    seed: int = 0

    @property
    def learns_from_validation(self) -> bool:
        """Whether the head that is kept has learnt from the validation pictures, too.

        Where the exact head is the whole training, they are left nothing to choose, and few pictures are missed.
        """
        return self.head == "logistic" and self.mode == "freeze"
