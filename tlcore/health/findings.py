"""What a check found: one finding for each fault, the one first whose mending would be worth most.

It knows the kinds of finding, their table and its CSV. It does not know how faults are looked for.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tlcore import spreadsheet
from tlcore.errors import WorkspaceError
from tlcore.files import replacing
from tlcore.modalities import Modality, Noun
from tlcore.modalities.checks import Finding
from tlcore.tasks import Task

# Of every modality; each modality has kinds of its own beside them.
KINDS = (
    "leak",
    "near_duplicate",
    "groups",
    "label_suspect",
    "shortcut",
    "confusable_classes",
    "split_class",
    "imbalance",
    "outlier",
)
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


def titles(modality: Modality, task: Task) -> dict[str, str]:
    """Name the kinds of finding that are looked for in items of a modality, for a task, in their order."""
    checks, one_class = modality.checks, task.probe == "class"
    looked_for = {
        "leak": ("Leaks into the test", checks.copies),
        "near_duplicate": ("Near-duplicates", checks.copies),
        "groups": (f"{modality.noun.many.capitalize()} that belong together", checks.copies),
        "label_suspect": ("Labels that look wrong", True),
        "shortcut": ("Tell-tale shortcuts", checks.traits and task.class_metric),
        "confusable_classes": ("Classes hard to tell apart", one_class),
        "split_class": ("Classes that may be two", one_class),
        "imbalance": ("Uneven classes", task.class_metric),
        "outlier": ("Odd ones out", True),
    }
    return {
        **{kind: title for kind, (title, wanted) in looked_for.items() if wanted},
        **{kind.key: kind.title for kind in checks.kinds},
    }


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by what mending is worth, equal ones by kind and by their items: the order never depends on chance."""
    order = {kind: place for place, kind in enumerate(KINDS)}
    return sorted(
        findings, key=lambda each: (-each.score, order.get(each.kind, len(order)), each.kind, each.items, each.says)
    )


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


def read_findings(path: Path, kinds: Collection[str]) -> list[Finding]:
    """Read the table; kinds that are not named, such as those of a newer version, are left out.

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
        if row["kind"] in kinds
    ]


def to_csv(findings: Sequence[Finding], names: Mapping[str, str], noun: Noun) -> str:
    """The findings as CSV, a line for each item of each; `names` says where each item came from, by SHA-256."""
    stream = StringIO()
    writer = spreadsheet.Writer(stream)
    writer.writerow(("finding", "kind", "score", noun.one, "sha256", "suggested", "group", "says"))
    for number, each in enumerate(findings, start=1):
        for sha in each.items or ("",):
            suggested = (each.suggested or {}).get(sha, "")
            line = (number, each.kind, f"{each.score:.4f}", names.get(sha, ""), sha, suggested, each.group, each.says)
            writer.writerow(line)
    return stream.getvalue()
