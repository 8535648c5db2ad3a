"""Artefacts are made, loaded in a fresh process, compared with the app, and refused when they disagree."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
from PIL import Image

from tests.conftest import CLASSES
from tests.contracts import image_contract
from tests.graphs import write_colour_model, write_knowing_model
from tlcore.__main__ import main
from tlcore.errors import ExportError
from tlcore.evaluation.files import read_predictions
from tlcore.evaluation.predictions import probabilities
from tlcore.evaluation.run import evaluate_run
from tlcore.export import run as exporting
from tlcore.export.bundle import PACKAGES, program, requirements
from tlcore.export.exporter import FreshProcess, Replay
from tlcore.export.model_files import KERAS
from tlcore.export.onnx_files import ONNX
from tlcore.export.parity import AppAnswers, agreement, compare, draw
from tlcore.export.registry import EXPORTERS, find
from tlcore.export.run import export_run
from tlcore.files import sha256
from tlcore.keyed import by_key
from tlcore.modalities.image.standalone import pixels_py
from tlcore.runs.formats import FORMATS
from tlcore.runs.manifest import artefact, read_manifest, read_manifests
from tlcore.tasks import TASKS

LIGHT = ("onnx", "bundle")
WITH_RUN = ("keras", "onnx", "bundle")


def unpack(path: Path, folder: Path) -> Path:
    folder /= "unpacked"
    folder.mkdir()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            (folder / name).write_bytes(archive.read(name))
    return folder


@pytest.mark.slow
def test_light_formats_agree_with_the_app_to_the_last_digit(run):
    steps = []
    manifests = export_run(run, steps.append, LIGHT)
    assert [manifest.format for manifest in manifests] == list(LIGHT)
    n = len(read_predictions(run.path))
    for manifest in manifests:
        assert manifest.agrees, manifest.reason
        assert (manifest.n, manifest.same_answers) == (n, 1.0)
        assert manifest.largest_difference <= 1e-6
        path = artefact(run.path, manifest.format)
        assert sha256(path) == manifest.sha256
        assert path.stat().st_size == manifest.bytes
        assert manifest.milliseconds_per_item > 0
        assert "onnxruntime" in manifest.versions
        assert read_manifest(run.path, manifest.format) == manifest
    assert {manifest.format for manifest in read_manifests(run.path)} == set(LIGHT)
    assert steps[-1].done == steps[-1].total == 2 * n
    notes = [step.note for step in steps]
    assert notes.index("Converting") < notes.index(f"Asking it again about {n} test pictures")
    assert not list(run.exports.glob(".*"))


@pytest.mark.slow
def test_a_bundle_says_how_unfamiliar_a_picture_is_as_the_app_does(run, workspace, tmp_path):
    write_knowing_model(run, workspace, temperature=1.0)
    evaluate_run(run, lambda step: None)
    (manifest,) = export_run(run, lambda step: None, ["bundle"])
    assert manifest.agrees, manifest.reason
    home = unpack(artefact(run.path, "bundle"), tmp_path)
    assert "`unfamiliarity` (n)" in (home / "README.md").read_text()
    Image.new("RGB", (32, 32), (10, 0, 60)).save(home / "strange.png")
    done = subprocess.run([sys.executable, "predict.py", "strange.png"], cwd=home, capture_output=True, text=True)
    assert "unlike anything" in done.stdout, done.stderr


@pytest.mark.parametrize(("said", "agrees"), [(0.505, True), (0.6, False), (float("nan"), False), (None, True)])
def test_the_bar_of_how_unfamiliar_a_picture_is(said, agrees):
    chances = np.full((40, 2), 0.5, np.float32)
    app = AppAnswers(chances, np.full(40, 0.5, np.float32))
    replay = Replay(chances, 1.0, unfamiliarity=None if said is None else np.full(40, said, np.float32))
    found = agreement(app, replay, "model.onnx")
    assert found.agrees is agrees
    assert agrees or "how unfamiliar each item is" in found.reason


def test_a_model_that_answers_otherwise_is_handed_out_only_to_whoever_knows_what_was_lost(run):
    colours = list(CLASSES.values())
    write_colour_model(run.model_onnx, (colours[1], colours[2], colours[0]))
    for manifest in export_run(run, lambda step: None, LIGHT):
        assert not manifest.agrees
        assert manifest.same_answers < 0.9
        assert manifest.accuracy.value == pytest.approx(manifest.same_answers)  # the app is always right here
        with pytest.raises(ExportError, match="It gave"):
            artefact(run.path, manifest.format)
        assert sha256(artefact(run.path, manifest.format, whatever_was_lost=True)) == manifest.sha256


def test_a_sample_has_its_share_of_every_class_and_a_seed_draws_the_same_one():
    strata = [("rare",)] * 10 + [("common",)] * 900 + [("seldom",)] * 90
    rows = draw(strata, 100, seed=3)
    assert Counter(strata[row][0] for row in rows) == {"rare": 1, "common": 90, "seldom": 9}
    assert rows.tolist() == sorted(set(rows.tolist())) == draw(strata, 100, seed=3).tolist()
    assert rows.tolist() != draw(strata, 100, seed=4).tolist()
    assert draw(strata[:3], 100, seed=3).tolist() == [0, 1, 2]


def test_a_file_is_checked_on_a_sample_of_many_test_pictures_and_on_all_of_them_when_asked(run, monkeypatch):
    of = len(read_predictions(run.path))
    monkeypatch.setattr(exporting, "MOST_CHECKED", 4)
    (some,) = export_run(run, lambda step: None, ["bundle"])
    assert (some.n, some.of, some.seed, some.sampled) == (4, of, run.config.seed, True)
    assert some.agrees
    assert some.awkward.files > 100, "the battery is never cut"
    (every,) = export_run(run, lambda step: None, ["onnx"], check="all")
    assert (every.n, every.of, every.seed, every.sampled) == (of, of, None, False)


def test_an_export_that_agrees_again_replaces_the_refused_one(run):
    good = run.model_onnx.read_bytes()
    run.model_onnx.unlink()
    (refused,) = export_run(run, lambda step: None, ["onnx"])
    assert "model.onnx" in refused.reason
    assert not refused.kept
    with pytest.raises(ExportError, match="not offered"):
        artefact(run.path, "onnx", whatever_was_lost=True)
    run.model_onnx.write_bytes(good)
    (made,) = export_run(run, lambda step: None, ["onnx"])
    assert made.agrees
    assert onnx.load(artefact(run.path, "onnx")).graph == onnx.load_from_string(good).graph


def test_a_file_that_cannot_be_loaded_is_refused_with_what_was_said(run):
    run.model_onnx.write_bytes(b"no graph")
    (manifest,) = export_run(run, lambda step: None, ["onnx"])
    assert not manifest.agrees
    assert "could not be loaded" in manifest.reason


def test_an_artefact_that_was_changed_later_is_not_handed_out(run):
    export_run(run, lambda step: None, ["bundle"])
    with artefact(run.path, "bundle").open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(ExportError, match="changed since"):
        artefact(run.path, "bundle")
    with pytest.raises(ExportError, match="has not been exported"):
        artefact(run.path, "onnx")


def test_a_picture_that_is_gone_fails_the_proof_of_the_bundle_in_a_sentence(run, tiny_dataset):
    tiny_dataset.image_path(read_predictions(run.path)["file"][3]).unlink()
    (manifest,) = export_run(run, lambda step: None, ["bundle"])
    assert not manifest.agrees
    assert "not there" in manifest.reason


def test_without_an_evaluation_there_is_nothing_to_compare_with(run):
    run.predictions.unlink()
    with pytest.raises(ExportError, match="Evaluate the run"):
        export_run(run, lambda step: None, ["onnx"])


def test_without_test_pictures_nothing_is_offered(run):
    split = run.split()
    split.loc[split["split"] == "test", "split"] = "train"
    split.to_parquet(run.path / "split.parquet")
    evaluate_run(run, lambda step: None)
    for manifest in export_run(run, lambda step: None, LIGHT):
        assert not manifest.agrees
        assert "without test pictures" in manifest.reason


def test_a_stopped_export_ends_its_processes_and_leaves_nothing(run, monkeypatch):
    monkeypatch.setattr("tlcore.export.model_files.REPLAY", write_sleeper(run.path))

    def stop(step):
        if step.note.startswith("Asking"):
            stop.calls += 1
            if stop.calls > 2:
                raise KeyboardInterrupt

    stop.calls = 0
    with pytest.raises(KeyboardInterrupt):
        export_run(run, stop, ["onnx"])
    assert not (run.path / "sleeper.done").exists(), "nobody waited for the process"
    assert not list(run.exports.iterdir())


def write_sleeper(folder: Path) -> Path:
    path = folder / "sleeper.py"
    path.write_text("import pathlib, time\ntime.sleep(60)\npathlib.Path(__file__).with_suffix('.done').touch()\n")
    return path


@pytest.mark.slow
def test_the_bundle_answers_in_a_plain_python_that_has_only_what_it_lists(run, tiny_folder, tmp_path):
    export_run(run, lambda step: None, ["bundle"])
    home = unpack(artefact(run.path, "bundle"), tmp_path)
    arguments = ["predict.py", "--top", "2", *map(str, sorted(tiny_folder.rglob("*.png"))[:3])]
    names = {
        "model.keras",
        "model.onnx",
        "contract.json",
        "pixels.py",
        "predict.py",
        "requirements.txt",
        "README.md",
    }
    assert {path.name for path in home.iterdir()} == names
    assert (home / "pixels.py").read_text() == pixels_py()
    # An import of anything else than what requirements.txt lists, and the standard library, fails.
    program = (
        "import sys, runpy\n"
        "class Strict:\n"
        "    allowed = set(sys.stdlib_module_names) | {'numpy', 'onnxruntime', 'PIL', 'pixels', 'predict'}\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] not in self.allowed: raise ImportError(name)\n"
        "sys.meta_path.insert(0, Strict())\n"
        f"sys.argv = {arguments!r}\n"
        f"runpy.run_path({str(home / 'predict.py')!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.count("%") == 2 for line in lines)


@pytest.mark.slow
def test_the_bundles_program_names_what_it_cannot_read_and_goes_on(run, tiny_folder, tmp_path):
    export_run(run, lambda step: None, ["bundle"])
    home = unpack(artefact(run.path, "bundle"), tmp_path)
    good = str(next(tiny_folder.rglob("*.png")))
    done = subprocess.run(
        [sys.executable, "predict.py", "--json", "missing.png", good], cwd=home, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "missing.png" in done.stderr
    assert json.loads(done.stdout)["picture"] == good


@pytest.mark.parametrize("task", TASKS)
def test_the_bundles_program_is_as_tidy_as_our_own_code(task):
    text = program("predict.py.txt", image_contract(("circle", "square"), 32, task=task))
    ignored = "INP001,E402,T201,D,S,ANN,UP,EXE"
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--ignore", ignored, "--stdin-filename", "bundle/predict.py", "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_readme_is_filled_in(run, tmp_path):
    export_run(run, lambda step: None, ["bundle"])
    text = (unpack(artefact(run.path, "bundle"), tmp_path) / "README.md").read_text()
    assert "circle, square, triangle" in text
    assert run.id in text
    assert "$" not in text


def test_the_same_run_gives_the_same_bundle(run):
    (first,) = export_run(run, lambda step: None, ["bundle"])
    (second,) = export_run(run, lambda step: None, ["bundle"])
    assert first.sha256 == second.sha256


def test_requirements_are_pinned():
    lines = [
        line
        for line in requirements(image_contract(("circle",), 32), PACKAGES).splitlines()
        if not line.startswith("#")
    ]
    assert [line.split("==")[0] for line in lines] == ["onnxruntime", "numpy", "pillow"]
    assert all("==" in line for line in lines)


@pytest.mark.parametrize(
    ("artefact_says", "agrees"),
    [
        ([[0.6, 0.4], [0.3, 0.7]], True),
        ([[0.6005, 0.3995], [0.3, 0.7]], True),
        ([[0.602, 0.398], [0.3, 0.7]], False),
        ([[0.4, 0.6], [0.3, 0.7]], False),
        ([[float("nan"), 0.4], [0.3, 0.7]], False),
        ([[0.6, 0.4]], False),
    ],
)
def test_the_bar_of_agreement(artefact_says, agrees):
    app = np.array([[0.6, 0.4], [0.3, 0.7]], np.float32)
    found = compare(AppAnswers(app), np.array(artefact_says, np.float32), "model.onnx")
    assert found.agrees is agrees
    assert bool(found.reason)  # two pictures are few, which is said too


def test_a_format_is_known_by_one_key_only():
    assert set(EXPORTERS) <= set(FORMATS)
    with pytest.raises(ValueError, match="'onnx' is given twice"):
        by_key([KERAS, ONNX, ONNX])
    with pytest.raises(ExportError, match="Received: tflite"):
        find(["onnx", "tflite"])
    with pytest.raises(ExportError, match="Received: tflite"):
        find(["all", "tflite"])
    with pytest.raises(ExportError, match="Received: none"):
        find([])
    assert {exporter.key for exporter in find(None)} == set(WITH_RUN)
    assert {exporter.key for exporter in find(["all"])} == {key for key in EXPORTERS if not FORMATS[key].missing}
    for key, exporter in EXPORTERS.items():  # pages know the one, workers the other
        form = FORMATS[key]
        facts = (exporter.title, exporter.description, exporter.file)
        assert facts == (form.title, form.description, form.file)


def test_a_format_whose_package_is_not_here_is_refused_with_the_reason(monkeypatch):
    absent = dataclasses.replace(FORMATS["openvino"], needs=("no_such_package",))
    monkeypatch.setattr("tlcore.export.registry.FORMATS", {**FORMATS, "openvino": absent})
    with pytest.raises(ExportError, match="needs no_such_package, not installed here"):
        find(["openvino"])
    assert "openvino" not in {exporter.key for exporter in find(["all"])}


def test_a_fresh_process_finds_nothing_of_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.getcwd())  # noqa: PTH109
    program = tmp_path / "look.py"
    program.write_text("import importlib.util\nprint(importlib.util.find_spec('tlcore'))\n")
    assert FreshProcess().run(program, [], folder=tmp_path, items=1).strip() == "None"


@pytest.mark.slow
def test_a_keras_archive_answers_in_plain_keras_as_its_graph_does(run):
    import keras
    from keras import layers

    from tlcore.training.save import save_keras, save_onnx, to_onnx

    keras.utils.set_random_seed(0)
    inputs = keras.Input((32, 32, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x))
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(x))
    save_keras(model, run.model_keras)
    save_onnx(to_onnx(model, target="probabilities"), run.model_onnx)
    evaluate_run(run, lambda step: None)
    manifests = export_run(run, lambda step: None)
    assert [manifest.agrees for manifest in manifests] == [True] * 3, [manifest.reason for manifest in manifests]
    (archive,) = [manifest for manifest in manifests if manifest.format == "keras"]
    assert archive.versions["keras"] == keras.__version__
    # And the app's answers are those of the model that was trained.
    expected = probabilities(pd.read_parquet(run.predictions), 3)
    assert np.ptp(expected, axis=0).max() > 1e-4
    save_keras(keras.models.clone_model(model), run.model_keras)
    (refused,) = export_run(run, lambda step: None, ["keras"])
    assert not refused.agrees


def test_who_breaks_off_waits_for_nothing_that_has_not_begun(run, monkeypatch):
    begun = []

    def make(run, exporter, *rest):
        begun.append(exporter.key)
        time.sleep(0.2)

    def break_off(step):
        if begun:
            raise KeyboardInterrupt

    monkeypatch.setattr("tlcore.export.run._make", make)
    monkeypatch.setattr("tlcore.export.run.AT_ONCE", 1)
    with pytest.raises(KeyboardInterrupt):
        export_run(run, break_off, ["onnx", "bundle", "code", "server"])
    assert len(begun) < 3


def test_a_place_that_cannot_be_written_is_told_before_anything_is_made(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tlcore.export.run.export_run", lambda *arguments: pytest.fail("made for nobody"))
    taken = tmp_path / "taken"
    taken.write_text("a file")
    assert main(["export", run.id, "--format", "onnx", "--out", str(taken)]) == 1
    assert "A folder that can be written is needed" in capsys.readouterr().err


def test_of_what_could_not_be_asked_nothing_is_said_that_was_not_measured(run, capsys):
    assert main(["export", run.id, "--format", "keras", "--json"]) == 1  # its archive is none
    (entry,) = json.loads(capsys.readouterr().out.splitlines()[-1])["exports"]
    assert (entry["offered"], entry["path"], entry["agreement"], entry["max_difference"]) == (False, None, None, None)
    assert "It is damaged" in entry["why"]


def test_a_copy_beside_the_run_may_be_the_file_itself(run, capsys):
    assert main(["export", run.id, "--format", "onnx", "--out", str(run.exports / "onnx"), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out.splitlines()[-1])["exports"]
    assert entry["path"] == str(artefact(run.path, "onnx").resolve())


def test_a_graph_names_each_set_of_operators_that_it_uses_once(run, tmp_path):
    graph = onnx.load(run.model_onnx)
    graph.opset_import.extend([onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("ai.onnx.ml", 2)])
    onnx.save(graph, run.model_onnx)
    ONNX.export(run, tmp_path)
    assert [(each.domain, each.version) for each in onnx.load(tmp_path / ONNX.file).opset_import] == [("", 17)]
