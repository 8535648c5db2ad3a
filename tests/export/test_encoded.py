"""A SavedModel that is given picture files makes nearly the pixels of the app, whatever kind of file it is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.awkward import KINDS, awkward
from tlcore.data.pixels import read_pixels

SIZE = 48
REFUSED = {"transparent WebP", "TIFF", "TIFF, 16 bits"}
# Grey levels of 256, on average over a picture. A GIF may have a transparent colour, which is not laid over white.
MOST, MOST_OF_GIF = 1.0, 6.0


@pytest.mark.slow
def test_two_hundred_awkward_files_become_nearly_the_same_pixels(tmp_path):
    tf = pytest.importorskip("tensorflow")
    from tlcore.export.encoded import read_encoded

    read = tf.function(
        lambda content: read_encoded(content, SIZE, "crop"), input_signature=[tf.TensorSpec((), tf.string)]
    )
    off: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind, path in awkward(tmp_path):
        if kind in REFUSED:
            with pytest.raises(tf.errors.InvalidArgumentError):
                read(tf.constant(path.read_bytes()))
            continue
        found = read(tf.constant(path.read_bytes())).numpy()
        off[kind].append(float(np.abs(found - read_pixels(path, SIZE, "crop")).mean()))
    means = {kind: max(each) for kind, each in off.items() if each}
    assert means.pop("palette, 1 bit, moving") < MOST_OF_GIF
    assert not {kind: value for kind, value in means.items() if value > MOST}


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["crop", "letterbox", "stretch"])
def test_every_way_of_resizing_is_the_apps(policy, tmp_path):
    tf = pytest.importorskip("tensorflow")
    from PIL import Image

    from tlcore.export.encoded import read_encoded

    ground = np.random.default_rng(0).integers(0, 256, (7, 10, 3), dtype=np.uint8)
    path = tmp_path / "wide.png"
    Image.fromarray(ground).resize((101, 70), Image.Resampling.BICUBIC).save(path)
    found = read_encoded(tf.constant(path.read_bytes()), SIZE, policy).numpy()
    assert np.abs(found - read_pixels(path, SIZE, policy)).max() <= 2
