"""What a run begins with: the weights of another one, below and above the cut, and nothing that is not arrays."""

from __future__ import annotations

import shutil
import zipfile

import h5py
import keras
import numpy as np
import pytest

from tests.heads import head
from tests.training.tiny_run import SIZE, TINY, WITH_TINY
from tlcore.backbones import catalogue
from tlcore.data.edits import operations
from tlcore.data.edits.types import Relabel
from tlcore.errors import RunError
from tlcore.files import sha256
from tlcore.jobs.writer import StoppedError
from tlcore.modalities.image.settings import ImageInput
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.events import CrossValidated, EpochEnded, PhaseStarted
from tlcore.runs.initial_weights import find_start
from tlcore.training.backbones import build_backbone
from tlcore.training.initial_model import begin
from tlcore.training.model import TransferModel
from tlcore.training.save import save_keras
from tlcore.training.trainer import train


@pytest.fixture
def tiny(workspace, monkeypatch):
    """The tiny backbone in the catalogue, its weights in the workspace."""
    monkeypatch.setattr(catalogue, "CATALOGUE", WITH_TINY)
    keras.utils.set_random_seed(0)
    workspace.weights.mkdir(parents=True, exist_ok=True)
    weights = workspace.weights / TINY.weights_file
    build_backbone(TINY, input=ImageInput(size=SIZE), weights="random").save_weights(weights)
    return weights


@pytest.fixture
def first(workspace, tiny_dataset, tiny):
    """A run whose model stands there as if the last of its two blocks had been trained."""
    run = create_run(workspace, tiny_dataset, settings(tiny_dataset, mode="fine-tune", blocks=1))
    model = built(run, workspace)
    rng = np.random.default_rng(1)
    for variable in model.whole.variables:
        if "convolution2" in variable.path or "head_logits" in variable.path:
            variable.assign(rng.normal(size=variable.shape))
    save_keras(model.whole, run.model_keras)
    return run


def settings(dataset, **changes):
    given = {
        "backbone": TINY.key,
        "input.size": SIZE,
        "batch_size": 4,
        "epochs": 2,
        "precision": "float32",
        "fractions": Fractions(train=0.5, val=0.25, test=0.25),
    }
    return TrainingConfig(dataset=dataset.id, **(given | changes))


def built(run, workspace) -> TransferModel:
    return begin(run, TINY, head(len(run.dataset.classes)), workspace)[0]


def again(workspace, dataset, first, **changes):
    return create_run(workspace, dataset, first.config.model_copy(update={"start": first.id, **changes}))


def arrays(model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(variable) for variable in model.variables]


def test_a_run_begins_where_the_other_one_ended(workspace, tiny_dataset, first):
    second = again(workspace, tiny_dataset, first)
    pixels = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3)).astype(np.float32)
    theirs = keras.models.load_model(first.model_keras, safe_mode=True, compile=False)
    ours = built(second, workspace).whole
    np.testing.assert_array_equal(ours.predict(pixels, verbose=0), theirs.predict(pixels, verbose=0))


def test_a_head_keeps_the_classes_that_are_still_there(workspace, tiny_dataset, first):
    shas = tiny_dataset.items()["sha256"].tolist()
    operations.apply(tiny_dataset, Relabel(labels=dict.fromkeys(shas[:3], "star")))
    second = again(workspace, tiny_dataset, first)
    assert second.dataset.classes == (*first.dataset.classes, "star")
    kernel, bias = built(second, workspace).head
    theirs, their_bias = built(again(workspace, tiny_dataset, first, seed=3), workspace).head
    np.testing.assert_array_equal(kernel[:, :3], theirs[:, :3])
    np.testing.assert_array_equal(bias[:3], their_bias[:3])
    assert np.abs(kernel[:, 3] - theirs[:, 3]).max() > 0, "what is new begins by chance"
    saved = keras.models.load_model(first.model_keras, compile=False).get_layer("head_logits").get_weights()[0]
    np.testing.assert_array_equal(kernel[:, :3], saved)


def test_trunks_are_told_apart_where_their_weights_differ_and_only_there(workspace, tiny_dataset, first, tiny):
    _, below = begin(again(workspace, tiny_dataset, first), TINY, head(3), workspace)
    assert below(1) == sha256(tiny), "the first block was frozen: its features may be in the cache"
    assert below(2) != sha256(tiny)
    _, same = begin(again(workspace, tiny_dataset, first, seed=1), TINY, head(3), workspace)
    assert same(2) == below(2)


