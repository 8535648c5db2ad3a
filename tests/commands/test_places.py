"""A workspace that cannot be used, or only be read, is a sentence on the command line, never a trace."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tlcore import files
from tlcore.__main__ import main
from tlcore.runs.run import Run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(evaluated_run: Run) -> Run:
    return evaluated_run


@pytest.fixture(params=[errno.EROFS, errno.ENOSPC, errno.EACCES], ids=["read-only", "full", "of another user"])
def closed(request, monkeypatch):
    """Let nothing be made, opened for writing or renamed in the workspace, as the system would have it."""

    def close(workspace):
        number, real_open, inside = request.param, os.open, str(workspace.root)

        def fault(path):
            return OSError(number, os.strerror(number), os.fspath(path))

        def guarded(path, flags, *rest, **more):
            written = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if written and isinstance(path, str | os.PathLike) and os.fspath(path).startswith(inside):
                raise fault(path)
            return real_open(path, flags, *rest, **more)

        def refuses(name):
            real = getattr(Path, name)

            def method(self, *rest, **more):
                writes = name != "open" or set("wax+") & set(rest[0] if rest else more.get("mode", "r"))
                if writes and str(self).startswith(inside) and not (name == "mkdir" and self.is_dir()):
                    raise fault(self)
                return real(self, *rest, **more)

            monkeypatch.setattr(Path, name, method)

        for name in ("mkdir", "open", "replace", "touch", "write_bytes", "write_text"):
            refuses(name)
        monkeypatch.setattr(os, "open", guarded)
        monkeypatch.setattr(os, "utime", lambda path, *rest: (_ for _ in ()).throw(fault(path)))

    return close


WRITING = [
    ["data", "add", "PICTURES", "--label", "x"],
    ["data", "add", "PICTURES", "--into", "shapes"],
    ["data", "relabel", "shapes", "PICTURE", "--to", "square"],
    ["data", "exclude", "shapes", "PICTURE"],
    ["data", "rename-class", "shapes", "circle", "round"],
    ["data", "split", "shapes", "--anew", "--yes"],
    ["data", "check", "shapes"],
    ["train", "shapes", "--image-size", "32", "--epochs", "1"],
    ["sweep", "shapes"],
    ["runs", "rename", "RUN", "other"],
    ["runs", "delete", "RUN", "--yes"],
    ["evaluate", "RUN"],
    ["understand", "RUN"],
    ["export", "RUN", "--format", "onnx"],
    ["predict", "RUN", "PICTURES", "--csv", "HOME/answers.csv"],
    ["report", "RUN", "--out", "HOME/report.html"],
]
READING = [
    ["data", "list"],
    ["data", "history", "shapes"],
    ["data", "compare", "shapes", "1", "1"],
    ["data", "pack", "shapes", "--out", "OUT/shapes.zip"],
    ["runs", "list"],
    ["runs", "show", "RUN"],
    ["runs", "pack", "RUN", "--out", "OUT/run.zip"],
    ["cache", "show"],
    ["costs", "RUN"],
    ["predict", "RUN", "PICTURES"],
    ["report", "RUN", "--out", "OUT/report.html"],
]


def named(command, run, workspace, tiny_folder, tmp_path):
    source = next(iter((tiny_folder / "circle").iterdir()))
    names = {"PICTURES": tiny_folder, "PICTURE": f"circle/{source.name}", "RUN": run.id}
    words = [str(names.get(word, word)) for word in command]
    return [word.replace("HOME", str(workspace.root)).replace("OUT", str(tmp_path)) for word in words]


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_what_has_to_write_says_that_it_cannot(command, run, workspace, tiny_folder, tmp_path, closed, capsys):
    words = named(command, run, workspace, tiny_folder, tmp_path)
    closed(workspace)
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.strip()
    hints = ("set GRAFT_HOME", "Name another", "make room")
    assert any(hint in said for hint in hints), said


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_what_is_there_can_be_read(command, run, workspace, tiny_folder, tmp_path, closed, capsys):
    words = named(command, run, workspace, tiny_folder, tmp_path)
    closed(workspace)
    assert main(words) == 0, capsys.readouterr().err


@pytest.mark.parametrize("kind", ["a file", "below a file", "too long", "nobody's home"])
def test_a_workspace_that_cannot_be_one_is_told(kind, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    places = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "home",
        "too long": tmp_path / ("x" * 5000),
        "nobody's home": "~nobody-is-called-so",
    }
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAFT_HOME", str(places[kind]))
    code = main(["data", "list"])
    said = capsys.readouterr().err
    assert "Traceback" not in said
    if kind == "nobody's home":  # a folder may be called so
        assert code == 0
        return
    assert code == 1
    assert "Set GRAFT_HOME to another folder" in said
    assert len(said) < 1000


def test_output_that_nobody_takes_is_told(workspace):
    command = [sys.executable, "-m", "tlcore", "data", "list"]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "Standard output takes no more" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bug_keeps_its_trace(workspace, monkeypatch, capsys):
    def broken(*arguments):
        raise KeyError("a bug")

    monkeypatch.setattr(files, "read_json", broken)
    monkeypatch.setattr("tlcore.data.dataset.list_datasets", broken)
    assert main(["data", "list"]) == 1
    assert "Traceback" in capsys.readouterr().err
