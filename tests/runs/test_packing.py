"""A run as one zip, in and out, by hand and from the command line."""

from __future__ import annotations

import json
import zipfile

import pandas as pd
import pytest

from tests.data.test_packing import rewritten
from tests.pages.made_runs import beginning, finished, made
from tests.pages.small_models import answering, exported
from tests.runs.test_initial_weights import again, with_model, write_model
from tlcore.__main__ import main
from tlcore.errors import ArchiveError, RunError
from tlcore.progress import drain
from tlcore.runs.create import create_run
from tlcore.runs.initial_weights import find_start, read_start
from tlcore.runs.manifest import artefact
from tlcore.runs.packing import pack_run, unpack_run
from tlcore.runs.recorder import Recorder
from tlcore.workspace import Workspace


@pytest.fixture
def elsewhere(tmp_path):
    other = Workspace(tmp_path / "elsewhere")
    other.runs.mkdir(parents=True)
    return other


def packed(run, path):
    return drain(pack_run(run, path), lambda step: None).path


def unpacked(workspace, path, **options):
    return drain(unpack_run(workspace, path, **options), lambda step: None)


def test_a_run_comes_back_with_its_model_its_events_and_its_downloads(workspace, tiny_dataset, elsewhere, tmp_path):
    run = answering(workspace, tiny_dataset)
    run.rename("The good one")
    exported(run, "onnx", "model.onnx", b"proven")
    there = unpacked(elsewhere, packed(run, tmp_path / "run.zip"))
    assert (there.id, there.name, there.config) == (run.id, "The good one", run.config)
    assert there.events() == run.events()
    assert there.state() == run.state()
    assert there.model_onnx.read_bytes() == run.model_onnx.read_bytes()
    assert artefact(there.path, "onnx").read_bytes() == b"proven"
    pd.testing.assert_frame_equal(there.split(), run.split())


def test_the_weights_that_a_run_began_with_come_along_and_what_they_have_met(
    workspace, tiny_dataset, elsewhere, tmp_path
):
    first = with_model(workspace, tiny_dataset)
    second = create_run(workspace, tiny_dataset, again(first))
    write_model(second.model_keras)
    there = unpacked(elsewhere, packed(second, tmp_path / "run.zip"))
    assert read_start(there) == read_start(second)
    for name in ("model.keras", "met.parquet"):
        assert (there.path / "start" / name).read_bytes() == (second.path / "start" / name).read_bytes()
    assert find_start(elsewhere, there.id).met == find_start(workspace, second.id).met


@pytest.mark.parametrize(("content", "said"), [(None, "is not there"), ("no zip", "is no zip, or is damaged")])
def test_what_is_no_zip_is_said_to_be_none(workspace, tmp_path, capsys, content, said):
    path = tmp_path / "given.zip"
    if content:
        path.write_text(content)
    for kind in ("runs", "data"):
        assert main([kind, "unpack", str(path)]) == 1
        assert said in capsys.readouterr().err


def test_a_run_under_way_is_not_packed(workspace, tiny_dataset, tmp_path):
    run = made(workspace, tiny_dataset)
    with Recorder(run) as recorder:
        for event in beginning():
            recorder.record(event)
        with pytest.raises(RunError, match="that is over"):
            packed(run, tmp_path / "run.zip")


def test_a_manifest_that_names_a_file_elsewhere_is_refused(workspace, tiny_dataset, elsewhere, tmp_path):
    run = answering(workspace, tiny_dataset)
    exported(run, "onnx", "model.onnx")

    def change(name, content):
        if not name.endswith("/onnx/manifest.json"):
            return content
        return json.dumps({**json.loads(content), "file": "../../../../../etc/hostname"}).encode()

    with pytest.raises(ArchiveError, match="names the file"):
        unpacked(elsewhere, rewritten(packed(run, tmp_path / "r.zip"), tmp_path / "h.zip", change))
    assert not list(elsewhere.runs.iterdir())


def test_settings_that_are_none_are_refused(workspace, tiny_dataset, elsewhere, tmp_path):
    archive = packed(finished(workspace, tiny_dataset), tmp_path / "r.zip")
    hostile = rewritten(archive, tmp_path / "h.zip", lambda name, c: b"{}" if name.endswith("config.json") else c)
    with pytest.raises(ArchiveError, match="cannot be read"):
        unpacked(elsewhere, hostile)


def test_packing_and_unpacking_from_the_command_line(workspace, tiny_dataset, tmp_path, capsys, monkeypatch):
    run = answering(workspace, tiny_dataset)
    data, whole = str(tmp_path / "data.zip"), str(tmp_path / "run.zip")
    assert main(["data", "pack", tiny_dataset.id, "--out", data, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["dataset"] == tiny_dataset.id
    assert main(["runs", "pack", run.id, "--out", whole, "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    with zipfile.ZipFile(whole) as found:
        assert said["files"] == len(found.namelist()) - 1
    assert main(["data", "unpack", whole]) == 1
    assert "`runs unpack` takes it" in capsys.readouterr().err
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "another"))
    assert main(["runs", "unpack", whole, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"run": run.id, "name": run.id, "dataset": None}
    assert main(["data", "unpack", data, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["pictures"] == 36
    assert main(["runs", "unpack", whole, "--copy", "--json"]) == 0
    content = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert content["dataset"] == tiny_dataset.id
    assert content["run"] != run.id
    assert main(["runs", "unpack", whole]) == 1
    assert "--copy" in capsys.readouterr().err
