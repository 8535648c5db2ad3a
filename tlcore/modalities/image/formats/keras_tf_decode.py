"""Picture files to pixels within a TensorFlow graph: as near to `pixels.py` as TensorFlow's operators come.

JPEG, PNG, WebP, BMP and the first frame of a GIF; what is none of these is an error of the request. `docs/pixels.md`
says how near it comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import tensorflow as tf

from tlcore.modalities.image.formats.keras_tf_decode_bmp import bmp
from tlcore.modalities.image.formats.keras_tf_decode_bytes import Bytes
from tlcore.modalities.image.formats.keras_tf_decode_formats import gif, jpeg, png, webp
from tlcore.modalities.image.formats.keras_tf_decode_resize import fewest, to_square
from tlcore.modalities.image.settings import ImageInput

UNREADABLE = "This is not a picture that can be read here (JPEG, PNG, WebP, BMP, GIF), or it is damaged."


def read_files(encoded: tf.Tensor, settings: ImageInput) -> dict[str, tf.Tensor]:
    """Make the pixels of the bytes of picture files, `(n,)`: `(n, size, size, 3)`, float32."""
    read = tf.map_fn(
        lambda each: read_encoded(each, settings.size, settings.resize, settings.value_range),
        encoded,
        fn_output_signature=tf.float32,
    )
    return {"pixels": tf.reshape(read, (-1, settings.size, settings.size, 3))}


def read_encoded(encoded: tf.Tensor, size: int, policy: str, value_range: Sequence[float] | None = None) -> tf.Tensor:
    """The pixels `(size, size, 3)`, float32, whole numbers 0–255, of the bytes of one picture file.

    `value_range` says which values of a grey PNG of 16 bits become 0 and 255.
    """
    file = Bytes(encoded)
    beginnings = (
        (file.is_at(0, b"\x89PNG\r\n\x1a\n"), partial(png, value_range=value_range)),
        (file.is_at(0, b"\xff\xd8\xff"), partial(jpeg, needed=partial(fewest, size=size, policy=policy))),
        (file.is_at(0, b"RIFF") & file.is_at(8, b"WEBP"), webp),
        (file.is_at(0, b"GIF8"), gif),
        (file.is_at(0, b"BM"), bmp),
    )
    known = tf.reduce_any(tf.stack([is_one for is_one, _ in beginnings]))
    with tf.control_dependencies([tf.debugging.Assert(known, [UNREADABLE])]):
        kind = tf.cast(tf.where(tf.stack([is_one for is_one, _ in beginnings]))[0, 0], tf.int32)
    item, turn = tf.switch_case(kind, [lambda decode=decode: decode(file) for _, decode in beginnings])
    item = _upright(tf.ensure_shape(item, (None, None, 3)), turn)
    return to_square(item, size, policy)


def _upright(item: tf.Tensor, turn: tf.Tensor) -> tf.Tensor:
    """Turn a picture as EXIF's number says, 1 to 8."""
    transposed = tf.transpose(item, (1, 0, 2))
    ways = (
        item,
        item[:, ::-1],
        item[::-1, ::-1],
        item[::-1],
        transposed,
        transposed[:, ::-1],
        transposed[::-1, ::-1],
        transposed[::-1],
    )
    return tf.switch_case(turn - 1, [lambda way=way: way for way in ways])
