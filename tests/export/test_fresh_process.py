"""A fresh process has what it needs and no more, and none begins after the end."""

from __future__ import annotations

import pytest

from tlcore.errors import ExportError
from tlcore.export.exporter import FreshProcess
from tlcore.export.model_files import REPLAY


def test_nothing_begins_in_a_set_of_processes_that_was_ended(tmp_path):
    with FreshProcess() as fresh:
        pass
    with pytest.raises(ExportError, match="broken off"):
        fresh.run(tmp_path / "program.py", [], folder=tmp_path, items=1)


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
