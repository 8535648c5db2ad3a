"""How good the probe was after so many labels: `inbox/course.jsonl`, one line for each point.

It knows the file and what may be compared. It does not know how a probe learns.
"""

from __future__ import annotations

import hashlib

from pydantic import BaseModel, ConfigDict, ValidationError

from tlcore.data.inbox import Inbox
from tlcore.files import append_line, read_lines
from tlcore.intervals import wilson
from tlcore.labelling.probe import Lesson, Probe


class Point(BaseModel):
    """How good the probe was: one line of `inbox/course.jsonl`.

    Attributes:
        labels: How many labels had been given in the inbox.
        right, n: Of items of the dataset that it had not learnt from.
        judges: Which items these were; numbers of others cannot be compared.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    labels: int
    right: int
    n: int
    judges: str = ""

    @property
    def accuracy(self) -> float:
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval."""
        return wilson(self.right, self.n)


def course(inbox: Inbox) -> list[Point]:
    """How good the probe was after so many labels, the fewest first, as far as the same items judged it as now."""
    points = []
    for line in read_lines(inbox.path / "course.jsonl"):
        try:
            points.append(Point.model_validate_json(line))
        except ValidationError:
            continue
    same = {point.labels: point for point in points if point.judges == points[-1].judges}
    return [same[labels] for labels in sorted(same)]


def note(inbox: Inbox, lesson: Lesson, probe: Probe, labels: int) -> None:
    """Write a point of the course, once for each number of labels and set of judges."""
    shas = sorted(lesson.shas[row] for row in lesson.judging)
    judges = hashlib.sha256("".join(shas).encode()).hexdigest()[:12]
    known = course(inbox)
    if not shas or (known and known[-1].judges == judges and labels in {point.labels for point in known}):
        return
    right = probe.judged()
    if right is not None:
        point = Point(labels=labels, right=right, n=len(shas), judges=judges)
        append_line(inbox.path / "course.jsonl", point.model_dump_json())
