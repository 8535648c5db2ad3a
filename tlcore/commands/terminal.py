"""What a command says and where: bars on a terminal, plain lines elsewhere, one JSON object for scripts.

It knows streams. It does not know what the commands do.
"""

from __future__ import annotations

import codecs
import json
import os
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from tlcore.markup import lines, one_line

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from tlcore.data.dataset import Dataset
    from tlcore.modalities import Noun
    from tlcore.progress import Progress

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")]
PLAIN_SECONDS = 5.0
WRITERS = frozenset({"click", "rich", "typer"})  # the packages that write to the terminal for us


def begin_in_utf8() -> None:
    """Start this program again in Python's UTF-8 mode where the locale would have file names in less than Unicode.

    Names and files of a workspace are in UTF-8, whatever the terminal can show. What it can show stays as it is.
    """
    if sys.getfilesystemencoding().lower() == "utf-8" or os.environ.get("PYTHONUTF8") == "1":
        return
    if sys.stdout is not None:
        os.environ.setdefault("PYTHONIOENCODING", sys.stdout.encoding)
    os.environ["PYTHONUTF8"] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


class _Ascii(TextIOWrapper):
    """A stream of ASCII, which Typer would take for a mistake of the locale and write UTF-8 to."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "ascii with escapes"


def escape_what_cannot_be_shown() -> None:
    """Write the escape of a character that the terminal's encoding lacks, instead of failing on it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, TextIOWrapper) or isinstance(stream, _Ascii):
            continue
        if codecs.lookup(stream.encoding).name == "ascii":
            lines = stream.line_buffering
            stream = _Ascii(stream.detach(), "ascii", "backslashreplace", line_buffering=lines)
            setattr(sys, name, stream)
        else:
            stream.reconfigure(errors="backslashreplace")


def terminal_encoding() -> str:
    """Give the codec of what standard output can show."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return "ascii" if isinstance(sys.stdout, _Ascii) else encoding


def output_is_closed(error: Exception) -> bool:
    """Whether it was standard output that could not be written; what was still to be said is dropped."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    last = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    if not isinstance(error, OSError) or last.split(".")[0] not in WRITERS:
        return False
    sys.stdout = None  # or it would fail once more at the exit
    return True


class Terminal:
    """Where a command talks. With `--json` standard output carries the one object and everything else goes aside."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._stream = sys.stderr if as_json else sys.stdout
        self._live: RichProgress | None = None

    def say(self, text: str) -> None:
        """Write a line for a person, above the bar where there is one."""
        if self._live is not None:
            self._live.console.print(lines(text), markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(lines(text), file=self._stream)

    def result(self, content: dict[str, Any], text: str) -> None:
        """Write what came of it: the object for scripts, or the words for a person."""
        typer.echo(_json(_readable_as_before(content)) if self.as_json else lines(text))

    def stream(self, content: dict[str, Any]) -> None:
        """Write the object for scripts; of an iterator among its values a list is made, one element at a time."""
        for at, (key, value) in enumerate(content.items()):
            typer.echo(f"{', ' if at else '{'}{_json(key)}: ", nl=False)
            if not isinstance(value, Iterator):
                typer.echo(_json(value), nl=False)
                continue
            typer.echo("[", nl=False)
            for number, element in enumerate(value):
                typer.echo(f"{', ' if number else ''}{_json(element)}", nl=False)
            typer.echo("]", nl=False)
        typer.echo("}")

    def steps(self, steps: Generator[Progress, None, T], title: str) -> T:
        """Run an iterator of steps to its end, showing how far it is, and give what it returns."""
        from tlcore.progress import drain

        with self.bar() as bar:
            return drain(steps, lambda step: bar.step(step, title))

    @contextmanager
    def bar(self) -> Iterator[Bar]:
        """Show one bar for the length of the block; plain lines now and then where there is no terminal."""
        if not self._stream.isatty():
            yield Bar(self)
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rest]}", style="dim"),
        )
        with Progress(*columns, console=Console(file=self._stream), transient=True) as live:
            self._live = live
            try:
                yield Bar(self, live, live.add_task("Starting", total=None, rest=""))
            finally:
                self._live = None


class Bar:
    """How far the work is; called as often as you like."""

    def __init__(self, terminal: Terminal, live: RichProgress | None = None, task: TaskID | None = None) -> None:
        self._terminal = terminal
        self._live = live
        self._task = task
        self._last_line = time.monotonic()
        self._last_said = ""

    def step(self, step: Progress, title: str = "Working") -> None:
        """Show a step of an iterator."""
        self.update(step.note or title, step.done, step.total, rate=step.rate, seconds_left=step.seconds_left)

    def update(
        self, title: str, done: int, total: int, *, rate: float = 0.0, seconds_left: float | None = None
    ) -> None:
        rest = ", ".join(
            part
            for part in (f"{rate:,.0f}/s" if rate >= 1 else "", f"{seconds_left:,.0f} s left" if seconds_left else "")
            if part
        )
        if self._live is not None and self._task is not None:
            self._live.update(self._task, description=title, completed=done, total=total or None, rest=rest)
        elif time.monotonic() - self._last_line >= PLAIN_SECONDS:
            self._last_line = time.monotonic()
            count = f"{done:,} of {total:,}" if total else f"{done:,}" if done else ""
            line = f"{title}: {', '.join(filter(None, (count, rest)))}" if count or rest else f"{title} …"
            if line != self._last_said:
                self._terminal.say(line)
            self._last_said = line


def shown(name: str) -> str:
    """The name of a file on one line: what is no letter, digit or sign is written as its escape."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in name)


def _readable_as_before(content: Any) -> Any:
    """Add the keys that numbers and names of items had when they could only be pictures: scripts may read them."""
    if isinstance(content, list):
        return [_readable_as_before(each) for each in content]
    if not isinstance(content, dict):
        return content
    before = {"items": "pictures", "item": "picture"}
    old = {
        before[key]: value for key, value in content.items() if key in before and isinstance(value, int | str | dict)
    }
    return {key: _readable_as_before(value) for key, value in content.items()} | old


def _json(content: Any) -> str:
    """One line of JSON: what standard output cannot show is escaped as JSON does it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return json.dumps(content, ensure_ascii=not encoding.lower().startswith("utf"))


def noun(dataset: Dataset) -> Noun:
    """Give what the items of a dataset are called."""
    from tlcore.modalities import find_modality

    return find_modality(dataset.info.modality).noun


def counted(dataset: Dataset, number: int) -> str:
    """Count items of a dataset: `1 picture`, `1,200 pictures`."""
    return noun(dataset).counted(number)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Lay out rows under a head, each column as wide as its widest entry."""
    shown = [tuple(one_line(cell) for cell in row) for row in (head, *rows)]
    widths = [max(len(line[column]) for line in shown) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in shown
    )
