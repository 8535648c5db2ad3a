"""Models of several labels and of numbers leave in every format, and each program of ours answers as the app does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator

import numpy as np
import onnx
import pytest

from tests.browser.chromium import find_or_install
from tests.contracts import image_contract
from tests.export.this_process import export_here
from tests.task_runs import make_dataset, untrained_run
from tests.training.tiny_run import SIZE, TINY, WITH_TINY, write_weights
from tlcore.__main__ import main
from tlcore.backbones import catalogue
from tlcore.contract import Contract, NamedTensors, read_contract
from tlcore.data.dataset import open_dataset
from tlcore.errors import ExportError
from tlcore.evaluation.feature_map import OpenedModel, Seen
from tlcore.export.exporter import Replay
from tlcore.export.facts import shipped_contract
from tlcore.export.parity import AppAnswers, agreement, app_answers
from tlcore.export.replies import outputs_of
from tlcore.files import read_parquet
from tlcore.runs.formats import FORMATS
from tlcore.runs.manifest import artefact, read_manifests
from tlcore.runs.run import list_runs
from tlcore.tasks import Decision, find_task
from tlcore.training import work as worker
from tlcore.workspace import Workspace

# Converters say a lot; in the app they do so in processes of their own.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "GRAFT"))}
OUTPUTS = {"multilabel": "probabilities", "regression": "values"}


@pytest.fixture(scope="module", params=list(OUTPUTS))
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with a run of the task on a network of two blocks, in every format that can be made here.

    What differs between tasks is the head, the contract and the programs that answer; layers and processes of
    conversions are the other tests'.
    """
    home = tmp_path_factory.mktemp("exported") / "workspace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFT_HOME", str(home))
        patch.setenv("GRAFT_QUEUE", str(home / "queue"))
        patch.setenv("GRAFT_CHROMIUM", str(find_or_install()))
        patch.setattr(catalogue, "CATALOGUE", WITH_TINY)
        patch.setattr(worker, "export_run", lambda *asked, **more: ())  # all formats are asked for below
        export_here(patch)
        workspace = Workspace.default()
        write_weights(workspace)
        dataset = make_dataset(workspace, home.with_name("pictures"), request.param)
        run = untrained_run(workspace, dataset, **{"backbone": TINY.key, "input.size": SIZE})
        assert worker.work(run.path) == 0, run.log()
        code = main(["export", run.id, "--format", "all"])
        assert code == 0, [made for made in read_manifests(run.path) if not made.agrees]
        yield workspace


@pytest.mark.slow
def test_every_format_answers_as_the_app_does_by_the_headline_of_the_task(exported):
    (run,) = list_runs(exported)
    task = find_task(run.dataset.task)
    made = {manifest.format: manifest for manifest in read_manifests(run.path)}
    assert set(made) == {key for key, form in FORMATS.items() if not form.missing}
    for manifest in made.values():
        assert manifest.agrees, manifest.reason
        assert manifest.accuracy.metric == task.metrics[0].key
        assert manifest.accuracy.unit == run.dataset.unit
        assert manifest.accuracy.low <= manifest.accuracy.value <= manifest.accuracy.high
        if manifest.precision == "fp32":
            assert manifest.largest_difference < 1e-3
            assert manifest.same_answers == 1.0
    graph = onnx.load(artefact(run.path, "onnx"))
    assert [each.name for each in graph.graph.output] == [OUTPUTS[task.key], "unfamiliarity"]
    assert all(name in {out for node in graph.graph.node for out in node.output} for name in _tensors(run))


