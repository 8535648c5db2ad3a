"""A dataset for other programs: a zip with a folder for each class, or Hugging Face's `imagefolder`.

It knows both layouts, and that items which were excluded or deleted are not handed out: the manifest says which. It
does not know where items come from; what it writes can be taken in again.

    zip            <name>/manifest.json   <name>/labels.csv   <name>/<class>/<the name it came with>
    imagefolder    manifest.json   train/metadata.jsonl   train/3f/3f….jpg   and so for `validation` and `test`

Items with several labels or a number lie in one folder of the zip: `labels.csv` then has a column for each label, 0
or 1, or one of numbers; `metadata.jsonl` has a list of `labels` or a `value`.

The rules of `imagefolder`: https://huggingface.co/docs/datasets/image_dataset and `repository_structure` beside it. A
part is told by the name of any folder above an item, so items lie under their hashes: a class called 'test' would
draw its items into the test part. `metadata.jsonl`, not `.csv`, whose reader turns a class called '007' into 7.
"""

from __future__ import annotations

import io
import json
import re
import secrets
import shutil
import zipfile
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

import pandas as pd
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from tlcore import spreadsheet
from tlcore.data.dataset import Dataset
from tlcore.data.label_counts import count_labels
from tlcore.data.split.locked import read_parts
from tlcore.disk import expanded
from tlcore.errors import DataError
from tlcore.files import remove_tree, replacing, tree_bytes, write_json
from tlcore.items import Reading
from tlcore.modalities import Modality
from tlcore.progress import Pace, Progress
from tlcore.tasks import find_task
from tlcore.workspace import slug

Format = Literal["zip", "imagefolder"]
FORMATS: tuple[Format, ...] = get_args(Format)
PART_FOLDERS = {"train": "train", "val": "validation", "test": "test"}
COLUMNS = ("file", "label", "split", "group", "sha256", "source")
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)


class LeftIn(BaseModel):
    """An item that stayed in Graft, and why: `excluded`, `deleted`, or a reason in words."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: str
    sha256: str
    why: str


class Manifest(BaseModel):
    """`manifest.json` of what was handed out.

    Attributes:
        dataset, version, fingerprint: Which one it is, as it was then.
        classes: How many items each has, in the order of the classes.
        parts: How many items each part of the split has; empty where no split was drawn.
        not_handed_out: Items that are not in use.
        reading: How each item was read, as far as all of them decided it, such as a range of values.
        converted: Items that `datasets` would not read and that became another kind; all others are as they were given.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    name: str
    dataset: str
    version: int
    fingerprint: str
    format: Format
    items: int = Field(validation_alias=AliasChoices("items", "pictures"))
    classes: dict[str, int]
    parts: dict[str, int]
    not_handed_out: tuple[LeftIn, ...]
    reading: Reading = Field(default_factory=dict, validation_alias=AliasChoices("reading", "value_range"))
    converted: tuple[str, ...] = ()


class TaskManifest(Manifest):
    """The manifest of items that have several labels or a number.

    Attributes:
        task: A key of `tasks.TASKS`.
        value_name, unit: Of the number, for people.
    """

    task: str
    value_name: str = ""
    unit: str = ""


@dataclass(frozen=True)
class HandedOut:
    """What was written: `path` is the zip or the folder, `bytes` its size."""

    path: Path
    bytes: int
    manifest: Manifest


