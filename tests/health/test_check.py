"""A check from its start to its end: what it leaves, how it is followed, stopped and fails; and its leaks."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from PIL import Image

from tests.health.conftest import put_features
from tlcore.__main__ import main
from tlcore.data.dataset import Dataset
from tlcore.data.edits.operations import apply
from tlcore.data.edits.types import Exclude
from tlcore.data.intake import ingest
from tlcore.errors import DataError
from tlcore.files import write_json
from tlcore.health import embed
from tlcore.health.check import Check
from tlcore.health.findings import titles
from tlcore.health.leaks import leak_findings
from tlcore.health.work import work
from tlcore.inference.trunk import graph_path
from tlcore.modalities import MODALITIES, Noun
from tlcore.modalities.checks import NO_CHECKS
from tlcore.modalities.image import IMAGE
from tlcore.progress import drain
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.tasks import TASKS
from tlcore.workspace import Workspace


@pytest.fixture(scope="module")
def planted_folder(scenes, tmp_path_factory):
    """Two classes of scenes; in the training part a copy of a test picture, and one test picture in both classes."""
    folder = tmp_path_factory.mktemp("planted") / "scenes"
    for number, scene in enumerate(scenes):
        label, part = ("blue", "red")[number % 2], "test" if number >= 32 else "train"
        tinted = scene.copy()
        tinted[..., 2 if label == "blue" else 0] = 220 - scene[..., 1] // 8
        place = folder / part / label
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(tinted).save(place / f"{'abcdefghij'[number // 4]}{'klmn'[number % 4]}.png")
    with Image.open(folder / "test" / "blue" / "ik.png") as original:
        original.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "train" / "blue" / "copy.jpg", quality=80)
        original.resize((90, 90)).save(folder / "train" / "red" / "contradiction.png")
    return folder


@pytest.fixture
def planted(workspace, planted_folder):
    """A dataset to break, with its features in the cache."""
    return put_features(workspace, drain(ingest(workspace, planted_folder), lambda step: None).dataset)


@pytest.fixture(scope="module")
def checked(planted_folder, tmp_path_factory):
    """A check that is over, in a workspace of its own; only read it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFT_HOME", str(tmp_path_factory.mktemp("checked")))
        workspace = Workspace.default()
        dataset = put_features(workspace, drain(ingest(workspace, planted_folder), lambda step: None).dataset)
        assert work(dataset.path) == 0
        yield Check(dataset)


@pytest.fixture
def mine(checked, tmp_path):
    """A copy of it, to change."""
    return Check(Dataset(Path(shutil.copytree(checked.dataset.path, tmp_path / "mine"))))


# === What a check leaves ===


def test_a_check_finds_what_was_planted_and_keeps_it(checked):
    source = checked.dataset.items().set_index("sha256")["source"]
    state, info = checked.state(), checked.info()
    assert state.state == "finished"
    assert (info.items, info.version, checked.stale()) == (42, 1, False)
    findings = checked.findings()
    assert [finding.score for finding in findings] == sorted((finding.score for finding in findings), reverse=True)
    assert all(0 <= finding.score <= 1 and finding.says.endswith(".") for finding in findings)
    (cluster,) = (finding for finding in findings if finding.kind == "near_duplicate")
    copies = {"test/blue/ik.png", "train/blue/copy.jpg", "train/red/contradiction.png"}
    assert {source[sha].removeprefix("scenes/") for sha in cluster.items} == copies
    assert set(checked.clusters()["sha256"]) == set(cluster.items)
    (leak,) = (finding for finding in findings if finding.kind == "leak")
    assert source[leak.items[0]].endswith("test/blue/ik.png")
    assert "1 of 8 test pictures have a near-copy" in leak.says
    assert any("contradiction" in source[finding.items[0]] for finding in findings if finding.kind == "label_suspect")
    assert 0.8 < info.score.low < info.score.value