@pytest.mark.slow
def test_tensors_that_the_contract_names_are_those_that_are_found_by_walking_the_graph(exported):
    (run,) = list_runs(exported)
    model, contract = onnx.load(run.model_onnx), read_contract(run.path)
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    named = OpenedModel(model, contract)
    walked = OpenedModel(model, contract.model_copy(update={"tensors": NamedTensors()}))
    for one, other in zip(_arrays(named.see(pixels)), _arrays(walked.see(pixels)), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(named.kernel, walked.kernel)
    assert np.array_equal(named.bias, walked.bias)


def _arrays(seen: Seen) -> tuple[np.ndarray, ...]:
    return seen.outputs, seen.features, seen.grid


def _tensors(run) -> list[str]:
    tensors = read_contract(run.path).tensors
    return [tensors.feature_map, tensors.pooled, tensors.logits]


@pytest.mark.slow
def test_one_contract_goes_along_everywhere(exported, tmp_path):
    (run,) = list_runs(exported)
    expected = shipped_contract(run)
    assert expected.task == run.dataset.task
    assert (expected.value_name, expected.unit) == (run.dataset.value_name, run.dataset.unit)
    assert expected.decision.margin or len(expected.decision.thresholds) == len(run.dataset.classes)
    for key, name in {"bundle": "contract.json", "server": "model/contract.json", "code": "contract.json"}.items():
        with zipfile.ZipFile(artefact(run.path, key)) as archive:
            assert Contract.model_validate_json(archive.read(name)) == expected
    said = {each.key: each.value for each in onnx.load(artefact(run.path, "onnx")).metadata_props}
    assert Contract.model_validate_json(said["contract"]) == expected


@pytest.mark.slow
def test_a_downloaded_bundle_answers_in_a_fresh_python(exported, tmp_path):
    (run,) = list_runs(exported)
    with zipfile.ZipFile(artefact(run.path, "bundle")) as archive:
        archive.extractall(tmp_path)
    table, contract = read_parquet(run.predictions), read_contract(run.path)
    dataset = open_dataset(exported, run.dataset.id)
    items = [str(dataset.image_path(file)) for file in table["file"]]
    command = [sys.executable, "-I", str(tmp_path / "predict.py")]
    done = subprocess.run([*command, "--json", *items], capture_output=True, text=True, env=PLAIN, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    columns = contract.kind.columns(contract.kind.width(len(contract.classes)))
    np.testing.assert_allclose(outputs_of(answers, contract), table[columns], rtol=1e-4, atol=1e-4)
    words = subprocess.run([*command, *items[:1]], capture_output=True, text=True, env=PLAIN, cwd=tmp_path).stdout
    if contract.task == "regression":
        assert f" {contract.unit} (" in words
        assert answers[0]["unit"] == "mm"
    else:
        given = table["predicted"].iloc[0]
        assert "(no label)" in words if not given else all(label in words for label in given.split("|"))
    readme = (tmp_path / "README.md").read_text()
    assert ("diameter in mm" if contract.task == "regression" else "any number of these labels") in readme


def values(*predicted: float, **more) -> AppAnswers:
    return AppAnswers(np.array(predicted, np.float32)[:, None], task=find_task("regression"), **more)


@pytest.mark.parametrize(
    ("precision", "off", "agrees"),
    [("fp32", 0.05, True), ("fp32", 0.2, False), ("fp16", 0.9, True), ("fp16", 1.1, False), ("int8", 1.9, True)],
)
def test_values_may_be_off_by_a_share_of_their_spread(precision, off, agrees):
    app = values(*np.linspace(0, 100, 50), targets=np.linspace(0, 100, 50)[:, None])
    found = agreement(app, Replay(app.outputs + np.float32(off), 1.0), "file", precision)
    assert found.agrees is agrees
    assert found.largest_difference == pytest.approx(off / 100, rel=1e-3)
    assert (found.accuracy.metric, found.accuracy.value) == ("mae", pytest.approx(off, rel=1e-3))
    assert agrees or "of their spread" in found.reason


def test_eight_bits_may_cost_some_of_the_headline_metric_of_each_task():
    app = values(*np.linspace(0, 100, 50), targets=np.linspace(0, 100, 50)[:, None], unit="mm")
    found = agreement(app, Replay(app.outputs + np.float32(2.1), 1.0), "file", "int8")
    assert not found.agrees
    assert "mean absolute error (mae) is 2.1 mm" in found.reason.lower()
    true = np.tile(np.eye(2, dtype=np.float32), (25, 1))
    labels = AppAnswers(0.1 + 0.8 * true, targets=true, task=find_task("multilabel"))
    assert agreement(labels, Replay(labels.outputs, 1.0), "file", "int8").accuracy.value == 1
    worse = agreement(labels, Replay(1 - labels.outputs, 1.0), "file", "int8")
    assert not worse.agrees
    assert "mean average precision" in worse.reason.lower()


def test_several_labels_are_the_same_answer_only_all_together():
    app = AppAnswers(
        np.full((10, 2), 0.4, np.float32), task=find_task("multilabel"), decision=Decision(thresholds=(0.3, 0.5))
    )
    other = app.outputs.copy()
    other[0, 0] = 0.2999
    found = agreement(app, Replay(other, 1.0), "file", "fp16")
    assert (found.same_answers, found.agrees) == (0.9, False)


def test_a_program_that_names_other_labels_or_another_interval_is_refused():
    labels = image_contract(("a", "b"), 32, task="multilabel", decision=Decision(thresholds=(0.3, 0.6)))
    shares = {"probabilities": {"a": 0.4, "b": 0.5}}
    assert outputs_of([{**shares, "labels": ["a"]}], labels).tolist() == [[np.float32(0.4), 0.5]]
    with pytest.raises(ExportError, match="by their thresholds"):
        outputs_of([{**shares, "labels": ["a", "b"]}], labels)
    number = image_contract((), 32, task="regression", decision=Decision(margin=2.0))
    assert outputs_of([{"value": 5.0, "low": 3.0, "high": 7.0}], number).tolist() == [[5.0]]
    with pytest.raises(ExportError, match="interval"):
        outputs_of([{"value": 5.0, "low": 4.0, "high": 7.0}], number)


def test_predictions_without_the_tasks_columns_are_asked_for_anew(evaluated_run):
    table = read_parquet(evaluated_run.predictions)
    table.drop(columns="p_0").to_parquet(evaluated_run.predictions)
    with pytest.raises(ExportError, match="no column p_0"):
        app_answers(evaluated_run)