def hand_out(dataset: Dataset, form: Format, path: Path | None = None) -> Generator[Progress, None, HandedOut]:
    """Write a dataset for other programs; the file or the folder appears only when it is whole.

    Without a `path` it lies in the present folder, under the name of the dataset.

    Raises:
        DataError: There is something at `path` already, an item is gone, or the disk is full.
    """
    info = dataset.info
    path = expanded(path or Path(slug(info.name) + (".zip" if form == "zip" else "")))
    if path.exists():
        raise DataError(f"A new place is needed for the dataset. There is something at {path}. Name another one.")
    table = _with_parts(dataset)
    handed = table[table["why"] == ""].sort_values(["label", "source", "sha256"], ignore_index=True)
    parts = Counter(part for part in handed["split"] if part)
    known = {
        "name": info.name,
        "dataset": info.id,
        "version": info.version,
        "fingerprint": info.fingerprint,
        "format": form,
        "items": len(handed),
        "classes": count_labels(handed["label"], info.classes, info.task),
        "parts": {part: parts[part] for part in PART_FOLDERS if parts[part]},
        "not_handed_out": tuple(LeftIn.model_validate(row) for row in _rows(table[table["why"] != ""])),
        "reading": info.reading,
        "converted": tuple(handed[_unread(handed, info.kind)]["source"]) if form == "imagefolder" else (),
    }
    if info.task == "classification":
        manifest = Manifest.model_validate(known)
    else:
        manifest = TaskManifest.model_validate(
            {**known, "task": info.task, "value_name": info.value_name, "unit": info.unit}
        )
    write = _write_zip if form == "zip" else _write_folder
    try:
        yield from write(dataset, handed, manifest, path)
    except OSError as error:
        raise DataError(
            f"The dataset cannot be written to {path}: {error.strerror or error} ({error.filename or path}). Look "
            f"whether all its {info.kind.noun.many} are there, make room, or name another place."
        ) from error
    return HandedOut(path, tree_bytes(path), manifest)


def _with_parts(dataset: Dataset) -> pd.DataFrame:
    """Every item with its part of the split, and why it stays here; `why` is empty for those that are handed out."""
    table = dataset.all_items().rename(columns={"state": "why"})
    drawn = read_parts(dataset)
    if drawn is not None:
        parts = dict(zip(drawn.table["sha256"], drawn.table["split"], strict=True))
        table["split"] = table["sha256"].map(parts).fillna("")
        table.loc[(table["why"] == "") & (table["split"] == ""), "why"] = (
            f"belongs to a {dataset.modality.noun.one} on the other side of the split"
        )
    elif (table["split"] != "").any():
        table.loc[table["split"] == "", "split"] = "train"
    return table


def _rows(table: pd.DataFrame) -> Iterator[dict[str, str]]:
    """Each row, by column."""
    columns = ["file", "label", "group", "sha256", "source", "why"]
    for values in table[columns].astype(str).itertuples(index=False, name=None):
        yield dict(zip(columns, map(str, values), strict=True))


def _unread(table: pd.DataFrame, modality: Modality) -> pd.Series[bool]:
    return table["file"].map(lambda file: PurePosixPath(file).suffix in modality.other_suffixes).astype(bool)


# === Zip ===


def _write_zip(
    dataset: Dataset, table: pd.DataFrame, manifest: Manifest, path: Path
) -> Generator[Progress, None, None]:
    root, pace = _folder_name(manifest.name), Pace(len(table), f"Packing {dataset.modality.noun.many}")
    if isinstance(manifest, TaskManifest):
        folders = dict.fromkeys(table["label"], dataset.modality.noun.many)
    else:
        folders = dict(zip(manifest.classes, _apart(_folder_name(label) for label in manifest.classes), strict=True))
    places = list(_places(table, folders))
    yield pace.at(0)
    # Items are packed already: to pack them again costs time and saves nothing.
    with replacing(path) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, f"{root}/manifest.json", manifest.model_dump_json(indent=2).encode())
        _add(archive, f"{root}/labels.csv", _labels_csv(table, places, manifest))
        for done, (file, place) in enumerate(zip(table["file"], places, strict=True), start=1):
            _add(archive, f"{root}/{place}", dataset.image_path(file).read_bytes())
            if pace.due():
                yield pace.at(done)
    yield pace.at(len(table))


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name), content)  # with the date of no day: equal datasets make equal zips


def _labels_csv(table: pd.DataFrame, places: list[str], manifest: Manifest) -> bytes:
    stream = io.StringIO(newline="")
    writer = spreadsheet.Writer(stream)
    labels = _label_columns(table["label"], manifest)
    writer.writerow((COLUMNS[0], *labels, *COLUMNS[2:]))
    writer.writerows(zip(places, *labels.values(), *(table[column] for column in COLUMNS[2:]), strict=True))
    return spreadsheet.as_file(stream.getvalue())


