"""Every setting as a person meets it: its name, its help, the words for its choices. `settings` draws them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pages.components import words
from tlcore.runs.config import Augmentation, Fractions

AUGMENTATIONS: dict[Augmentation, tuple[str, str]] = {
    "flip_left_right": ("Flip left-right", "Good for most things; not for text or for left and right hands."),
    "flip_up_down": ("Flip up-down", "For pictures from above, such as surfaces or satellites; not for people."),
    "rotate": ("Rotate", "For things that lie in any direction."),
    "zoom": ("Zoom", "For things that are near in one picture and far in another."),
    "shift": ("Shift", "For things that are not always in the middle."),
    "brightness": ("Brightness", "For light that changes; not where the brightness is what tells classes apart."),
    "contrast": ("Contrast", "For different cameras and weather."),
    "erase": ("Erase a piece", "For things that are often partly hidden."),
}


@dataclass(frozen=True)
class Field:
    """How a setting is asked for.

    Attributes:
        step, digits: Of a number; with `digits`, as many are shown after the point.
        choices: The words for each value, where there is a choice.
        empty: What an empty field stands for; nothing where that is the recommended value.
    """

    label: str
    help: str
    step: float = 1
    digits: int = 0
    choices: dict[Any, str] = field(default_factory=dict)
    empty: str = ""

    @property
    def format(self) -> str | None:
        return f"%.{self.digits}f" if self.digits else None

    def said(self, value: Any) -> str:
        """A value in the words of the field."""
        if value is None:
            return self.empty
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, Fractions):
            return " / ".join(f"{100 * share:.0f}" for share in (value.train, value.val, value.test))
        if isinstance(value, tuple):
            return ", ".join(AUGMENTATIONS[name][0].lower() for name in value) or "none"
        if value in self.choices:
            return self.choices[value].partition(":")[0]
        return words.count(value) if isinstance(value, int) else f"{value:g}"


FIELDS: dict[str, Field] = {
    "mode": Field("Mode", "", choices={"freeze": "freeze", "fine-tune": "fine-tune"}),
    "blocks": Field("Blocks to unfreeze", ""),
    "augment": Field("Augmentation", ""),
    "fractions": Field("Split (%)", ""),
    "epochs": Field("Epochs", "How often every training picture is looked at. It stops early by itself."),
    "image_size": Field("Image size (pixels)", "Larger shows more detail and takes longer.", step=32),
    "head": Field(
        "Head",
        "The new last layer. The exact solution is a regularised logistic regression: for few pictures the surest, and "
        "found in about a second. A trained head follows gradients and sees augmented pictures.",
        choices={"trained": "trained", "logistic": "exact solution", "both": "both: the better one in validation"},
    ),
    "dropout": Field("Dropout", "Share of the features that is hidden from the head at random.", step=0.05, digits=2),
    "gradual": Field(
        "Unfreeze block by block", "The cut moves down each time that validation stops improving, to the chosen depth."
    ),
    "batch_size": Field("Batch size", "Pictures per step. Smaller ones need less memory.", step=8),
    "optimizer": Field(
        "Optimizer",
        "How the weights follow the slope of the loss.",
        choices={"adamw": "AdamW", "adam": "Adam", "sgd": "SGD with momentum"},
    ),
    "head_learning_rate": Field(
        "Learning rate of the head",
        "The largest step; it warms up to it and then falls along a cosine.",
        step=1e-4,
        digits=5,
    ),
    "fine_tune_learning_rate": Field(
        "Learning rate when fine-tuning",
        "Smaller than the head's, so that what was learned on ImageNet is not washed away.",
        step=1e-5,
        digits=6,
    ),
    "layer_decay": Field(
        "Layer decay",
        "Each block learns at this multiple of the rate of the block above it, as early blocks need to change less; "
        "1 is off.",
        step=0.05,
        digits=2,
    ),
    "weight_decay": Field("Weight decay", "Pulls the weights towards zero, as AdamW does.", step=1e-4, digits=5),
    "ema": Field(
        "Average of the weights",
        "Momentum of a moving average of the weights, which is what is judged and kept; 0 is off, 0.99 is usual.",
        step=0.01,
        digits=3,
    ),
    "resize": Field(
        "Resize",
        "How a picture becomes a square.",
        choices={
            "crop": "crop: the middle square",
            "letterbox": "letterbox: everything, with bars",
            "stretch": "stretch: everything, squeezed",
        },
    ),
    "views": Field(
        "Cached views",
        "How many augmented versions of each picture are computed once where blocks are frozen. Left empty, their "
        "number is chosen from the augmentations, the disk and the time.",
        empty="chosen",
    ),
    "mixup": Field(
        "MixUp", "Mixes two pictures and their answers; the larger, the more evenly. 0 is off.", step=0.1, digits=2
    ),
    "cutmix": Field(
        "CutMix",
        "Pastes a piece of one picture into another and mixes their answers by its area; needs unfrozen blocks. "
        "0 is off, 1 is usual.",
        step=0.1,
        digits=2,
    ),
    "label_smoothing": Field(
        "Label smoothing",
        "Share of each answer that is spread over all classes: for labels that may be wrong. 0 is off.",
        step=0.05,
        digits=2,
    ),
    "target_metric": Field(
        "Best epoch by",
        "What is measured on the validation pictures after each epoch; the best epoch's weights are kept.",
        choices={
            "loss": "loss",
            "accuracy": "accuracy",
            "balanced_accuracy": "balanced accuracy: every class counts the same",
            "macro_f1": "macro F1: every class counts the same",
        },
    ),
    "patience": Field("Patience", "Epochs without a better validation before it stops; 0: never."),
    "balancing": Field(
        "Class balancing",
        "For datasets with rare classes.",
        choices={
            "none": "every picture counts the same",
            "weights": "rare classes count more",
            "sampling": "rare classes are shown more often",
        },
    ),
    "precision": Field(
        "Precision",
        "Lower precision is used only where it is measured to be faster on this machine and as good.",
        choices={"auto": "as measured", "float32": "always float32"},
    ),
    "seed": Field("Seed", "The same seed gives the same split, the same start and the same order."),
}

# What a beginner need not know, as it stands on the page.
ADVANCED: dict[str, tuple[str, ...]] = {
    "Head and depth": ("head", "dropout", "gradual"),
    "Steps": (
        "head_learning_rate",
        "fine_tune_learning_rate",
        "batch_size",
        "optimizer",
        "weight_decay",
        "layer_decay",
        "ema",
    ),
    "What is seen": ("resize", "views", "mixup", "cutmix", "label_smoothing"),
    "What counts": ("target_metric", "patience", "balancing"),
    "Machine and chance": ("precision", "seed"),
}
