"""An import plan in words and as JSON: what was understood, what is not sure and which option chooses.

It knows texts for a terminal. It does not know how a source is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tlcore.commands.terminal import terminal_encoding
from tlcore.markup import one_line

if TYPE_CHECKING:
    from tlcore.data.import_plan import ImportPlan, Question, Reading, TableSeen
    from tlcore.data.import_preview import ImportPreview

MOST_CLASSES, MOST_REASONS = 12, 20
CONFIRM = "--yes"
ASK_FOR_CLASS = "No folder and no table names the class of these files. Give it with --label, or put them into folders."


def questions(plan: ImportPlan) -> str:
    """Say what is not sure, which readings there are and which option chooses each."""
    return _text(line for question in plan.questions for line in _question(question))


def questions_object(plan: ImportPlan) -> dict[str, Any]:
    """Give the questions of a plan for scripts."""
    return {
        "questions": [
            {
                "sentence": question.sentence,
                "readings": [_reading_object(reading) for reading in question.readings],
            }
            for question in plan.questions
        ]
    }


def _reading_object(reading: Reading) -> dict[str, Any]:
    return {"title": reading.title, "options": reading.option() or CONFIRM, "classes": dict(reading.counts)}


def preview_object(found: ImportPreview) -> dict[str, Any]:
    """Give all of a preview for scripts."""
    from tlcore.data.import_task import label_facts

    plan = found.plan
    decoded = found.encoding
    return {
        "layout": plan.layout,
        "files": found.files,
        "task": plan.task,
        "reason": plan.reason,
        "value_name": plan.value_name,
        "unit": plan.unit,
        "labels": label_facts(plan.labels(), plan.task),
        "classes": plan.counts(),
        "split": plan.parts(),
        "tables": [_table_object(table) for table in plan.tables],
        "levels": [
            {
                "level": level.number,
                "count": level.count,
                "names": list(level.names),
                "doubt": level.doubt,
                "used": not _used(plan.tables) and level.number == plan.choices.class_level,
            }
            for level in plan.levels
        ],
        "encoding": None
        if decoded is None
        else {
            "codec": decoded.codec,
            "guessed": decoded.guessed,
            "alternatives": list(decoded.alternatives),
            "sample": decoded.text.splitlines(),
        },
        "left_out": [{"source": left.source, "reason": left.reason} for left in found.left_out],
        "notes": list(plan.notes),
        "new_classes": list(found.new_classes),
        "similar_classes": _similar(plan.counts()),
        **questions_object(plan),
        "other_readings": [_reading_object(reading) for reading in plan.others],
        "needs_label": plan.loose,
        "refusal": plan.refusal,
        "sure": plan.sure,
    }


def preview_text(found: ImportPreview, name: str) -> str:
    """Write a preview for a person."""
    from tlcore.data.import_task import facts_sentence, task_sentence
    from tlcore.data.label_cells import MULTILABEL, REGRESSION

    plan = found.plan
    counts = plan.counts()
    title = "Labels" if plan.task == MULTILABEL else "Classes"
    lines = [
        f"{name}: {plan.layout or 'files'}. {found.files:,} files.",
        f"Task: {task_sentence(plan)}",
        *([] if plan.task == REGRESSION else [f"{title} ({len(counts):,}): {_listed(counts)}"]),
        *filter(None, [facts_sentence(plan.labels(), plan.task, plan.unit)]),
    ]
    if parts := plan.parts():
        lines.append(f"Split: {_listed({part or 'none': count for part, count in parts.items()})}")
    for level in plan.levels:
        taken = " ← class" if not _used(plan.tables) and level.number == plan.choices.class_level else ""
        shown = ", ".join(level.names[:6]) + (", …" if level.count > 6 else "")
        doubt = f"; {level.doubt}" if level.doubt else ""
        lines.append(f"Folder level {level.number} ({level.count:,}): {shown}{doubt}{taken}")
    lines += [line for table in plan.tables for line in _table(table)]
    if (decoded := found.encoding) is not None:
        sample = ", ".join(decoded.text.splitlines()[:3])
        others = ", ".join(decoded.alternatives[:5])
        lines.append(f"Names read as {decoded.codec} ({'detected' if decoded.guessed else 'chosen'}): {sample}")
        lines += [f"  other encodings that can read them: {others} (--encoding)"] if others else []
    if found.new_classes:
        lines.append(f"New to the dataset: {', '.join(found.new_classes[:MOST_CLASSES])}")
    lines += plan.notes
    lines += _left_out([left.reason for left in found.left_out])
    if plan.loose and not plan.refusal:
        lines.append(ASK_FOR_CLASS)
    lines += [line for question in plan.questions for line in _question(question)]
    lines += [f"Could also be: {reading.option(terminal_encoding())}  {reading.title}" for reading in plan.others]
    return _text(lines)


def _text(lines: Iterable[str]) -> str:
    """Join lines; no name among them begins another line or steers the terminal."""
    return "\n".join(map(one_line, lines))


def _question(question: Question) -> list[str]:
    if len(question.readings) == 1:
        understood = question.readings[0].title
        return [f"{question.sentence} Understood as: {understood}. If that is right, add {CONFIRM}."]
    lines = [f"{question.sentence} Choose one:"]
    lines += [
        f"  {reading.option(terminal_encoding()) or CONFIRM}  {reading.title}"
        + (f" ({_listed(reading.counts)})" if reading.counts else "")
        for reading in question.readings
    ]
    return [*lines, f"  {CONFIRM} takes the first one."]


def _table_object(table: TableSeen) -> dict[str, Any]:
    return {
        "path": table.path,
        "used": table.used,
        "reason": table.reason,
        "rows": table.count,
        "columns": [{"name": column.name, "role": column.role, "kind": column.kind} for column in table.columns],
        "first_rows": [list(row) for row in table.rows],
        "encoding": table.encoding,
        "guessed": table.guessed,
        "delimiter": table.delimiter,
        "program": table.program,
    }


def _table(table: TableSeen) -> list[str]:
    if not table.used:
        return [f"Table {table.path}, not used: {table.reason}"]
    facts = [f"{table.count:,} rows"]
    facts += [f"{table.encoding}{', detected' if table.guessed else ''}"] if table.encoding else []
    facts += [f"delimiter {table.delimiter!r}"] if table.delimiter else []
    facts += [table.program] if table.program else []
    lines = [f"Table {table.path}: {'; '.join(facts)}"]
    lines += [f"  {column.role}: {column.name} ({column.kind})" for column in table.columns if column.role]
    return lines


def _used(tables: Iterable[TableSeen]) -> bool:
    return any(table.used for table in tables)


def _listed(counts: Mapping[str, int]) -> str:
    shown = [f"{label} {count:,}" for label, count in list(counts.items())[:MOST_CLASSES]]
    rest = len(counts) - len(shown)
    return ", ".join([*shown, *([f"and {rest:,} more"] if rest else [])]) or "none"


def _similar(counts: Mapping[str, int]) -> list[list[str]]:
    from tlcore.data.import_plan import alike

    return alike(counts)


def _left_out(reasons: Sequence[str]) -> list[str]:
    if not reasons:
        return []
    counted = Counter(reasons).most_common()
    lines = [f"Left out: {len(reasons):,}"]
    lines += [f"  {count:,} × {reason}" for reason, count in counted[:MOST_REASONS]]
    rest = sum(count for _, count in counted[MOST_REASONS:])
    return [*lines, f"  and {rest:,} more; `--json` lists them all."] if rest else lines
