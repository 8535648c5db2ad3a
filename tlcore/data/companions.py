"""Which files only belong to an item: its mask, its outlines as an item, its superpixels.

Sets for segmentation lie so: `images/1.png` and `masks/1.png`, or `1.png` and `1_mask.png`. Such files are no examples.
It knows names and folders. It does not open files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from tlcore.data.value_kinds import is_container, part_in
from tlcore.modalities import NOUN

_KINDS = (
    r"masks?|segs?|segmentations?|super_?pixels?|gt|ground_?truths?|label_?(?:train)?ids?|trimaps?|mattes?|panoptic\w*"
)
_NAME = re.compile(rf"(.+)[_.-](?:{_KINDS})(?:[_-]?\d+)?", re.IGNORECASE)
# In a folder of masks the names may say less clearly that these are masks: CamVid's `1_L.png` is one, not a left hand.
_NAME_IN_FOLDER = re.compile(rf"(.+)[_.-](?:{_KINDS}|labels?|annotations?|L)(?:[_-]?\d+)?", re.IGNORECASE)
_FOLDER = re.compile(
    rf"(?:.+[_ -])?(?:{_KINDS}|masken|labels?|annotations?|segmentation(?:class|object)\w*|semantic|instance)"
    r"(?:[_ -].+)?",
    re.IGNORECASE,
)
_MOST_STRANGE = 0.2


def companions(paths: Sequence[PurePosixPath]) -> dict[PurePosixPath, PurePosixPath]:
    """Find the files that only belong to an item; give the item of each."""
    by_folder: dict[PurePosixPath, dict[str, PurePosixPath]] = defaultdict(dict)
    for path in paths:
        by_folder[path.parent][path.stem] = path
    found = _beside(paths, by_folder)
    rest = {
        folder: {stem: path for stem, path in files.items() if path not in found} for folder, files in by_folder.items()
    }
    return found | _in_folders(rest)


def told(masks: Mapping[PurePosixPath, PurePosixPath]) -> str:
    """Say how many files were found, for a person."""
    mask, of = next(iter(masks.items()))
    return f"{len(masks):,} files are masks or the like of other {NOUN.many} and are left out, such as {mask} for {of}."


def _beside(
    paths: Sequence[PurePosixPath], by_folder: Mapping[PurePosixPath, Mapping[str, PurePosixPath]]
) -> dict[PurePosixPath, PurePosixPath]:
    """Find `1_mask.png` beside `1.png`."""
    named = [(path, match[1]) for path in paths if (match := _NAME.fullmatch(path.stem))]
    return {path: by_folder[path.parent][stem] for path, stem in named if stem in by_folder[path.parent]}


def _in_folders(by_folder: Mapping[PurePosixPath, Mapping[str, PurePosixPath]]) -> dict[PurePosixPath, PurePosixPath]:
    """Find `masks/1.png` where a folder beside `masks`, such as `images` or `train`, has `1.png` in it."""
    masks: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
    for folder in by_folder:
        top = next((each for each in (*reversed(folder.parents), folder) if _FOLDER.fullmatch(each.name)), None)
        if top is not None:
            masks[top].append(folder)
    items: dict[PurePosixPath, dict[str, PurePosixPath]] = {}
    if masks:
        parents = {top.parent for top in masks}
        for folder, files in by_folder.items():
            line = (*reversed(folder.parents), folder)
            for above, child in pairwise(line):
                if above in parents and not _FOLDER.fullmatch(child.name) and _holds_items(child.name):
                    items.setdefault(above, {}).update(files)
    found: dict[PurePosixPath, PurePosixPath] = {}
    for top, folders in masks.items():
        theirs = items.get(top.parent, {})
        inside = [(stem, path) for folder in folders for stem, path in by_folder[folder].items()]
        matched = {path: theirs[name] for stem, path in inside for name in _names_of(stem) if name in theirs}
        if matched and len(matched) >= (1 - _MOST_STRANGE) * len(inside):
            found.update({path: matched.get(path, top) for _, path in inside})
    return found


def _names_of(stem: str) -> Iterable[str]:
    named = _NAME_IN_FOLDER.fullmatch(stem)
    return (stem, named[1]) if named else (stem,)


def _holds_items(name: str) -> bool:
    return is_container(name) or bool(part_in(name)[0])
