"""The script that trains a run again reads, builds and solves as Graft does, without Graft."""

from __future__ import annotations

import ast
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tlcore.backbones.catalogue import CATALOGUE
from tlcore.data.pixels import read_pixels
from tlcore.errors import ExportError
from tlcore.export.training_script import TABLE, training_script
from tlcore.files import write_json
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run

SIZE = 64


@pytest.fixture
def make(workspace, tiny_dataset):
    """Make a run that nobody has trained."""

    def made(**settings):
        fractions = Fractions(train=0.5, val=0.25, test=0.25)
        settings = {"image_size": SIZE, "fractions": fractions, **settings}
        return create_run(workspace, tiny_dataset, TrainingConfig(dataset=tiny_dataset.id, **settings))

    return made


def told(run, **settings):
    """The script of a run with other settings: what they are is checked when a run is made, not here."""
    write_json(run.path / "config.json", run.config.model_copy(update=settings))
    return training_script(run)


def functions(script, *names):
    """Some functions of a script, without what else it does."""
    tree = ast.parse(script)
    kept = [
        node
        for node in tree.body
        if (isinstance(node, ast.FunctionDef) and node.name in names)
        or (isinstance(node, ast.Assign) and node.targets[0].id.isupper())
    ]
    space = {"np": np, "Image": Image, "annotations": None}
    from PIL import ImageOps

    space["ImageOps"] = ImageOps
    code = "from __future__ import annotations\n" + "\n".join(ast.unparse(node) for node in kept)
    exec(compile(code, "script", "exec"), space)
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
    names = ("read_pixels", "to_rgb", "to_8_bits", "to_square", "resize")
    own = functions(told(make(), resize=resize), *names)["read_pixels"]
    for path in awkward_pictures:
        assert np.array_equal(own(path), read_pixels(path, SIZE, resize)), path.name


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
        {"augment": ("flip_up_down", "rotate", "brightness", "erase"), "views": 3, "optimizer": "adam"},
    ],
    ids=["default", "gradual", "mixing", "exact", "augmented"],
)
def test_every_name_that_it_uses_is_there(make, settings, tmp_path):
    path = tmp_path / "train.py"
    run = make()
    for key in ("efficientnet_lite0", "inception_v3"):
        path.write_text(told(run, backbone=key, **settings))
        check = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet", "--select", "E9,F", str(path)]
        done = subprocess.run(check, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_backbone_has_a_script(make, key):
    script = told(make(), backbone=key, mode="fine-tune", blocks=1)
    ast.parse(script)
    assert "$" not in script.partition(TABLE)[0]
    cut = CATALOGUE[key].blocks[-2].last_layer if len(CATALOGUE[key].blocks) > 1 else ""
    assert f"('fine-tune', {cut!r}, 20," in script


def test_it_shows_settings_not_markup(make):
    run = make()
    run.rename('a """ quote \\ and\na line')
    ast.parse(training_script(run))


def test_a_run_that_began_with_another_has_no_script(make):
    with pytest.raises(ExportError, match="published weights"):
        told(make(), start="20261121-101500-shapes-0001")


@pytest.mark.slow
def test_its_exact_head_answers_as_grafts(make, workspace, tiny_dataset, tmp_path):
    from tlcore.backbones.weights import weights_path
    from tlcore.data.progress import drain
    from tlcore.inference.temperature import fit_temperature
    from tlcore.runs.pictures import read_test_pictures
    from tlcore.training.backbones import build_backbone
    from tlcore.training.exact import learn_from_training
    from tlcore.training.pictures import read_pictures

    run = make(head="logistic", mode="fine-tune", blocks=1, epochs=1, fine_tune_learning_rate=1e-12, augment=())
    answers = carried_out(run, tiny_dataset, tmp_path)

    lite = CATALOGUE["efficientnet_lite0"]
    body = build_backbone(lite, size=SIZE, weights=weights_path(lite, workspace))
    pictures = drain(read_pictures(run, workspace), lambda step: None)
    test = drain(read_test_pictures(run, workspace), lambda step: None)

    def seen(pixels):
        return body.predict(np.asarray(pixels[np.arange(len(pixels))], np.float32), verbose=0).mean(axis=(1, 2))

    features = {part: seen(each.pixels) for part, each in pictures.items()}
    head = learn_from_training(features, pictures, run.config, classes=3)
    logits = {"val": features["val"] @ head.kernel + head.bias, "test": seen(test.pixels) @ head.kernel + head.bias}
    logits["test"] /= fit_temperature(logits["val"], pictures["val"].labels)
    expected = np.exp(logits["test"]) / np.exp(logits["test"]).sum(axis=1, keepdims=True)
    assert np.abs(answers - expected).max() < 0.02


def carried_out(run, dataset, folder):
    """Run the script where Graft is not to be found; the answers about the test pictures, `(n, classes)`."""
    script = folder / "train.py"
    script.write_text(training_script(run))
    images = Path(dataset.image_path(run.split()["file"][0])).parent
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "KERAS_BACKEND")}
    command = [sys.executable, "-P", str(script), str(images), "--out", str(folder / "out")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    judged, answers = json.loads((folder / "out/test.json").read_text()), np.load(folder / "out/test.npy")
    assert judged["n"] == len(answers) == (run.split()["split"] == "test").sum()
    assert (folder / "out/model.keras").exists()
    return answers
