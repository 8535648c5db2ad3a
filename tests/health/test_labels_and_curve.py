"""Wrong labels are found by a probe that has not seen them, and its curve says how much more would help."""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import average_precision_score

from tlcore.data.info import DatasetInfo
from tlcore.health.curve import Point, Words, _fit, learning_curve
from tlcore.health.labels import label_findings
from tlcore.modalities.image import IMAGE
from tlcore.tasks import TASKS
from tlcore.tasks.linear_probe import cross_validate

WORDS = Words(IMAGE.noun, "mm")


@pytest.fixture(scope="module")
def clouds():
    """Three clouds in 32 dimensions: features and labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=240)
    return (rng.normal(size=(240, 32)) + 1.2 * rng.normal(size=(3, 32))[labels]).astype(np.float32), labels


def test_wrong_labels_are_ranked_as_cleanlab_ranks_them(clouds):
    import pandas as pd

    features, labels = clouds
    rng = np.random.default_rng(5)
    wrong = rng.permutation(len(labels))[:12]
    given = labels.copy()
    given[wrong] = (given[wrong] + 1) % 3
    planted = np.isin(np.arange(len(labels)), wrong)
    asked = cross_validate(features, given, classes=4)
    names = ("a", "b", "c", "never")
    doubts = TASKS["classification"].doubts(asked.outputs, given, names)
    ours = average_precision_score(planted, 1 - doubts.quality)
    theirs = average_precision_score(planted, 1 - get_label_quality_scores(given, asked.predictions[:, :3]))
    assert ours >= theirs
    rows, labels_given = range(240), [names[label] for label in given]
    items = pd.DataFrame({"sha256": map(str, rows), "source": [f"{row}.png" for row in rows], "label": labels_given})
    findings = label_findings(items, doubts, DatasetInfo(id="x", name="x", classes=names, fingerprint=""))
    found = {int(finding.items[0]) for finding in findings}
    assert len(found & set(wrong)) >= 10
    best = max(findings, key=lambda finding: finding.score)
    row = int(best.items[0])
    assert best.suggested == {str(row): "abc"[labels[row]]}


def test_the_curve_finds_the_law_that_made_it():
    sizes = np.array([20.0, 40, 80, 160, 320])
    floor, drop, rate = _fit(sizes, np.array([0.1 + 2 * sizes**-0.7, 3 * sizes**-0.5]))
    assert np.allclose([floor[0], drop[0], rate[0]], [0.1, 2, 0.7], atol=0.02)
    assert np.allclose([floor[1], drop[1], rate[1]], [0, 3, 0.5], atol=0.02)


def curve_of(task, features, labels, names):
    return learning_curve(features, labels, TASKS[task], names, WORDS, strength=0.01)


def test_a_curve_promises_more_where_more_helps(clouds):
    features, labels = clouds
    curve = curve_of("classification", features, ["abc"[label] for label in labels], ("a", "b", "c"))
    assert set(curve.classes) == {"a", "b", "c"}
    assert [point.items for point in curve.whole.points] == sorted(point.items for point in curve.whole.points)
    assert all(at.low <= at.value <= at.high for at in curve.whole.fitted)
    assert max(at.items for at in curve.whole.fitted) == 4 * len(labels)
    assert "with twice as many, the accuracy of a linear probe would be about " in curve.whole.says
    assert "the recall of a linear probe" in curve.classes["a"].says
    chance = ["abc"[label] for label in np.random.default_rng(9).integers(3, size=len(labels))]
    hopeless = curve_of("classification", features, chance, ("a", "b", "c"))
    assert hopeless.whole.points[-1].value < 0.5
    assert "hardly help" in hopeless.whole.says or hopeless.whole.fitted[-1].low < 0.5


def test_a_curve_of_several_labels_shows_mean_average_precision_and_each_label(clouds):
    features, labels = clouds
    given = ["a|b" if label == 0 else "b" if label == 1 else "" for label in labels]
    noisy = features + 3 * np.random.default_rng(1).normal(size=features.shape)
    curve = curve_of("multilabel", noisy, given, ("a", "b"))
    values = [point.value for point in curve.whole.points]
    assert values[0] < values[-1]
    assert values[-1] > 0.7
    assert all(0 <= at.low <= at.value <= at.high <= 1 for at in curve.whole.fitted)
    assert "mean average precision (mAP) of a linear probe" in curve.whole.says
    assert {name: one.points[-1].items for name, one in curve.classes.items()} == {
        "a": pytest.approx(sum(label == 0 for label in labels) * 0.8, abs=6),
        "b": pytest.approx(sum(label < 2 for label in labels) * 0.8, abs=6),
    }


def test_a_curve_of_numbers_is_an_error_in_their_unit_that_falls():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 24)).astype(np.float32)
    numbers = 100 * features[:, 0] + 50 * features[:, 1] + rng.normal(size=300)
    curve = curve_of("regression", features, [repr(float(number)) for number in numbers], ())
    assert curve.classes == {}
    errors = [point.value for point in curve.whole.points]
    assert errors[-1] < errors[0] / 2
    assert curve.whole.says.startswith("More pictures would ")
    assert "mean absolute error (MAE) of a linear probe would be about" in curve.whole.says
    assert " mm (" in curve.whole.says
    assert all(0 <= at.low <= at.value <= at.high for at in curve.whole.fitted)


def test_a_class_that_is_always_right_still_has_a_band(clouds):
    features, labels = clouds
    apart = features + 40 * np.eye(32, dtype=np.float32)[labels]
    curve = curve_of("classification", apart, ["abc"[label] for label in labels], ("a", "b", "c"))
    assert curve.whole.points[-1].value == 1
    assert curve.whole.fitted[0].low < 1


def test_few_pictures_say_nothing_about_more():
    rng = np.random.default_rng(0)
    assert curve_of("classification", rng.normal(size=(12, 4)), list("ab" * 6), ("a", "b")) is None


def test_a_curve_of_before_is_read():
    assert Point.model_validate({"pictures": 9, "accuracy": 0.5, "deviation": 0.1}).value == 0.5
