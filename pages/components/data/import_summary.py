"""The import plan of a draft in the form that the preview shows, made once for each choice.

It knows what is counted and sampled, and what is kept in memory. It does not know widgets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd
import streamlit as st

from pages.components.items import display_for
from tlcore.data.dataset import Dataset
from tlcore.data.encodings import Decoded
from tlcore.data.import_plan import ImportChoices, ImportPlan, alike, is_likely
from tlcore.data.import_preview import preview, read_examples
from tlcore.data.import_task import facts_sentence
from tlcore.modalities import Noun, modality_of
from tlcore.tasks.regression import REGRESSION

EXAMPLES, MOST_LOOSE = 3, 8
SIDE = 96
MOST_LISTED = 1000  # rows of files that are left out: all rows are sent to the browser
MOST_REASONS = 100


@dataclass(frozen=True)
class Summary:
    """What the preview shows of an import plan.

    Attributes:
        plan: What was understood.
        counts: The number of files of each class or label, the largest first; empty for numbers.
        labeled: How many files have a label, be it none of the labels.
        told: What sums up several labels or numbers, in a sentence.
        values: The numbers in order, each with its file; empty for other tasks.
        examples: The first files of each class.
        parts: The number of files in each part of a given split.
        files: How many files there are in the source.
        unlabeled: How many files get no class.
        left_out: One row for each file that is left out: `file` and `reason`; at most `MOST_LISTED`.
        reasons: One row for each reason: `reason`, `files` and `example`; at most `MOST_REASONS`.
        left_out_count: How many files are left out.
        encoding: Of the names in a zip, where it had to be guessed or was chosen.
        similar: Classes that differ only in case, blanks or Unicode form from those of the dataset that is added to.
        new: The classes that the dataset which is added to does not have.
        loose: The first files, where no file has a class.
        noun: What the items are called.
    """

    plan: ImportPlan
    counts: Mapping[str, int]
    labeled: int
    told: str
    values: tuple[tuple[float, PurePosixPath], ...]
    examples: Mapping[str, tuple[PurePosixPath, ...]]
    parts: Mapping[str, int]
    files: int
    unlabeled: int
    left_out: pd.DataFrame
    reasons: pd.DataFrame
    left_out_count: int
    encoding: Decoded | None
    similar: tuple[tuple[str, ...], ...]
    new: tuple[str, ...]
    loose: tuple[PurePosixPath, ...]
    noun: Noun


def summarize(source: Path, choices: ImportChoices, token: str, into: Dataset | None) -> Summary:
    """Give the summary of a source. Shared between reruns: never change it.

    Args:
        source: The zip, folder or Parquet file.
        choices: What was chosen; the summary of each choice is kept for a while.
        token: Of the draft: a new draft reads the source anew.
        into: The dataset that is added to.

    Raises:
        DataError: The source cannot be read, or a choice does not fit.
    """
    into_path = str(into.path) if into else ""
    return _summarize(str(source), _stamp(source), choices, token, into_path, into.info.version if into else 0)


def thumbnails(
    source: Path, files: Sequence[PurePosixPath], choices: ImportChoices, token: str
) -> dict[PurePosixPath, str]:
    """Give small views of items as addresses for HTML; an empty text for a file that cannot be opened."""
    return _thumbnails(str(source), _stamp(source), tuple(map(str, files)), choices.encoding, token)


# cache_resource, not cache_data: what is known of 200,000 files is read, not copied, at every rerun.
@st.cache_resource(max_entries=6, ttl=3600, show_spinner="Reading folders and tables …")
def _summarize(
    source: str, stamp: tuple[int, int], choices: ImportChoices, token: str, into_path: str, version: int
) -> Summary:
    into = Dataset(Path(into_path)) if into_path else None
    found = preview(Path(source), choices, into=into)
    plan = found.plan
    files = plan.files_of()
    counts = {label: len(paths) for label, paths in files.items()}
    labels = plan.labels()
    known = into.counts() if into else {}
    # What only lacks a class is asked for one, where all do.
    loose = {str(path): path for path in plan.places} if plan.loose else {}
    rows = [(one.source, one.reason) for one in found.left_out if one.source not in loose]
    left_out = pd.DataFrame(rows, columns=["file", "reason"])
    return Summary(
        plan=plan,
        counts=counts,
        labeled=len(labels),
        told=facts_sentence(labels, plan.task, plan.unit),
        values=_values(plan),
        examples={label: tuple(paths[:EXAMPLES]) for label, paths in files.items()},
        parts=plan.parts(),
        files=found.files,
        unlabeled=sum(1 for place in plan.places.values() if not place.known),
        left_out=left_out.head(MOST_LISTED),
        reasons=_by_reason(left_out),
        left_out_count=len(left_out),
        encoding=found.encoding,
        similar=tuple(
            tuple(group) for group in alike({**known, **counts}) if set(group) & set(known) and set(group) - set(known)
        ),
        new=found.new_classes,
        loose=tuple(sorted(path for path in loose.values() if is_likely(path))[:MOST_LOOSE]),
        noun=modality_of(plan.places).noun,
    )


def _values(plan: ImportPlan) -> tuple[tuple[float, PurePosixPath], ...]:
    if plan.task != REGRESSION.key:
        return ()
    found = [(float(place.label), path) for path, place in plan.places.items() if place.label and is_likely(path)]
    return tuple(sorted(found))


def _by_reason(left_out: pd.DataFrame) -> pd.DataFrame:
    grouped = left_out.groupby("reason", sort=False)["file"].agg(["size", "first"]).reset_index()
    grouped.columns = pd.Index(["reason", "files", "example"])
    return grouped.sort_values("files", ascending=False, kind="stable").head(MOST_REASONS)


@st.cache_data(max_entries=64, ttl=3600, show_spinner="Reading the first files …")
def _thumbnails(
    source: str, stamp: tuple[int, int], files: tuple[str, ...], encoding: str | None, token: str
) -> dict[PurePosixPath, str]:
    paths = [PurePosixPath(file) for file in files]
    contents = read_examples(Path(source), paths, ImportChoices(encoding=encoding))
    return {path: display_for(path.name).small(contents.get(path, b""), 2 * SIDE) for path in paths}


def _stamp(source: Path) -> tuple[int, int]:
    try:
        status = source.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
