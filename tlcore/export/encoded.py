"""Picture files to pixels within a TensorFlow graph: as near to `data.pixels` as TensorFlow's own decoders come.

JPEG and PNG (turned as EXIF says, transparency over white), BMP, WebP without transparency and the first frame of a
GIF; what TensorFlow cannot decode is an error of the request. The kernel of the resize is Pillow's, but large pictures
are not first decoded or reduced at a fraction of their size, so that pixels differ by a little;
`docs/formats/savedmodel.md` says by how much.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

ORIENTATION_TAG = 0x0112
HEADER_BYTES = 65536 * 2  # EXIF comes first, and has at most one segment of 64 KB


def read_encoded(encoded: tf.Tensor, size: int, policy: str) -> tf.Tensor:
    """The pixels `(size, size, 3)`, float32, whole numbers 0–255, of the bytes of one picture file."""
    is_png = tf.equal(tf.strings.substr(encoded, 0, 4), b"\x89PNG")
    is_jpeg = tf.equal(tf.strings.substr(encoded, 0, 2), b"\xff\xd8")
    picture = tf.cond(
        is_png, lambda: _over_white(encoded), lambda: tf.cond(is_jpeg, lambda: _jpeg(encoded), lambda: _plain(encoded))
    )
    picture = _upright(picture, _orientation(encoded, is_png=is_png))
    return tf.clip_by_value(tf.round(_square(picture, size, policy)), 0.0, 255.0)


def _over_white(encoded: tf.Tensor) -> tf.Tensor:
    picture = tf.cast(tf.io.decode_png(encoded, channels=4), tf.float32)
    colour, alpha = picture[..., :3], picture[..., 3:] / 255.0
    return tf.round(colour * alpha + 255.0 * (1.0 - alpha))


def _jpeg(encoded: tf.Tensor) -> tf.Tensor:
    picture = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")  # as Pillow does it
    return tf.cast(picture, tf.float32)


def _plain(encoded: tf.Tensor) -> tf.Tensor:
    picture = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.ensure_shape(tf.cast(picture, tf.float32), (None, None, 3))


def _square(picture: tf.Tensor, size: int, policy: str) -> tf.Tensor:
    shape = tf.cast(tf.shape(picture)[:2], tf.float32)
    if policy == "stretch":
        return _resized(picture, (size, size), size / shape, tf.zeros(2))
    if policy == "crop":
        side = tf.reduce_min(shape)
        scale = size / side
        return _resized(picture, (size, size), tf.stack([scale, scale]), -(shape - side) / 2 * scale)
    inner = tf.maximum(1.0, tf.round(shape * size / tf.reduce_max(shape)))
    whole = tf.cast(inner, tf.int32)
    small = _resized(picture, whole, inner / shape, tf.zeros(2))
    before = (size - whole) // 2
    after = size - whole - before
    padding = [[before[0], after[0]], [before[1], after[1]], [0, 0]]
    return tf.ensure_shape(tf.pad(small, padding, constant_values=127.0), (size, size, 3))


def _resized(picture: tf.Tensor, size: Any, scale: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    made = tf.raw_ops.ScaleAndTranslate(
        images=picture[None], size=size, scale=scale, translation=shift, kernel_type="keyscubic", antialias=True
    )
    return made[0]


def _upright(picture: tf.Tensor, turn: tf.Tensor) -> tf.Tensor:
    """Turn a picture as EXIF's number says, 1 to 8."""
    transposed = tf.transpose(picture, (1, 0, 2))
    ways = (
        picture,
        picture[:, ::-1],
        picture[::-1, ::-1],
        picture[::-1],
        transposed,
        transposed[:, ::-1],
        transposed[::-1, ::-1],
        transposed[::-1],
    )
    return tf.switch_case(turn - 1, [lambda way=way: way for way in ways])


def _orientation(encoded: tf.Tensor, *, is_png: tf.Tensor) -> tf.Tensor:
    """EXIF's number in a JPEG or PNG; 1 where there is none."""
    raw = tf.cast(tf.io.decode_raw(tf.strings.substr(encoded, 0, HEADER_BYTES), tf.uint8), tf.int32)
    data = tf.concat([raw, tf.zeros(32, tf.int32)], 0)  # so that a header that is cut short can be read, as zeros
    end = tf.shape(raw)[0]

    def number(at: tf.Tensor, *, little: Any, length: int = 2) -> tf.Tensor:
        parts = tf.gather(data, tf.clip_by_value(at[..., None] + tf.range(length), 0, end + 31))
        weights = tf.constant([256**place for place in range(length)])
        return tf.reduce_sum(parts * tf.where(little, weights, weights[::-1]), axis=-1)

    def exif_of_jpeg(at: tf.Tensor) -> tf.Tensor:
        return (number(at, little=False) == 0xFFE1) & (number(at + 4, little=False, length=3) == 0x457869)

    def jpeg_goes_on(at: tf.Tensor) -> tf.Tensor:
        marker = number(at, little=False)
        return (marker > 0xFFC0) & (marker != 0xFFDA) & (at < end) & ~exif_of_jpeg(at)

    def exif_of_png(at: tf.Tensor) -> tf.Tensor:
        return number(at + 4, little=False, length=4) == 0x65584966

    def png_goes_on(at: tf.Tensor) -> tf.Tensor:  # its pixels come behind all that counts
        return (number(at + 4, little=False, length=4) != 0x49444154) & (at < end) & ~exif_of_png(at)

    def in_jpeg() -> tuple[tf.Tensor, tf.Tensor]:
        at = tf.while_loop(jpeg_goes_on, lambda at: [at + 2 + number(at + 2, little=False)], [tf.constant(2)])[0]
        return at + 10, exif_of_jpeg(at)  # behind marker, length and "Exif"

    def in_png() -> tuple[tf.Tensor, tf.Tensor]:
        def behind(at: tf.Tensor) -> list[tf.Tensor]:
            return [at + 12 + tf.clip_by_value(number(at, little=False, length=4), 0, HEADER_BYTES)]

        at = tf.while_loop(png_goes_on, behind, [tf.constant(8)])[0]
        return at + 8, exif_of_png(at)

    head, there = tf.cond(is_png, in_png, in_jpeg)
    little = tf.equal(tf.gather(data, tf.clip_by_value(head, 0, end)), 0x49)
    table = head + number(head + 4, little=little, length=4)
    entries = table + 2 + 12 * tf.range(tf.clip_by_value(number(table, little=little), 0, 512))
    values = number(entries + 8, little=little)
    found = tf.boolean_mask(values, tf.equal(number(entries, little=little), ORIENTATION_TAG))
    known = there & (tf.size(found) > 0)
    turn = tf.cond(known, lambda: found[0], lambda: tf.constant(1))
    return tf.where((turn >= 1) & (turn <= 8), turn, 1)