def test_nothing_is_downloaded_to_begin_with_weights_that_are_there(workspace, tiny_dataset, first, tiny):
    _, known = begin(again(workspace, tiny_dataset, first), TINY, head(3), workspace)
    tiny.unlink()
    model, below = begin(again(workspace, tiny_dataset, first), TINY, head(3), workspace)
    assert below(2) == known(2)
    theirs = keras.models.load_model(first.model_keras, compile=False)
    for ours, saved in zip(arrays(model.features), arrays(theirs)[:-2], strict=False):
        np.testing.assert_array_equal(ours, saved)


def rewritten(path, change) -> None:
    """Let `change` do something to the weights within a Keras archive."""
    scratch = path.with_name("weights.h5")
    with zipfile.ZipFile(path) as archive:
        described, weights = archive.read("config.json"), archive.read("model.weights.h5")
    scratch.write_bytes(weights)
    with h5py.File(scratch, "r+") as store:
        change(store)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", described)
        archive.writestr("model.weights.h5", scratch.read_bytes())


def _link(store) -> None:
    store["other"] = h5py.ExternalLink("/etc/hostname", "/")


def _external(store) -> None:
    store.create_dataset("other", (8,), "u1", external=[("/etc/hostname", 0, 8)])


def _bomb(store) -> None:
    store.create_dataset("other", (1 << 32,), "f8", chunks=(1 << 16,), compression="gzip")


@pytest.mark.parametrize(
    ("change", "said"),
    [(_link, "another file"), (_external, "another file"), (_bomb, "too large")],
    ids=["link", "external", "bomb"],
)
def test_weights_that_lie_elsewhere_or_are_too_large_are_never_read(workspace, tiny_dataset, first, change, said):
    rewritten(first.model_keras, change)
    with pytest.raises(RunError, match=said):
        built(again(workspace, tiny_dataset, first), workspace)


def test_weights_of_another_network_are_refused_in_a_sentence(workspace, tiny_dataset, first):
    def drop(store) -> None:
        del store["layers/conv2d/vars/0"]

    rewritten(first.model_keras, drop)
    with pytest.raises(RunError, match="must be those of Tiny"):
        built(again(workspace, tiny_dataset, first), workspace)


@pytest.mark.slow
def test_a_run_that_was_interrupted_goes_on_exactly_although_its_start_is_gone(workspace, tiny_dataset, first):
    config = {"head": "logistic", "epochs": 2, "patience": 0}
    whole, cut_short = (again(workspace, tiny_dataset, first, **config) for _ in range(2))
    shutil.rmtree(first.path)
    expected = arrays(train(whole, report=lambda news: None, stop=lambda: False).model)

    told: list[object] = []

    def in_the_middle() -> bool:
        tuned = [news for news in told if isinstance(news, EpochEnded) and news.phase == "fine-tune"]
        return len(tuned) == 1

    with pytest.raises(StoppedError):
        train(cut_short, report=told.append, stop=in_the_middle, pause=in_the_middle)
    found = arrays(train(cut_short, report=told.append, stop=lambda: False).model)
    assert [news.phase for news in told if isinstance(news, PhaseStarted)].count("fine-tune") == 2
    assert not [news for news in told if isinstance(news, CrossValidated)], (
        "folds of what the start has learnt by heart"
    )
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_exported_file_is_a_start_like_its_run(workspace, tiny_dataset, first, tmp_path):
    shutil.copyfile(first.model_keras, tmp_path / "mine.keras")
    (tmp_path / "mine.keras").chmod(0o444)
    start = find_start(workspace, str(tmp_path / "mine.keras"))
    assert (start.about.backbone, start.about.input["size"], start.about.outputs) == ("tiny", SIZE, 3)
    second = again(workspace, tiny_dataset, first, start=str(tmp_path / "mine.keras"))
    from_run = built(again(workspace, tiny_dataset, first), workspace)
    from_file = built(second, workspace)
    for ours, theirs in zip(arrays(from_file.features), arrays(from_run.features), strict=True):
        np.testing.assert_array_equal(ours, theirs)
