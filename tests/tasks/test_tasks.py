"""One battery for every task: labels, outputs, heads, decisions and evaluations, whatever an answer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, hamming_loss, mean_absolute_error, r2_score

from tlcore.intervals import wilson
from tlcore.tasks import TASKS, find_task
from tlcore.tasks.evaluation import share
from tlcore.tasks.multilabel import labels as multilabel
from tlcore.tasks.multilabel.curves import at_threshold, label_calibration_error, reliability, threshold_curve
from tlcore.tasks.multilabel.errors import label_errors
from tlcore.tasks.multilabel.measures import measures as of_labels
from tlcore.tasks.regression.measures import figures as of_values
from tlcore.tasks.task import LOSS, Decision, Evidence

N = 160


@dataclass(frozen=True)
class Case:
    """Features `(n, 6)`, of which the first three say the label, and labels of a task."""

    features: Any
    labels: list[str]


def case(key: str, seed: int = 0) -> Case:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(N, 6)).astype(np.float32)
    if key == "classification":
        labels = ["abc"[place] for place in features[:, :3].argmax(axis=1)]
    elif key == "multilabel":
        labels = [multilabel.join(np.array(["x|y", "b", "a"])[row]) for row in features[:, :3] > 0.5]
    else:
        labels = [repr(float(value)) for value in 100 + 20 * features[:, 0] + rng.normal(size=N)]
    return Case(features, labels)


@pytest.fixture(params=TASKS, ids=str)
def task(request):
    return find_task(request.param)


def test_a_label_in_its_canonical_form_stays_as_it_is(task):
    for label in case(task.key).labels:
        assert task.read(label) == label


def test_classes_are_those_that_the_labels_name(task):
    labels = case(task.key).labels
    assert set(task.classes(labels)) == {name for label in labels for name in task.names(label)}


def test_targets_have_a_row_for_each_label_and_outputs_their_width(task):
    labels = case(task.key).labels
    classes = task.classes(labels)
    assert len(task.targets(labels, classes)) == len(task.strata(labels)) == N
    assert len(task.columns(task.width(len(classes)))) == task.width(len(classes))


def test_a_new_name_of_a_class_reaches_its_labels_and_no_other(task):
    labels = case(task.key).labels
    renamed = [task.renamed(label, {"a": "new"}) for label in labels]
    for before, after in zip(labels, renamed, strict=True):
        assert set(task.names(after)) == {"new" if name == "a" else name for name in task.names(before)}


def test_the_exact_head_learns_the_task_and_its_final_outputs_give_the_right_answers(task):
    known, new = case(task.key), case(task.key, seed=1)
    classes = task.classes(known.labels)
    targets, asked = (task.targets(each.labels, classes) for each in (known, new))
    head = task.build_head(len(classes), targets)
    solved = head.solve(known.features, targets, seed=0, weights=head.weights(targets, "none"))
    raw = new.features @ solved.kernel + solved.bias
    assert raw.shape == (N, head.width)
    scaling = head.scale(raw, asked)
    outputs = task.activate(raw * scaling.gain + scaling.offset)
    decision = task.decide(outputs, asked)
    answered = task.answers(outputs, classes, decision)
    assert task.right(new.labels, answered).mean() > 0.75
    assert task.same(outputs, outputs, decision).all()
    assert not task.same(outputs, outputs[::-1], decision).all()
    # Training measures what the task promises, and can rank by each of them.
    measured = head.measure(raw, asked, head.weights(asked, "none"))
    for metric in (*task.metrics, LOSS):
        assert len(measured.score(task.find_metric(metric.key))) == 2


def test_the_layers_of_the_head_compute_what_the_graph_will(task):
    known = case(task.key)
    classes = task.classes(known.labels)
    head = task.build_head(len(classes), task.targets(known.labels, classes))
    raw = np.random.default_rng(0).normal(size=(5, head.width)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(head.layer()(raw)), task.activate(raw), atol=1e-6)
    rows = head.rows(task.targets(known.labels, classes)[:5])
    assert rows.shape == (5, head.width)
    assert np.isfinite(float(head.loss()(rows, raw)))


@pytest.mark.parametrize("key", TASKS)
def test_an_evaluation_has_every_metric_with_its_interval_beside_baselines_that_are_worse(key):
    task, known, new = find_task(key), case(key), case(key, seed=1)
    classes = task.classes(known.labels)
    targets = task.targets(known.labels, classes)
    head = task.build_head(len(classes), targets)
    solved = head.solve(known.features, targets, seed=0, weights=head.weights(targets, "none"))
    scaling = head.scale(known.features @ solved.kernel + solved.bias, targets)
    outputs = task.activate((new.features @ solved.kernel + solved.bias) * scaling.gain + scaling.offset)
    evidence = Evidence(
        labels=new.labels,
        outputs=outputs.astype(np.float32),
        groups=np.arange(N),
        learned=known.labels,
        features=(known.features, new.features),
        learned_with_features=known.labels,
        unit="kg",
    )
    found = task.evaluate(evidence, classes, task.decide(outputs, task.targets(new.labels, classes)))
    assert {metric.key for metric in task.metrics} <= set(found.figures)
    for figure in found.figures.values():
        assert figure.low <= figure.value <= figure.high
    simple = next(iter(found.baselines.values()))[found.metric]
    of = task.find_metric(found.metric)
    assert (found.headline.value > simple.high) if of.higher_is_better else (found.headline.value < simple.low)
    assert "Linear probe" in found.baselines
    assert type(found).model_validate_json(found.model_dump_json()) == found


def test_metrics_of_several_labels_are_scikit_learns():
    rng = np.random.default_rng(3)
    true, shares = rng.random((60, 4)) < 0.4, rng.random((60, 4)).round(1)
    given = shares >= 0.5
    found = {key: float(measure(np.ones((1, 60)))[0]) for key, (measure, *_) in of_labels(shares, given, true).items()}
    assert found["mean_average_precision"] == pytest.approx(average_precision_score(true, shares, average="macro"))
    assert found["micro_f1"] == pytest.approx(f1_score(true, given, average="micro"))
    assert found["macro_f1"] == pytest.approx(f1_score(true, given, average="macro"))
    assert found["hamming_loss"] == pytest.approx(hamming_loss(true, given))
    assert found["exact_match"] == pytest.approx((true == given).all(axis=1).mean())


def test_metrics_of_numbers_are_scikit_learns_and_scipys():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(4)
    true = rng.normal(size=50).round(1)
    predicted = true + rng.normal(size=50)
    found = of_values(predicted, true)
    assert found["mae"] == pytest.approx(mean_absolute_error(true, predicted))
    assert found["r2"] == pytest.approx(r2_score(true, predicted))
    assert found["spearman"] == pytest.approx(spearmanr(true, predicted).statistic)


def test_prediction_intervals_hold_as_many_true_values_as_they_promise():
    rng, task = np.random.default_rng(5), find_task("regression")
    shares = []
    for _ in range(200):
        true, noise = rng.normal(size=(60, 1)), rng.normal(size=(60, 1))
        decision = task.decide(true[:30] + noise[:30], true[:30])
        answered = task.answers(true[30:] + noise[30:], (), decision)
        shares.append(task.right([repr(float(value)) for value in true[30:, 0]], answered).mean())
    assert np.mean(shares) == pytest.approx(0.9, abs=0.03)


def test_names_with_bars_and_backslashes_survive_being_joined():
    names = ("a|b", "c\\", "\\|", "d")
    assert set(multilabel.split(multilabel.join(names))) == set(names)
    assert multilabel.split("") == ()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("key", TASKS)
def test_an_empty_test_set_has_no_figures_and_says_so(key):
    task, known = find_task(key), case(key)
    classes = task.classes(known.labels)
    outputs = np.zeros((0, task.width(len(classes))), np.float32)
    nobody = np.zeros(0, np.int64)
    evidence, decision = Evidence([], outputs, nobody, known.labels), task.decide(outputs, task.targets([], classes))
    found = task.evaluate(evidence, classes, decision)
    assert found.n == 0
    assert found.figures == found.above_baselines == {}
    assert "There are no test items" in found.notes[0]
    assert type(found).model_validate_json(found.model_dump_json()) == found


def test_probabilities_that_are_what_they_say_have_no_calibration_error_and_reach_down_to_none():
    rng = np.random.default_rng(7)
    shares = rng.random(4000)
    true = rng.random(4000) < shares
    found = label_calibration_error(shares, true, np.arange(4000))
    assert found.low == 0
    assert found.value < 0.03
    off = label_calibration_error(shares**3, true, np.arange(4000))
    assert off.low > 0.1
    assert sum(each.n for each in reliability(shares, true)) == 4000


def test_a_curve_of_thresholds_counts_what_each_of_them_does():
    shares, true = np.array([0.9, 0.8, 0.8, 0.3]), np.array([True, False, True, True])
    curve = threshold_curve(shares, true)
    for threshold, precision, recall, answered in zip(
        curve.thresholds, curve.precision, curve.recall, curve.answered, strict=True
    ):
        at = at_threshold(shares, true, threshold)
        assert (at.precision, at.recall) == pytest.approx((precision, recall))
        assert at.right + at.wrong == answered
    assert at_threshold(shares, true, 0.95).precision is None


def test_wrong_decisions_are_listed_the_most_confident_first():
    outputs = np.array([[0.9, 0.2], [0.6, 0.05]], np.float32)
    found = label_errors(["b", "a|b"], outputs, ("a", "b"), Decision())
    assert list(found["kind"]) == ["missing", "wrong", "missing"]
    assert list(found["item"]) == [1, 0, 0]
    assert list(find_task("multilabel").item_errors(["b", "a|b"], outputs, ("a", "b"), Decision())) == [2, 1]


def test_shares_that_are_all_right_are_not_certain():
    labels, classes = ["a|b", "a", "b"] * 4, ("a", "b")
    outputs = np.where(find_task("multilabel").targets(labels, classes) > 0, 0.9, 0.1).astype(np.float32)
    evidence = Evidence(labels, outputs, np.arange(12), ["a", "b"])
    found = find_task("multilabel").evaluate(evidence, classes, Decision())
    for metric, figure in found.figures.items():
        assert figure.high - figure.low > 0.1, metric
    for label in found.per_label:
        assert all(figure.low < 0.8 for key, figure in label.figures.items() if key != "calibration_error")
    numbers = [repr(float(number)) for number in range(12)]
    values = np.arange(12, dtype=np.float32)[:, None]
    evidence = Evidence(numbers, values, np.arange(12), numbers)
    covered = find_task("regression").evaluate(evidence, (), Decision(margin=1.0))
    assert covered.coverage.low == pytest.approx(wilson(12, 12)[0])


def test_a_share_of_items_that_come_in_groups_counts_groups():
    hits = np.repeat([True, False, True, True], 5)
    alone, together = share(hits, np.arange(20)), share(hits, np.repeat(np.arange(4), 5))
    assert alone.value == together.value
    assert together.low < alone.low
    assert together.high > alone.high


def test_a_difference_is_better_or_worse_as_the_metric_goes_or_neither():
    error, share = find_task("regression").find_metric("mae"), find_task("multilabel").metrics[0]
    assert error.verdict(0.1, 0.4) == share.verdict(-0.4, -0.1) == "significantly worse"
    assert error.verdict(-0.4, -0.1) == share.verdict(0.1, 0.4) == "significantly better"
    assert error.verdict(-0.1, 0.4) == "not significantly different"
