from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tlcore.memmap import MappedArrays
from tlcore.modalities import MODALITIES
from tlcore.modalities.image import views
from tlcore.modalities.image.views import different_views, view_name
from tlcore.training.views import CachedViews, ItemViews, asked_views, item_keys

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
ROWS = np.arange(5)
KEYS = item_keys([hashlib.sha256(bytes([number])).hexdigest() for number in range(5)])


def view(pixels, names, **more):
    return views.view({"pixels": pixels}, names, **more)["pixels"]


def test_the_first_view_is_the_plain_picture():
    assert (view(PIXELS, ["rotate", "flip_up_down"], number=0, keys=KEYS) == PIXELS).all()


def test_views_of_flips_are_all_the_different_ones():
    names = ["flip_left_right", "flip_up_down"]
    made = [view(PIXELS, names, number=number, keys=KEYS).tobytes() for number in range(4)]
    expected = [PIXELS, PIXELS[:, :, ::-1], PIXELS[:, ::-1], PIXELS[:, ::-1, ::-1]]
    assert set(made) == {np.ascontiguousarray(pixels).tobytes() for pixels in expected}


def test_a_view_depends_on_the_picture_and_its_number_alone():
    names = ["rotate", "brightness"]
    second = view(PIXELS, names, number=2, keys=KEYS)
    assert (view(PIXELS[2:], names, number=2, keys=KEYS[2:]) == second[2:]).all()
    assert (view(PIXELS, names, number=1, keys=KEYS) != second).any()
    assert len(set(KEYS.tolist())) == 5


def test_equal_views_have_equal_names_whatever_else_was_chosen():
    both = ["flip_up_down", "flip_left_right"]
    assert view_name([], 0) == view_name(["rotate"], 0) == "plain"
    assert view_name(["flip_left_right"], 1) == view_name(both, 1)
    names = [view_name(both, number) for number in range(4)]
    names += [view_name(["rotate"], number) for number in (1, 2)] + [view_name(["rotate", "flip_up_down"], 1)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("names", "asked", "epochs", "expected"),
    [
        ((), None, 10, 1),
        ((), 5, 10, 1),
        (("flip_left_right",), None, 10, 2),
        (("flip_left_right", "flip_up_down"), None, 10, 4),
        (("flip_left_right", "flip_up_down"), 3, 10, 3),
        (("flip_left_right",), 9, 10, 2),
        (("rotate",), None, 10, 4),
        (("rotate",), 9, 10, 9),
        (("rotate",), None, 3, 3),
        (("rotate",), None, 1, 1),
    ],
)
def test_there_are_never_more_views_than_can_differ_or_be_seen(names, asked, epochs, expected):
    assert asked_views(different_views(names), asked, epochs=epochs)[0] == expected


def test_the_head_alone_sees_plain_items_unless_views_are_asked_for():
    assert asked_views(None, None, epochs=10, head_alone=True)[0] == 1
    assert asked_views(2, None, epochs=10, head_alone=True)[0] == 1
    assert asked_views(None, 3, epochs=10, head_alone=True)[0] == 3


def test_an_epoch_draws_one_view_of_each_picture_and_draws_the_same_again():
    features = np.arange(5 * 4, dtype=np.float16).reshape(5, 4, 1)
    source = CachedViews([MappedArrays({"features": features[:, number]}) for number in range(4)], seed=1)
    epochs = [source(ROWS, epoch)["features"][:, 0] for epoch in range(20)]
    assert (np.stack(epochs) // 4 == ROWS).all()
    assert len({tuple(epoch) for epoch in epochs}) > 10
    assert (source(ROWS[2:], 7)["features"][:, 0] == epochs[7][2:]).all()
    assert source(ROWS, 1)["features"].dtype == np.float32


def test_pixels_are_augmented_alike_for_the_same_seed_and_epoch_only():
    def source(rows, epoch, names=("rotate", "flip_left_right")):
        inputs = MappedArrays({"pixels": PIXELS})
        return ItemViews(inputs, names, seed=1, modality=MODALITIES["image"])(rows, epoch)["pixels"]

    assert (source(ROWS, 1) == source(ROWS, 1)).all()
    assert (source(ROWS, 1)[2:] == source(ROWS[2:], 1)).all()
    assert (source(ROWS, 1) != source(ROWS, 2)).any()
    assert (source(ROWS, 1, ()) == PIXELS).all()
    assert source(ROWS, 1).dtype == np.float32


def test_a_mask_in_the_cache_stays_a_mask():
    arrays = {"features": np.ones((5, 4), np.float16), "padding_mask": np.ones((5, 4), bool)}
    batch = CachedViews([MappedArrays(arrays)], seed=1)(ROWS, 1)
    assert {name: array.dtype for name, array in batch.items()} == {"features": np.float32, "padding_mask": bool}
