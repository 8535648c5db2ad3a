"""Answers on a page: the views of an evaluation, one file for each task, one row each in the table below.

Classification has the views of `components/evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pages.components.answers import label_errors, multilabel, regression, value_errors
from pages.components.answers.item_gallery import Said
from pages.components.answers.judged import Judged, read_judged

__all__ = ["SAID", "VIEWS", "Judged", "read_judged"]

# By the task's key: by what stands in the URL as `view`, a title and what shows it. The first is the overview.
VIEWS: Mapping[str, Mapping[str, tuple[str, Callable[[Judged], None]]]] = {
    "multilabel": multilabel.VIEWS,
    "regression": regression.VIEWS,
}
# By the task's key: what a gallery says of some pictures, by their SHA-256.
SAID: Mapping[str, Callable[[Judged, Sequence[str]], dict[str, Said]]] = {
    "multilabel": label_errors.said,
    "regression": value_errors.said,
}
