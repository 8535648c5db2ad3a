"""The script that trains a run again reads, builds and solves as Graft does, without Graft."""

from __future__ import annotations

import ast
import csv
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.tiny_run import TINY, WITH_TINY
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.errors import ExportError
from tlcore.export.training_script import TABLE, training_script
from tlcore.files import write_json
from tlcore.modalities.image.pixels import read_pixels
from tlcore.modalities.image.settings import ImageInput
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run

SIZE = 64


@pytest.fixture
def make(workspace, tiny_dataset):
    """Make a run that nobody has trained."""

    def made(**settings):
        fractions = Fractions(train=0.5, val=0.25, test=0.25)
        settings = {"input.size": SIZE, "fractions": fractions, **settings}
        return create_run(workspace, tiny_dataset, TrainingConfig(dataset=tiny_dataset.id, **settings))

    return made


def told(run, **settings):
    """The script of a run with other settings: what they are is checked when a run is made, not here."""
    write_json(run.path / "config.json", run.config.changed(settings))
    return training_script(run)


def way_to_pixels(script):
    """The settings of a script and its functions from a file to pixels, without what else it does."""
    body = ast.parse(script.partition("\nclass Part")[0]).body
    needed = {"keras", "scipy", "sklearn"}
    kept = [
        node
        for node in body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        or (getattr(node, "module", None) or node.names[0].name).split(".")[0] not in needed
    ]
    space = {}
    exec(compile(ast.Module(kept, []), "script", "exec"), space)
    return space


@pytest.fixture(scope="module")
def awkward_pictures(tmp_path_factory):
    """Pictures that are turned, transparent, grey, of a palette, of 16 bits, of four inks, tiny and large."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    colours = Image.fromarray(rng.integers(0, 256, (30, 20, 3), dtype=np.uint8)).resize((540, 360))
    exif = Image.Exif()
    exif[0x0112] = 6
    colours.save(folder / "turned.jpg", exif=exif)
    colours.resize((333, 77)).save(folder / "wide.png")
    colours.convert("CMYK").save(folder / "inks.jpg")
    colours.convert("L").save(folder / "grey.jpg")
    colours.quantize(16).save(folder / "palette.png")
    colours.quantize(16).save(folder / "palette.gif", transparency=3)
    see_through = colours.resize((90, 120)).convert("RGBA")
    see_through.putalpha(Image.fromarray(rng.integers(0, 256, (120, 90), dtype=np.uint8)))
    see_through.save(folder / "transparent.png")
    see_through.convert("LA").save(folder / "grey-transparent.png")
    Image.fromarray(rng.integers(0, 65536, (50, 60)).astype(np.uint16)).save(folder / "deep.png")
    Image.fromarray(rng.random((50, 60)).astype(np.float32)).save(folder / "float.tiff")
    colours.resize((3, 2)).save(folder / "tiny.bmp")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("resize", ["crop", "letterbox", "stretch"])
def test_its_pixels_are_grafts(make, awkward_pictures, resize):
    own = way_to_pixels(told(make(), **{"input.resize": resize}))
    assert (own["SIZE"], own["RESIZE"]) == (SIZE, resize)
    for path in awkward_pictures:
        assert np.array_equal(own["read_pixels"](path, SIZE, resize), read_pixels(path, SIZE, resize)), path.name


def test_it_carries_the_split(make):
    run = make()
    lines = training_script(run).partition(f"\n{TABLE}\n")[2].splitlines()
    rows = list(csv.DictReader(line.removeprefix("# ") for line in lines))
    split = run.split()
    assert [(row["file"], row["label"], row["part"]) for row in rows] == list(
        split[["file", "label", "split"]].itertuples(index=False, name=None)
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"mode": "fine-tune", "blocks": 9, "gradual": True, "head": "both", "layer_decay": 0.8, "augment": ()},
        {"mode": "fine-tune", "blocks": 2, "mixup": 0.2, "cutmix": 1.0, "ema": 0.99, "optimizer": "sgd"},
        {"head": "logistic", "balancing": "sampling"},
        {"head": "logistic", "features": "every"},
        {"augment": ("flip_up_down", "rotate", "brightness", "erase"), "views": 3, "optimizer": "adam"},
    ],
    ids=["default", "gradual", "mixing", "exact", "every block", "augmented"],
)
def test_every_name_that_it_uses_is_there(make, settings, tmp_path):
    path = tmp_path / "train.py"
    run = make()
    for key in ("efficientnet_lite0", "inception_v3"):
        path.write_text(told(run, backbone=key, **settings))
        check = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--select", "E9,F", str(path)]
        done = subprocess.run(check, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("key", [key for key, backbone in CATALOGUE.items() if not backbone.preset])
def test_every_backbone_of_keras_has_a_script(make, key):
    script = told(make(), backbone=key, mode="fine-tune", blocks=1)
    ast.parse(script)
    assert "$" not in script.partition(TABLE)[0]
    cut = CATALOGUE[key].blocks[-2].last_layer if len(CATALOGUE[key].blocks) > 1 else ""
    assert f"('fine-tune', {cut!r}, 20," in script


def test_a_preset_of_kerashub_has_none_and_the_sentence_says_what_to_take(make):
    with pytest.raises(ExportError, match=r"DINOv2 small is built from one of KerasHub\. Take the Keras model"):
        told(make(), backbone="dinov2_small")


def test_it_shows_settings_not_markup(make):
    run = make()
    run.rename('a """ quote \\ and\na line')
    ast.parse(training_script(run))


