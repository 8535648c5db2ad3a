"""A run's proven model where others find it: a Hub on this machine, MLflow where it is installed, a folder."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from tests.pages.small_models import answering, exported
from tests.publishing.fake_hub import TOKEN, running
from tlcore.__main__ import main
from tlcore.errors import ExportError
from tlcore.publishing import parcel as parcels
from tlcore.publishing.publish import publish

# The Hub's own client sends large files to a server without Xet in a way that its HTTP library will drop.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
FILES = ("model.keras", "model.onnx", "contract.json", "predict.py", "README.md")


def bundle() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in FILES:
            archive.writestr(name, f"this is {name}\n" * 50)
    return stream.getvalue()


@pytest.fixture
def run(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    exported(run, "bundle", "bundle.zip", bundle())
    return run


@pytest.fixture
def hub(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    # A server that speaks the older protocol; with Xet, large files would go to one more server.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


def test_a_folder_has_what_is_published(run, tmp_path):
    done = publish(run, f"folder:{tmp_path / 'out'}")
    assert set(done.files) == {*FILES, "evaluation.json"}
    assert (tmp_path / "out" / "model.onnx").read_text().startswith("this is model.onnx")
    assert (tmp_path / "out" / "evaluation.json").read_bytes() == run.evaluation_json.read_bytes()
    with pytest.raises(ExportError, match="new folder"):
        publish(run, f"folder:{tmp_path / 'out'}")


def test_the_model_card_is_the_readme_where_there_is_one(run, tmp_path, monkeypatch):
    monkeypatch.setattr(parcels, "model_card", lambda run: f"---\nlicense: unknown\n---\n# {run.id}\n")
    publish(run, f"folder:{tmp_path / 'out'}")
    assert f"# {run.id}" in (tmp_path / "out" / "README.md").read_text()


def test_a_run_without_a_proven_bundle_is_not_published(workspace, tiny_dataset, tmp_path):
    run = answering(workspace, tiny_dataset)
    with pytest.raises(ExportError, match="--format bundle"):
        publish(run, f"folder:{tmp_path / 'out'}")
    exported(run, "bundle", "bundle.zip", agrees=False, reason="It answers otherwise.")
    with pytest.raises(ExportError, match="answers otherwise"):
        publish(run, f"folder:{tmp_path / 'out'}")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("to", ["", "hf", "hf:", "ftp:somewhere", "owner/name", "folder: "])
def test_a_place_that_is_none_is_told(run, to):
    with pytest.raises(ExportError, match=r"hf:owner/name"):
        publish(run, to)


def test_a_push_leaves_every_file_in_a_private_repository(run, hub, monkeypatch):
    monkeypatch.setattr(parcels, "model_card", lambda run: "---\nlicense: unknown\n---\n# Shapes\n")
    done = publish(run, "hf:somebody/shapes")
    assert done.address == f"{hub.url}/somebody/shapes"
    assert hub.private == {"somebody/shapes": True}
    files = hub.repositories["somebody/shapes"]
    assert set(files) - {".gitattributes"} == {*FILES, "evaluation.json"}
    assert files["model.onnx"].startswith(b"this is model.onnx")
    assert files["README.md"].endswith(b"# Shapes\n")
    assert hub.messages == [f"Publish {run.id}"]


def test_a_second_push_goes_to_the_same_repository(run, hub):
    publish(run, "hf:somebody/shapes", public=True)
    publish(run, "hf:somebody/shapes")
    assert hub.private == {"somebody/shapes": False}
    assert len(hub.messages) == 2


def test_a_hub_that_refuses_or_is_not_there_is_told_in_a_sentence(run, hub, monkeypatch):
    hub.refuses = 403
    with pytest.raises(ExportError, match="hf auth login"):
        publish(run, "hf:somebody/shapes")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(ExportError, match="hf auth login"):
        publish(run, "hf:somebody/shapes")
    with pytest.raises(ExportError, match="owner/name"):
        publish(run, "hf:not a name/at all")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ExportError, match="could not be sent"):
        publish(run, "hf:somebody/shapes")


@pytest.mark.parametrize(("to", "extra"), [("hf:somebody/shapes", "huggingface-hub"), ("mlflow:x", "mlflow-skinny")])
def test_a_client_that_is_not_installed_is_named(run, monkeypatch, to, extra):
    for module in ("hub", "registry"):
        monkeypatch.setattr(f"tlcore.publishing.{module}.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExportError, match=f"pip install {extra}"):
        publish(run, to)


def test_publishing_from_the_command_line(run, hub, capsys):
    assert main(["publish", run.id, "--to", "hf:somebody/shapes", "--json"]) == 0
    content = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (content["run"], content["place"], content["address"]) == (run.id, "hf", f"{hub.url}/somebody/shapes")
    assert main(["publish", run.id, "--to", "nowhere"]) == 1
    assert "hf:owner/name" in capsys.readouterr().err


@pytest.mark.slow
def test_mlflow_has_a_version_with_every_file(run, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)  # artifacts lie below the present folder
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    assert publish(run, f"mlflow:{uri}", name="shapes").address == "models:/shapes/1"
    assert publish(run, f"mlflow:{uri}", name="shapes").address == "models:/shapes/2"
    client = mlflow.MlflowClient(uri, uri)
    version = client.get_model_version("shapes", "2")
    assert version.tags["graft.run"] == run.id
    files = {entry.path for entry in client.list_artifacts(version.run_id, "model")}
    assert files == {f"model/{name}" for name in (*FILES, "evaluation.json")}
    assert client.get_run(version.run_id).data.metrics["test_accuracy"] == run.state().test.value