def test_features_and_probabilities_stand_in_the_order_of_the_pictures(checked):
    features, chances = checked.features(), checked.probabilities()
    assert features.rows.shape == (42, embed.bundled().feature_length)
    assert list(chances.columns) == ["blue", "red"]
    assert list(chances.index) == list(features.shas) == sorted(checked.dataset.items()["sha256"])
    labels = checked.dataset.items().set_index("sha256")["label"]
    assert (chances.idxmax(axis=1) == labels[chances.index]).mean() == checked.info().score.value


def test_the_likest_picture_comes_first_and_the_asked_one_never(checked):
    shas = checked.dataset.items().set_index("source")["sha256"]
    original = next(sha for source, sha in shas.items() if source.endswith("ik.png"))
    alike = checked.similar(original, k=5)
    assert len(alike) == len(set(alike)) == 5
    assert original not in alike
    assert set(alike[:2]) & set(checked.clusters()["sha256"])
    assert checked.similar("unknown", k=3) == []
    assert len(checked.similar(original, k=1000)) == 41


def test_other_labels_make_the_results_stale(mine):
    changed = mine.dataset.info.model_copy(update={"fingerprint": "another", "version": 2})
    write_json(mine.dataset.path / "dataset.json", changed)
    assert mine.stale()


def test_a_dataset_that_was_never_checked_has_nothing_to_say(tiny_dataset):
    check = Check(tiny_dataset)
    assert (check.state().state, check.info(), check.findings(), check.features()) == ("created", None, [], None)
    assert len(check.clusters()) == 0
    assert not check.stale()


# === What is not a picture ===


def test_a_modality_without_checks_is_checked_for_what_every_item_may_have(workspace, planted, monkeypatch):
    texts = replace(IMAGE, noun=Noun("text", "texts"), checks=NO_CHECKS)
    monkeypatch.setitem(MODALITIES, "image", texts)
    assert work(planted.path) == 0
    check = Check(planted)
    assert check.info().score.value > 0.8
    assert check.curve().whole.says.startswith("More texts would ")
    kinds = {finding.kind for finding in check.findings()}
    assert "label_suspect" in kinds
    assert not kinds & {"near_duplicate", "leak", "groups", "shortcut", *(kind.key for kind in IMAGE.checks.kinds)}
    assert "picture" not in " ".join([*(finding.says for finding in check.findings()), *check.info().notes])
    assert "Near-duplicates" not in titles(texts, TASKS["classification"]).values()


def test_a_modality_without_a_bundled_backbone_is_checked_without_features(planted, monkeypatch):
    monkeypatch.setattr(embed, "bundled_for", lambda modality: None)
    monkeypatch.setitem(MODALITIES, "image", replace(IMAGE, noun=Noun("text", "texts"), checks=NO_CHECKS))
    keep = planted.items().groupby("label").head(3)["sha256"].tolist()
    blue = planted.items().query("label == 'blue'")["sha256"].tolist()
    apply(planted, Exclude(shas=tuple(sha for sha in blue if sha not in keep)))
    assert work(planted.path) == 0
    check = Check(planted)
    assert [finding.kind for finding in check.findings()] == ["imbalance"]
    assert "'blue' has 3 texts" in check.findings()[0].says
    assert "No backbone for texts is bundled" in check.info().notes[0]
    assert (check.features(), check.curve(), check.probabilities(), check.info().score) == (None,) * 4


# === How it is followed ===


def test_a_picture_that_is_gone_fails_the_check_and_keeps_the_earlier_results(checked, planted):
    shutil.copytree(checked.path, planted.path / "health")
    planted.image_path(planted.items()["file"][0]).write_bytes(b"damaged")
    assert work(planted.path) == 1
    check = Check(planted)
    assert check.state().state == "failed"
    assert "can no longer be read" in check.state().error
    assert check.findings() == checked.findings()


def test_one_that_is_stopped_ends_soon_and_leaves_no_results(planted, monkeypatch):
    monkeypatch.setattr(Check, "asked", lambda self: "stopped")
    assert work(planted.path) == 0
    assert Check(planted).state().state == "stopped"
    assert Check(planted).info() is None


