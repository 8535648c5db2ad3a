"""Zips as programs write them that do not mark their names: byte by byte, since `zipfile` always marks them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path


def unmarked_zip(path: Path, files: Iterable[tuple[bytes, bytes]], *, extra: dict[bytes, bytes] | None = None) -> Path:
    """Write a zip of raw names; `extra` has the extra field of a name."""
    body, listed, count = b"", b"", 0
    for name, content in files:
        field = (extra or {}).get(name, b"")
        at = len(body)
        sizes = (zlib.crc32(content), len(content), len(content), len(name), len(field))
        common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x5821, *sizes)
        body += b"PK\x03\x04" + common + name + field + content
        listed += b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 32, at) + name + field
        count += 1
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(listed), len(body), 0)
    path.write_bytes(body + listed + b"PK\x05\x06" + end)
    return path


def unicode_path(raw: bytes, name: str) -> bytes:
    """Info-ZIP's extra field with the name in UTF-8."""
    content = struct.pack("<BI", 1, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content
