"""Classes that are mixed up stand together, in the tree and in the order of the matrix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import leaves_list

from tlcore.tasks.classification.confusion_tree import merge_classes, order_classes


def test_classes_that_are_mixed_up_stand_together():
    # 0 is taken for 3, and 1 for 4; 2 for nothing.
    confusion = np.diag([10, 10, 10, 10, 10])
    confusion[0, 3] = confusion[3, 0] = 5
    confusion[1, 4] = 4
    tree = merge_classes(confusion)
    order = order_classes(tree, 5)
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert abs(order.index(0) - order.index(3)) == 1
    assert abs(order.index(1) - order.index(4)) == 1
    assert {tree[0].left, tree[0].right} == {0, 3}
    # Five of fifteen either way.
    assert tree[0].distance == pytest.approx(1 - 1 / 3)
    # Four of fourteen one way, none the other.
    assert tree[1].distance == pytest.approx(1 - 4 / 28)
    assert (len(tree), tree[-1].size) == (4, 5)


def test_planted_families_are_contiguous_and_the_order_is_scipys():
    rng = np.random.default_rng(0)
    family = rng.permutation(np.repeat(np.arange(8), 5))
    near = (family[:, None] == family) * rng.integers(1, 9, (40, 40))
    confusion = near + np.diag(np.full(40, 60))
    tree = merge_classes(confusion)
    order = order_classes(tree, 40)
    changes = np.diff(family[list(order)]) != 0
    assert changes.sum() == 7
    linkage = np.array([(each.left, each.right, each.distance, each.size) for each in tree], float)
    assert list(order) == leaves_list(linkage).tolist()


@pytest.mark.parametrize("classes", [0, 1, 2, 6])
def test_without_mix_ups_the_classes_stay_as_they_come(classes):
    tree = merge_classes(np.diag(np.arange(classes)))
    assert order_classes(tree, classes) == tuple(range(classes))
    assert len(tree) == max(0, classes - 1)
