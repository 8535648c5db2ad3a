"""What is below the cut, for runs that share pictures: computed once, whatever the split, the seed and the epochs."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tlcore.data.store import ArrayStore
from tlcore.runs.config import TrainingConfig
from tlcore.runs.events import Noted, PhaseStarted
from tlcore.runs.items import Decoded, Items
from tlcore.training import trunk
from tlcore.training.features import BelowTheCut


@pytest.fixture
def below(tiny_model, colours, tmp_path, workspace):
    """Makes `BelowTheCut` of a run on the coloured pictures, with what it reports."""
    pixels, labels = colours
    np.asarray(pixels).tofile(tmp_path / "pixels.bin")
    mapped = np.memmap(tmp_path / "pixels.bin", np.uint8, "r", shape=pixels.shape)
    shas = tuple(sorted(hashlib.sha256(item.tobytes()).hexdigest() for item in pixels))
    decoded = Decoded(ArrayStore(tmp_path, "pictures", {"pixels": mapped}), shas)

    def make(**changes):
        config = TrainingConfig(**{"dataset": "d", "input.size": 16, **changes})
        order = np.random.default_rng(config.seed).permutation(len(shas))
        parts = {"train": order[:30], "val": order[30:40]}
        items = {}
        for part, rows in parts.items():
            own = tuple(shas[row] for row in rows)
            items[part] = Items(decoded.inputs.only(decoded.places(own)), labels[rows], own, decoded)
        reported = []
        made = BelowTheCut(
            config,
            tiny_model,
            items,
            weights=lambda cut: "w",
            workspace=workspace,
            report=reported.append,
            stop=lambda: False,
        )
        return made, reported

    return make


def expected(tiny_model, items, cut=2):
    return below_the_cut(tiny_model, items.inputs[:]["pixels"], cut)


def below_the_cut(model, pixels, cut=2):
    return model.trunk(cut).predict({"pixels": pixels.astype(np.float32)}, verbose=0)["features"]


def computed(reported):
    return [news.phase for news in reported if isinstance(news, PhaseStarted)]


def sentences(reported):
    return [news.message for news in reported if isinstance(news, Noted)]


def test_batches_hold_the_features_of_their_own_pictures(below, tiny_model):
    made, _ = below(augment=("flip_left_right",))
    sources = made.sources(2, epochs=3)
    rows = np.array([4, 0, 7])
    plain = expected(tiny_model, made.items["val"])
    np.testing.assert_allclose(sources["val"](rows, 5)["features"], plain[rows], atol=0.02)
    plain = expected(tiny_model, made.items["train"])
    flipped = below_the_cut(tiny_model, made.items["train"].inputs[:]["pixels"][:, :, ::-1])
    drawn = np.stack([sources["train"](np.arange(30), epoch)["features"] for epoch in range(6)])
    is_plain = np.abs(drawn - plain).max(axis=(2, 3, 4)) < 0.02
    is_flipped = np.abs(drawn - flipped).max(axis=(2, 3, 4)) < 0.02
    assert (is_plain | is_flipped).all()
    assert is_plain.any()
    assert is_flipped.any()


def test_another_seed_with_other_epochs_and_another_split_computes_nothing(below, tiny_model):
    first, reported = below(seed=0)
    first.sources(2, epochs=3)
    assert computed(reported) == ["trunk"]
    second, reported = below(seed=1)
    sources = second.sources(2, epochs=9)
    assert computed(reported) == []
    assert "found in the cache" in sentences(reported)[-1]
    rows = np.arange(10)
    np.testing.assert_allclose(
        sources["val"](rows, 1)["features"], expected(tiny_model, second.items["val"]), atol=0.02
    )


def test_a_view_that_is_lacking_is_all_that_is_computed(below, tiny_model, monkeypatch):
    built = []
    build = trunk.TrunkCache.build
    monkeypatch.setattr(
        trunk.TrunkCache,
        "build",
        lambda self, view, *rest, **more: built.append(view) or build(self, view, *rest, **more),
    )
    for changes in ({"augment": ()}, {"augment": ("flip_left_right",)}, {"augment": ("rotate",), "views": 3}):
        below(**changes)[0].sources(2, epochs=5)
    assert built[:2] == ["plain", "flip_left_right"]
    assert len(built) == 4


def test_the_exact_head_is_given_the_plain_features_of_both_parts(below, tiny_model):
    made, reported = below(augment=("flip_left_right",))
    features = made.features(3)
    assert {part: len(each) for part, each in features.items()} == {"train": 30, "val": 10}
    np.testing.assert_allclose(features["val"], expected(tiny_model, made.items["val"], 3), atol=0.02)
    made.sources(3, epochs=5)
    assert computed(reported) == ["trunk"], "the head alone sees one view"
    assert any("One view of each picture: above a frozen backbone" in said for said in sentences(reported))
    asked, reported = below(augment=("flip_left_right",), views=2)
    asked.sources(3, epochs=5)
    assert computed(reported) == ["trunk"]  # the other view


def test_where_no_view_fits_features_are_computed_for_each_batch(below, tiny_model, monkeypatch):
    monkeypatch.setattr(trunk, "CACHE_BYTES", 100)
    made, reported = below(augment=())
    rows = np.array([3, 1])
    np.testing.assert_allclose(
        made.sources(2, epochs=3)["val"](rows, 1)["features"],
        expected(tiny_model, made.items["val"])[rows],
        atol=1e-4,
    )
    assert "does not fit" in sentences(reported)[-1]
    assert made.features(2)["train"].shape == (30, 8, 8, 8)


def test_the_number_of_views_and_the_engine_are_said_with_their_reasons(below, monkeypatch):
    monkeypatch.setattr(trunk, "SECONDS_FOR_VIEWS", 0.0)
    made, reported = below(augment=("rotate",))
    made.sources(2, epochs=9)
    said = sentences(reported)
    assert said == made.said
    assert said[0].startswith("One view of each picture")
    assert "more would take over 0 seconds" in said[0]
    assert "computes what lies below the cut" in said[1]
    assert "pictures a second" in said[1]


def test_another_run_comes_to_the_same_number_of_views_however_fast_the_machine_is_then(below, monkeypatch):
    below(augment=("rotate",))[0].sources(2, epochs=9)
    monkeypatch.setattr(trunk, "engine_of", lambda *_: pytest.fail("nothing is to be computed"))
    made, reported = below(augment=("rotate",), seed=1)
    made.sources(2, epochs=9)
    assert computed(reported) == []
    assert sentences(reported)[0].startswith("4 views of each picture")


def test_features_in_lower_precision_that_an_earlier_version_kept_are_computed_anew(below, tiny_model, workspace):
    made, _ = below()
    cache = made._trunk(2).cache
    old = trunk.TrunkCache(cache.folder, {**cache.identity, "precision": "bfloat16"}, cache.count, cache.boundary)
    nothing = lambda rows: {"features": np.zeros((len(rows), *cache.boundary[0].shape), np.float32)}  # noqa: E731
    for _ in old.build("plain", nothing, at_once=8, threads=1):
        pass
    sources = made.sources(2, epochs=2)
    np.testing.assert_allclose(
        sources["val"](np.arange(10), 1)["features"], expected(tiny_model, made.items["val"]), atol=0.02
    )


def test_at_the_input_batches_are_pixels(below):
    made, reported = below(augment=())
    rows = np.array([2, 5])
    pixels = made.sources(0, epochs=3)["train"](rows, 1)["pixels"]
    assert pixels.dtype == np.float32
    assert (pixels == made.items["train"].inputs[rows]["pixels"]).all()
    assert not reported
