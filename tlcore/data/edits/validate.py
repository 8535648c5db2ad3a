"""Whether a change fits a dataset, and what of it really changes something.

It knows the rules and their sentences. It does not know what a change does to the tables; that is `contents`'.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from tlcore.data.edits.state import DELETED, EXCLUDED, IN_USE, Contents
from tlcore.data.edits.types import (
    AddLabel,
    Change,
    ChangeTask,
    Colour,
    Delete,
    Exclude,
    Group,
    Labeling,
    MergeClasses,
    Relabel,
    RemoveLabel,
    RenameClass,
    Restore,
    SetLabels,
    SetReading,
    SetValues,
)
from tlcore.data.label_text import read_label
from tlcore.errors import DataError
from tlcore.items import Reading
from tlcore.numbers import plural
from tlcore.tasks import Task, find_task

_MOST_NAMED = 3
# Different numbers that can become classes; more are no classes.
MOST_CLASSES = 100
# For each task the edit that gives items their labels, and what is said of those that have them already.
_LABELING: dict[str, tuple[type[Labeling], str]] = {
    "classification": (Relabel, "have these classes"),
    "multilabel": (SetLabels, "have these labels"),
    "regression": (SetValues, "have these values"),
}


def fit(change: Change, contents: Contents) -> Change:
    """Leave of a change what changes something, with names trimmed.

    Raises:
        DataError: It names an item or a class that is not there, or a name that cannot be; or it changes nothing, or
            leaves no item in use.
    """
    match change:
        case Relabel(labels=labels) | SetLabels(labels=labels) | SetValues(labels=labels):
            made, already = _LABELING[contents.task.key]
            return made(labels=_news(_read(labels, contents), contents, contents.labels, already))
        case AddLabel(label=label, shas=shas):
            label = _one_label(label, contents)
            return AddLabel(label=label, shas=_with(shas, label, contents, wanted=False))
        case RemoveLabel(label=label, shas=shas):
            label = _one_label(label, contents)
            return RemoveLabel(label=label, shas=_with(shas, label, contents, wanted=True))
        case Group(groups=groups):
            trimmed = {sha: group.strip() for sha, group in groups.items()}
            return Group(groups=_news(trimmed, contents, contents.groups, "are in these groups"))
        case Exclude(shas=shas):
            left = _in_states(shas, contents, {IN_USE}, "are out of use")
            _check_rest(len(left), contents)
            return Exclude(shas=left)
        case Delete(shas=shas):
            left = _in_states(shas, contents, {IN_USE, EXCLUDED}, "are deleted")
            _check_rest(contents.states(left).count(IN_USE), contents)
            return Delete(shas=left)
        case Restore(shas=shas):
            return Restore(shas=_in_states(shas, contents, {EXCLUDED, DELETED}, "are in use"))
        case RenameClass(old=old, new=new):
            return _fit_rename(old, _name(new), contents)
        case MergeClasses(classes=classes, into=into):
            return _fit_merge(classes, _name(into), contents)
        case Colour(label=label, colour=colour):
            return _fit_colour(label, colour.strip().lower(), contents)
        case SetReading(reading=reading):
            return _fit_reading(reading, contents)
        case ChangeTask():
            return _fit_task(change, contents)
        case _:
            return change


def _read(labels: Mapping[str, str], contents: Contents) -> dict[str, str]:
    """Bring labels into the form of the dataset's task."""
    return {sha: read_label(label, contents.task.key) for sha, label in labels.items()}


def _one_label(label: str, contents: Contents) -> str:
    if contents.task.key != "multilabel":
        raise DataError(
            f"Labels are added and removed one by one where a {contents.modality.noun.one} has several. "
            f"This is a dataset for {contents.task.title.lower()}; relabel its {contents.modality.noun.many} instead."
        )
    return _name(label)


def _with(shas: Sequence[str], label: str, contents: Contents, *, wanted: bool) -> tuple[str, ...]:
    """Keep the items that have a label, or those that do not."""
    shas = tuple(dict.fromkeys(shas))
    _check_known(shas, contents)
    texts = contents.labels(shas)
    left = tuple(sha for sha, text in zip(shas, texts, strict=True) if (label in contents.task.names(text)) == wanted)
    if wanted and shas and not left:
        items = contents.modality.noun.many
        raise DataError(f"An edit must change something. None of these {items} has the label '{label}'.")
    _check_any(left, shas, f"have the label '{label}'", contents)
    return left


def _name(label: str) -> str:
    if not label.strip():
        raise DataError("A class needs a name. Received an empty one. Write at least one letter.")
    return label.strip()


def _news(
    wanted: Mapping[str, str], contents: Contents, present: Callable[[Collection[str]], list[str]], already: str
) -> dict[str, str]:
    _check_known(wanted, contents)
    now = dict(zip(wanted, present(wanted), strict=True))
    news = {sha: word for sha, word in wanted.items() if now[sha] != word}
    _check_any(news, wanted, already, contents)
    return news


