"""Which folder names the class of each file: the outer one, the inner one, or the one under `train` and `test`.

It knows paths. It does not know tables or items.

Keras (`image_dataset_from_directory`) and torchvision (`ImageFolder`) take the outermost folder, whatever lies deeper.
So it is here, where the evidence does not speak against it: where the outer folders are dates or patients and the inner
ones are not, these are the classes; where both could be, a person is asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tlcore.data.import_plan import ImportChoices, Level, Place, Question, Reading, is_likely
from tlcore.data.value_kinds import (
    doubt,
    is_container,
    is_group,
    is_holder,
    is_unlabelled,
    is_whole,
    part_in,
    part_of,
)
from tlcore.errors import DataError

LOOSE = "It lies outside the class folders, so its class is not known. Put it into a folder named for its class."
_UNLABELLED = "Its folder says that it has no class yet."
_DATES = "they are dates"
_SHOWN_NAMES = 20
_FEWEST_GROUPS = 10
_MOST_LEVELS = 12
_MOST_DAYS = 31


@dataclass
class FolderReading:
    """What the folders say.

    Attributes:
        places: Of every file.
        levels: Every depth at which folders differ, or that names the class.
        class_level: The one that names the classes; None where none does.
        question: What has to be asked, if anything.
        notes: Sentences for a person.
    """

    places: dict[PurePosixPath, Place] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    class_level: int | None = None
    question: Question | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def classes(self) -> int:
        """Count the classes."""
        return len({place.label for place in self.places.values()} - {""})

    @property
    def good(self) -> bool:
        """Tell whether the folders name several classes, and nothing speaks against it."""
        return self.classes > 1 and not any(each.doubt for each in self.levels if each.number == self.class_level)


def read_folders(paths: Sequence[PurePosixPath], level: int | None = None) -> FolderReading:
    """Find the class and the part of the split of every file by the folders that it lies in.

    Args:
        paths: Of files that may be items, below the source.
        level: The folder that names the class, as a person chose it; see `ImportChoices.class_level`.

    Raises:
        DataError: No file lies as deep as the level.
    """
    likely = [path for path in paths if is_likely(path)] or list(paths)
    splits = _split_levels(likely)
    tree = _Tree(likely, splits)
    found = FolderReading(levels=tree.levels())
    if level is not None:
        found.class_level = tree.numbered(level)
    else:
        found.class_level, found.question = tree.choose()
    by_folder: dict[PurePosixPath, Place] = {}
    for path in paths:
        folder = path.parent
        if folder not in by_folder:  # files are many, folders are few
            by_folder[folder] = _place(folder, splits, found.class_level, level)
        found.places[path] = by_folder[folder]
    group = tree.group_level(found.class_level)
    if group is not None:
        found.places = {path: _grouped(path, place, group) for path, place in found.places.items()}
        shown = ", ".join(group.names[:3])
        found.notes.append(f"Files in one folder of level {group.number} ({shown}, …) stay on one side of every split.")
    return found


class _Tree:
    """The folders of all files by their depth: 1 is the outermost."""

    def __init__(self, paths: Sequence[PurePosixPath], splits: Mapping[PurePosixPath, str]) -> None:
        self._splits = splits
        folders = Counter(path.parent for path in paths)
        self._folders = [(tuple(_names(folder, splits)), count) for folder, count in folders.items()]
        self._files = len(paths)
        self._doubts: dict[int, str] = {}
        self._counts: dict[int, Counter[str]] = defaultdict(Counter)
        for names, count in self._folders:
            for number, name in enumerate(names[:_MOST_LEVELS], start=1):
                if name:
                    self._counts[number][name] += count

    def levels(self) -> list[Level]:
        """List the depths at which names differ; where none does, the one that holds the files."""
        shown = [number for number, names in sorted(self._counts.items()) if len(names) > 1]
        if not shown and self._counts:
            shown = [max(self._counts)]
        return [
            Level(
                number,
                tuple(sorted(self._counts[number])[:_SHOWN_NAMES]),
                len(self._counts[number]),
                self._doubt(number),
            )
            for number in shown
        ]

    def numbered(self, level: int) -> int | None:
        """Check a level that was asked for; a negative one counts from the file outward and is left to each path."""
        deepest = max((len(names) for names, _ in self._folders), default=0)
        if level == 0 or abs(level) > deepest:
            raise DataError(
                f"A folder level from 1 to {deepest} is needed, or -1 for the folder that holds each file. "
                f"Received: {level}. {'The files lie in no folder.' if not deepest else ''}".strip()
            )
        return level if level > 0 else None

    def choose(self) -> tuple[int | None, Question | None]:
        """Choose the level of the classes, and say what has to be asked about it."""
        varying = [level for level in self.levels() if level.count > 1]
        if not varying:
            return self._only(), None
        good = [level for level in varying if not level.doubt]
        good = self._covering(good) or good
        if not good:
            first = min(varying, key=lambda level: (self._is_hopeless(level), level.number))
            return (None, None) if self._is_hopeless(first) else (first.number, self._doubtful(first))
        rivals = self._rivals(good)
        if len(rivals) == 1:
            return rivals[0].number, None
        order = sorted(rivals, key=lambda level: self._rank(level, rivals))
        readings = tuple(self._reading(level) for level in order)
        return order[0].number, Question("Folders lie in folders, and either could name the classes.", readings)

    def group_level(self, class_level: int | None) -> Level | None:
        """Find the level that numbers patients, sessions or the like, whose files belong together."""
        for level in self.levels():
            groups = sum(map(is_group, self._counts[level.number]))
            if level.number != class_level and groups == level.count >= _FEWEST_GROUPS:
                return level
        return None

    def _doubt(self, number: int) -> str:
        if number not in self._doubts:
            self._doubts[number] = self._find_doubt(number)
        return self._doubts[number]

    def _find_doubt(self, number: int) -> str:
        names = self._counts[number]
        # `2023/05`: the numbers in a folder of dates are months or days.
        under_dates = any(self._doubt(outer) == _DATES for outer in range(1, number))
        if under_dates and all(is_whole(name) and int(name) <= _MOST_DAYS for name in names):
            return _DATES
        return doubt(names)

    def _is_hopeless(self, level: Level) -> bool:
        """Tell whether a level never names classes: parts of a split, `images` beside `masks`."""
        return all(part_of(name) or is_container(name) for name in self._counts[level.number])

    def _only(self) -> int | None:
        """Name everything after the one folder that holds it, unless that only says that there are items in it."""
        deepest = max(self._counts, default=0)
        holds = any(len(names) == deepest for names, _ in self._folders)
        named = not any(is_container(name) or part_of(name) for name in self._counts[deepest])
        return deepest if deepest and holds and named else None

    def _covering(self, levels: list[Level]) -> list[Level]:
        """Keep the levels that at least half of the files reach."""
        return [level for level in levels if 2 * sum(self._counts[level.number].values()) >= self._files]

    def _rivals(self, good: list[Level]) -> list[Level]:
        """Keep what could name the classes instead of the outermost level."""
        outer, *inner = good
        if self._under_split(outer.number):
            return [outer]
        return [outer, *(level for level in inner if not self._same(outer, level))]

    def _same(self, outer: Level, inner: Level) -> bool:
        """Tell whether two levels divide the files alike: each outer folder has one inner one of its own."""
        return len(self._pairs(outer, inner)) == outer.count == inner.count

    def _under_split(self, number: int) -> bool:
        """Tell whether the folders of a level lie directly under `train` and `test`."""
        return bool(self._splits) and any(
            len(names) >= number >= 2 and not names[number - 2] and names[number - 1] for names, _ in self._folders
        )

    def _pairs(self, outer: Level, inner: Level) -> set[tuple[str, str]]:
        a, b = outer.number - 1, inner.number - 1
        return {(names[a], names[b]) for names, _ in self._folders if len(names) > b and names[b]}

    def _rank(self, level: Level, rivals: Sequence[Level]) -> tuple[bool, int]:
        """Put the outermost first, but few names that come back in many outer folders before it."""
        outer = rivals[0]
        few = level is not outer and outer.count > 3 * level.count
        return not few, level.number

    def _reading(self, level: Level) -> Reading:
        counts = dict(self._counts[level.number].most_common())
        shown = ", ".join(level.names[:4]) + (", …" if level.count > 4 else "")
        return Reading(f"Folder level {level.number}: {shown}", ImportChoices(class_level=level.number), counts)

    def _doubtful(self, level: Level) -> Question:
        shown = ", ".join(level.names[:4]) + (", …" if level.count > 4 else "")
        return Question(f"The folders ({shown}) hardly name classes: {level.doubt}.", (self._reading(level),))


def _names(folder: PurePosixPath, splits: Mapping[PurePosixPath, str]) -> list[str]:
    """The names of a folder and those around it, the outermost first; empty texts for the parts of a split."""
    folders = [each for each in (*reversed(folder.parents), folder) if each.name]
    return ["" if each in splits else each.name.strip() for each in folders]


def _split_levels(paths: Sequence[PurePosixPath]) -> dict[PurePosixPath, str]:
    """Find the folders that are parts of a split, not classes that happen to be named so: `train` beside another part.

    A folder `labeled` beside `unlabeled` is a part without a name.
    """
    children: dict[PurePosixPath, set[str]] = defaultdict(set)
    holding: set[PurePosixPath] = set()
    for folder in {path.parent for path in paths}:
        holding.add(folder)
        for above in (folder, *folder.parents):
            if above.name:
                children[above.parent].add(above.name)
    found: dict[PurePosixPath, str] = {}
    for parent in sorted(children):  # the outer ones first
        names = children[parent]
        if parent in found and len(names) == 1:  # `train/train`, as unpacked twice
            found |= {parent / name: found[parent] for name in names if part_in(name)[0] == found[parent]}
        if any(map(is_unlabelled, names)):
            found |= {parent / name: "" for name in names if name.casefold() in {"labeled", "labelled"}}
        parts = _parts_among(names)
        # {bus, car, train, test}, all full of items and flat: vehicles, not a split.
        flat = all(not children.get(parent / name) for name in parts)
        if flat and any(not part_in(name)[0] and parent / name in holding for name in names):
            continue
        found |= {parent / name: part for name, part in parts.items()}
    return found


def _parts_among(names: Collection[str]) -> dict[str, str]:
    """Give the names that are parts of one split: `train` and `test`, or `seg_train` and `seg_test`; else nothing."""
    exact = {name: part for name in names if (part := part_of(name))}
    if "train" in exact.values() and len({*exact.values()}) > 1:
        return exact
    longer = {name: found for name in names if (found := part_in(name))[0]}
    parts = {part for part, _ in longer.values()}
    alike = len({rest for _, rest in longer.values()}) == 1
    return {name: part for name, (part, _) in longer.items()} if alike and "train" in parts and len(parts) > 1 else {}


def _place(folder: PurePosixPath, splits: Mapping[PurePosixPath, str], number: int | None, asked: int | None) -> Place:
    names = _names(folder, splits)
    split = next(filter(None, (splits.get(each, "") for each in (folder, *folder.parents))), "")
    if asked is not None and asked < 0:
        named = [name for name in names if name]
        label = named[asked] if len(named) >= -asked else ""
    else:
        label = names[number - 1] if number is not None and len(names) >= number else ""
    if asked is None and is_unlabelled(label):
        return Place("", split, _UNLABELLED)
    if asked is None and splits and is_holder(label):  # `test/images` beside `train/cat`
        label = ""
    return Place(label, split, "" if label else LOOSE)


def _grouped(path: PurePosixPath, place: Place, level: Level) -> Place:
    folders = path.parts[:-1]
    group = "/".join(folders[: level.number]) if len(folders) >= level.number else ""
    return Place(place.label, place.split, place.reason, group)


def counts_of(places: Mapping[PurePosixPath, Place]) -> Counter[str]:
    """Count the files of each class."""
    return Counter(place.label for path, place in places.items() if place.label and is_likely(path))
