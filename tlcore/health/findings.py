"""What a check found: one finding for each fault, the one first whose mending would be worth most.

It knows the kinds of finding, their table and its CSV. It does not know how faults are looked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from tlcore import spreadsheet
from tlcore.errors import WorkspaceError
from tlcore.files import replacing

Kind = Literal[
    "leak",
    "near_duplicate",
    "groups",
    "label_suspect",
    "shortcut",
    "confusable_classes",
    "split_class",
    "imbalance",
    "outlier",
    "uniform",
    "blurred",
    "dark",
    "blown_out",
    "odd_size",
    "grey",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
TITLES: dict[Kind, str] = {
    "leak": "Leaks into the test",
    "near_duplicate": "Near-duplicates",
    "groups": "Pictures that belong together",
    "label_suspect": "Labels that look wrong",
    "shortcut": "Tell-tale shortcuts",
    "confusable_classes": "Classes hard to tell apart",
    "split_class": "Classes that may be two",
    "imbalance": "Uneven classes",
    "outlier": "Odd ones out",
    "uniform": "Nearly uniform pictures",
    "blurred": "Blurred pictures",
    "dark": "Dark pictures",
    "blown_out": "Blown-out pictures",
    "odd_size": "Odd sizes",
    "grey": "Grey among colour",
}
# What is not looked for where an item has not exactly one class.
LEFT_OUT: dict[str, frozenset[Kind]] = {
    "multilabel": frozenset({"confusable_classes", "split_class"}),
    "regression": frozenset({"confusable_classes", "split_class", "imbalance", "shortcut"}),
}
_SCHEMA = pa.schema(
    [
        ("kind", pa.string()),
        ("items", pa.list_(pa.string())),
        ("score", pa.float64()),
        ("says", pa.string()),
        ("suggested", pa.string()),
        ("group", pa.string()),
    ]
)


@dataclass(frozen=True)
class Finding:
    """One fault.

    Attributes:
        items: The SHA-256 of the items that it is about, those first that most need a look; empty for a class.
        score: What mending it would be worth, 0 to 1; comparable between kinds.
        says: One sentence: what it is and how bad.
        suggested: A label for each item that may have a wrong one; None for every other kind.
        group: A name for items that belong together, ready to be given to them; empty for every other kind.
    """

    kind: Kind
    items: tuple[str, ...]
    score: float
    says: str
    suggested: Mapping[str, str] | None = None
    group: str = ""


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by what mending is worth, equal ones by kind and by their items: the order never depends on chance."""
    return sorted(findings, key=lambda each: (-each.score, KINDS.index(each.kind), each.items, each.says))


def write_findings(path: Path, findings: Sequence[Finding]) -> None:
    """Write the table, in one step; it keeps the order."""
    rows = [
        {
            "kind": each.kind,
            "items": list(each.items),
            "score": each.score,
            "says": each.says,
            "suggested": "" if each.suggested is None else json.dumps(dict(each.suggested), ensure_ascii=False),
            "group": each.group,
        }
        for each in findings
    ]
    with replacing(path) as beside:
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), beside)


def read_findings(path: Path) -> list[Finding]:
    """Read the table; kinds of a newer version are left out.

    Raises:
        WorkspaceError: It is damaged.
    """
    try:
        with pa.OSFile(str(path)) as stream:  # opened once, as by `read_parquet`
            rows = pq.read_table(stream, columns=_SCHEMA.names).to_pylist()
    except (OSError, ValueError, KeyError) as error:
        raise WorkspaceError(
            f"The findings of a check are needed at {path}. They could not be read: {error}. Check the dataset again."
        ) from error
    return [
        Finding(
            row["kind"],
            tuple(row["items"]),
            row["score"],
            row["says"],
            json.loads(row["suggested"]) if row["suggested"] else None,
            row["group"],
        )
        for row in rows
        if row["kind"] in KINDS
    ]


def to_csv(findings: Sequence[Finding], names: Mapping[str, str]) -> str:
    """The findings as CSV, a line for each item of each; `names` says where each item came from, by SHA-256."""
    stream = StringIO()
    writer = spreadsheet.Writer(stream)
    writer.writerow(("finding", "kind", "score", "picture", "sha256", "suggested", "group", "says"))
    for number, each in enumerate(findings, start=1):
        for sha in each.items or ("",):
            suggested = (each.suggested or {}).get(sha, "")
            line = (number, each.kind, f"{each.score:.4f}", names.get(sha, ""), sha, suggested, each.group, each.says)
            writer.writerow(line)
    return stream.getvalue()
