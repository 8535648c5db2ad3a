"""Copies are found whatever was done to them, and pictures of one kind are no copies."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tlcore.data.info import DatasetInfo
from tlcore.health.clusters import cluster_findings
from tlcore.modalities.checks import Pairs
from tlcore.modalities.image.checks.near_duplicates import near_pairs
from tlcore.modalities.image.checks.perceptual_hash import SIDE
from tlcore.modalities.image.pixels import to_pixels
from tlcore.progress import drain


def resized(item):
    return item.resize((100, 100), Image.Resampling.BICUBIC)


def cropped(item):
    return item.crop((4, 11, 4 + 144, 11 + 144))


def recompressed(item):
    stream = BytesIO()
    item.save(stream, "JPEG", quality=40)
    return Image.open(stream)


def mirrored(item):
    return item.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def upside_down(item):
    return item.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def brightened(item):
    return item.point(lambda value: min(255, int(20 + 0.8 * value)))


def everything(item):
    return recompressed(resized(mirrored(cropped(item))))


def thumbnail(item):
    small = Image.fromarray(to_pixels(item.convert("RGB"), 224)).reduce(4)
    return np.asarray(small.convert("L"))


@pytest.fixture(scope="module")
def originals(scenes):
    return [Image.fromarray(scene) for scene in scenes]


def pairs_of(items):
    found = drain(near_pairs(np.stack([thumbnail(item) for item in items])), lambda step: None)
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize(
    "change", [resized, cropped, recompressed, mirrored, upside_down, brightened, everything], ids=lambda f: f.__name__
)
def test_a_copy_is_found_and_nothing_else(originals, change):
    copies = [change(item) for item in originals[:4]]
    assert pairs_of([*originals, *copies]) == {(place, len(originals) + place) for place in range(4)}


def test_pictures_without_anything_to_see_are_no_copies_of_each_other():
    rng = np.random.default_rng(0)
    empty = [Image.fromarray(rng.integers(126, 130, (96, 96, 3)).astype(np.uint8)) for _ in range(6)]
    assert pairs_of(empty) == set()


def test_features_catch_a_pair_only_where_the_pictures_agree(originals):
    thumbnails = np.stack([thumbnail(item) for item in [*originals[:10], cropped(originals[0])]])
    same = np.ones((11, 4), np.float32) / 2  # features that call all of them alike
    found = drain(near_pairs(thumbnails, same), lambda step: None)
    assert list(zip(found.first, found.second, strict=True)) == [(0, 10)]
    assert thumbnails.shape[1:] == (SIDE, SIDE)


def test_copies_of_copies_are_one_cluster_that_keeps_its_name():
    pairs = Pairs(np.array([0, 2]), np.array([2, 4]), np.ones(2, np.float32))
    shas = np.array([letter * 64 for letter in "edcba"], object)
    table = pairs.clusters(shas)
    assert set(table["sha256"]) == {shas[0], shas[2], shas[4]}
    assert set(table["cluster"]) == {"alike-" + "a" * 12}


def test_copies_with_two_labels_are_worth_more_than_copies_with_one():
    import pandas as pd

    items = pd.DataFrame({"sha256": list("abcd"), "label": ["x", "x", "x", "y"], "source": list("1234")})
    clusters = pd.DataFrame({"sha256": list("abcd"), "cluster": ["one", "one", "two", "two"]})
    info = DatasetInfo(id="x", name="x", classes=("x", "y"), fingerprint="")
    one, two = cluster_findings(clusters, items, info)
    assert two.score > one.score
    assert "at least one label is wrong" in two.says
    assert two.items == ("c", "d")


def test_pictures_that_differ_in_colour_alone_are_no_copies(originals):
    thumbnails = np.stack([thumbnail(item) for item in [*originals[:5], cropped(originals[4])]])
    tints = np.zeros((6, 14, 14, 2), np.int16)
    assert len(drain(near_pairs(thumbnails, tints=tints), lambda step: None).first) == 1
    tints[5] = (60, -60)
    assert len(drain(near_pairs(thumbnails, tints=tints), lambda step: None).first) == 0
