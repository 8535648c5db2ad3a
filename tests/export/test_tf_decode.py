"""A SavedModel decodes and resizes picture files as the app does.

The battery of awkward files stands in `tests/browser/test_pixels.py`, where it goes through every way out.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tlcore.modalities.image.pixels import read_pixels

tf = pytest.importorskip("tensorflow")

from tlcore.export.signatures import traced  # noqa: E402
from tlcore.modalities.image.formats.keras_tf_decode import read_encoded  # noqa: E402

SIZE = 48
pytestmark = pytest.mark.slow


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    stream = BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def ground(width: int, height: int) -> Image.Image:
    few = np.random.default_rng(0).integers(0, 256, (7, 10, 3), dtype=np.uint8)
    return Image.fromarray(few).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("policy", ["crop", "letterbox", "stretch"])
def test_any_size_is_resized_to_the_apps_last_bit(policy):
    text = [tf.TensorSpec((), tf.string)]
    read = traced(lambda content: read_encoded(content, SIZE, policy), input_signature=text)
    for size in [(101, 70), (48, 48), (1, 1), (3, 400), (900, 20), (640, 480), (333, 512)]:
        for form in ("PNG", "JPEG"):
            content = saved(ground(*size), form)
            found = read(tf.constant(content)).numpy()
            assert (found == read_pixels(content, SIZE, policy)).all(), (size, form)


@pytest.mark.parametrize(
    "content", [b"", b"BM", b"no picture", saved(ground(9, 9), "TIFF"), b"\xff\xd8\xff", b"GIF89a"]
)
def test_what_cannot_be_read_is_an_error_of_the_request(content):
    with pytest.raises(tf.errors.InvalidArgumentError):
        read_encoded(tf.constant(content), SIZE, "crop")


def test_what_is_no_picture_is_refused_in_a_sentence():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"not a picture that can be read here \(JPEG, PNG"):
        read_encoded(tf.constant(b"no picture"), SIZE, "crop")
