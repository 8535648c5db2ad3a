from __future__ import annotations

import numpy as np
import pytest

from tlcore.training.views import CachedViews, PixelViews, count_views, view

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
ROWS = np.arange(5)


def test_the_first_view_is_the_plain_picture():
    assert (view(PIXELS, ["rotate", "flip_up_down"], number=0, rows=ROWS, seed=3) == PIXELS).all()


def test_views_of_flips_are_all_the_different_ones():
    names = ["flip_left_right", "flip_up_down"]
    views = [view(PIXELS, names, number=number, rows=ROWS, seed=0).tobytes() for number in range(4)]
    expected = [PIXELS, PIXELS[:, :, ::-1], PIXELS[:, ::-1], PIXELS[:, ::-1, ::-1]]
    assert set(views) == {np.ascontiguousarray(pixels).tobytes() for pixels in expected}


@pytest.mark.parametrize(
    ("names", "epochs", "expected"),
    [
        ((), 10, 1),
        (("flip_left_right",), 10, 2),
        (("flip_left_right", "flip_up_down"), 10, 4),
        (("rotate",), 10, 4),
        (("rotate",), 3, 3),
        (("rotate",), 1, 1),
    ],
)
def test_there_are_never_more_views_than_can_differ_or_be_seen(names, epochs, expected):
    assert count_views(names, epochs=epochs) == expected


def test_an_epoch_draws_one_view_of_each_picture_and_draws_the_same_again():
    features = np.arange(5 * 4, dtype=np.float16).reshape(5, 4, 1)
    source = CachedViews(features, seed=1)
    epochs = [source(ROWS, epoch)[:, 0] for epoch in range(20)]
    assert (np.stack(epochs) // 4 == ROWS).all()
    assert len({tuple(epoch) for epoch in epochs}) > 10
    assert (source(ROWS[2:], 7)[:, 0] == epochs[7][2:]).all()


def test_pixels_are_augmented_alike_for_the_same_seed_and_epoch_only():
    source = PixelViews(PIXELS, ("rotate", "flip_left_right"), seed=1)
    assert (source(ROWS, 1) == source(ROWS, 1)).all()
    assert (source(ROWS, 1)[2:] == source(ROWS[2:], 1)).all()
    assert (source(ROWS, 1) != source(ROWS, 2)).any()
    assert (PixelViews(PIXELS, (), seed=1)(ROWS, 1) == PIXELS).all()