def test_a_run_that_began_with_another_has_no_script(make):
    with pytest.raises(ExportError, match="published weights"):
        told(make(), start="20261121-101500-shapes-0001")


@pytest.fixture
def carried_out(make, monkeypatch, tmp_path, tiny_dataset):
    """Carry out the script of a run on a tiny backbone; its module, the folder that it wrote, and the run."""
    monkeypatch.setattr("tlcore.export.training_script.CATALOGUE", WITH_TINY)

    def done(**settings):
        run = make()
        path = tmp_path / "train.py"
        path.write_text(told(run, backbone=TINY.key, input={"size": 32}, batch_size=8, **settings))
        spec = importlib.util.spec_from_file_location("script", path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        (out := tmp_path / "out").mkdir()
        (scratch := tmp_path / "scratch").mkdir()
        script.main(Path(tiny_dataset.image_path(run.split()["file"][0])).parent, out, scratch)
        return script, out, run

    return done


def test_it_imports_nothing_of_grafts(make):
    names = [
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(training_script(make())))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert "keras" in names
    assert not [name for name in names if name.startswith(("tlcore", "pickle."))]


@pytest.mark.slow
def test_its_backbone_sees_what_grafts_sees(make, workspace, tmp_path):
    import keras

    from tlcore.training.backbones import build_backbone

    path = tmp_path / "train.py"
    path.write_text(training_script(make()))
    spec = importlib.util.spec_from_file_location("script", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    own = script.build_backbone(keras.Input((SIZE, SIZE, 3)))
    grafts = build_backbone(CATALOGUE["efficientnet_lite0"], input=ImageInput(size=SIZE), workspace=workspace)
    pixels = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.float32)
    seen, expected = (keras.ops.convert_to_numpy(model(pixels, training=False)) for model in (own, grafts))
    assert np.array_equal(seen, expected)
    names = {layer.name for layer in own.layers}
    assert names >= {block.last_layer for block in CATALOGUE["efficientnet_lite0"].blocks}


@pytest.mark.slow
def test_its_exact_head_answers_as_grafts(carried_out, workspace):
    import keras

    from tlcore.progress import drain
    from tlcore.runs.items import read_items, read_test_items
    from tlcore.tasks.classification import CLASSIFICATION
    from tlcore.training.logistic_training import solve_head
    from tlcore.training.phases import plan

    script, out, run = carried_out(head="logistic", augment=())
    model = keras.models.load_model(out / "model.keras")
    body = keras.Model(model.inputs[0], model.get_layer("pooled").output)
    items = drain(read_items(run, workspace), lambda step: None)
    test = drain(read_test_items(run, workspace), lambda step: None)

    def seen(pixels):
        batch = np.asarray(pixels[np.arange(len(pixels))], np.float32)
        return keras.ops.convert_to_numpy(body(batch, training=False))

    features = {part: seen(each.inputs[:]["pixels"]) for part, each in items.items()}
    (phase,) = plan(run.config, TINY)
    of_task = CLASSIFICATION.build_head(3, items["train"].targets)
    head, *_ = solve_head(phase, features, items, run.config, of_task, epoch=1)
    _, _, strength = script.solve_head(features["train"], items["train"].targets, np.arange(len(features["train"])))
    assert strength == pytest.approx(head.strengths[0])
    logits = seen(test.pixels) @ head.kernel + head.bias
    heat = json.loads((out / "test.json").read_text())["temperature"]
    expected = np.exp(logits / heat) / np.exp(logits / heat).sum(axis=1, keepdims=True)
    assert np.abs(np.load(out / "test.npy") - expected).max() < 0.01


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "fine-tune", "blocks": 2, "gradual": True, "head": "both", "layer_decay": 0.8, "ema": 0.5},
        {"augment": ("rotate", "flip_left_right"), "mixup": 0.1, "cutmix": 0.1, "balancing": "sampling", "views": 2}
        | {"mode": "fine-tune", "blocks": 2, "fine_tune_learning_rate": 0.02, "label_smoothing": 0.05},
    ],
    ids=["deep", "mixed"],
)
def test_every_way_to_train_leads_to_a_model(carried_out, settings):
    _script, out, run = carried_out(epochs=8, patience=0, head_learning_rate=0.05, **settings)
    judged, answers = json.loads((out / "test.json").read_text()), np.load(out / "test.npy")
    assert judged["n"] == len(answers) == (run.split()["split"] == "test").sum()
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert judged["accuracy"] > 0.5  # three classes
    assert (out / "model.keras").exists()
