"""The proof of a web page leaves nothing behind, whatever the browser still does when it has answered."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tlcore.export.exporter import FreshProcess
from tlcore.export.parity import app_answers
from tlcore.export.run import export_run

# Answers as the app did, and leaves a child that writes into the profile for as long as it lives.
BROWSER = '''#!{python} -I
import json, os, subprocess, sys, urllib.request
profile = next(each for each in sys.argv if each.startswith("--user-data-dir=")).partition("=")[2]
os.makedirs(profile)
child = subprocess.Popen([sys.executable, "-I", "-c", """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
until = time.monotonic() + 60
while time.monotonic() < until:
    for number in range(200):
        try:
            os.makedirs(sys.argv[1], exist_ok=True)
            open(os.path.join(sys.argv[1], str(number)), "w").close()
        except OSError:
            pass
""", profile])
print(child.pid, file=open({noted!r}, "w"), flush=True)
address = sys.argv[-1].removesuffix("/proof")
def told(where, what):
    urllib.request.urlopen(urllib.request.Request(address + where, json.dumps(what).encode())).read()
for place, (probabilities, unfamiliarity) in enumerate(json.load(open({answers!r}))):
    told("/answer", dict(place=place, probabilities=probabilities, unfamiliarity=unfamiliarity, milliseconds=1.0))
told("/end", dict(error=None, browser="Chrome/1.2"))
child.wait()
'''


@pytest.fixture
def restless_browser(run, tmp_path, monkeypatch):
    """A stand-in for Chromium that answers for the test pictures and sees no others.

    Gives the file in which it notes the process that it leaves.
    """
    said = app_answers(run)
    scores = [None] * len(said.outputs) if said.unfamiliarity is None else said.unfamiliarity.tolist()
    answers, noted, program = tmp_path / "answers.json", tmp_path / "child", tmp_path / "browser"
    answers.write_text(json.dumps(list(zip(said.outputs.tolist(), scores, strict=True))))
    program.write_text(BROWSER.format(python=sys.executable, noted=str(noted), answers=str(answers)))
    program.chmod(0o755)
    monkeypatch.setenv("GRAFT_CHROMIUM", str(program))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return noted


def at_work(noted: Path) -> bool:
    """Whether the process that was noted can still do something; init may be slow to look at its dead."""
    try:
        return psutil.Process(int(noted.read_text())).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.slow
def test_a_browser_that_still_writes_when_it_has_answered_is_ended_with_all_it_started(run, restless_browser, tmp_path):
    (manifest,) = export_run(run, lambda step: None, ["web"])
    assert (manifest.kept, manifest.same_answers) == (True, 1.0), manifest.reason
    assert not at_work(restless_browser)
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.slow
def test_a_profile_that_cannot_be_removed_fails_no_export(run, restless_browser, tmp_path, monkeypatch, caplog):
    removed = shutil.rmtree

    def stays(path, *args, **kwargs):
        if not Path(path).name.startswith("graft-proof-"):
            removed(path, *args, **kwargs)

    monkeypatch.setattr(shutil, "rmtree", stays)
    (manifest,) = export_run(run, lambda step: None, ["web"])
    assert (manifest.kept, manifest.same_answers) == (True, 1.0), manifest.reason
    (left,) = (tmp_path / "temporary").iterdir()
    assert f"{left} cannot be deleted" in caplog.text


@pytest.mark.slow
def test_a_proof_that_is_broken_off_ends_what_its_program_started(tmp_path):
    program, noted = tmp_path / "program.py", tmp_path / "child"
    program.write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], stdout=-3, stderr=-3)\n"
        f"print(child.pid, file=open({str(noted)!r}, 'w'), flush=True)\n"
        "sys.exit('it failed')\n"
    )
    with FreshProcess() as fresh, pytest.raises(Exception, match="it failed"):
        fresh.run(program, [], folder=tmp_path, items=0)
    assert not at_work(noted)
