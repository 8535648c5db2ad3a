"""The kinds of finding as a person meets them: an icon, what to make of it, the ways to mend all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pages.components.items import item_edits
from pages.components.items.item_edits import DELETE, EXCLUDE, IN_USE, KEEP_ONE, LIKE, MOVE, TOGETHER
from pages.components.items.light_table import Action
from pages.components.shell import check_results, formats
from tlcore.data.dataset import Dataset
from tlcore.data.edits.types import Change, Exclude, Group, Relabel
from tlcore.modalities import Modality
from tlcore.modalities.checks import Finding, FindingKind

ACCEPT = Action("accept", "Accept the suggestion", "s", "Moves each to the class on its badge", primary=True)


@dataclass(frozen=True)
class Way:
    """One way to mend all findings of a kind: a button, and the change that it makes; None where there is none.

    `advised` where it is right without a look at each picture.
    """

    title: Callable[[Sequence[Finding]], str]
    change: Callable[[Dataset, Sequence[Finding]], Change | None]
    help: str = "Undo takes it back."
    advised: bool = False


@dataclass(frozen=True)
class About:
    """What is shown with a kind: its icon, a sentence of advice, what can be done with pictures and with a set."""

    icon: str
    advice: str
    ways: tuple[Way, ...] = ()
    actions: tuple[Action, ...] = IN_USE
    of_a_set: tuple[Action, ...] = ()


def items_of(found: Sequence[Finding]) -> tuple[str, ...]:
    """The pictures of findings, each once, in their order."""
    return tuple(dict.fromkeys(sha for finding in found for sha in finding.items))


def suggestions_of(found: Sequence[Finding]) -> dict[str, str]:
    """The suggested class of each picture that has one; of two findings the first."""
    return {
        sha: finding.suggested[sha]
        for finding in reversed(found)
        if finding.suggested
        for sha in finding.items
        if sha in finding.suggested
    }


def _relabel(dataset: Dataset, found: Sequence[Finding]) -> Change | None:
    suggested = suggestions_of(found)
    return Relabel(labels=suggested) if suggested else None


def _keep_one(dataset: Dataset, found: Sequence[Finding]) -> Change | None:
    leaving = item_edits.all_but_largest(dataset, [finding.items for finding in found])
    return Exclude(shas=leaving) if leaving else None


def _judge_only(dataset: Dataset, found: Sequence[Finding]) -> Change | None:
    """The first of each set is the one that judges: a finding of a leak names the test pictures first."""
    leaving = [sha for members in check_results.sets_of(dataset, found).values() for sha in members[1:]]
    return Exclude(shas=tuple(leaving)) if leaving else None


def _hold_together(dataset: Dataset, found: Sequence[Finding]) -> Change | None:
    return Group(groups=item_edits.together(dataset, [finding.items for finding in found]))


def _given_groups(dataset: Dataset, found: Sequence[Finding]) -> Change | None:
    groups = {sha: finding.group for finding in reversed(found) if finding.group for sha in finding.items}
    return Group(groups=groups) if groups else None


def _sets(found: Sequence[Finding]) -> str:
    return formats.plural(len(found), "set")


ACCEPT_ALL = Way(lambda found: f"Accept {formats.plural(len(suggestions_of(found)), 'suggestion')}", _relabel)
KEEP_ONE_OF_EACH = Way(lambda found: f"Keep the largest of each of {_sets(found)}", _keep_one)
HOLD_TOGETHER = Way(
    lambda found: f"Keep {_sets(found)} together",
    _hold_together,
    "Each set becomes a group, and a split never divides a group.",
    advised=True,
)
JUDGE_ONLY = Way(
    lambda found: "Exclude the copies of test pictures",
    _judge_only,
    "One picture of each set stays, a test picture if there is one. Undo takes it back.",
    advised=True,
)
PUT_IN_PLACE = Way(
    lambda found: f"Put {formats.plural(len(found), 'group')} back together",
    _given_groups,
    "A split never divides a group.",
    advised=True,
)
EXCLUDE_ALL = Way(
    lambda found: f"Exclude {formats.plural(len(items_of(found)), 'picture')}",
    lambda dataset, found: Exclude(shas=items_of(found)),
)
_FAULTY = (EXCLUDE, DELETE, MOVE, LIKE)
_SET = (KEEP_ONE, TOGETHER)

KINDS: dict[str, About] = {
    "leak": About(
        ":material/water_drop:",
        "Near-duplicates of training images are in the test set, so test accuracy is too high. Split the dataset "
        "again, which keeps near-duplicates on one side, or exclude the copies; then train again.",
        (JUDGE_ONLY,),
        of_a_set=_SET,
    ),
    "near_duplicate": About(
        ":material/content_copy:",
        "Near-duplicates count twice in training, and on both sides of a split they make the model look better than "
        "it is. Keep one of each set, or keep the sets together.",
        (HOLD_TOGETHER, KEEP_ONE_OF_EACH),
        of_a_set=_SET,
    ),
    "groups": About(
        ":material/burst_mode:",
        "Pictures taken within moments of each other, such as frames of a video. As a group, they stay on one side "
        "of a split.",
        (PUT_IN_PLACE,),
        of_a_set=(TOGETHER,),
    ),
    "label_suspect": About(
        ":material/label_off:",
        "A model that has not seen these pictures predicts another class. Accept the suggestions that are right, "
        "move what belongs elsewhere, and leave the rest.",
        (ACCEPT_ALL,),
        (ACCEPT, MOVE, EXCLUDE, LIKE),
    ),
    "shortcut": About(
        ":material/alt_route:",
        "Something about the files gives the class away. A model learns that instead of what the pictures show, and "
        "then fails on other pictures. Collect the pictures of every class in the same way.",
    ),
    "confusable_classes": About(
        ":material/join_inner:",
        "Two classes that look the same to a model. Define more clearly what belongs where, add pictures that show "
        "the difference, or merge them.",
    ),
    "split_class": About(
        ":material/call_split:",
        "A class that contains two kinds of pictures; this is the smaller kind. If it means something else, move it "
        "to a class of its own.",
        of_a_set=(MOVE,),
    ),
    "imbalance": About(
        ":material/balance:",
        "A class with few pictures is learned poorly, and its results are uncertain. More pictures of it help most.",
    ),
    "outlier": About(
        ":material/scatter_plot:",
        "Pictures unlike all others of their class: mistakes, or rare cases that the model should learn. Exclude "
        "the mistakes; keep the rare cases and add more of them.",
        actions=_FAULTY,
    ),
}
# What is said in place of it where pictures have several labels, or a number.
_UNLIKE_ALL = (
    "Pictures unlike all others: mistakes, or rare cases that the model should learn. Exclude the mistakes; keep the "
    "rare cases and add more of them."
)
OTHERWISE: dict[tuple[str, str], str] = {
    ("multilabel", "label_suspect"): (
        "A model that has not seen these pictures gives them other labels. Accept the suggestions that are right, "
        "which replace all labels of a picture, add or remove single ones above the pictures, and leave the rest."
    ),
    ("regression", "label_suspect"): (
        "A model that has not seen these pictures predicts very different numbers. Look for mistakes, such as a "
        "decimal point in the wrong place, and set the right number. A prediction is no measurement, so nothing is "
        "suggested."
    ),
    ("multilabel", "imbalance"): (
        "A label that few pictures have is learned poorly, and its results are uncertain. More pictures of it help "
        "most."
    ),
    ("multilabel", "outlier"): _UNLIKE_ALL,
    ("regression", "outlier"): _UNLIKE_ALL,
}


def about(kind: str, modality: Modality) -> About:
    """What is shown with a kind, also with one that only a modality has."""
    return KINDS.get(kind) or next(_of_modality(own) for own in modality.checks.kinds if own.key == kind)


def _of_modality(kind: FindingKind) -> About:
    return About(f":material/{kind.icon}:", kind.advice, (EXCLUDE_ALL,) if kind.removable else (), _FAULTY)
