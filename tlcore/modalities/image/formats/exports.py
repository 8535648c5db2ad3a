"""Names what exports of pictures have of their own."""

from __future__ import annotations

from pathlib import Path

from tlcore.export.item_exports import ItemExports
from tlcore.modalities.image.formats.fullsize import FULL_SIZE
from tlcore.modalities.image.formats.pixel_parity import check_python
from tlcore.modalities.image.formats.saved_model import replay_files
from tlcore.modalities.image.formats.web import WEB

EXPORTS = ItemExports(
    decoder="pixels",
    library_decoder="tlcore.modalities.image.pixels",
    read=Path(__file__).with_name("read.py.txt"),
    input="RGB, 0–255",
    packages=("pillow",),
    optional={"pillow-heif": "HEIC pictures of phones"},
    example=("one.jpg", "two.png"),
    type="image/jpeg",
    usual=(".jpg", ".jpeg", ".png", ".webp"),
    formats=(FULL_SIZE, WEB),
    check_python=check_python,
    bytes_reader="tlcore.modalities.image.formats.keras_tf_decode:read_files",
    replay_files=replay_files,
)
