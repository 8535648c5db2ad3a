"""A person at a terminal sees bars, a log file sees plain lines, a script sees one object."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from tlcore.commands import terminal as terminal_module
from tlcore.commands.terminal import Terminal, table

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_terminal_shows_a_bar_and_clears_it_away(workspace, tiny_folder):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tlcore", "data", "add", str(tiny_folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # Linux: the other side is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(30) == 0
    text = shown.decode()
    assert "━" in text
    assert "/36" in text
    assert "\x1b[2K" in text
    assert "36 kept, 0 left out" in text


def test_a_log_file_gets_a_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(terminal_module, "PLAIN_SECONDS", 0.0)
    with Terminal(as_json=False).bar() as bar:
        bar.update("Counting", 10, 1000, rate=12.3, seconds_left=80.0)
        bar.update("Counting", 10, 1000, rate=12.3, seconds_left=80.0)
        bar.update("Thinking", 0, 0)
    assert capsys.readouterr().out.splitlines() == ["Counting: 10 of 1,000, 12/s, 80 s left", "Thinking …"]


def test_a_quick_step_needs_no_line(capsys):
    with Terminal(as_json=False).bar() as bar:
        for done in range(1000):
            bar.update("Counting", done, 1000)
    assert capsys.readouterr().out == ""


def test_with_json_everything_else_goes_aside(capsys):
    terminal = Terminal(as_json=True)
    terminal.say("A word.")
    terminal.result({"name": "猫", "share": 0.5}, "unused")
    said = capsys.readouterr()
    assert said.err == "A word.\n"
    assert json.loads(said.out) == {"name": "猫", "share": 0.5}


def test_columns_are_as_wide_as_their_widest_entry():
    assert table(("a", "b"), [("long", "x"), ("–", "")]) == "a     b\nlong  x\n–"


def test_a_name_neither_breaks_a_line_nor_steers_the_terminal(capsys):
    Terminal(as_json=False).result({}, table(("class", "pictures"), [("new\nline", "8"), ("\x1b[31mred", "9")]))
    said = capsys.readouterr().out
    assert said.splitlines() == ["class     pictures", "new line  8", "\ufffd[31mred  9"]
    Terminal(as_json=False).result({}, "two\nlines \x1b[2J")
    assert capsys.readouterr().out == "two\nlines \ufffd[2J\n"
