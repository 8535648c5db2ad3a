"""The fresh process may be started before it is needed; what it is asked it hears later."""

from __future__ import annotations

import time

import psutil
import pytest

from tlcore.errors import ExportError
from tlcore.export.exporter import FreshProcess
from tlcore.export.model_files import REPLAY


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(
        "import os, pathlib, sys\n"
        "pathlib.Path(sys.argv[1], f'started-{os.getpid()}').touch()\n"
        "print(os.getpid(), sys.stdin.readline().strip())\n"
    )
    return path


def started(folder, count=1):
    until = time.monotonic() + 30
    while len(found := list(folder.glob("started-*"))) < count and time.monotonic() < until:
        time.sleep(0.02)
    return [int(path.name.partition("-")[2]) for path in found]


def test_a_program_that_was_expected_is_the_one_that_answers_and_once_only(program, tmp_path):
    with FreshProcess() as fresh:
        fresh.expect(program, [str(tmp_path)])
        (waiting,) = started(tmp_path)
        answers = [
            fresh.run(program, [str(tmp_path)], asked=word, folder=tmp_path, items=1).split() for word in ("one", "two")
        ]
    assert answers[0] == [str(waiting), "one"]
    assert answers[1][1] == "two"
    assert answers[1][0] != str(waiting)


def test_one_that_died_meanwhile_is_started_again(program, tmp_path):
    with FreshProcess() as fresh:
        fresh.expect(program, [str(tmp_path)])
        (waiting,) = started(tmp_path)
        psutil.Process(waiting).kill()
        while psutil.Process(waiting).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        psutil.Process(waiting).wait(10) if psutil.pid_exists(waiting) else None
        assert fresh.run(program, [str(tmp_path)], asked="one", folder=tmp_path, items=1).split()[1] == "one"


def test_one_that_is_not_asked_is_ended(program, tmp_path):
    with FreshProcess() as fresh:
        fresh.expect(program, [str(tmp_path)])
        (waiting,) = started(tmp_path)
    assert not psutil.pid_exists(waiting)
    with pytest.raises(ExportError, match="broken off"):
        fresh.run(program, [str(tmp_path)], folder=tmp_path, items=1)


@pytest.mark.slow
def test_kerass_archive_is_asked_without_what_no_answer_needs_and_the_search_for_garbage_is_on_again(tmp_path):
    """The very program, up to where it is told what to do."""
    program = tmp_path / "program.py"
    program.write_text(
        "import gc, runpy, sys\n"
        "class Waiting:\n"
        "    def readline(self):\n"
        "        needless = {'sklearn.base', 'pandas.core', 'matplotlib.pyplot'} & set(sys.modules)\n"
        "        sys.exit(f'search {gc.isenabled()}, needless {needless}, keras {\"keras\" in sys.modules}')\n"
        "sys.stdin = Waiting()\n"
        "runpy.run_path(sys.argv[1])['main']('keras')\n"
    )
    with FreshProcess() as fresh, pytest.raises(ExportError, match=r"search True, needless set\(\), keras True"):
        fresh.run(program, [str(REPLAY)], asked="", folder=tmp_path, items=1)
