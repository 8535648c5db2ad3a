"""What a report says of one task alone: its sections, its part of the model card, and its worst errors.

It knows which pieces there are. It does not know what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tlcore.report.document import Section
from tlcore.report.facts import Facts

Part = tuple[str, Iterable[str]]  # a title of a card and the paragraphs below it


@dataclass(frozen=True)
class TaskReport:
    """The pieces of a task.

    Attributes:
        hub: What the Hub calls the task, after the modality; and as a title, with `{}` for the modality.
        pipeline: Whether the Hub has a pipeline for it.
        about: What the model does, in a sentence.
        gives: What the model gives, to end "… and gives".
        code: Python that asks the model; `{inputs}` is what it takes.
        use: What to do with the outputs, in sentences.
        limit: What the model cannot do, in a sentence.
        sections: Its own sections.
        card: Its own parts of the model card.
        worst: The file of each test item with one of the worst errors, the worst first, and a sentence about it.
    """

    hub: tuple[str, str]
    pipeline: bool
    about: Callable[[Facts], str]
    gives: Callable[[Facts], str]
    code: str
    use: Callable[[Facts], Iterator[str]]
    limit: Callable[[Facts], str]
    sections: Callable[[Facts], Iterator[Section]]
    card: Callable[[Facts], Iterator[Part]]
    worst: Callable[[Facts, int], Iterator[tuple[str, str]]]
