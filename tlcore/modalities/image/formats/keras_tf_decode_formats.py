"""Each format of a picture file decoded within a TensorFlow graph: RGB as floats, with its orientation.

It knows what TensorFlow's decoders do with each kind of file, and what must be done before or behind them so that the
pixels are the app's. It does not resize.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tlcore.modalities.image.formats.keras_tf_decode_bytes import NOWHERE, Bytes, turn_at, walk

Decoded = tuple[tf.Tensor, tf.Tensor]
UPRIGHT = 1
GREY, RGB = 0, 2  # kinds of colour of a PNG
ALPHA = 4  # a bit of it
LAST_CHUNK = b"\0\0\0\0IEND\xaeB`\x82"
RATIOS = (1, 2, 4, 8)
ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"  # says that a JPEG's inks are stored inverted, as they are


def to_eight_bits(samples: tf.Tensor, value_range: Sequence[float] | None) -> tf.Tensor:
    """Bring grey of 16 bits to 0-255 as the app does: by the model's range of values, else rounded."""
    if value_range is None:
        return tf.round(samples / 257.0)
    low, high = (tf.constant(value, tf.float64) for value in value_range)
    values = tf.clip_by_value(tf.cast(samples, tf.float64), low, high)
    return tf.cast(tf.round((values - low) / (high - low) * 255.0), tf.float32)


def over_white(item: tf.Tensor) -> tf.Tensor:
    """Lay `(h, w, 4)`, whole numbers 0-255, over white."""
    colour, alpha = item[..., :3], item[..., 3:]
    return tf.round((colour * alpha + 255.0 * (255.0 - alpha)) / 255.0)


# === PNG ===


def png(file: Bytes, value_range: Sequence[float] | None = None) -> Decoded:
    depth, colour = file.number(24, 1), file.number(25, 1)

    def step(at: tf.Tensor, exif: tf.Tensor, clear: tf.Tensor, pixels: tf.Tensor) -> tuple[Any, ...]:
        length = file.number(at, 4)
        is_exif = file.is_at(at + 4, b"eXIf") & (exif == NOWHERE) & (length > 0)
        is_clear = file.is_at(at + 4, b"tRNS") & (clear == NOWHERE) & (pixels == NOWHERE)
        is_pixels = file.is_at(at + 4, b"IDAT") & (pixels == NOWHERE)
        ends = file.is_at(at + 4, b"IEND")
        behind = file.place(file.place(at, length), tf.constant(12))
        return (
            tf.where(ends, file.length, behind),
            tf.where(is_exif, at + 8, exif),
            tf.where(is_clear, at + 8, clear),
            tf.where(is_pixels, at, pixels),
        )

    _, exif, clear, _ = walk(lambda at, *others: at < file.length, step, 8, NOWHERE, NOWHERE, NOWHERE)
    has_alpha = (colour & ALPHA != 0) | (clear != NOWHERE)
    # With four channels asked for, TensorFlow makes up the alpha of few bits by their own largest number: not 255.
    item = tf.cond(
        depth == 16,
        lambda: _deep_png(file, colour, clear, value_range),
        lambda: tf.cond(has_alpha, lambda: over_white(_decoded_png(file, 4)), lambda: _decoded_png(file, 3)),
    )
    return item, turn_at(file, exif)


def _decoded_png(file: Bytes, channels: int, dtype: tf.DType = tf.uint8) -> tf.Tensor:
    # Its last chunk may be missing, as far as the app is concerned.
    return tf.cast(tf.io.decode_png(tf.strings.join([file.encoded, LAST_CHUNK]), channels, dtype), tf.float32)


def _deep_png(file: Bytes, colour: tf.Tensor, clear: tf.Tensor, value_range: Sequence[float] | None) -> tf.Tensor:
    """Of 16 bits: grey is brought to 8, and all else keeps its upper 8, as Pillow has it."""
    deep = _decoded_png(file, 4, tf.uint16)
    upper = tf.floor(deep / 256.0)
    one = tf.stack([tf.cast(file.number(clear + place, 1), tf.float32) for place in (0, 2, 4)])
    is_clear = (clear != NOWHERE) & tf.reduce_all(upper[..., :3] == one, axis=-1, keepdims=True)
    of_colour = tf.concat([upper[..., :3], tf.where(is_clear, 0.0, 255.0)], axis=-1)
    of_grey = tf.concat([to_eight_bits(deep[..., :3], value_range), upper[..., 3:]], axis=-1)
    return over_white(tf.where(colour == GREY, of_grey, tf.where(colour == RGB, of_colour, upper)))


# === JPEG ===


