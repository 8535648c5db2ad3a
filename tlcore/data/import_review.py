"""What looks wrong about the classes that were found, and what a person should know of them.

It knows an import plan. It does not know where the classes come from.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import PurePosixPath

from tlcore.data.import_plan import ImportChoices, ImportPlan, Question, Reading, alike
from tlcore.data.label_cells import CLASSIFICATION
from tlcore.data.table_groups import shown
from tlcore.data.value_kinds import doubt, is_holder, is_number, part_of
from tlcore.modalities import NOUN
from tlcore.tasks import find_task

LABEL_NEEDED = f"A label for each {NOUN.one} is needed: a class, several labels or a number."
_FEWEST_JUDGED = 10
_FEWEST_SUSPECT = 10  # that many classes may be more than a tenth of the items


def refused_table(title: str, told: str) -> str:
    """Say that a table has something else than labels."""
    return (
        f"{LABEL_NEEDED} {title} has something else: {told}. "
        f"Choose a column, another table or the folders if one of them labels the {NOUN.many}."
    )


def refused_set(name: str, file: PurePosixPath) -> str:
    """Say that a set tells what lies where in an item, in a form that is not read."""
    return (
        f"{LABEL_NEEDED} This is {name} ({file}), of which no labels are read. Put the {NOUN.many} into one folder for "
        "each class, bring a table that labels them, or export the annotations as COCO, Pascal VOC or YOLO."
    )


def use_validation_as_test(found: ImportPlan) -> None:
    """Use a given validation part as the test part where there is no other, and say so."""
    splits = {place.split for place in found.places.values() if place.known}
    if "val" in splits and "test" not in splits:
        found.places = {
            path: replace(place, split="test") if place.split == "val" else place
            for path, place in found.places.items()
        }
        found.notes.append(
            "The files have a validation set but no test set. The validation set is used as the test set, and a new "
            "validation set is drawn from the training set."
        )
    if splits & {"val", "test"}:
        found.notes.append("The split that came with the files is kept.")


def unite_spellings(found: ImportPlan) -> None:
    """Make one class of `train/Cat` and `test/cat`: spellings of one name that are never in the same part."""
    if found.task != CLASSIFICATION:
        return
    parts = _parts_of_classes(found)
    for group in alike(found.counts()):
        split = [part for label in group for part in parts[label]]
        if "" in split or len(split) != len(set(split)):
            continue
        first = max(group, key=lambda label: ("train" in parts[label], label))
        found.places = {
            path: replace(place, label=first) if place.label in group else place for path, place in found.places.items()
        }
        names = " and ".join(f"'{label}'" for label in group)
        found.notes.append(
            f"{names} are one class, '{first}': they are in different parts and differ only in spelling."
        )


def _parts_of_classes(found: ImportPlan) -> dict[str, set[str]]:
    parts: dict[str, set[str]] = defaultdict(set)
    names = find_task(found.task).names
    for place in found.places.values():
        for name in names(place.label) if place.label else ():
            parts[name].add(place.split)
    return parts


def _review_parts(found: ImportPlan) -> str:
    """Say which classes of the test part have nothing to learn from: a reason to ask where they are many."""
    parts = _parts_of_classes(found)
    tested = {label for label, its in parts.items() if its & {"val", "test"}}
    missing = sorted(label for label in tested if not parts[label] & {"", "train"})
    if not missing:
        return ""
    told = shown(dict.fromkeys(missing, 0))
    sentence = (
        f"{len(missing):,} of the {len(tested):,} classes in the test set ({told}) have no {NOUN.many} in the training "
        "set, so they cannot be learned."
    )
    if 2 * len(missing) >= len(tested) and sum(found.counts().values()) >= _FEWEST_JUDGED:
        return sentence
    found.notes.append(sentence)
    return ""


def review_classes(found: ImportPlan, choices: ImportChoices) -> None:
    """Ask where the classes look wrong, and point out those that differ in their spelling only."""
    counts = found.counts()
    for group in alike(counts)[:5]:
        names = " and ".join(f"'{label}'" for label in group)
        found.notes.append(f"The classes {names} differ only in case or spelling. Merge them if they are one.")
    if found.task != CLASSIFICATION:
        _review_parts(found)
        return
    if counts and all(map(is_number, counts)):
        said = f"The classes are numbers, as in the source: {shown(counts)}. You can rename them on the Data page."
        found.notes.append(said)
    if found.refusal or found.questions or choices.label_column or choices.class_level or choices.table:
        return
    first = shown(counts)
    reading = (Reading(f"{len(counts):,} classes: {first}", ImportChoices(confirmed=True), counts),)
    wrong = doubt(counts) if len(counts) > 1 else ""
    odd = [label for label in counts if is_holder(label) or part_of(label) in {"val", "test"}]
    unlearned = _review_parts(found)
    if wrong:
        found.questions.append(Question(f"The classes ({first}) hardly look like classes: {wrong}.", reading))
    elif odd and len(counts) > 1:
        sentence = f"One of the classes is called '{odd[0]}', which hardly says what its {NOUN.many} show."
        found.questions.append(Question(sentence, reading))
    elif unlearned:
        found.questions.append(Question(unlearned, reading))
    elif len(counts) > max(_FEWEST_SUSPECT, sum(counts.values()) / 10):
        sentence = (
            f"There are {len(counts):,} classes for {sum(counts.values()):,} {NOUN.many}, fewer than ten for each."
        )
        found.questions.append(Question(sentence, reading))
