"""Real files, broken in hundreds of ways: none may crash the intake, and what is kept must be readable to its end."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.data.conftest import SUFFIX_OF_FORMAT, write_picture
from tlcore.modalities.image.pixels import read_pixels

MUTATIONS_PER_FORMAT = 60


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Break a file in one of the ways that disks, networks and people do."""
    broken = bytearray(content)
    kind = chance.randrange(7)
    at = chance.randrange(len(broken))
    if kind == 0:
        return bytes(broken[:at])
    if kind == 1:  # bits flip anywhere
        for _ in range(chance.choice([1, 4, 32])):
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
    elif kind == 2:  # the header, where sizes and offsets stand
        for _ in range(chance.choice([1, 3])):
            broken[chance.randrange(min(64, len(broken)))] = chance.randrange(256)
    elif kind == 3:
        del broken[at : at + chance.randrange(1, 200)]
    elif kind == 4:
        broken[at:at] = chance.randbytes(chance.randrange(1, 200))
    elif kind == 5:
        broken[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"])
    else:  # a block of the disk was never written
        length = chance.randrange(1, 512)
        broken[at : at + length] = bytes(len(broken[at : at + length]))
    return bytes(broken)


@pytest.mark.parametrize("kind", SUFFIX_OF_FORMAT)
def test_mutations_of_real_files_never_crash_and_never_vanish(tmp_path: Path, take_in, kind):
    chance = random.Random(f"mutations of {kind}")
    suffix = SUFFIX_OF_FORMAT[kind]
    # Large enough for a JPEG to be decoded at less than its size; HEIC is slow to decode.
    size = (160, 120) if kind == "HEIF" else (480, 360)
    good = write_picture(tmp_path / f"good{suffix}", seed=3, size=size).read_bytes()
    folder = tmp_path / "given"
    write_picture(folder / "whole" / f"good{suffix}", seed=4)
    (folder / "broken").mkdir()
    for number in range(MUTATIONS_PER_FORMAT):
        (folder / "broken" / f"{number:03d}{suffix}").write_bytes(mutate(good, chance))

    report = take_in(folder)

    triage = report.dataset.triage()
    assert len(triage) == MUTATIONS_PER_FORMAT + 1
    assert set(triage["source"]) == {f"broken/{number:03d}{suffix}" for number in range(MUTATIONS_PER_FORMAT)} | {
        f"whole/good{suffix}"
    }
    left_out = triage[triage["outcome"] == "left out"]
    assert len(left_out) > 0
    assert left_out["reason"].str.endswith((".", "…")).all()
    for file in report.dataset.items()["file"]:
        for policy in ("crop", "letterbox", "stretch"):
            assert read_pixels(report.dataset.image_path(file), 32, policy).shape == (32, 32, 3)
