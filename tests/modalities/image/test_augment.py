from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from tests.data.conftest import photo
from tlcore.modalities.image.augment import MOST_LIGHT, NAMES, augment, augment_batch
from tlcore.modalities.image.pixels import to_pixels
from tlcore.modalities.image.settings import AUGMENTATIONS
from tlcore.runs.config import TrainingConfig

PICTURE = to_pixels(photo(size=(64, 64)), 64)


def changed(names, seed=0) -> np.ndarray:
    return augment(PICTURE, names, np.random.default_rng(seed))


def test_settings_take_these_names_alone():
    assert tuple(AUGMENTATIONS) == NAMES
    assert TrainingConfig(dataset="d", augment=NAMES).augment == NAMES
    assert set(TrainingConfig(dataset="d").augment) <= set(NAMES)
    with pytest.raises(ValidationError, match="not melt"):
        TrainingConfig(dataset="d", augment=("rotate", "melt"))


def test_nothing_switched_on_changes_nothing():
    assert (changed([]) == PICTURE).all()


@pytest.mark.parametrize("name", NAMES)
def test_each_change_keeps_the_shape_and_changes_something(name):
    results = [changed([name], seed) for seed in range(6)]
    assert all(result.shape == PICTURE.shape and result.dtype == np.uint8 for result in results)
    assert any((result != PICTURE).any() for result in results)


@pytest.mark.parametrize("name", NAMES)
def test_the_given_picture_is_not_written_to(name):
    before = PICTURE.copy()
    changed([name])
    assert (before == PICTURE).all()


@pytest.mark.parametrize(("name", "mirror"), [("flip_left_right", PICTURE[:, ::-1]), ("flip_up_down", PICTURE[::-1])])
def test_flips_mirror_about_every_second_picture(name, mirror):
    results = [changed([name], seed) for seed in range(60)]
    mirrored = sum((result == mirror).all() for result in results)
    assert 15 <= mirrored <= 45
    assert mirrored + sum((result == PICTURE).all() for result in results) == 60


def test_a_change_that_moves_by_nothing_gives_the_picture_back():
    from tlcore.modalities.image.augment import _move

    assert (_move(PICTURE, radians=0, zoom=1, shift=(0, 0)) == PICTURE).all()


def test_a_shift_goes_where_it_says():
    from tlcore.modalities.image.augment import _move

    shifted = _move(PICTURE, radians=0, zoom=1, shift=(0.125, 0.25))
    assert (shifted[16:, 8:] == PICTURE[:-16, :-8]).all()


def test_a_zoom_enlarges_about_the_middle():
    from tlcore.modalities.image.augment import _move

    square = np.zeros((64, 64, 3), np.uint8)
    square[24:40, 24:40] = 255
    enlarged = _move(square, radians=0, zoom=2.0, shift=(0, 0))
    assert (enlarged[18:46, 18:46] == 255).all()
    assert (enlarged[:14] == 0).all()
    assert np.array_equal(enlarged, enlarged[::-1, ::-1])


def test_a_quarter_turn_is_a_quarter_turn():
    from tlcore.modalities.image.augment import _move

    turned = _move(PICTURE, radians=np.pi / 2, zoom=1, shift=(0, 0)).astype(int)
    quarters = [np.abs(turned - np.rot90(PICTURE, times).astype(int)).mean() for times in (1, 3)]
    assert min(quarters) < 0.01


def test_what_a_move_uncovers_is_filled_with_picture():
    light = np.full((32, 32, 3), 200, np.uint8)
    for seed in range(20):
        assert (augment(light, ["rotate", "zoom", "shift"], np.random.default_rng(seed)) == 200).all()


def test_brightness_and_contrast_stay_in_their_range():
    grey = np.full((8, 8, 3), 100, np.uint8)
    for seed in range(50):
        result = augment(grey, ["brightness"], np.random.default_rng(seed))
        assert 100 * (1 - MOST_LIGHT) <= result.min() <= result.max() <= 100 * (1 + MOST_LIGHT)
        assert (augment(grey, ["contrast"], np.random.default_rng(seed)) == 100).all()


def test_switching_one_change_on_leaves_the_others_as_they_were():
    for seed in range(10):
        with_flip = changed(["rotate", "flip_left_right"], seed)
        without = changed(["rotate"], seed)
        assert (with_flip == without).all() or (with_flip == without[:, ::-1]).all()


def test_unknown_changes_are_refused():
    with pytest.raises(ValueError, match="Received: blur"):
        changed(["blur"])


def test_a_batch_depends_on_seed_epoch_and_index_alone():
    pictures = np.stack([to_pixels(photo(seed, (32, 32)), 32) for seed in range(8)])
    whole = augment_batch(pictures, NAMES, 3, range(8), 1)
    part = augment_batch(pictures[4:], NAMES, 3, range(4, 8), 1)
    assert (whole[4:] == part).all()
    assert (augment_batch(pictures, NAMES, 3, range(8), 2) != whole).any()
    assert (augment_batch(pictures, NAMES, 4, range(8), 1) != whole).any()


def test_a_batch_without_changes_is_the_batch():
    pictures = np.stack([PICTURE, PICTURE])
    assert (augment_batch(pictures, (), 0, [0, 1], 0) == pictures).all()


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_the_smallest_pictures_do_not_crash(size):
    assert augment(np.zeros((size, size, 3), np.uint8), NAMES, np.random.default_rng(0)).shape == (
        size,
        size,
        3,
    )
