from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from tlcore.backbones.catalogue import find
from tlcore.backbones.weights import weights_path
from tlcore.errors import WeightsError
from tlcore.modalities.image.torch_file import read_state_dict
from tlcore.workspace import Workspace

PROGRAM_BYTES = 47_176  # the five programs at the head of the published file; raw numbers follow


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return weights_path(find("efficientnet_lite0"), Workspace(tmp_path_factory.mktemp("home"))).read_bytes()


def read(tmp_path: Path, content: bytes) -> dict[str, np.ndarray]:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    return read_state_dict(path)


def test_every_tensor_of_the_published_file_is_read(tmp_path, published):
    tensors = read(tmp_path, published)
    assert len(tensors) == 296
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert tensors["_bn0.num_batches_tracked"].dtype == np.int64
    weights = [tensor for tensor in tensors.values() if tensor.dtype == np.float32]
    assert all(np.isfinite(tensor).all() for tensor in weights)
    assert 1 < tensors["_fc.weight"].std() / 0.05 < 3


def test_a_transposed_tensor_is_read_in_its_own_order(tmp_path, published):
    """The stem's strides in the file are (1, 32, 288, 96): read as if they were contiguous it would be noise."""
    stem = read(tmp_path, published)["_conv_stem.weight"]
    neighbours = np.abs(np.diff(stem, axis=-1)).mean()
    strangers = np.abs(np.diff(stem, axis=0)).mean()
    assert neighbours < strangers


@pytest.mark.parametrize("name", [b"cposix\nsystem\n", b"cbuiltins\neval\n", b"cos\nremove\n"])
@pytest.mark.parametrize("replaced", [b"ccollections\nOrderedDict\n", b"ctorch._utils\n_rebuild_tensor_v2\n"])
def test_a_program_that_names_anything_else_is_refused(tmp_path, published, replaced, name):
    with pytest.raises(WeightsError, match="not part of a table"):
        read(tmp_path, published.replace(replaced, name, 1))


class Trap:
    def __init__(self, where: Path) -> None:
        self.where = where

    def __reduce__(self):
        return os.mkdir, (str(self.where),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_trap_does_not_spring(tmp_path, published, protocol):
    trap = pickle.dumps(Trap(tmp_path / "sprung"), protocol)
    pickle.loads(trap)  # the trap works …
    (tmp_path / "sprung").rmdir()
    with pytest.raises(WeightsError):
        read(tmp_path, trap + published)
    assert not (tmp_path / "sprung").exists()


def test_a_file_cut_short_is_refused_wherever_it_is_cut(tmp_path, published):
    rng = np.random.default_rng(0)
    for length in [0, 1, 2, *rng.integers(3, PROGRAM_BYTES, 20), PROGRAM_BYTES, PROGRAM_BYTES + 9, len(published) - 1]:
        with pytest.raises(WeightsError):
            read(tmp_path, published[:length])


def test_a_damaged_program_is_read_or_refused_and_never_crashes(tmp_path, published):
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(60):
        content = bytearray(published)
        for place in rng.integers(0, PROGRAM_BYTES, 3):
            content[place] = rng.integers(0, 256)
        try:
            read(tmp_path, bytes(content))
        except WeightsError:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"K\x20K\x03K\x03K\x03t", b"K\xffK\xffK\xffK\xfft"),  # a shape larger than its numbers
        (b"(K\x01K\x20M\x20\x01K\x60t", b"(K\x01K\x20M\x20\xffK\x60t"),  # strides that leave them
        (b"(K\x01K\x20M\x20\x01K\x60t", b"(K\x01K\x20M\x20\x01N0t"),  # three strides for four lengths
    ],
)
def test_a_tensor_never_reaches_beyond_its_numbers(tmp_path, published, before, after):
    assert published.count(before) >= 1
    with pytest.raises(WeightsError):
        read(tmp_path, published.replace(before, after, 1))


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(WeightsError, match="fresh copy"):
        read_state_dict(tmp_path / "none.pth")