@pytest.mark.slow
def test_the_command_has_a_worker_check_and_names_pictures_by_their_source(planted, capsys):
    assert main(["data", "check", planted.id, "--json"]) == 0
    content = json.loads(capsys.readouterr().out.splitlines()[-1])
    sources = set(planted.items()["source"])
    assert {"near_duplicate", "leak"} <= {finding["kind"] for finding in content["findings"]}
    assert all(set(finding["items"]) <= sources for finding in content["findings"])
    assert {"kind", "items", "score", "says"} <= set(content["findings"][0])
    assert content["seconds"] > 0
    assert not Check(planted).alive()


def test_what_is_said_to_a_person_and_to_a_spreadsheet(checked, monkeypatch, capsys):
    monkeypatch.setenv("GRAFT_HOME", str(checked.dataset.path.parent.parent))
    monkeypatch.setattr("tlcore.jobs.launch.launch", lambda check, workspace: None)
    assert main(["data", "check", checked.dataset.id]) == 0
    said = capsys.readouterr().out
    assert "Near-duplicates: 1" in said
    assert "3 pictures are copies of one another" in said
    assert main(["data", "check", checked.dataset.id, "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].removeprefix("\ufeff").startswith("finding,kind,score,picture")
    assert len(lines) > 3


# === Leaks of runs ===


def test_a_run_is_told_its_accuracy_without_the_leaked_pictures(workspace, planted):
    run = create_run(workspace, planted, TrainingConfig(dataset=planted.id))
    test = run.split().query("split == 'test'").reset_index(drop=True)
    learnt = run.split().query("split == 'train'")["sha256"].iloc[0]
    leaked = test["sha256"].iloc[0]
    right = np.arange(len(test)) < 5  # the leaked one among them
    first = (test["label"] == "blue").to_numpy() == right
    table = {"sha256": test["sha256"], "label": test["label"], "p_0": 0.1 + 0.8 * first, "p_1": 0.9 - 0.8 * first}
    pd.DataFrame(table).to_parquet(run.predictions)
    clusters = pd.DataFrame({"sha256": [leaked, learnt], "cluster": "alike-1"})
    found = leak_findings(workspace, planted, planted.items(), clusters)
    (finding,) = (finding for finding in found if "run" in finding.says)
    assert "1 of 8 test pictures" in finding.says
    assert "test accuracy 0.625" in finding.says
    assert "without the leaked pictures 0.571" in finding.says
    assert finding.items == (leaked, learnt)


def test_a_run_of_another_dataset_is_left_alone(workspace, planted, tiny_dataset):
    create_run(workspace, tiny_dataset, TrainingConfig(dataset=tiny_dataset.id))
    everything = pd.DataFrame({"sha256": tiny_dataset.items()["sha256"], "cluster": "alike-1"})
    assert leak_findings(workspace, planted, planted.items(), everything) == []


# === Features without Keras ===


def test_pictures_are_embedded_by_the_graph_in_the_cache(workspace, planted_folder):
    size, length = embed.bundled().native_size, embed.bundled().feature_length
    value = onnx.helper.make_tensor_value_info
    mean = onnx.helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2, 3], keepdims=0)
    wide = onnx.helper.make_node("Expand", ["column", "shape"], ["features"])
    column = onnx.helper.make_node("Unsqueeze", ["mean", "one"], ["column"])
    constants = [
        onnx.helper.make_tensor("one", onnx.TensorProto.INT64, [1], [1]),
        onnx.helper.make_tensor("shape", onnx.TensorProto.INT64, [2], [1, length]),
    ]
    graph = onnx.helper.make_graph(
        [mean, column, wide],
        "means",
        [value("pixels", onnx.TensorProto.FLOAT, ["n", size, size, 3])],
        [value("features", onnx.TensorProto.FLOAT, ["n", length])],
        constants,
    )
    path = graph_path(embed.identity(workspace), workspace.cache)
    path.parent.mkdir(parents=True)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    items = sorted(planted_folder.rglob("*.png"))[:6]
    found = drain(embed.embed(workspace, items), lambda step: None)
    assert found.shape == (6, length)
    for row, item in zip(found, items, strict=True):
        assert abs(float(row[0]) - np.asarray(Image.open(item)).mean()) < 2
    with pytest.raises(DataError, match="can no longer be read"):
        drain(embed.embed(workspace, [path]), lambda step: None)
