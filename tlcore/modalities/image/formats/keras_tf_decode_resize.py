"""The app's resizing within a TensorFlow graph, to the last bit: Pillow's bicubic filter and its reducing before.

It knows the arithmetic of `Image.resize(BICUBIC, box, reducing_gap=3)`: means of whole rectangles where a picture is
much too large, then weights of 22 bits along both axes, with 8 bits in between. It does not know files.
"""

from __future__ import annotations

import tensorflow as tf

GREY = 127.0
GAP = 3  # how much larger than its result a picture may be before it is reduced by whole numbers first
BITS = 2.0**22  # of a weight
SHARES = 2.0**24  # of a mean
Box = tuple[tf.Tensor, tf.Tensor]  # where it begins and ends, each (row, column)


def to_square(item: tf.Tensor, size: int, policy: str) -> tf.Tensor:
    """Resize `(h, w, 3)`, whole numbers 0-255, to `(size, size, 3)`."""
    shape = tf.cast(tf.shape(item)[:2], tf.float64)
    square = tf.constant([size, size])
    if policy == "stretch":
        return _resized(item, square, (tf.zeros(2, tf.float64), shape))
    if policy == "crop":
        side = tf.reduce_min(shape)
        begin = (shape - side) / 2
        return _resized(item, square, (begin, begin + side))
    inner = fitted(shape, size)
    small = _resized(item, inner, (tf.zeros(2, tf.float64), shape))
    before = (size - inner) // 2
    padding = tf.stack([before, size - inner - before], axis=1)
    whole = tf.pad(small, tf.concat([padding, [[0, 0]]], axis=0), constant_values=GREY)
    return tf.ensure_shape(whole, (size, size, 3))


def fitted(shape: tf.Tensor, side: int) -> tf.Tensor:
    """Height and width of a picture whose longer side is `side`."""
    scaled = tf.round(shape * (side / tf.reduce_max(shape)))
    return tf.cast(tf.maximum(scaled, 1.0), tf.int32)


def fewest(shape: tf.Tensor, size: int, policy: str) -> tf.Tensor:
    """Height and width that a reduced decoding must keep: twice as much as the resized picture has."""
    return fitted(shape, 2 * size) if policy == "letterbox" else tf.constant([2 * size, 2 * size])


def _resized(item: tf.Tensor, size: tf.Tensor, box: Box) -> tf.Tensor:
    begin, end = box
    factors = (end - begin) / tf.cast(size, tf.float64)
    whole = tf.maximum(tf.cast(tf.floor(factors / GAP), tf.int32), 1)
    room = tf.cast(tf.shape(item)[:2], tf.float64)
    first = tf.cast(tf.maximum(begin - 1.5 * factors, 0.0), tf.int32)
    last = tf.cast(tf.minimum(tf.math.ceil(end + 1.5 * factors), room), tf.int32)
    by = tf.cast(whole, tf.float64)
    moved = tf.cast(first, tf.float64)
    item, begin, end = tf.cond(
        tf.reduce_any(whole > 1),
        lambda: (_reduced(item, whole, first, last), (begin - moved) / by, (end - moved) / by),
        lambda: (item, begin, end),
    )
    begin, end = (tf.cast(each, tf.float32) for each in (begin, end))  # as Pillow keeps a box
    missing = tf.shape(item)[:2] - size
    return tf.cond(
        missing[0] > 2 * tf.maximum(missing[1], 0),  # which axis is first tells in the last digits
        lambda: _along(_along(item, 0, size, begin, end), 1, size, begin, end),
        lambda: _along(_along(item, 1, size, begin, end), 0, size, begin, end),
    )


def _reduced(item: tf.Tensor, by: tf.Tensor, first: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
    """Means of whole rectangles; those at the lower and right edge have fewer pixels."""
    part = tf.cast(item[first[0] : last[0], first[1] : last[1]], tf.int32)
    shape = tf.shape(part)[:2]
    made = (shape + by - 1) // by
    padded = tf.pad(part, tf.concat([tf.stack([[0, 0], made * by - shape], axis=1), [[0, 0]]], axis=0))
    sums = tf.reduce_sum(tf.reshape(padded, (made[0], by[0], made[1], by[1], 3)), axis=(1, 3))
    rows, columns = (tf.minimum(by[axis], shape[axis] - tf.range(made[axis]) * by[axis]) for axis in (0, 1))
    counts = (rows[:, None] * columns[None])[..., None]
    shares = tf.floor(SHARES / tf.cast(counts, tf.float64))
    return tf.cast(tf.floor(tf.cast(sums + counts // 2, tf.float64) * shares / SHARES), tf.float32)


def _along(item: tf.Tensor, axis: int, size: tf.Tensor, begin: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    weights = _weights(tf.shape(item)[axis], begin[axis], end[axis], size[axis])
    rule = "oh,hwc->owc" if axis == 0 else "ow,hwc->hoc"
    found = tf.einsum(rule, weights, tf.cast(item, tf.float64))
    return tf.cast(tf.clip_by_value(tf.floor((found + BITS / 2) / BITS), 0.0, 255.0), tf.float32)


def _weights(before: tf.Tensor, begin: tf.Tensor, end: tf.Tensor, after: tf.Tensor) -> tf.Tensor:
    """Whole numbers `(after, before)`, of which each row adds up to about 2 ** 22."""
    scale = tf.cast(end - begin, tf.float64) / tf.cast(after, tf.float64)
    stretch = tf.maximum(scale, 1.0)
    centres = tf.cast(begin, tf.float64) + (tf.range(tf.cast(after, tf.float64), dtype=tf.float64) + 0.5) * scale
    first = tf.maximum(tf.floor(centres - 2 * stretch + 0.5), 0.0)
    last = tf.minimum(tf.floor(centres + 2 * stretch + 0.5), tf.cast(before, tf.float64))
    places = tf.range(tf.cast(before, tf.float64), dtype=tf.float64)[None]
    inside = (places >= first[:, None]) & (places < last[:, None])
    values = tf.where(inside, _bicubic((places - centres[:, None] + 0.5) / stretch), 0.0)
    shares = values / tf.reduce_sum(values, axis=1, keepdims=True) * BITS
    return tf.where(shares < 0, tf.math.ceil(shares - 0.5), tf.floor(shares + 0.5))


def _bicubic(x: tf.Tensor) -> tf.Tensor:
    x = tf.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    return tf.where(x < 1, near, tf.where(x < 2, far, 0.0))
