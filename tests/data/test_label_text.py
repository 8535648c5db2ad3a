"""A label that a person gives: a number may have a decimal comma, and one that may mean two numbers is refused."""

from __future__ import annotations

import pytest

from tlcore.data.label_text import read_label
from tlcore.errors import DataError


@pytest.mark.parametrize(
    ("given", "label"), [("4,5", "4.5"), ("4.5", "4.5"), ("1.234,5", "1234.5"), (" 12 ", "12.0"), ("−3", "-3.0")]
)
def test_a_number_may_have_a_decimal_comma(given, label):
    assert read_label(given, "regression") == label


@pytest.mark.parametrize(("given", "told"), [("1,234", "may mean two"), ("many", "'many'"), ("1e300", "at most")])
def test_what_is_no_number_that_can_be_learned_is_refused(given, told):
    with pytest.raises(DataError, match=told):
        read_label(given, "regression")


def test_labels_keep_their_commas():
    assert read_label("red, dark|blue", "multilabel") == "blue|red, dark"
    assert read_label("4,5", "classification") == "4,5"