def _label_columns(labels: pd.Series[str], manifest: Manifest) -> dict[str, list[str]]:
    """Give the columns of `labels.csv` that say what an item shows, by their titles."""
    if not isinstance(manifest, TaskManifest):
        return {"label": list(labels)}
    if manifest.task == "regression":
        title = manifest.value_name or "value"
        return {_free(f"{title} ({manifest.unit})" if manifest.unit else title): list(labels)}
    sets = [set(find_task(manifest.task).names(text)) for text in labels]
    return {_free(label): [str(int(label in names)) for names in sets] for label in manifest.classes}


def _free(title: str) -> str:
    """Set a title apart from those of the other columns."""
    return f"{title} (label)" if title.strip().casefold() in COLUMNS else title


def _places(table: pd.DataFrame, folders: dict[str, str]) -> Iterator[str]:
    """Where each item lies in the zip, under a name like the one it came with."""
    taken: Counter[str] = Counter()
    for label, source, file in zip(table["label"], table["source"], table["file"], strict=True):
        suffix = PurePosixPath(file).suffix
        stem = PurePosixPath(_folder_name(PurePosixPath(source).name)).stem
        place, number = f"{folders[label]}/{stem}{suffix}", 1
        while taken[place.casefold()]:
            number += 1
            place = f"{folders[label]}/{stem} ({number}){suffix}"
        taken[place.casefold()] += 1
        yield place


def _folder_name(text: str) -> str:
    """A name that every system can have for a folder, as like the text as can be."""
    plain = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", text).strip(" .")[:80].strip(" .")
    return f"_{plain}" if not plain or _RESERVED.fullmatch(plain.split(".")[0]) else plain


def _apart(names: Iterable[str]) -> Iterator[str]:
    taken: set[str] = set()
    for name in names:
        number, free = 1, name
        while free.casefold() in taken:
            number += 1
            free = f"{name} ({number})"
        taken.add(free.casefold())
        yield free


# === Image folder ===


def _write_folder(
    dataset: Dataset, table: pd.DataFrame, manifest: Manifest, path: Path
) -> Generator[Progress, None, None]:
    making = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    modality = dataset.modality
    pace, done = Pace(len(table), f"Copying {modality.noun.many}"), 0
    yield pace.at(0)
    try:
        for part, folder in PART_FOLDERS.items():
            rows = table[table["split"].replace("", "train") == part]
            lines = []
            for row in _rows(rows):
                lines.append(_line(row, place := _place(row["file"], modality), manifest))
                _copy(dataset.image_path(row["file"]), making / folder / place, modality)
                done += 1
                if pace.due():
                    yield pace.at(done)
            if lines:
                (making / folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        write_json(making / "manifest.json", manifest)
        making.replace(path)
    finally:
        remove_tree(making)
    yield pace.at(len(table))


def _place(file: str, modality: Modality) -> str:
    """No folder gets more than some hundreds of items: the Hub takes no more than 10,000."""
    name = PurePosixPath(file)
    return f"{name.name[:2]}/{name.stem}{modality.other_suffixes.get(name.suffix, name.suffix)}"


def _line(row: dict[str, str], place: str, manifest: Manifest) -> str:
    said: dict[str, object] = {name: row[name] for name in ("group", "sha256", "source")}
    if not isinstance(manifest, TaskManifest):
        label: dict[str, object] = {"label": row["label"]}
    elif manifest.task == "regression":
        label = {"value": float(row["label"])}
    else:
        label = {"labels": list(find_task(manifest.task).names(row["label"]))}
    return json.dumps({"file_name": place, **label, **said}, ensure_ascii=False)


def _copy(item: Path, place: Path, modality: Modality) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if item.suffix in modality.other_suffixes and modality.convert:
        modality.convert(item, place)
    else:
        shutil.copyfile(item, place)
