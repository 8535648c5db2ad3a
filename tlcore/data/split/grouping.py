"""What makes items belong together, so that a split never parts them.

It knows what a person may name, and where each is found: near-copies in what the health check wrote, a column of a
table, the folders and names that items came with, what their files record. It does not know splits.

    near-duplicates     items that the check took for copies of each other
    column:NAME         a column of a CSV that came with the items, or later
    folder:LEVEL        the folder that an item came in: 1 is the outermost, -1 the one that directly holds it
    pattern:REGEX       the first capture group in the name that an item came with, its folders before it
    RECORDS:NAME        what files record, such as exif:camera; each modality has its own

Patterns are matched by RE2, in time that is linear in the name: none can hang.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tlcore.data.dataset import Dataset
from tlcore.data.metadata import read_columns
from tlcore.data.records import read_records
from tlcore.data.split.stratify import Integers, together
from tlcore.errors import DataError
from tlcore.files import read_parquet
from tlcore.modalities import MODALITIES, NOUN, Modality
from tlcore.modalities.modality import Records

NEAR_DUPLICATES = "near-duplicates"
# By what a person writes before the colon; for all modalities, since a rule is read without a dataset.
RECORDS = {name: records for modality in MODALITIES.values() for name, records in modality.records.items()}
LONGEST_PATTERN = 200
_WAYS = (
    *("near-duplicates", "column:NAME", "folder:LEVEL (1 is the outermost, -1 the innermost)", "pattern:REGEX"),
    *(f"{kind}:{name}" for kind, records in RECORDS.items() for name in records.says),
)
HOW = f"{', '.join(_WAYS[:-1])} or {_WAYS[-1]}"
BEFORE_0_2 = "Near-copies have not been looked for"  # in the notes of older runs
NOT_LOOKED_FOR = (
    "Near-duplicates have not been searched for in {which}, so some may be in different parts of the split. The check "
    "finds them."
)


@dataclass(frozen=True)
class Rule:
    """One thing that makes items belong together; `str` gives what a person writes."""

    kind: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.argument}" if self.argument else self.kind

    def says(self, modality: Modality) -> str:
        """In words, to end "… stay together"."""
        items = modality.noun.many
        match self.kind:
            case "near-duplicates":
                return "near-duplicates"
            case "column":
                return f"{items} with the same '{self.argument}'"
            case "folder":
                where = "innermost" if self.argument == "-1" else f"{_ordinal(int(self.argument))}"
                return f"{items} whose {where} folder is the same"
            case "pattern":
                return f"{items} in whose names {self.argument} finds the same"
            case _:
                return RECORDS[self.kind].says[self.argument]


@dataclass(frozen=True)
class Grouped:
    """What belongs together.

    Attributes:
        units: `(n,)`, a number for what must stay together, for each of the items.
        modality: What the items are.
        names: `(n,)`, a name of the unit, equal in every order of the rows; empty for an item that stands alone.
        notes: What a person should know, in sentences.
    """

    units: Integers
    names: pd.Series[str]
    notes: tuple[str, ...]
    modality: Modality


def parse(text: str) -> Rule:
    """Read what a person wrote.

    Raises:
        DataError: It is none of those above.
    """
    kind, _, argument = text.strip().partition(":")
    match kind.strip().casefold():
        case "near-duplicates" if not argument:
            return Rule("near-duplicates")
        case "column" if argument.strip():
            return Rule("column", argument.strip())
        case "folder" if re.fullmatch(r"\s*(-1|[1-9]\d?)\s*", argument):
            return Rule("folder", argument.strip())
        case "pattern" if argument:
            _check_pattern(argument)
            return Rule("pattern", argument)
        case known if known in RECORDS and argument.strip().casefold() in RECORDS[known].says:
            return Rule(known, argument.strip().casefold())
    raise DataError(f"What {NOUN.many} are grouped by must be one of {HOW}. Received '{text}'.")


def group(dataset: Dataset, items: pd.DataFrame, rules: Sequence[Rule]) -> Grouped:
    """Find what belongs together: equal bytes, items of one `group`, and what the rules say.

    Raises:
        DataError: A rule finds nothing in these items.
    """
    groupings, notes = [items["group"].fillna("").to_numpy(dtype=object)], []
    for rule in rules:
        found, said = names(dataset, items, rule)
        groupings.append(found.to_numpy(dtype=object))
        notes += said
    units = together(items["sha256"], *groupings)
    return Grouped(units, _named(units, items["sha256"].tolist()), tuple(notes), dataset.modality)


def _named(units: Integers, shas: list[str]) -> pd.Series[str]:
    """Call each unit of two items or more by the least of their hashes."""
    has_others = (np.bincount(units) > 1)[units] if len(units) else np.array([], bool)
    least: dict[int, str] = {}
    for unit, sha in zip(units[has_others].tolist(), itertools.compress(shas, has_others), strict=True):
        least[unit] = min(sha, least.get(unit, sha))
    return pd.Series([least.get(unit, "") for unit in units.tolist()], dtype="str")


def asks_for_check(note: str) -> bool:
    """Tell whether a note says that near-duplicates have not been searched for."""
    return note.startswith((NOT_LOOKED_FOR.partition("{")[0], BEFORE_0_2))


def names(dataset: Dataset, items: pd.DataFrame, rule: Rule) -> tuple[pd.Series[str], list[str]]:
    """The group of each of the items by one rule, empty where it has none; and what a person should know.

    Raises:
        DataError: The rule finds nothing in these items.
    """
    modality = dataset.modality
    if rule.kind == "near-duplicates":
        return _near_duplicates(dataset, items)
    match rule.kind:
        case "column":
            found = _column(dataset, items, rule.argument)
        case "folder":
            found = _folder(items, int(rule.argument))
        case "pattern":
            found = _pattern(items, rule.argument)
        case _:
            found = read_records(dataset, items, _records(modality, rule))[rule.argument]
    found = found.astype("str").reset_index(drop=True)
    without = int((found == "").sum())
    if len(items) and without == len(items):
        none = f"none of the {without:,} {modality.noun.many} has one"
        raise DataError(f"Groups by {rule} are wanted, but {none}. {_advice(rule, modality)}")
    return found, [f"{without:,} {modality.noun.many} have no group by {rule}: each stands alone."] if without else []


def _records(modality: Modality, rule: Rule) -> Records:
    if rule.kind not in modality.records:
        raise DataError(f"Files of {modality.noun.many} record no {rule}. Group them by something else.")
    return modality.records[rule.kind]


def _near_duplicates(dataset: Dataset, items: pd.DataFrame) -> tuple[pd.Series[str], list[str]]:
    """The clusters that the health check found, and whether it has seen these items."""
    health = dataset.path / "health"
    nothing, noun = pd.Series([""] * len(items), dtype="str"), dataset.modality.noun
    if not (health / "check.json").exists():
        return nothing, [NOT_LOOKED_FOR.format(which=f"these {noun.many}")]
    try:
        clusters = read_parquet(health / "clusters.parquet", columns=["sha256", "cluster"])
        seen = set(read_parquet(health / "pictures.parquet", columns=["sha256"])["sha256"].tolist())
    except (OSError, ValueError, KeyError):
        return nothing, [NOT_LOOKED_FOR.format(which=f"these {noun.many}")]
    of = dict(zip(clusters["sha256"].tolist(), clusters["cluster"].astype("str").tolist(), strict=True))
    shas = items["sha256"].tolist()  # `isin` takes half a second for 100,000
    unseen = sum(sha not in seen for sha in shas)
    which = f"{noun.counted(unseen)} that {'was' if unseen == 1 else 'were'}"
    notes = [NOT_LOOKED_FOR.format(which=f"{which} added since the last check")] if unseen else []
    return pd.Series([of.get(sha, "") for sha in shas], dtype="str"), notes


def _column(dataset: Dataset, items: pd.DataFrame, name: str) -> pd.Series[str]:
    table = read_columns(dataset).set_index("sha256")
    known = {str(column).casefold(): str(column) for column in table}
    if name.casefold() not in known:
        has = ", ".join(f"'{column}'" for column in table) or "none"
        raise DataError(
            f"A column of a table that came with the {dataset.modality.noun.many} is needed. There is no '{name}'; "
            f"there is: {has}. Give a CSV that names the {dataset.modality.noun.many} with `--csv FILE`."
        )
    return table[known[name.casefold()]].reindex(items["sha256"]).fillna("").astype("str")


def _folder(items: pd.DataFrame, level: int) -> pd.Series[str]:
    """The path down to a folder: `a/1` and `b/1` are two folders."""

    def folder(source: str) -> str:
        parts = PurePosixPath(source).parts[:-1]
        if level < 0:
            return "/".join(parts)
        return "/".join(parts[:level]) if len(parts) >= level else ""

    return items["source"].map(folder)


def _pattern(items: pd.DataFrame, pattern: str) -> pd.Series[str]:
    whole, sources = _check_pattern(pattern), pa.array(items["source"].astype("str"), pa.string())
    found = pc.replace_substring_regex(sources, whole, r"\1").to_pandas()
    matched: pd.Series[str] = found.where(pc.match_substring_regex(sources, whole).to_pandas(), "")
    return matched


def _check_pattern(pattern: str) -> str:
    """The pattern, made to span a whole name, its first capture group the group.

    Raises:
        DataError: It is no pattern, or one that RE2 does not know.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise DataError(
            f"A pattern of at most {LONGEST_PATTERN} characters is needed. Received one of {len(pattern):,}."
        )
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
        groups = re.compile(pattern).groups
    except (pa.ArrowInvalid, re.error, OverflowError, RecursionError) as error:
        said = str(error).removeprefix("Invalid regular expression: ")
        raise DataError(
            rf"A regular expression (RE2) is needed, such as patient(\d+). '{pattern}' is none: {said}. Look-around "
            "and back-references are not known here."
        ) from error
    return f"(?s)^.*?(?:{pattern if groups else f'({pattern})'}).*$"


def _advice(rule: Rule, modality: Modality) -> str:
    advice = {
        "folder": f"Look at the sources of the {modality.noun.many}: so deep no folder goes.",
        "pattern": "It is looked for in the sources, such as folder/name.jpg.",
        "column": f"The table gives none of these {modality.noun.many} a value there.",
    }
    return (advice | {name: records.advice for name, records in modality.records.items()}).get(rule.kind, "")


def _ordinal(number: int) -> str:
    words = {1: "outermost", 2: "second", 3: "third"}
    return words.get(number, f"{number}th")
