"""Items whose answer was wrong, on their way into the inbox of the dataset that the model learnt from.

It knows that a person said what they show. It does not know models.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tlcore.data.inbox import Inbox
from tlcore.data.label_text import read_label
from tlcore.data.staging import LeftOut
from tlcore.errors import DataError
from tlcore.files import remove_tree
from tlcore.modalities import NOUN
from tlcore.progress import Progress
from tlcore.workspace import Workspace


@dataclass(frozen=True)
class Correction:
    """A file as it was given, what a person says it shows, and what the model had said."""

    name: str
    content: bytes
    label: str
    answered: str = ""


@dataclass(frozen=True)
class Sent:
    """What became of corrections: `labelled` are in the inbox with their class, `kept` of them are new there."""

    kept: int
    labelled: int
    left_out: tuple[LeftOut, ...]


def send(workspace: Workspace, inbox: Inbox, corrections: Sequence[Correction]) -> Generator[Progress, None, Sent]:
    """Put items into the inbox, each with the class that a person gave; they join the dataset when that is asked.

    An item that is in the inbox already gets the class; one that the dataset has stays as it is and is left out.

    Raises:
        DataError: A class has no name, a number is none, or there are no items.
    """
    task = inbox.dataset.info.task
    if not corrections or (task == "classification" and not all(one.label.strip() for one in corrections)):
        raise DataError(
            f"{NOUN.many.capitalize()} and the class that they show are needed. Choose the {NOUN.many}, then a class."
        )
    for one in corrections:
        read_label(one.label, task)  # before any item is taken in
    home = workspace.root / "staging" / secrets.token_hex(8)
    try:
        for number, one in enumerate(corrections):
            # A folder for each: items from different folders may be called alike.
            path = home / "corrected" / f"{number:05d}" / (PurePosixPath(one.name.replace("\\", "/")).name or NOUN.one)
            path.parent.mkdir(parents=True)
            path.write_bytes(one.content)
        put = yield from inbox.put(workspace, home / "corrected")
    except OSError as error:
        raise DataError(
            f"The {NOUN.many} must be written to {home.parent}. That failed: {error.strerror}. Make room."
        ) from error
    finally:
        remove_tree(home)
    here = set(inbox.items()["sha256"])
    found = [(hashlib.sha256(one.content).hexdigest(), one) for one in corrections]
    for sha, one in found:
        if sha in here:
            inbox.label(sha, one.label, suggested=one.answered)
    labelled = {sha for sha, _ in found if sha in here}
    left_out = () if len(labelled) == len({sha for sha, _ in found}) else put.left_out
    return Sent(put.kept, len(labelled), left_out)
