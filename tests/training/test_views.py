from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tlcore.memmap import MappedRows
from tlcore.training.views import CachedViews, PixelViews, asked_views, picture_keys, view, view_name

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
ROWS = np.arange(5)
KEYS = picture_keys([hashlib.sha256(bytes([number])).hexdigest() for number in range(5)])


def test_the_first_view_is_the_plain_picture():
    assert (view(PIXELS, ["rotate", "flip_up_down"], number=0, keys=KEYS) == PIXELS).all()


def test_views_of_flips_are_all_the_different_ones():
    names = ["flip_left_right", "flip_up_down"]
    views = [view(PIXELS, names, number=number, keys=KEYS).tobytes() for number in range(4)]
    expected = [PIXELS, PIXELS[:, :, ::-1], PIXELS[:, ::-1], PIXELS[:, ::-1, ::-1]]
    assert set(views) == {np.ascontiguousarray(pixels).tobytes() for pixels in expected}


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
    assert asked_views(names, asked, epochs=epochs)[0] == expected


def test_an_epoch_draws_one_view_of_each_picture_and_draws_the_same_again():
    features = np.arange(5 * 4, dtype=np.float16).reshape(5, 4, 1)
    source = CachedViews([MappedRows(features[:, number]) for number in range(4)], seed=1)
    epochs = [source(ROWS, epoch)[:, 0] for epoch in range(20)]
    assert (np.stack(epochs) // 4 == ROWS).all()
    assert len({tuple(epoch) for epoch in epochs}) > 10
    assert (source(ROWS[2:], 7)[:, 0] == epochs[7][2:]).all()
    assert source(ROWS, 1).dtype == np.float32


def test_pixels_are_augmented_alike_for_the_same_seed_and_epoch_only():
    source = PixelViews(PIXELS, ("rotate", "flip_left_right"), seed=1)
    assert (source(ROWS, 1) == source(ROWS, 1)).all()
    assert (source(ROWS, 1)[2:] == source(ROWS[2:], 1)).all()
    assert (source(ROWS, 1) != source(ROWS, 2)).any()
    assert (PixelViews(PIXELS, (), seed=1)(ROWS, 1) == PIXELS).all()