def _in_states(shas: Sequence[str], contents: Contents, states: set[str], already: str) -> tuple[str, ...]:
    shas = tuple(dict.fromkeys(shas))
    _check_known(shas, contents)
    left = tuple(sha for sha, state in zip(shas, contents.states(shas), strict=True) if state in states)
    _check_any(left, shas, already, contents)
    return left


def _check_known(shas: Collection[str], contents: Contents) -> None:
    unknown = contents.without(shas)
    if unknown:
        named = ", ".join(f"'{sha[:12]}'" for sha in unknown[:_MOST_NAMED])
        raise DataError(
            f"{contents.modality.noun.many.capitalize()} of this dataset are needed, by their SHA-256. It has none for "
            f"{len(unknown):,} of those given: {named}. Look at the dataset again; it may have changed."
        )


def _check_any(left: object, given: object, already: str, contents: Contents) -> None:
    noun = contents.modality.noun
    if not given:
        raise DataError(f"At least one {noun.one} is needed. Received none. Choose {noun.many} first.")
    if not left:
        raise DataError(f"An edit must change something. These {noun.many} {already} already.")


def _check_rest(taken: int, contents: Contents) -> None:
    if taken >= contents.in_use():
        raise DataError(
            f"A dataset needs at least one {contents.modality.noun.one} in use. This would take the last ones away. "
            "Leave one, or delete the dataset."
        )


def _check_class(label: str, contents: Contents) -> None:
    if contents.task.output == "values":
        items = contents.modality.noun.many
        raise DataError(f"Classes are needed for that. The {items} of this dataset have numbers instead.")
    if label not in contents.classes:
        known = ", ".join(f"'{known}'" for known in contents.classes)
        raise DataError(f"A class of this dataset is needed. '{label}' is not one. There is: {known}.")


def _fit_rename(old: str, new: str, contents: Contents) -> RenameClass:
    _check_class(old, contents)
    if new == old:
        raise DataError(f"An edit must change something. The class is called '{old}' already.")
    if new in contents.classes:
        raise DataError(
            f"Two classes cannot have one name. There is a class '{new}' already. Choose another one, or merge the two."
        )
    return RenameClass(old=old, new=new)


def _fit_merge(classes: Sequence[str], into: str, contents: Contents) -> MergeClasses:
    for label in classes:
        _check_class(label, contents)
    merged = tuple(dict.fromkeys(classes))
    together = {*merged, into} if into in contents.classes else set(merged)
    if len(together) < 2:
        came = ", ".join(f"'{label}'" for label in sorted(together)) or "none"
        raise DataError(f"At least two classes are needed to merge. Received {came}. Name another one, or rename it.")
    return MergeClasses(classes=merged, into=into)


def _fit_colour(label: str, colour: str, contents: Contents) -> Colour:
    _check_class(label, contents)
    if colour and not re.fullmatch(r"#[0-9a-f]{6}", colour):
        raise DataError(f"A colour is needed as '#rrggbb', such as '#1f77b4'. Received '{colour}'.")
    if contents.colours.get(label, "") == colour:
        raise DataError(f"An edit must change something. '{label}' has {colour or 'no colour'} already.")
    return Colour(label=label, colour=colour)


def _fit_reading(reading: Reading, contents: Contents) -> SetReading:
    settling = contents.modality.settling
    if settling is None:
        items = contents.modality.noun.many
        raise DataError(f"The {items} of this dataset are read one by one: there is nothing to set for all of them.")
    wanted = settling.checked(reading)
    if not contents.concerned():
        raise DataError(settling.concerns_none)
    if wanted == contents.reading:
        raise DataError("An edit must change something. This is how they are read already.")
    return SetReading(reading=wanted)


def _fit_task(change: ChangeTask, contents: Contents) -> ChangeTask:
    try:
        task = find_task(change.task)
    except ValueError as error:
        raise DataError(f"{error} Choose one of them.") from error
    values = task.output == "values"
    wanted = ChangeTask(
        task=task.key,
        value_name=change.value_name.strip() if values else "",
        unit=change.unit.strip() if values else "",
    )
    if wanted == ChangeTask(task=contents.task.key, value_name=contents.value_name, unit=contents.unit):
        raise DataError(f"An edit must change something. The task of this dataset is {task.title.lower()} already.")
    if fault := why_not(task, contents):
        raise DataError(fault)
    return wanted


def why_not(task: Task, contents: Contents) -> str:
    """Say why the labels of a dataset cannot be those of a task; empty where they can."""
    number, reason = contents.unfit(task)
    if number:
        return (
            f"The label of every item must fit the task of {task.title.lower()}, those of excluded and deleted items "
            f"too. That of {plural(number, 'item does', 'items do')} not: {reason}. Change them first."
        )
    if contents.task.output == "values" and task.output != "values" and contents.distinct() > MOST_CLASSES:
        return f"At most {MOST_CLASSES} different numbers can become classes. This dataset has {contents.distinct():,}."
    return ""
