"""Metrics agree with scikit-learn, intervals with the published values, tables with what was put into them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from tests.judging import evaluate
from tlcore.errors import RunError
from tlcore.evaluation.files import read_evaluation, read_predictions
from tlcore.evaluation.predictions import cell, mistakes, predictions_table, probabilities
from tlcore.files import write_json
from tlcore.intervals import wilson
from tlcore.tasks.classification import LARGEST_CLASS, LINEAR_PROBE
from tlcore.tasks.evaluation import Evaluation

CLASSES = ("bird", "cat", "dog")


def answers(n: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "sha256": [f"{index:064x}" for index in range(n)],
            "file": [f"{index}.jpg" for index in range(n)],
            "label": rng.choice(CLASSES, n),
        }
    )
    return predictions_table(rows, rng.dirichlet([1, 1, 1], n).astype(np.float32), CLASSES)


def test_wilson_gives_the_published_intervals():
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_wilson_holds_the_share_and_stays_within_0_and_1(right, more):
    low, high = wilson(right, right + more)
    assert 0 <= low <= high <= 1
    if right + more:
        assert low <= right / (right + more) <= high


def test_numbers_are_scikit_learns():
    table = answers()
    found = evaluate(table, CLASSES, {"bird": 5, "cat": 9, "dog": 1})
    true, said = table["label"], table["predicted"]
    assert found.n == 60
    assert found.headline.value == pytest.approx(reference.accuracy_score(true, said))
    assert np.array_equal(found.confusion, reference.confusion_matrix(true, said, labels=list(CLASSES)))
    assert found.figures["macro_f1"].value == pytest.approx(reference.f1_score(true, said, average="macro"))
    assert found.figures["balanced_accuracy"].value == pytest.approx(reference.balanced_accuracy_score(true, said))
    chances = probabilities(table, 3).astype(float)
    expected = reference.log_loss(true, chances / chances.sum(axis=1, keepdims=True), labels=list(CLASSES))
    assert found.figures["log_loss"].value == pytest.approx(expected)
    assert sum(scores.support for scores in found.per_label) == 60
    assert found.largest_class == "cat"
    assert found.baseline(LARGEST_CLASS).value == pytest.approx((true == "cat").mean())


def test_the_baseline_is_the_largest_class_of_training_not_of_the_test():
    table = answers()
    table["label"] = "dog"
    assert evaluate(table, CLASSES, {"bird": 9, "cat": 1, "dog": 1}).baseline(LARGEST_CLASS).value == 0.0


def test_a_class_that_is_never_answered_or_never_tested_is_said_and_does_not_warn():
    rows = pd.DataFrame({"sha256": ["a", "b"], "file": ["a", "b"], "label": ["cat", "dog"]})
    table = predictions_table(rows, np.array([[0, 0.9, 0.1], [0, 0.8, 0.2]], np.float32), CLASSES)
    found = evaluate(table, CLASSES, {"cat": 1, "dog": 1, "bird": 1})
    dog = found.per_label[2]
    assert dog.figure("precision").model_dump() == {"value": 0.0, "low": 0.0, "high": 1.0}
    assert dog.figure("recall").value == 0.0
    notes = " ".join(found.notes)
    assert "Only 2 test pictures" in notes
    assert "'bird'" in notes
    assert "never answers 'dog'" in notes
    assert np.isfinite(found.figures["log_loss"].value)


def test_many_pictures_of_few_groups_are_said_to_be_few():
    table = answers()
    assert evaluate(table, CLASSES, {}, groups=np.arange(60)).notes == evaluate(table, CLASSES, {}).notes == ()
    found = evaluate(table, CLASSES, {}, groups=np.arange(60) // 5)
    assert "60 test pictures come in only 12 groups" in found.notes[0]
    assert (found.groups, found.grouped) == (12, True)


def test_a_hundred_classes_are_judged_without_a_warning():
    names = tuple(f"class {index}" for index in range(100))
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"sha256": [f"{index:064x}" for index in range(300)], "file": "x", "label": rng.choice(names, 300)}
    )
    table = predictions_table(rows, rng.dirichlet(np.ones(100), 300).astype(np.float32), names)
    assert np.allclose(probabilities(table, 100).sum(axis=1), 1)
    found = evaluate(table, names, {})
    assert {"top_2", "top_3", "top_5"} <= set(found.figures)
    assert sorted(found.order) == list(range(100))


def test_no_test_pictures_is_a_sentence_not_a_crash():
    rows = pd.DataFrame({"sha256": [], "file": [], "label": []}, dtype=str)
    table = predictions_table(rows, np.empty((0, 3), np.float32), CLASSES)
    found = evaluate(table, CLASSES, {"cat": 3})
    assert (found.n, found.headline.low, found.headline.high, found.figures) == (0, 0.0, 1.0, {})
    assert "no test pictures" in found.notes[0]
    assert Evaluation.model_validate_json(found.model_dump_json()) == found


def test_probabilities_of_zero_for_the_right_class_still_give_a_finite_loss():
    rows = pd.DataFrame({"sha256": ["a"], "file": ["a"], "label": ["cat"]})
    table = predictions_table(rows, np.array([[1, 0, 0]], np.float32), CLASSES)
    loss = evaluate(table, CLASSES, {}).figures["log_loss"].value
    assert 20 < loss < 1000


def test_mistakes_come_with_the_most_confident_first():
    table = answers()
    wrong = mistakes(table, 5)
    assert len(wrong) == 5
    assert not wrong["correct"].any()
    assert wrong["confidence"].is_monotonic_decreasing
    assert wrong["confidence"].max() == table.loc[~table["correct"], "confidence"].max()


def test_the_cells_of_the_confusion_matrix_are_a_partition_of_the_pictures():
    table = answers()
    found = evaluate(table, CLASSES, {})
    seen = []
    for row, true in enumerate(CLASSES):
        for column, said in enumerate(CLASSES):
            items = cell(table, true, said)
            assert len(items) == found.confusion[row][column]
            seen += list(items["file"])
    assert sorted(seen) == sorted(table["file"])


def test_what_is_written_is_read_back(tmp_path):
    table = answers()
    found = evaluate(table, CLASSES, {"cat": 1})
    assert read_evaluation(tmp_path) is None
    write_json(tmp_path / "evaluation.json", found)
    table.to_parquet(tmp_path / "predictions.parquet", index=False)
    assert read_evaluation(tmp_path) == found
    pd.testing.assert_frame_equal(read_predictions(tmp_path), table)


def test_damaged_files_are_a_sentence(tmp_path):
    with pytest.raises(RunError, match="Evaluate the run again"):
        read_predictions(tmp_path)
    (tmp_path / "predictions.parquet").write_bytes(b"PAR1 not")
    (tmp_path / "evaluation.json").write_text('{"accuracy": 1')
    with pytest.raises(RunError, match="could not be read"):
        read_predictions(tmp_path)
    with pytest.raises(RunError, match=r"evaluation\.json"):
        read_evaluation(tmp_path)


OF_LONG_AGO = {
    "schema_version": 1,
    "accuracy": 0.75,
    "low": 0.4,
    "high": 0.93,
    "n": 4,
    "baseline": {"label": "cat", "accuracy": 0.5},
    "classes": ["cat", "dog"],
    "confusion": [[2, 0], [1, 1]],
    "per_class": [
        {
            "label": "cat",
            "precision": 0.67,
            "precision_low": 0.2,
            "precision_high": 0.9,
            "support": 2,
            "recall": 1.0,
            "recall_low": 0.34,
            "recall_high": 1.0,
            "f1": 0.8,
            "answered": 3,
        }
    ],
    "log_loss": 0.3,
    "macro_f1": 0.73,
    "balanced_accuracy": 0.75,
    "notes": ["Only 4 test pictures: the interval is wide."],
}


def test_an_evaluation_of_long_ago_is_read_by_the_names_of_now(tmp_path):
    write_json(tmp_path / "evaluation.json", OF_LONG_AGO)
    found = read_evaluation(tmp_path)
    assert (found.task, found.metric, found.n, found.groups) == ("classification", "accuracy", 4, 4)
    assert found.headline.model_dump() == {"value": 0.75, "low": 0.4, "high": 0.93}
    assert found.figures.keys() == {"accuracy"}  # the others had no interval
    assert found.baseline(LARGEST_CLASS).value == 0.5
    assert (found.largest_class, found.labels, found.order, found.tree) == ("cat", ("cat", "dog"), (), ())
    assert found.per_label[0].figure("recall").low == 0.34
    assert found.per_label[0].figures.keys() == {"precision", "recall"}


def test_an_evaluation_of_before_keeps_its_intervals_and_baselines(tmp_path):
    probe, above = {"value": 0.5, "low": 0.2, "high": 0.8}, {"value": 0.25, "low": -0.1, "high": 0.6}
    figure = {"value": 0.7, "low": 0.4, "high": 0.9}
    scores = dict.fromkeys(("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier"), figure)
    content = {
        **OF_LONG_AGO,
        "scores": {**scores, "top_k": [{**figure, "k": 2}], "units": 3, "grouped": True},
        "baselines": {"largest_class": probe, "nearest_mean": None, "linear_probe": probe, "above_probe": above},
        "order": [1, 0],
        "tree": [{"left": 0, "right": 1, "distance": 0.75, "size": 2}],
    }
    write_json(tmp_path / "evaluation.json", content)
    found = read_evaluation(tmp_path)
    assert {"macro_f1", "log_loss", "brier", "top_2"} <= set(found.figures)
    assert (found.groups, found.grouped, found.order, found.tree[0].size) == (3, True, (1, 0), 2)
    assert set(found.baselines) == {LARGEST_CLASS, LINEAR_PROBE}
    assert found.above_baselines[LINEAR_PROBE].low == -0.1
