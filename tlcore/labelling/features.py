"""Features and answers for the items that labelling needs, each computed once and kept beside the inbox.

It knows where numbers are kept, and which items the probe may learn from. It does not know what is asked next.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from tlcore.data.inbox import Inbox
from tlcore.data.split.locked import read_parts
from tlcore.health import embed
from tlcore.health.check import Check
from tlcore.inference.predictor import Predictor
from tlcore.inference.trunk import graph_path
from tlcore.labelling.feature_file import KeptRows
from tlcore.modalities import find_modality
from tlcore.progress import Pace, Progress
from tlcore.tasks import find_task
from tlcore.workspace import Workspace

# What the probe learns from: enough for a linear head, and a minute's work at most where nothing was computed before.
MOST_PER_CLASS, MOST_LEARNT = 100, 2000
AT_ONCE = 64


def learnable(inbox: Inbox) -> pd.DataFrame:
    """The items of the dataset that the probe learns from: some of each class, never one of the test part.

    They are chosen by their hashes, so that an addition changes few of them. A column is added, `together`: a number
    that is equal for items of one group and for those that the health check took for copies of each other.
    """
    items = inbox.dataset.items().sort_values("sha256")
    drawn = read_parts(inbox.dataset)
    if drawn is not None:
        parts = dict(zip(drawn.table["sha256"], drawn.table["split"], strict=True))
        items = items[items["sha256"].map(parts).isin(["train", "val"])]
    else:
        items = items[items["split"] != "test"]
    if find_task(inbox.dataset.info.task).probe == "class":
        most = min(MOST_PER_CLASS, max(2, MOST_LEARNT // max(1, items["label"].nunique())))
        items = items[items.groupby("label").cumcount() < most].reset_index(drop=True)
    else:
        items = items.head(MOST_LEARNT).reset_index(drop=True)
    clusters = Check(inbox.dataset).clusters()
    cluster = dict(zip(clusters["sha256"], clusters["cluster"].astype("str"), strict=True))
    alone = items["sha256"].map(lambda sha: cluster.get(sha, sha))
    return items.assign(together=pd.factorize(items["group"].where(items["group"] != "", alone))[0])


def features(inbox: Inbox, workspace: Workspace) -> KeptRows:
    """Where the features of the bundled backbone are kept."""
    # Features of items that were read another way are others.
    identity = json.dumps(embed.identity(workspace) | inbox.dataset.info.reading, sort_keys=True)
    key = hashlib.sha256(identity.encode()).hexdigest()[:12]
    return KeptRows(inbox.path / f"features-{key}", embed.bundled().feature_length)


def compute_features(
    inbox: Inbox, workspace: Workspace, wanted: Mapping[str, Path]
) -> Generator[Progress, None, KeptRows]:
    """Compute the features of item files that have none yet, by SHA-256; what was done stays done when it stops.

    Raises:
        DataError: A file can no longer be read.
        WeightsError: The backbone is not there.
    """
    kept = features(inbox, workspace)
    there = set(kept.shas())
    missing = [sha for sha in wanted if sha not in there]
    if missing:
        missing = _without_checked(inbox, kept, missing)
    if missing and not graph_path(embed.identity(workspace), workspace.cache).exists():
        yield Progress(0, len(missing), note="Making the bundled backbone ready, once, in about half a minute")
    pace = Pace(len(missing), f"Looking at the {find_modality(inbox.dataset.info.modality).noun.many}")
    for first in range(0, len(missing), AT_ONCE):
        some = missing[first : first + AT_ONCE]
        steps = embed.embed(workspace, [wanted[sha] for sha in some], inbox.dataset.info.reading)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                kept.add(some, end.value)
                break
            if step.done:
                yield pace.at(first + min(step.done, len(some)))
    return kept


def _without_checked(inbox: Inbox, kept: KeptRows, missing: list[str]) -> list[str]:
    """Take over what the health check has computed already; give the rest."""
    check = Check(inbox.dataset)
    checked, about = check.features(), check.info()
    if checked is None or about is None or checked.rows.shape[1] != kept.width:
        return missing
    if about.reading != inbox.dataset.info.reading:
        return missing
    place = {sha: row for row, sha in enumerate(checked.shas)}
    known = [sha for sha in missing if sha in place]
    if known:
        kept.add(known, np.asarray(checked.rows[[place[sha] for sha in known]]))
    return [sha for sha in missing if sha not in place]


def answers(inbox: Inbox, run: str, classes: int) -> KeptRows:
    """Where the answers of a run's model are kept."""
    return KeptRows(inbox.path / f"answers-{run}", classes)


def compute_answers(
    inbox: Inbox, run: str, predictor: Predictor, wanted: Mapping[str, Path]
) -> Generator[Progress, None, KeptRows]:
    """Ask a run's model about item files that it was not asked about yet; one that cannot be read is likely nothing.

    `run` is the run's id: its model never changes.
    """
    classes = len(predictor.labels.labels)
    kept = answers(inbox, run, classes)
    there = set(kept.shas())
    missing = [sha for sha in wanted if sha not in there]
    pace = Pace(len(missing), "Asking the model")
    for first in range(0, len(missing), AT_ONCE):
        yield pace.at(first)
        some = missing[first : first + AT_ONCE]
        found = np.full((len(some), classes), 1.0 / classes, np.float32)
        for place, answer in enumerate(predictor.predict_files(wanted[sha] for sha in some)):
            if answer.outputs is not None:
                found[place] = answer.outputs
        kept.add(some, found.astype(np.float16))
    return kept