def jpeg(file: Bytes, *, needed: Callable[[tf.Tensor], tf.Tensor]) -> Decoded:
    """A large one is decoded at a half, a quarter or an eighth of its size, as long as that is what is needed."""

    def goes_on(at: tf.Tensor, *others: tf.Tensor) -> tf.Tensor:
        return file.is_at(at, b"\xff") & ~file.is_at(at, b"\xff\xda")

    def step(at: tf.Tensor, exif: tf.Tensor, adobe: tf.Tensor, frame: tf.Tensor) -> tuple[Any, ...]:
        marker, length = file.number(at + 1, 1), file.number(at + 2, 2)
        fills, alone = marker == 0xFF, (marker <= 1) | ((marker >= 0xD0) & (marker <= 0xD9))
        is_exif = (marker == 0xE1) & file.is_at(at + 4, b"Exif\0\0") & (length > 8) & (exif == NOWHERE)
        is_frame = (marker >= 0xC0) & (marker <= 0xCF) & (marker != 0xC4) & (marker != 0xC8) & (marker != 0xCC)
        return (
            file.place(at, tf.where(fills, 1, tf.where(alone, 2, length + 2))),
            tf.where(is_exif, at + 4, exif),
            tf.where((marker == 0xEE) & file.is_at(at + 4, b"Adobe"), 1, adobe),
            tf.where(is_frame, at, frame),
        )

    _, exif, adobe, frame = walk(goes_on, step, 2, NOWHERE, 0, 0)
    said = tf.strings.join([b"\xff\xd8", ADOBE, file.part(2, file.length)])
    encoded = tf.where((file.number(frame + 9, 1) == 4) & (adobe == 0), said, file.encoded)
    shape = tf.stack([file.number(frame + 5, 2), file.number(frame + 7, 2)])
    times = tf.reduce_min(shape // needed(tf.cast(shape, tf.float64)))
    item = tf.switch_case(
        tf.reduce_sum(tf.cast(times >= RATIOS[1:], tf.int32)),
        [lambda ratio=ratio: _decoded_jpeg(encoded, ratio) for ratio in RATIOS],
    )
    return tf.cast(item, tf.float32), turn_at(file, exif)


def _decoded_jpeg(encoded: tf.Tensor, ratio: int) -> tf.Tensor:
    return tf.io.decode_jpeg(encoded, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE")  # as Pillow does it


# === WebP ===


def webp(file: Bytes) -> Decoded:
    def step(at: tf.Tensor, exif: tf.Tensor, frame: tf.Tensor) -> tuple[Any, ...]:
        length = file.number(at + 4, 4, little=True)
        is_exif = file.is_at(at, b"EXIF") & (exif == NOWHERE) & (length > 0)
        is_frame = file.is_at(at, b"ANMF") & (frame == NOWHERE)
        behind = file.place(file.place(at, tf.constant(8)), length + length % 2)
        return behind, tf.where(is_exif, at + 8, exif), tf.where(is_frame, behind, frame)

    _, exif, frame = walk(lambda at, *others: at < file.length, step, 12, NOWHERE, NOWHERE)
    item = tf.cond(
        frame == NOWHERE,
        lambda: tf.io.decode_webp(file.encoded)[0],
        lambda: tf.io.decode_webp(_first_frame(file, frame), channels=4)[0],
    )
    item = tf.cast(item, tf.float32)
    item = tf.cond(tf.shape(item)[-1] == 4, lambda: over_white(item), lambda: item)
    return item, turn_at(file, exif)


def _first_frame(file: Bytes, end: tf.Tensor) -> tf.Tensor:
    """A WebP that moves, cut behind its first frame, and said to be transparent: else TensorFlow does not take it."""
    size = tf.stack([(end - 8) // 256**place % 256 for place in range(4)])
    flags = file.number(20, 1) | 0x10
    return tf.strings.join(
        [file.part(0, 4), _text(size), file.part(8, 12), _text(flags[None]), file.part(21, end - 21)]
    )


def _text(numbers: tf.Tensor) -> tf.Tensor:
    """Bytes of numbers 0-255."""
    return tf.strings.reduce_join(tf.gather(_LETTERS, tf.cast(numbers, tf.int32)))


_LETTERS = [bytes([number]) for number in range(256)]


# === GIF ===


def gif(file: Bytes) -> Decoded:
    """The first frame, made a file of its own, in which the transparent colour is white."""

    def table(flags: tf.Tensor) -> tf.Tensor:
        return tf.where(flags & 0x80 != 0, 3 * tf.bitwise.left_shift(2, flags & 7), 0)

    def behind_blocks(at: tf.Tensor) -> tf.Tensor:
        (end,) = walk(lambda at: file.number(at, 1) > 0, lambda at: (file.place(at, file.number(at, 1) + 1),), at)
        return end + 1

    def step(at: tf.Tensor, clear: tf.Tensor) -> tuple[Any, ...]:
        says = file.is_at(at, b"!\xf9")
        clear = tf.where(says & (file.number(at + 3, 1) & 1 != 0), file.number(at + 6, 1), clear)
        return behind_blocks(at + 2), clear

    common = table(file.number(10, 1))
    at, clear = walk(lambda at, *others: file.is_at(at, b"!"), step, 13 + common, NOWHERE)
    left, top, width, height = (file.number(at + place, 2, little=True) for place in (1, 3, 5, 7))
    own = table(file.number(at + 9, 1))
    start = at + 10 + own

    def whitened(start: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        inside = (clear != NOWHERE) & (3 * clear < length)
        before, after = file.part(start, 3 * clear), file.part(start + 3 * clear + 3, length - 3 * clear - 3)
        white = tf.strings.join([before, b"\xff\xff\xff", after])
        return tf.where(inside, white, file.part(start, length))

    pixels = file.part(start, behind_blocks(start + 1) - start)
    screen, place = file.part(0, 13), tf.strings.join([b",\0\0\0\0", file.part(at + 5, 5)])
    alone = tf.strings.join([screen, whitened(tf.constant(13), common), place, whitened(at + 10, own), pixels, b";"])
    item = tf.cast(tf.io.decode_gif(alone)[0], tf.float32)[:height, :width]
    right = tf.maximum(file.number(6, 2, little=True) - left - width, 0)
    below = tf.maximum(file.number(8, 2, little=True) - top - height, 0)
    padded = tf.pad(item, [[top, below], [left, right], [0, 0]], constant_values=255.0)
    return padded, tf.constant(UPRIGHT)
