"""The trainer is imported without a search for garbage, which is on again afterwards."""

from __future__ import annotations

import gc
import sys

import pytest

from tlcore.training import preload


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that says, when it is imported, whether garbage is searched for."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(preload, "TRAINER", "stands_for_the_trainer")
    monkeypatch.delitem(sys.modules, "stands_for_the_trainer", raising=False)
    at_exit = []
    monkeypatch.setattr(preload.atexit, "register", at_exit.append)
    yield lambda text: (tmp_path / "stands_for_the_trainer.py").write_text(text), at_exit
    gc.unfreeze()


def test_nothing_is_looked_through_while_the_trainer_is_imported_and_none_of_it_later(module):
    write, at_exit = module
    write("import gc\nsearched = gc.isenabled()\nmine = [[]]\n")
    preload.import_trainer()
    assert sys.modules["stands_for_the_trainer"].searched is False
    assert gc.isenabled()
    assert not any(each is sys.modules["stands_for_the_trainer"].mine for each in gc.get_objects())
    assert at_exit == [gc.freeze]
    preload.import_trainer()  # it is there: whatever has come since is searched as ever
    assert at_exit == [gc.freeze]


def test_an_import_that_fails_leaves_the_search_for_garbage_on(module):
    write, at_exit = module
    write("raise ImportError('no backend')\n")
    with pytest.raises(ImportError, match="no backend"):
        preload.import_trainer()
    assert gc.isenabled()
    assert not at_exit
