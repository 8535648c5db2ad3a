"""Downloads from a server on this machine, which can break off and can go on in the middle of a file."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from tlcore.backbones import catalogue
from tlcore.backbones.catalogue import find
from tlcore.backbones.download import MEGABYTE, download
from tlcore.backbones.weights import missing_sentence, weights_state
from tlcore.commands.backbones import app
from tlcore.errors import WeightsError
from tlcore.progress import drain

CONTENT = bytes(range(256)) * 12_000  # about three megabytes


class Server(ThreadingHTTPServer):
    """Gives CONTENT, or what is left of it; after `breaks_after` bytes it hangs up."""

    breaks_after = len(CONTENT)
    asked: tuple[str | None, ...] = ()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        said = self.headers.get("Range")
        self.server.asked += (said,)
        begin = int(said.removeprefix("bytes=").rstrip("-")) if said else 0
        self.send_response(206 if said else 200)
        self.send_header("Content-Length", str(len(CONTENT) - begin))
        self.end_headers()
        self.wfile.write(CONTENT[begin : self.server.breaks_after])

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def server():
    with Server(("localhost", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


@pytest.fixture
def backbone(server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    address = f"http://localhost:{server.server_address[1]}/weights.h5"
    digest = hashlib.sha256(CONTENT).hexdigest()
    return find("vgg16").model_copy(update={"weights_url": address, "weights_hash": digest})


def test_it_says_how_far_it_is_and_keeps_what_has_the_listed_hash(backbone, workspace, monkeypatch):
    monkeypatch.setattr("tlcore.progress.SECONDS_BETWEEN_REPORTS", 0.0)
    steps = []
    path = drain(download(backbone, workspace), steps.append)
    assert path.read_bytes() == CONTENT
    assert weights_state(backbone, workspace).path == path
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].total == len(CONTENT) // MEGABYTE
    assert "VGG16" in steps[-1].note


def test_a_broken_connection_is_told_and_the_next_download_goes_on_from_there(backbone, workspace, server):
    server.breaks_after = 1_500_000
    with pytest.raises(WeightsError, match=r"Start it again to go on|IncompleteRead"):
        drain(download(backbone, workspace), lambda step: None)
    assert weights_state(backbone, workspace).path is None, "half a file is none"
    server.breaks_after = len(CONTENT)
    assert drain(download(backbone, workspace), lambda step: None).read_bytes() == CONTENT
    assert server.asked[0] is None
    assert server.asked[1] is not None


def test_a_file_with_another_hash_is_not_kept(backbone, workspace):
    other = backbone.model_copy(update={"weights_hash": "0" * 64})
    with pytest.raises(WeightsError, match="damaged"):
        drain(download(other, workspace), lambda step: None)
    assert weights_state(other, workspace).path is None
    assert not list((Path(workspace.weights).parent).rglob("*.part"))


def test_without_a_network_it_says_what_to_do(backbone, workspace, server):
    server.shutdown()
    nowhere = backbone.model_copy(update={"weights_url": "http://localhost:1/weights.h5"})
    with pytest.raises(WeightsError, match="The download failed") as caught:
        drain(download(nowhere, workspace), lambda step: None)
    assert str(caught.value).startswith(missing_sentence(nowhere, workspace))


def test_a_preset_that_is_under_way_is_not_taken_for_a_whole_one(workspace, backbone, tmp_path):
    preset = find("dinov2_small")
    folder = tmp_path / "kaggle" / "models" / preset.preset
    folder.mkdir(parents=True)
    (folder / "model.weights.h5").write_bytes(b"half of it")
    assert weights_state(preset, workspace).where == "missing"
    assert "config.json and model.weights.h5" in missing_sentence(preset, workspace)
    marker = folder.parent / ".complete" / folder.name / "model.weights.h5.complete"
    marker.parent.mkdir(parents=True)
    marker.touch()
    assert weights_state(preset, workspace).path == folder / "model.weights.h5"


def test_the_preset_is_fetched_by_a_program_that_can_be_ended_and_its_fault_is_told(backbone, workspace, monkeypatch):
    preset, faulty = find("dinov2_small"), "import sys; sys.exit('no such host')"
    monkeypatch.setattr("tlcore.backbones.download.FETCH_PRESET", faulty)
    with pytest.raises(WeightsError, match=r"dinov2_small.*no such host"):
        drain(download(preset, workspace), lambda step: None)
    monkeypatch.setattr("tlcore.backbones.download.FETCH_PRESET", "import time; time.sleep(60)")
    before = {each.pid for each in psutil.Process().children()}  # other tests of this process may have some
    steps = download(preset, workspace)
    assert next(steps).total == round(preset.download_megabytes)
    started = {each.pid for each in psutil.Process().children()} - before
    assert started
    steps.close()
    assert not started & {each.pid for each in psutil.Process().children()}


def test_the_command_says_where_the_weights_are(backbone, workspace, monkeypatch):
    monkeypatch.setattr(catalogue, "CATALOGUE", {backbone.key: backbone})
    done = CliRunner().invoke(app, ["fetch", "vgg16", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["weights"]["vgg16"]
    assert Path(found).read_bytes() == CONTENT
