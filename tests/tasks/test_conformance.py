"""One battery for every task: labels, outputs, heads, decisions and evaluations, whatever an answer is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlcore.intervals import wilson
from tlcore.tasks import TASKS, find_task
from tlcore.tasks.evaluation import difference, share
from tlcore.tasks.multilabel import labels as multilabel
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


@cache
def answered(task, seed=1):
    """New items, and what an exact head that learned from others gives for them: evidence, classes and decision."""
    known, new = case(task.key), case(task.key, seed=seed)
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
    return evidence, classes, task.decide(outputs, task.targets(new.labels, classes))


def test_an_evaluation_has_every_metric_with_its_interval_beside_baselines_that_are_worse(task):
    found = task.evaluate(*answered(task))
    assert {metric.key for metric in task.metrics} <= set(found.figures)
    for figure in found.figures.values():
        assert figure.low <= figure.value <= figure.high
    simple = next(iter(found.baselines.values()))[found.metric]
    of = task.find_metric(found.metric)
    assert (found.headline.value > simple.high) if of.higher_is_better else (found.headline.value < simple.low)
    assert "Linear probe" in found.baselines
    assert type(found).model_validate_json(found.model_dump_json()) == found


@given(text=st.text(max_size=12), key=st.sampled_from(sorted(TASKS)))
def test_a_label_is_read_once_and_for_all_or_refused_with_the_reason(text, key):
    task = find_task(key)
    try:
        read = task.read(text)
    except ValueError:
        with pytest.raises(ValueError, match="needed"):
            task.read(text)
        return
    assert task.read(read) == read
    assert set(task.classes([read])) == set(task.names(read))


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), key=st.sampled_from(sorted(TASKS)))
def test_one_item_is_answered_as_it_is_in_a_table(seed, key):
    task, rng = find_task(key), np.random.default_rng(seed)
    classes = task.classes(case(key).labels)
    outputs = task.activate(rng.normal(size=(4, task.width(len(classes))))).astype(np.float32)
    decision = task.decide(outputs, task.targets(case(key).labels[:4], classes))
    table = task.answers(outputs, classes, decision)
    for row, output in zip(table.itertuples(), outputs, strict=True):
        reply = task.reply(output, classes, decision)
        assert reply.label == row.predicted
        assert reply.confidence == pytest.approx(row.confidence)
        assert set(reply.labels) == set(task.names(row.predicted))
    # A true label that is what was answered is right, and its item has no error.
    predicted = list(table["predicted"])
    assert task.right(predicted, table).all()
    assert task.item_errors(predicted, outputs, classes, decision) == pytest.approx(np.zeros(4), abs=1e-5)


def test_two_models_give_the_same_answer_both_ways_or_neither(task):
    evidence, _, decision = answered(task)
    one, other = evidence.outputs, answered(task, seed=2)[0].outputs
    assert np.array_equal(task.same(one, other, decision), task.same(other, one, decision))
    assert len(task.same(one[:0], other[:0], decision)) == 0


def test_measures_are_the_figures_of_the_evaluation_and_count_each_item_as_often_as_it_is_drawn(task):
    evidence, classes, decision = answered(task)
    found = task.evaluate(evidence, classes, decision)
    measures = task.measures(evidence.labels, evidence.outputs, classes, decision)
    assert set(measures) == {metric.key for metric in task.metrics}
    counts = np.random.default_rng(0).integers(0, 3, N).astype(float)
    drawn = np.repeat(np.arange(N), counts.astype(int))
    again = task.measures([evidence.labels[at] for at in drawn], evidence.outputs[drawn], classes, decision)
    for key, (measure, least, most) in measures.items():
        assert measure(np.ones((1, N)))[0] == pytest.approx(found.figures[key].value)
        assert measure(counts[None])[0] == pytest.approx(again[key][0](np.ones((1, len(drawn))))[0])
        assert least <= measure(counts[None])[0] <= most


def test_the_headline_of_outputs_is_that_of_the_evaluation(task):
    evidence, classes, decision = answered(task)
    headline = task.headline(evidence.outputs, task.targets(evidence.labels, classes))
    assert headline.value == pytest.approx(task.evaluate(evidence, classes, decision).headline.value)
    assert headline.low <= headline.value <= headline.high
    grouped = task.headline(evidence.outputs, task.targets(evidence.labels, classes), np.arange(N) // 8)
    assert grouped.value == pytest.approx(headline.value)
    assert grouped.high - grouped.low != pytest.approx(headline.high - headline.low)


def test_a_model_does_not_differ_from_itself_and_is_better_than_one_that_guesses(task):
    evidence, classes, decision = answered(task)
    mine = task.measures(evidence.labels, evidence.outputs, classes, decision)
    mixed = task.measures(evidence.labels, evidence.outputs[::-1], classes, decision)
    metric = task.metrics[0]
    none = difference(mine, mine, metric.key, evidence.groups)
    assert (none.low, none.value, none.high) == (0, 0, 0)
    more = difference(mixed, mine, metric.key, evidence.groups)
    assert metric.verdict(more.low, more.high) == "significantly better"
    worse = task.item_errors(evidence.labels, evidence.outputs[::-1], classes, decision)
    assert worse.mean() > task.item_errors(evidence.labels, evidence.outputs, classes, decision).mean()


def test_a_linear_probe_gives_outputs_of_the_task(task):
    known, new = case(task.key), case(task.key, seed=1)
    classes = task.classes(known.labels)
    outputs = task.fit_probe(known.features, known.labels, classes)(new.features)
    assert outputs.shape == (N, task.width(len(classes)))
    targets = task.targets(new.labels, classes)
    good, bad = task.headline(outputs, targets), task.headline(outputs[::-1], targets)
    assert (good.low > bad.high) if task.metrics[0].higher_is_better else (good.high < bad.low)


def test_what_a_run_keeps_beside_the_evaluation_has_a_place_of_its_own(task):
    evidence, classes, _ = answered(task)
    for name, content in task.files(evidence, classes).items():
        assert not name.startswith(("/", ".."))
        assert name not in {"evaluation.json", "evaluation/ood.json", "predictions.parquet", "validation.parquet"}
        assert content is None or len(content.to_json() if hasattr(content, "to_json") else content.model_dump_json())


@pytest.mark.filterwarnings("error")
def test_an_empty_test_set_has_no_figures_and_says_so(task):
    known = case(task.key)
    classes = task.classes(known.labels)
    outputs = np.zeros((0, task.width(len(classes))), np.float32)
    nobody = np.zeros(0, np.int64)
    evidence, decision = Evidence([], outputs, nobody, known.labels), task.decide(outputs, task.targets([], classes))
    found = task.evaluate(evidence, classes, decision)
    assert found.n == 0
    assert found.figures == found.above_baselines == {}
    assert "There are no test items" in found.notes[0]
    assert type(found).model_validate_json(found.model_dump_json()) == found


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
