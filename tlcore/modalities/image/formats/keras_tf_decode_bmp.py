"""BMP decoded within a TensorFlow graph from its bytes: TensorFlow's own decoder takes palettes for grey.

It knows files without compression, of 1 to 32 bits, in either order of the rows. It does not know other formats.
"""

from __future__ import annotations

import tensorflow as tf

from tlcore.modalities.image.formats.keras_tf_decode_bytes import Bytes
from tlcore.modalities.image.formats.keras_tf_decode_formats import UPRIGHT, Decoded, over_white

OLD_HEADER = 12  # bytes
PLAIN, WITH_MASKS = 0, 3
RED, GREEN, BLUE, ALPHA = range(4)
UNREADABLE = "This BMP is stored in a way that is not read here (compressed, or with unusual masks). Save it as PNG."
CUT_SHORT = "The file ends before the picture does: it was cut short when it was copied or saved."


def bmp(file: Bytes) -> Decoded:
    info = file.number(14, 4, little=True)
    old = info == OLD_HEADER
    top_down = ~old & (file.number(25, 1) == 0xFF)
    tall = file.number(22, 4, little=True)
    negative = -tf.bitcast(tf.reduce_sum(file.numbers(22, 4) * [1, 1 << 8, 1 << 16, 1 << 24]), tf.int32)
    width = tf.where(old, file.number(18, 2, little=True), file.number(18, 4, little=True))
    height = tf.where(old, file.number(20, 2, little=True), tf.where(top_down, negative, tall))
    bits = tf.where(old, file.number(24, 2, little=True), file.number(28, 2, little=True))
    form = tf.where(old, PLAIN, file.number(30, 4, little=True))
    masks = [file.numbers(54 + 4 * place, 4) for place in range(4)]
    has_alpha = (form == WITH_MASKS) & (bits == 32) & (info >= 56) & tf.reduce_any(masks[ALPHA] != 0)
    usual = (form == PLAIN) | ((form == WITH_MASKS) & _are_usual(masks, bits))
    known = tf.reduce_any(bits == [1, 4, 8, 16, 24, 32])
    with tf.control_dependencies([tf.debugging.Assert(usual & known, [UNREADABLE])]):
        start = file.number(10, 4, little=True)
        stride = (width * bits + 31) // 32 * 4
    with tf.control_dependencies([tf.debugging.Assert(start + stride * height <= file.length, [CUT_SHORT])]):
        rows = tf.reshape(file.numbers(start, stride * height), (height, stride))
    rows = tf.where(top_down, rows, rows[::-1])
    colours = _palette(file, info, old, bits)
    by_green = file.number(58, 4, little=True)
    item = tf.case(
        [
            (bits <= 8, lambda: _of_palette(rows, bits, width, colours)),
            (bits == 16, lambda: _of_sixteen(rows, width, six=(form == WITH_MASKS) & (by_green == 0x7E0))),
            (bits == 24, lambda: _of_bytes(rows, width, 3)[..., 2::-1]),
        ],
        default=lambda: _of_masks(_of_bytes(rows, width, 4), masks, form == WITH_MASKS, has_alpha),
        exclusive=True,
    )
    return tf.ensure_shape(item, (None, None, 3)), tf.constant(UPRIGHT)


def _are_usual(masks: list[tf.Tensor], bits: tf.Tensor) -> tf.Tensor:
    """Whole bytes of 32 bits, or one of the two ways of 16, as the app reads them."""
    whole = [tf.reduce_sum(tf.cast(mask == 255, tf.int32)) == 1 for mask in masks[:3]]
    wide = (bits == 32) & tf.reduce_all(whole)
    green = masks[GREEN]
    narrow = (bits == 16) & (tf.reduce_all(green == [0xE0, 0x07, 0, 0]) | tf.reduce_all(green == [0xE0, 0x03, 0, 0]))
    return wide | narrow | (bits == 24)


def _palette(file: Bytes, info: tf.Tensor, old: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    said = tf.where(old, 0, file.number(46, 4, little=True))
    count = tf.where(said == 0, tf.bitwise.left_shift(1, tf.minimum(bits, 8)), tf.minimum(said, 256))
    step = tf.where(old, 3, 4)
    found = file.numbers(14 + info, count * step)
    found = tf.reshape(found[: tf.size(found) // step * step], (-1, step))[:, 2::-1]
    return tf.cast(tf.pad(found, [[0, 256 - tf.shape(found)[0]], [0, 0]]), tf.float32)


def _of_palette(rows: tf.Tensor, bits: tf.Tensor, width: tf.Tensor, colours: tf.Tensor) -> tf.Tensor:
    shifts = tf.range(8 - tf.minimum(bits, 8), -1, -tf.minimum(bits, 8))
    indices = tf.bitwise.right_shift(rows[..., None], shifts) & (tf.bitwise.left_shift(1, tf.minimum(bits, 8)) - 1)
    flat = tf.reshape(indices, (tf.shape(rows)[0], -1))[:, :width]
    return tf.gather(colours, flat)


def _of_sixteen(rows: tf.Tensor, width: tf.Tensor, *, six: tf.Tensor) -> tf.Tensor:
    pairs = _of_bytes(rows, width, 2)
    values = pairs[..., 0] + 256.0 * pairs[..., 1]
    most_green = tf.where(six, 63.0, 31.0)
    red = tf.floor(values / (32.0 * (most_green + 1.0))) % 32.0
    green, blue = tf.floor(values / 32.0) % (most_green + 1.0), values % 32.0
    return tf.stack([tf.floor(red * 255 / 31), tf.floor(green * 255 / most_green), tf.floor(blue * 255 / 31)], axis=-1)


def _of_bytes(rows: tf.Tensor, width: tf.Tensor, each: int) -> tf.Tensor:
    return tf.cast(tf.reshape(rows[:, : width * each], (-1, width, each)), tf.float32)


def _of_masks(found: tf.Tensor, masks: list[tf.Tensor], masked: tf.Tensor, has_alpha: tf.Tensor) -> tf.Tensor:
    order = tf.stack([tf.argmax(mask, output_type=tf.int32) for mask in masks])
    order = tf.where(masked, order, [2, 1, 0, 3])
    item = tf.gather(found, order, axis=-1)
    return tf.cond(has_alpha, lambda: over_white(item), lambda: item[..., :3])
