"""The pictures' part of the script that trains a model again: how they are read, augmented, mixed and preprocessed.

It knows settings and writes text; it needs no backend. The way from a file to pixels and the augmentations are Graft's
own functions, word for word.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tlcore.backbones.backbone import Backbone
from tlcore.export.script_parts import ItemScript, pieces_of
from tlcore.modalities.image import augment
from tlcore.modalities.image.standalone import definitions
from tlcore.modalities.image.value_range import range_of
from tlcore.modalities.image.views import FLIPS
from tlcore.runs.config import TrainingConfig
from tlcore.runs.run import Run

AVERAGE = "layers.GlobalAveragePooling2D"
TEXTS = (Path(__file__).with_name("train.py.txt"),)
PREPROCESSING = {
    "built_in": "pixels",
    "tf": "layers.Rescaling(1 / 127.5, offset=-1.0)(pixels)",
    "torch": (
        "layers.Rescaling([1 / (255 * d) for d in (0.229, 0.224, 0.225)], "
        "offset=[-m / d for m, d in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])(pixels)"
    ),
    "caffe": (
        "layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68])(keras.ops.take(pixels, [2, 1, 0], axis=-1))"
    ),
}
IMPORTS = {
    "Reading": (
        *("import math", "import warnings", "import zlib", "from functools import cache", "from io import BytesIO"),
        *(
            "from typing import Any, BinaryIO, Literal, TypeAlias",
            "from numpy.typing import NDArray",
            "from PIL import Image",
        ),
    ),
    "Lite": ("import importlib.resources", "import pickletools", "import struct"),
    "Augmentation": ("from collections.abc import Collection",),
}


def pieces(config: TrainingConfig, backbone: Backbone) -> Mapping[str, str]:
    """Choose the pieces that a run needs."""
    only_flips = set(config.augment) <= set(FLIPS)
    asked = {
        "Reading": True,
        "Flips": bool(config.augment) and only_flips,
        "Augmentation": not only_flips,
        "Views": bool(config.augment) and (config.views or 1) > 1,
        "Lite": backbone.preprocessing == "lite",
        "Application": backbone.preprocessing != "lite",
        "Mixing": bool(config.mixup or config.cutmix),
        "Statistics": config.features == "every",
    }
    known = {**pieces_of(TEXTS), "Augmentation": _augmentation()}
    return {title: known[title] for title, wanted in asked.items() if wanted}


def imports(titles: Collection[str], backbone: Backbone) -> Sequence[str]:
    """List the imports of some pieces."""
    module, _, name = backbone.factory.partition(":")
    return [
        *(line for title in titles for line in IMPORTS.get(title, ())),
        *([f"from {module} import {name}"] if "Application" in titles else []),
    ]


def gaps(config: TrainingConfig, backbone: Backbone) -> Mapping[str, str]:
    """Give the text for each gap."""
    return {
        "way": definitions().strip(),
        "weights_file": backbone.weights_file,
        "factory": backbone.factory.partition(":")[2],
        "preprocess": PREPROCESSING.get(backbone.preprocessing, ""),
        "input": "pixels",
        "shape": "(SIZE, SIZE, 3)",
        "dtype": "np.uint8",
        "pool": "statistics(body)" if config.features == "every" else f'{AVERAGE}(name="pooled")(body.output)',
    }


def settings(run: Run) -> Mapping[str, Any]:
    """Name the settings that only pictures have."""
    return {
        "SIZE": run.config.input.size,
        "RESIZE": run.config.input.resize,
        "VALUE_RANGE": range_of(run.dataset.reading),
    }


def _augmentation() -> str:
    functions = (augment.augment, augment._move, augment._lighten, augment._erase)
    constants = ("NAMES", "MOST_DEGREES", "MOST_ZOOM", "MOST_SHIFT", "MOST_LIGHT", "ERASED_AREA", "ERASED_ASPECT")
    told = [f"{each} = {getattr(augment, each)!r}" for each in constants]
    return "\n\n\n".join(["\n".join(told), *(inspect.getsource(each) for each in functions)]).strip("\n") + "\n"


SCRIPT = ItemScript(pieces, imports, ("pillow",), gaps, settings)
