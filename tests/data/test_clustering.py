"""Parting pictures by how they look."""

from __future__ import annotations

import numpy as np
import pytest

from tlcore.data.clustering import cluster
from tlcore.errors import DataError


def test_what_lies_apart_is_parted_and_the_largest_part_is_the_first():
    rng = np.random.default_rng(0)
    centres = np.array([[9, 0], [0, 9], [-9, -9]], np.float32)
    sizes = (20, 50, 30)
    rows = np.concatenate([rng.normal(0, 1, (n, 2)) + centre for n, centre in zip(sizes, centres, strict=True)])
    found = cluster(rows.astype(np.float32), 3)
    assert np.bincount(found).tolist() == [50, 30, 20]
    assert len(set(found[:20])) == len(set(found[20:70])) == len(set(found[70:])) == 1
    assert (found == cluster(rows.astype(np.float32), 3)).all()


@pytest.mark.parametrize("parts", [1, 4])
def test_each_part_needs_a_picture(parts):
    with pytest.raises(DataError, match="2 or more parts"):
        cluster(np.eye(3, dtype=np.float32), parts)
