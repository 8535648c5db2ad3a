from __future__ import annotations

import numpy as np
import psutil
import pytest

from tlcore import memmap
from tlcore.memmap import MappedRows


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(40).reshape(10, 4))
    return np.load(tmp_path / "a.npy", mmap_mode="r")


def test_rows_come_in_the_order_that_was_asked_for(mapped):
    some = MappedRows(mapped, np.array([7, 2, 9]))
    assert (some.shape, len(some), some.dtype) == ((3, 4), 3, mapped.dtype)
    assert some[1].tolist() == mapped[2].tolist()
    assert some[1:].tolist() == mapped[[2, 9]].tolist()
    assert some[np.array([2, 0, 2])].tolist() == mapped[[9, 7, 9]].tolist()
    assert [row.tolist() for row in some] == np.asarray(some).tolist() == mapped[[7, 2, 9]].tolist()
    assert MappedRows(mapped)[:].tolist() == mapped.tolist()


def test_what_is_read_is_a_copy(mapped):
    some = MappedRows(mapped)
    some[:2][:] = 0
    assert some[0].tolist() == [0, 1, 2, 3]
    assert not isinstance(some[:2], np.memmap)


def test_reading_a_large_file_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(memmap, "BYTES_BETWEEN_RELEASES", 4 * 10**6)
    large = np.memmap(tmp_path / "large", np.uint8, "w+", shape=(64, 10**6))
    large[:] = 1
    large.flush()
    memmap.give_back(large)
    before = psutil.Process().memory_info().rss
    some = MappedRows(large)
    for row in range(len(some)):
        assert some[row].sum() == 10**6
    assert psutil.Process().memory_info().rss - before < 20 * 10**6
