"""Bytes of picture files within a TensorFlow graph: whole numbers, the parts of a file, EXIF's orientation.

It knows how JPEG, PNG, WebP and GIF are made up, as `data.containers` does. It does not decode pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

ORIENTATION_TAG = 0x0112
MOST_ENTRIES = 512  # of a directory of EXIF
NOWHERE = -1
_BEYOND = 64  # zeros behind the file, so that what is cut short can be read


class Bytes:
    """A file's bytes: a tensor of text, from which numbers are read at places that are tensors."""

    def __init__(self, encoded: tf.Tensor) -> None:
        self.encoded = encoded
        self.length = tf.strings.length(encoded)
        self._padded = tf.strings.join([encoded, bytes(_BEYOND)])

    def part(self, start: Any, length: Any) -> tf.Tensor:
        """The bytes from a place on, fewer where the file ends."""
        start = tf.clip_by_value(start, 0, self.length)
        return tf.strings.substr(self.encoded, start, tf.maximum(length, 0))

    def numbers(self, start: Any, length: Any) -> tf.Tensor:
        """Each byte as a number."""
        return tf.cast(tf.io.decode_raw(self.part(start, length), tf.uint8), tf.int32)

    def is_at(self, start: Any, expected: bytes) -> tf.Tensor:
        return tf.equal(self.part(start, len(expected)), expected)

    def number(self, start: Any, length: int, *, little: Any = False) -> tf.Tensor:
        """A whole number of at most four bytes; what is beyond the end of the file is zero."""
        start = tf.clip_by_value(start, 0, self.length)
        found = tf.cast(tf.io.decode_raw(tf.strings.substr(self._padded, start, length), tf.uint8), tf.int64)
        weights = tf.constant([256**place for place in range(length)], tf.int64)
        total = tf.reduce_sum(found * tf.where(little, weights, weights[::-1]))
        return tf.cast(tf.minimum(total, 2**31 - 1), tf.int32)

    def place(self, start: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Where a part that is so long ends, or the end of the file."""
        return start + tf.minimum(step, tf.maximum(self.length - start, 0))


def walk(
    keep: Callable[..., tf.Tensor], step: Callable[..., tuple[Any, ...]], *begin: int | tf.Tensor
) -> list[tf.Tensor]:
    """Repeat a step on whole numbers for as long as `keep` says so."""
    return list(tf.while_loop(keep, step, [tf.convert_to_tensor(each, tf.int32) for each in begin]))


def turn_at(file: Bytes, exif: tf.Tensor) -> tf.Tensor:
    """The orientation, 1 to 8, of EXIF data at a place; 1 where they are `NOWHERE`, or say none or nonsense."""
    exif = tf.where(file.is_at(exif, b"Exif\0\0") & (exif != NOWHERE), exif + 6, exif)

    def read() -> tf.Tensor:
        little = file.is_at(exif, b"II")
        table = exif + tf.clip_by_value(file.number(exif + 4, 4, little=little), 0, file.length)
        count = tf.minimum(file.number(table, 2, little=little), MOST_ENTRIES)

        def is_another(entry: tf.Tensor) -> tf.Tensor:
            at = table + 2 + 12 * entry
            return (entry < count) & (file.number(at, 2, little=little) != ORIENTATION_TAG)

        (entry,) = walk(is_another, lambda entry: (entry + 1,), 0)
        at = table + 2 + 12 * entry
        kind = file.number(at + 2, 2, little=little)
        as_short, as_long = (file.number(at + 8, length, little=little) for length in (2, 4))
        turn = tf.where(kind == 3, as_short, tf.where(kind == 4, as_long, 0))
        return tf.where((entry < count) & (turn >= 1) & (turn <= 8), turn, 1)

    return tf.cond(exif == NOWHERE, lambda: tf.constant(1), read)
