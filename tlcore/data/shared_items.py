"""Items that lie in the folders of several classes: equal bytes, which have several labels or contradict each other.

It knows files and their classes. It does not know items. Only files of equal size are read, at first their
beginnings, and no more than a few thousand: the others are compared when all items are taken in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import PurePosixPath

from tlcore.data.archive import Entry, Opened, read, reading
from tlcore.data.import_plan import ImportChoices, Place, Question, Reading, is_likely
from tlcore.data.label_cells import CLASSIFICATION, MULTILABEL
from tlcore.errors import ItemError
from tlcore.modalities import NOUN

_HEAD_BYTES = 4096
_MOST_FILES = 5000
_MOST_BYTES = 200 * 10**6


def several_folders(opened: Opened, places: Mapping[PurePosixPath, Place]) -> Question | None:
    """Ask whether items that lie in several class folders have several labels; None where there are none."""
    labels = {path: place.label for path, place in places.items() if place.label and is_likely(path)}
    files = [entry for entry in opened.entries if entry.path in labels and entry.size]
    same_size = _across(((entry.size, entry) for entry in files), labels)[:_MOST_FILES]
    same_head = _across(((_head(opened, entry), entry) for entry in same_size), labels)
    whole, total = [], 0
    for entry in same_head:
        total += entry.size
        if total > _MOST_BYTES:
            break
        with suppress(ItemError, OSError):
            whole.append((sha256(read(opened, entry, most=entry.size)).digest(), entry))
    found: dict[object, list[Entry]] = defaultdict(list)
    shared = set(_across(whole, labels))
    for key, entry in whole:
        if entry in shared:
            found[key].append(entry)
    if not found:
        return None
    first = next(iter(found.values()))
    one, other = next((a, b) for a in first for b in first if labels[a.path] != labels[b.path])
    counts = {label: sum(labels[path] == label for path in labels) for label in sorted(set(labels.values()))}
    return Question(
        f"{NOUN.counted(len(found))} in the folders of several classes, such as {one.name} and {other.name}.",
        (
            Reading(f"A contradiction: these {NOUN.many} are left out", ImportChoices(task=CLASSIFICATION), counts),
            Reading(f"Several labels: each {NOUN.one} has all of them", ImportChoices(task=MULTILABEL), counts),
        ),
    )


def _across(keyed: Iterable[tuple[object, Entry]], labels: Mapping[PurePosixPath, str]) -> list[Entry]:
    """Keep the files that share a key with one of another class."""
    groups: dict[object, list[Entry]] = defaultdict(list)
    for key, entry in keyed:
        if key is not None:
            groups[key].append(entry)
    return [one for same in groups.values() if len({labels[each.path] for each in same}) > 1 for one in same]


def _head(opened: Opened, entry: Entry) -> tuple[int, bytes] | None:
    with suppress(ItemError, OSError), reading(opened, entry) as stream:
        return entry.size, stream.read(_HEAD_BYTES)
    return None
