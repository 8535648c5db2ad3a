"""Pages of a workspace that cannot be written: what is there is shown, and what has to write says why it cannot."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.pages.made_runs import epoch_ended, finished, made
from tests.pages.opening import button, open_page, words
from tlcore.runs.events import PhaseStarted, Started
from tlcore.runs.recorder import Recorder

PAGES = (
    *("data", "train", "runs", "evaluate", "try", "export", "sweep", "storage", "check"),
    *("history", "label"),
)


@pytest.fixture
def closed(workspace, monkeypatch):
    """A function that has the system refuse every write below the workspace, as a read-only mount does."""

    def close(number=errno.EROFS):
        real_open, real_mkdir, inside = os.open, os.mkdir, str(workspace.root)

        def refuse(path):
            raise OSError(number, os.strerror(number), os.fspath(path))

        def opening(path, flags, *rest, **more):
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and isinstance(path, str | Path) and os.fspath(path).startswith(inside):
                refuse(path)
            return real_open(path, flags, *rest, **more)

        def making(path, *rest, **more):
            if os.fspath(path).startswith(inside) and not Path(path).is_dir():
                refuse(path)
            return real_mkdir(path, *rest, **more)

        monkeypatch.setattr(os, "open", opening)
        monkeypatch.setattr(os, "mkdir", making)
        monkeypatch.setattr(os, "utime", lambda path, *rest, **more: refuse(path))

    return close


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_is_there_where_nothing_can_be_written(workspace, tiny_dataset, page, closed):
    run = finished(workspace, tiny_dataset)
    closed()
    app = open_page(page, dataset=tiny_dataset.id, run=run.id)
    assert not [each.value for each in app.error if "GRAFT_HOME" in each.value]


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_press_that_has_to_write_is_answered_by_a_sentence(workspace, tiny_dataset, closed, number):
    run = made(workspace, tiny_dataset)
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1))
        recorder.record(PhaseStarted(phase="head", title="Training the head", epochs=5, first_epoch=1))
        recorder.record(epoch_ended(1, loss=1.0, val_loss=1.0))
        app = open_page("runs", run=run.id)
        closed(number)
        button(app, "Pause").click().run()
        assert not app.exception
        (fault,) = app.error
        assert "set GRAFT_HOME" in fault.value
        assert str(workspace.root) in fault.value
        app.run()
        assert not app.error  # told once


def test_training_that_cannot_be_begun_says_why(workspace, tiny_dataset, closed):
    app = open_page("train", dataset=tiny_dataset.id)
    closed()
    button(app, "Start").click().run()
    assert not app.exception
    assert any("mounted read-only" in each.value for each in app.error)


def test_a_workspace_that_is_a_file_is_told_on_every_page(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "file"))
    app = open_page("data")
    assert "Set GRAFT_HOME to another folder" in app.error[0].value
    assert "Import labelled pictures" in words(app)
