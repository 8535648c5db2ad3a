"""The command line says what it did, in words and as JSON, and its exit code is 0 only for success."""

from __future__ import annotations

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tlcore.__main__ import app, main
from tlcore.data.dataset import list_datasets
from tlcore.files import write_json
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import Ended, Evaluated, Started
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import Run, list_runs

ROOT = Path(__file__).resolve().parent.parent
TAKES_LONG = {
    *("keras", "tensorflow", "jax", "torch", "onnx", "onnxruntime", "tf2onnx"),
    *("scipy", "sklearn", "cleanlab", "cleanvision", "optuna", "matplotlib", "plotly", "streamlit", "fastapi"),
}
Output = Callable[[], tuple[str, str]]


@pytest.fixture
def finished(workspace) -> Run:
    """A run that a worker has finished, told by its events alone."""
    run = Run(workspace.runs / "20261121-101500-shapes-0001")
    run.path.mkdir()
    write_json(run.path / "config.json", TrainingConfig(dataset="shapes"))
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1, device="CPU"))
        recorder.record(Evaluated(accuracy=0.9, low=0.8, high=0.95, n=100))
        recorder.record(Ended(state="finished"))
    return run


def last_object(capsys) -> dict[str, Any]:
    """The last line of standard output, which must be the only JSON object there."""
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines[:-1] if line.startswith("{")] == []
    content = json.loads(lines[-1])
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("command", [["runs", "list"], ["data", "list"], ["backbones", "list"], ["train", "--help"]])
def test_light_commands_import_nothing_that_takes_long(workspace, command):
    program = (
        "import sys, json\n"
        "from tlcore.__main__ import main\n"
        f"main({command!r})\n"
        f"print(json.dumps(sorted({TAKES_LONG!r} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["frobnicate"], 2, "No such command 'frobnicate'"),
        (["train"], 2, "Missing argument 'DATA'"),
        (["train", "roses", "--warp", "9"], 2, "--warp"),
        (["train", "roses", "--epochs", "many"], 2, "'--epochs'"),
        (["train", "roses"], 1, "'roses'"),
        (["train", "roses", "--mode", "melt"], 1, "mode: It must be 'freeze', 'fine-tune' or 'auto'. Received 'melt'."),
        (["train", "roses", "--augment", "rotate,melt"], 1, "'melt'"),
        (["train", "roses", "--fractions", "0.7,0.3"], 1, "Three shares"),
        (["runs", "show", "nothing"], 1, "'nothing'"),
        (["runs", "stop", "nothing"], 1, "'nothing'"),
        (["evaluate", "nothing"], 1, "'nothing'"),
        (["predict", "nothing", "x.jpg"], 1, "'nothing'"),
        (["export", "nothing"], 1, "'nothing'"),
        (["data", "add", "nothing.zip"], 1, "nothing.zip"),
        (["data", "delete", "nothing"], 1, "'nothing'"),
        (["data", "export", "nothing"], 1, "'nothing'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_fault_is_a_sentence_on_standard_error(workspace, capsys, command, code, words):
    assert main(command) == code
    said = capsys.readouterr()
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.slow
def test_the_exit_code_reaches_the_shell(workspace):
    def code(*arguments: str) -> int:
        return subprocess.run([sys.executable, "-m", "tlcore", *arguments], cwd=ROOT, capture_output=True).returncode

    assert code("runs", "list") == 0
    assert code("runs", "show", "nothing") == 1
    assert code("frobnicate") == 2


def test_a_reader_who_has_seen_enough_is_no_fault(workspace, finished):
    command = f"{sys.executable} -m tlcore runs show {finished.id} | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == f"{finished.id}: finished"
    assert done.stderr == ""


def test_runs_list_as_json(workspace, capsys, finished):
    assert main(["runs", "list", "--json"]) == 0
    (entry,) = last_object(capsys)["runs"]
    assert entry["run"] == finished.id
    assert entry["state"] == "finished"
    assert entry["accuracy"] == 0.9


def test_a_broken_run_does_not_hide_the_others(workspace, capsys, finished):
    (workspace.runs / "broken").mkdir()
    assert main(["runs", "list"]) == 0
    said = capsys.readouterr()
    assert finished.id in said.out
    assert "broken" in said.err
    assert main(["runs", "delete", "broken", "--yes"]) == 0
    assert [path.name for path in workspace.runs.iterdir()] == [finished.id]


def test_runs_show_rename_and_delete(workspace, capsys, finished):
    assert main(["runs", "rename", finished.id, "The good one"]) == 0
    capsys.readouterr()
    assert main(["runs", "show", "The good one"]) == 0
    shown = capsys.readouterr().out
    assert "The good one: finished" in shown
    assert "0.900 (95 % between 0.800 and 0.950, 100 examples)" in shown
    assert main(["runs", "show", finished.id, "--json"]) == 0
    assert last_object(capsys)["config"]["backbone"] == "efficientnet_lite0"
    assert main(["runs", "delete", finished.id, "--yes"]) == 0
    assert list_runs(workspace) == []


def test_nothing_is_deleted_without_a_yes(workspace, capsys, monkeypatch, finished):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["runs", "delete", finished.id]) == 1
    assert list_runs(workspace) == [finished]


def test_a_run_that_is_over_cannot_be_stopped(workspace, capsys, finished):
    assert main(["runs", "stop", finished.id]) == 1
    assert "is finished" in capsys.readouterr().err


def test_a_run_without_a_model_cannot_be_asked(workspace, capsys, finished, tmp_path):
    assert main(["predict", finished.id, str(tmp_path)]) == 1
    assert "has none" in capsys.readouterr().err


def test_data_add_list_and_delete(workspace, capsys, tiny_folder, tmp_path):
    folder = tmp_path / "pictures"
    shutil.copytree(tiny_folder, folder)
    (folder / "circle" / "broken.jpg").write_bytes(b"not a picture")
    assert main(["data", "add", str(folder), "--name", "Shapes", "--json"]) == 0
    added = last_object(capsys)
    assert set(added) == {"dataset", "name", "classes", "kept", "left_out"}
    assert added["name"] == "Shapes"
    assert added["classes"] == {"circle": 12, "square": 12, "triangle": 12}
    assert added["kept"] == 36
    (left_out,) = added["left_out"]
    assert left_out["source"].endswith("broken.jpg")
    assert left_out["reason"]

    assert main(["data", "list", "--json"]) == 0
    (listed,) = last_object(capsys)["datasets"]
    assert (listed["dataset"], listed["pictures"]) == (added["dataset"], 36)
    assert main(["data", "delete", "Shapes", "--yes"]) == 0
    assert list_datasets(workspace) == []


def test_a_zip_can_be_added(workspace, capsys, tiny_zip):
    assert main(["data", "add", str(tiny_zip)]) == 0
    assert "36 kept, 0 left out" in capsys.readouterr().out


def test_pictures_without_a_folder_need_a_label(workspace, capsys, tiny_folder, tmp_path):
    loose = tmp_path / "loose"
    shutil.copytree(tiny_folder / "circle", loose)
    assert main(["data", "add", str(loose)]) == 2
    assert "--label" in capsys.readouterr().err
    assert list_datasets(workspace) == []
    assert main(["data", "add", str(loose), "--label", "circle", "--name", "Shapes"]) == 0
    more = tmp_path / "more"
    shutil.copytree(tiny_folder / "square", more)
    assert main(["data", "add", str(more), "--label", "square", "--into", "Shapes", "--json"]) == 0
    assert last_object(capsys)["classes"] == {"circle": 12, "square": 12}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--backbone", "melt"], "backbone"),
        (["--epochs", "0"], "epochs"),
        (["--mode", "fine-tune", "--blocks", "99"], "blocks"),
        (["--image-size", "8"], "input.size"),
        (["--batch-size", "0"], "batch_size"),
        (["--dropout", "1"], "dropout"),
        (["--head-learning-rate", "nan"], "head_learning_rate"),
        (["--fractions", "0.5,0.1,0.1"], "fractions"),
        (["--seed", "-1"], "seed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_settings_that_do_not_fit_are_told_by_their_field(tiny_dataset, workspace, capsys, options, field):
    assert main(["train", tiny_dataset.id, *options]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"{field}: ")
    assert list_runs(workspace) == []


def test_every_fault_is_told_at_once(tiny_dataset, workspace, capsys):
    assert main(["train", tiny_dataset.id, "--epochs", "0", "--dropout", "2", "--backbone", "melt"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_the_run_folder_must_be_new_or_empty(tiny_dataset, workspace, capsys, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").touch()
    assert main(["train", tiny_dataset.id, "--out", str(tmp_path / "out")]) == 1
    assert "has something in it" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.tex"]


SMALL = ["--epochs", "2", "--image-size", "64", "--batch-size", "8", "--fractions", "0.5,0.25,0.25"]


@pytest.mark.slow
def test_train_predict_evaluate_and_export(workspace, capsys, tiny_zip, tiny_folder, tmp_path):
    out = tmp_path / "out"
    assert main(["train", str(tiny_zip), *SMALL, "--out", str(out), "--name", "First", "--json"]) == 0
    trained = last_object(capsys)
    figures = {"test", "seconds_to_result", "seconds", "images_per_second"}
    assert set(trained) == {"run", "path", "state", "downloads"} | figures
    assert trained["downloads"] == {"bundle": True, "onnx": True, "keras": True}
    assert 0 < trained["seconds_to_result"] < trained["seconds"]["total"]
    assert trained["path"] == str(out)
    assert trained["state"] == "finished"
    assert set(trained["test"]) == {"accuracy", "low", "high", "n"}
    assert trained["test"]["low"] <= trained["test"]["accuracy"] <= trained["test"]["high"]
    assert trained["test"]["n"] == 9
    assert trained["seconds"]["total"] >= sum(trained["seconds"].values()) - trained["seconds"]["total"] > 0
    assert trained["images_per_second"]
    assert (out / "model.keras").exists()
    assert (out / "model.onnx").exists()
    assert [run.id for run in list_runs(workspace)] == [trained["run"]]

    (tmp_path / "note.png").write_text("no picture")
    answers = tmp_path / "answers.csv"
    item = tiny_folder / "circle" / "circle-00.png"
    assert main(["predict", "First", str(item), str(tiny_folder / "square"), "--csv", str(answers), "--json"]) == 0
    predicted = last_object(capsys)
    assert len(predicted["predictions"]) == 13
    assert predicted["predictions"][0]["path"] == str(item)
    assert abs(sum(predicted["predictions"][0]["probabilities"].values()) - 1) < 1e-5
    with answers.open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 13
    assert {"path", "label", "confidence", "p_circle", "p_square", "p_triangle"} <= set(rows[0])

    assert main(["predict", trained["run"], str(item), str(tmp_path / "note.png")]) == 1
    said = capsys.readouterr()
    assert str(item) in said.out
    assert "note.png" in said.err

    assert main(["evaluate", str(out), "--json"]) == 0
    assert last_object(capsys)["accuracy"]["value"] == trained["test"]["accuracy"]
    assert main(["export", trained["run"], "--json"]) == 0
    exports = last_object(capsys)["exports"]
    assert {entry["format"] for entry in exports} >= {"keras", "onnx", "bundle"}
    assert all(entry["offered"] and entry["agreement"] == 1 for entry in exports)

    # The same zip again is the dataset that is there already.
    assert len(list_datasets(workspace)) == 1
    assert main(["train", str(tiny_zip), *SMALL, "--epochs", "1"]) == 0
    said = capsys.readouterr().out
    assert said.index("finished after") < said.index("onnx agrees with the app"), "the result does not wait"
    assert len(list_datasets(workspace)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("asked_by", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_the_best_weights(workspace, tiny_dataset, asked_by):
    command = [sys.executable, "-m", "tlcore", "train", tiny_dataset.id, *SMALL, "--epochs", "1000", "--patience", "0"]
    process = subprocess.Popen(
        [*command, "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what it starts in the background ignore Ctrl-C, and whoever inherits that would never hear it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            deadline = time.monotonic() + 120
            while not (runs := list_runs(workspace)) or len(runs[0].state().epochs) < 2:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.1)
            process.send_signal(asked_by)
            output, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    content = json.loads(output.splitlines()[-1])
    assert content["state"] == "stopped"
    assert content["test"]["n"] > 0
    assert "best weights" in said
    assert (runs[0].path / "model.keras").exists()


def test_every_command_and_option_is_documented():
    page = (ROOT / "docs" / "command-line.md").read_text()

    def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for name, command in group.commands.items():
            if command.hidden:
                continue
            if hasattr(command, "commands"):
                yield from commands(command, (*words, name))
            else:
                yield (*words, name)

    root: Any = typer.main.get_command(app)
    for words in commands(root):
        assert f"`{' '.join(words)}" in page
    for parameter in root.commands["train"].params:
        for option in parameter.opts:
            assert not option.startswith("--") or option == "--help" or option in page
