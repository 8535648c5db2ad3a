"""Creates a run: checks the settings, takes the split of the dataset and writes both to the run folder.

It knows what must be in a run folder before a worker may start. It does not start one.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import pandas as pd

from tlcore.data.dataset import Dataset
from tlcore.data.split.locked import MOST_SAID, parts_for_run
from tlcore.disk import expanded, fault_of
from tlcore.errors import ConfigError, Problem, RunError
from tlcore.files import remove_tree, replacing, write_json
from tlcore.modalities import Noun, find_modality
from tlcore.runs.config import TrainingConfig
from tlcore.runs.initial_weights import find_start, keep_sides, says_begun, write_start
from tlcore.runs.metadata import RunDataset
from tlcore.runs.problems import problems
from tlcore.runs.run import Run
from tlcore.tasks import Task, find_task
from tlcore.workspace import Workspace, fresh_id

OTHER_GREYS = (
    "'{}' was trained with another range of values: pictures of more than 8 bits now have other greys than in its "
    "training."
)


def create_run(
    workspace: Workspace, dataset: Dataset, config: TrainingConfig, out: Path | None = None, *, trial: bool = False
) -> Run:
    """Make the folder of a new run, in the workspace or at `out`, where the workspace then has a link to it.

    The first run of a dataset draws its test part, which is then locked; a `trial`, of which nothing is kept, does not.

    Raises:
        ConfigError: The settings do not fit; every fault has its field.
        RunError: `out` is not a new or empty folder.
    """
    faults = problems(config, dataset)
    if faults:
        raise ConfigError(faults)
    shares = config.fractions
    drawn = parts_for_run(
        dataset, train=shares.train, val=shares.val, test=shares.test, seed=config.seed, keep=not trial
    )
    # Found beside the items: a trial has a workspace of its own.
    start = find_start(Workspace(dataset.path.parents[1]), config.start, dataset) if config.start else None
    table, kept = keep_sides(start, drawn.table) if start else (drawn.table, ())
    begun = (says_begun(start.about, dataset.info.classes), *start.notes) if start else ()
    if start and start.run and _is_read_otherwise(start.run.dataset, dataset):
        begun += (OTHER_GREYS.format(start.run.name),)
    faults = _lacking(table, find_task(dataset.info.task), find_modality(dataset.info.modality).noun)
    if faults:
        raise ConfigError(faults)

    path = workspace.runs / fresh_id(config.backbone)
    home = path if out is None else _fresh_folder(out)
    home.parent.mkdir(parents=True, exist_ok=True)
    # Made beside and renamed: nobody sees half a run.
    making = home.with_name(f".making-{path.name}-{secrets.token_hex(2)}")
    try:
        making.mkdir()
        info = dataset.info
        about = RunDataset(
            id=info.id,
            name=info.name,
            classes=info.classes,
            task=info.task,
            value_name=info.value_name,
            unit=info.unit,
            version=info.version,
            fingerprint=info.fingerprint,
            reading=info.reading,
            draw=drawn.draw.draw,
            notes=(*begun, *drawn.notes, *kept, *drawn.gave_up[:MOST_SAID]),
        )
        with replacing(making / "split.parquet") as beside:
            table.to_parquet(beside, index=False)
        if start:
            write_start(start, making)
        write_json(making / "dataset.json", about)
        write_json(making / "config.json", config)
        making.replace(home)
    except OSError as error:
        raise RunError(str(fault_of(error, place=home) or f"{home} cannot be written: {error}.")) from error
    finally:
        remove_tree(making)
    if home != path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(home, target_is_directory=True)
    return Run(path)


def _is_read_otherwise(before: RunDataset, dataset: Dataset) -> bool:
    """Tell whether items were read another way when the run was created."""
    now = dataset.info.reading
    return before.reading != now and (before.id == dataset.id or bool(before.reading and now))


def _fresh_folder(out: Path) -> Path:
    out = expanded(out).absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"A run needs a new or an empty folder. {out} has something in it. Choose another one.")
    return out


def _lacking(table: pd.DataFrame, task: Task, noun: Noun) -> tuple[Problem, ...]:
    """Say which part is too small to be of use; one class may lack a part, the whole may not."""
    words = {"train": "learn from", "val": "watch the training with", "test": "judge the model with"}
    counts = table["split"].value_counts()
    advice = f"Add {noun.many}."
    if left_out := int((table["split"] == "").sum()):
        advice = (
            f"{left_out:,} {noun.many} are left out, because {noun.many} of the same group are in the locked test set. "
            "To change that, draw a new split on the Data page or with `data split`."
        )
    faults = [
        Problem(
            "fractions",
            f"{noun.many.capitalize()} to {words[part]} are needed. The split leaves none for {part}. {advice}",
        )
        for part in words
        if counts.get(part, 0) == 0
    ]
    learnt = set(table.loc[table["split"] == "train", "label"])
    if len(learnt) == 1:
        needed = "At least two classes" if task.few > 1 else f"{noun.many.capitalize()} with different labels"
        came = f"only '{learnt.pop()}'"
        faults.append(Problem("dataset", f"{needed} are needed to learn from. The training part has {came}."))
    return tuple(faults)
