"""The exported server is the app that `serve` runs, needs nothing but what it lists, and proves itself over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import tlcore
from tests.graphs import write_knowing_model
from tlcore.evaluation.run import evaluate_run
from tlcore.export.run import export_run
from tlcore.export.server import MODULES
from tlcore.runs.manifest import artefact

LIBRARY = Path(tlcore.__file__).parent


def unpack(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(archive.read(name))
    return folder


@pytest.mark.slow
def test_the_server_agrees_with_the_app_and_carries_all_that_is_known(run, workspace, tmp_path):
    write_knowing_model(run, workspace, temperature=1.0)
    evaluate_run(run, lambda step: None)
    (manifest,) = export_run(run, lambda step: None, ["server"])
    assert manifest.agrees, manifest.reason
    assert manifest.same_answers == 1.0
    assert manifest.largest_difference <= 1e-6
    assert manifest.milliseconds_per_item > 0
    assert manifest.awkward.same == manifest.awkward.files
    assert {"fastapi", "uvicorn", "onnxruntime"} <= set(manifest.versions)
    home = unpack(artefact(run.path, "server"), tmp_path / "home")
    labels = json.loads((home / "model" / "contract.json").read_text())
    assert labels["run"] == run.id
    assert labels["unfamiliar_above"] == 1.0
    assert "how unlike the training pictures" in (home / "README.md").read_text()
    for name in MODULES:
        assert (home / "tlcore" / name).read_bytes() == (LIBRARY / name).read_bytes()
    dockerfile = (home / "Dockerfile").read_text()
    assert f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim" in dockerfile
    assert "$" not in dockerfile
    assert "tensorflow" not in (home / "requirements.txt").read_text()


@pytest.mark.slow
def test_the_server_imports_only_what_its_requirements_bring(run, tmp_path):
    export_run(run, lambda step: None, ["server"])
    home = unpack(artefact(run.path, "server"), tmp_path / "home")
    # What the listed packages bring along themselves; anything else of this environment is not there.
    brought = {
        "fastapi", "starlette", "pydantic", "pydantic_core", "annotated_types", "annotated_doc", "typing_extensions",
        "typing_inspection", "anyio", "idna", "sniffio", "uvicorn", "click", "h11", "prometheus_client", "multipart",
        "python_multipart", "onnxruntime", "numpy", "PIL", "google", "flatbuffers", "packaging", "opentelemetry",
        "tlcore",
    }  # fmt: skip
    program = (
        "import sys, runpy\n"
        "class Strict:\n"
        f"    allowed = set(sys.stdlib_module_names) | {brought!r}\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in self.allowed or name[0] == '_': return None\n"
        "        raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Strict())\n"
        "import uvicorn\n"
        "uvicorn.Server.run = lambda self, sockets: print(self.config.load() or sys.modules['tlcore'].__file__)\n"
        "sys.argv = ['server.py', '--port', '0']\n"
        f"runpy.run_path({str(home / 'server.py')!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == home / "tlcore" / "__init__.py"
    assert f"{run.id} answers at" in done.stderr


@pytest.mark.slow
def test_a_server_that_does_not_start_is_not_offered(run, monkeypatch):
    monkeypatch.setattr("tlcore.export.server.MODULES", tuple(name for name in MODULES if name != "serving/batcher.py"))
    (manifest,) = export_run(run, lambda step: None, ["server"])
    assert not manifest.agrees
    assert "batcher" in manifest.reason
