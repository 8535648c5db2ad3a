"""`predict.py` of the bundle answers for a file of any name with a row or a sentence, on a terminal of any encoding."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.graphs import make_answerable_run
from tlcore.contract import read_contract
from tlcore.export.bundle import Bundle
from tlcore.files import write_json

ROOT = Path(__file__).resolve().parents[2]
EMOJI = "\N{DOG FACE}"
NAMES = [
    b"-1.png",
    b"--top",
    b"@list.png",
    b"a b.png",
    b"two\nlines.png",
    b"tab\t.png",
    b"caf\xe9 in latin-1.png",
    b"\xff\xfe.png",
    "\N{DOG FACE} ä 漢.png".encode(),
    b"=1+1.png",
    b"quote\"'`.png",
    b"$HOME;*?[a].png",
    b"%41#1.png",
    b"~root.png",
    b"no suffix",
    b"x" * 250 + b".png",
]
ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
UTF8 = {"PYTHONUTF8": "1"}


@pytest.fixture
def run(workspace, tiny_dataset):
    """A run one of whose classes is an emoji."""
    made = make_answerable_run(workspace, tiny_dataset)
    made.model_keras.write_bytes(b"stands in for an archive")
    labels = read_contract(made.path)
    write_json(made.contract_json, labels.model_copy(update={"classes": (EMOJI, *labels.labels[1:])}))
    return made


@pytest.fixture
def home(run, tmp_path):
    """An unpacked bundle."""
    Bundle().export(run, tmp_path)
    folder = tmp_path / "bundle"
    folder.mkdir()
    with zipfile.ZipFile(tmp_path / Bundle.file) as archive:
        for name in archive.namelist():
            (folder / name).write_bytes(archive.read(name))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("terminal", [ASCII, UTF8], ids=["ascii", "utf-8"])
def test_every_name_has_a_row_or_a_sentence(home, tiny_folder, terminal, tmp_path):
    here = pictures_of_odd_names(tmp_path, tiny_folder)
    (here / "a folder.png").mkdir()
    asked = [*NAMES, b"a folder.png", b"missing.png", b"no such folder/x.png"]

    def answers(*options):
        command = [sys.executable, home / "predict.py", *options, *asked]
        done = subprocess.run(command, cwd=here, capture_output=True, env={**os.environ, **terminal})
        assert b"Traceback" not in done.stderr, done.stderr
        assert done.returncode == 1
        return done.stdout.decode(), done.stderr.decode()

    shown, faults = answers()
    assert len(shown.splitlines()) == len(NAMES)
    assert len(faults.splitlines()) == 3
    assert (EMOJI in shown) is (terminal is UTF8)
    assert ("\\U0001f436" in shown) is (terminal is ASCII)
    assert "two\\nlines.png" in shown
    said, _ = answers("--json")
    rows = [json.loads(line) for line in said.splitlines()]
    found = [os.fsencode(row["picture"]).removeprefix(b"./") for row in rows] if terminal is UTF8 else NAMES
    assert found == NAMES
    assert all(EMOJI in row["probabilities"] for row in rows)


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_fault(home, tiny_folder):
    items = sorted((tiny_folder / "circle").iterdir()) * 50
    command = [sys.executable, home / "predict.py", *map(str, items)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.slow
@pytest.mark.parametrize("terminal", [ASCII, UTF8], ids=["ascii", "utf-8"])
@pytest.mark.parametrize("more", [[], ["--json"], ["--csv", "answers.csv"]], ids=["words", "json", "csv"])
def test_predict_answers_for_every_name_on_every_terminal(run, tiny_folder, tmp_path, terminal, more):
    here = pictures_of_odd_names(tmp_path, tiny_folder)
    command = [sys.executable, "-m", "tlcore", "predict", run.id, *more, "--", *NAMES]
    environment = {**os.environ, **terminal, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=here, capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr
    if "--json" in more:
        found = json.loads(done.stdout.splitlines()[-1])["predictions"]
        assert [os.fsencode(each["path"]) for each in found] == NAMES
        assert EMOJI in found[0]["probabilities"]
    else:
        shown = b"\\U0001f436" if terminal is ASCII else EMOJI.encode()
        assert done.stdout.count(shown) >= len(NAMES)
    done = subprocess.run([*command, "missing.png"], cwd=here, capture_output=True, env=environment)
    assert done.returncode == 1
    assert b"missing.png" in done.stderr
    assert b"Traceback" not in done.stderr


def pictures_of_odd_names(tmp_path, tiny_folder):
    folder = tmp_path / "pictures"
    folder.mkdir()
    item = next((tiny_folder / "circle").iterdir())
    for name in NAMES:
        shutil.copyfile(item, os.fsencode(folder) + b"/" + name)
    return folder
