"""Two runs of one task, item by item: of several labels, and of a number."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.evaluation.task_runs import evaluated, multilabel_dataset, regression_dataset
from tests.pages.made_runs import finished
from tlcore.__main__ import main
from tlcore.data.edits import operations
from tlcore.data.edits.types import Exclude, Relabel
from tlcore.errors import RunError
from tlcore.evaluation.compare import before_and_after, compare
from tlcore.evaluation.compare import pair as pair_of
from tlcore.evaluation.files import read_evaluation
from tlcore.evaluation.task_answers import read_task_answers
from tlcore.tasks import find_task

MAKERS = {"multilabel": multilabel_dataset, "regression": regression_dataset}


@pytest.fixture(params=MAKERS)
def dataset(request, tiny_dataset):
    return MAKERS[request.param](tiny_dataset)


def test_the_better_of_two_runs_has_the_better_headline_on_the_same_items(workspace, dataset):
    poor, good = evaluated(workspace, dataset, skill=0.2), evaluated(workspace, dataset, skill=6.0, seed=1)
    found = compare([poor, good])
    (pair,) = found.pairs
    assert pair.n == read_evaluation(poor.path).n == found.runs[0].n
    assert pair.before == read_evaluation(poor.path).headline
    assert pair.difference.low <= pair.difference.value <= pair.difference.high
    better = pair.difference.value > 0 if found.metric == "mean_average_precision" else pair.difference.value < 0
    assert better
    assert pair.significant
    assert len(pair.better) > len(pair.worse)
    assert found.warnings == ()


def test_a_run_compared_with_its_own_answers_does_not_differ(workspace, dataset):
    run = evaluated(workspace, dataset)
    answers = read_task_answers(run)
    pair = pair_of("a", "b", answers, answers)
    assert (pair.difference.value, pair.difference.low, pair.difference.high) == (0, 0, 0)
    assert not pair.significant
    assert pair.better == pair.worse == ()


def test_runs_of_different_tasks_are_refused_in_a_sentence(workspace, tiny_dataset):
    classes = finished(workspace, tiny_dataset)
    run = evaluated(workspace, multilabel_dataset(tiny_dataset))
    with pytest.raises(RunError, match="runs of the same task"):
        compare([run, classes])


def test_labels_that_one_run_lacks_are_left_out_of_the_pair_and_said(workspace, tiny_dataset):
    first = evaluated(workspace, multilabel_dataset(tiny_dataset, ("boat", "dog")))
    second = evaluated(workspace, multilabel_dataset(tiny_dataset, ("boat", "dog", "a|b")), seed=2)
    pair = pair_of("a", "b", read_task_answers(second), read_task_answers(first))
    assert pair.classes == ("boat", "dog")
    found = compare([second, first])
    assert any("different labels" in warning for warning in found.warnings)


def test_before_and_after_go_by_the_labels_of_now(workspace, dataset):
    before, after = evaluated(workspace, dataset, skill=1.0), evaluated(workspace, dataset, skill=3.0)
    test = before.split().query("split == 'test'")
    operations.apply(dataset, Relabel(labels={test["sha256"].iloc[0]: test["label"].iloc[1]}))
    operations.apply(dataset, Exclude(shas=(test["sha256"].iloc[2],)))
    found = before_and_after(before, after, dataset)
    assert found.pair.n == len(test) - 1
    assert (found.relabelled, found.left_out) == (1, 1)


def test_answers_follow_the_new_names_of_classes(workspace, tiny_dataset):
    run = evaluated(workspace, multilabel_dataset(tiny_dataset))
    answers = read_task_answers(run)
    renamed = {"dog": "hound", "person": "hound"}
    labels = {
        sha: answers.task.renamed(label, renamed)
        for sha, label in zip(answers.table["sha256"], answers.labels, strict=True)
    }
    found = answers.relabeled(labels, renamed)
    assert found.classes == ("boat", "hound")
    np.testing.assert_array_equal(found.outputs, answers.outputs[:, :2])
    assert found.labels == list(labels.values())


def test_items_that_are_less_wrong_now_come_first(workspace, tiny_dataset):
    dataset = regression_dataset(tiny_dataset)
    poor, good = evaluated(workspace, dataset, skill=0.5), evaluated(workspace, dataset, skill=5.0, seed=1)
    one, other = read_task_answers(poor), read_task_answers(good)
    (pair,) = compare([poor, good]).pairs
    shas = list(one.table["sha256"])
    gain = dict(zip(shas, one.item_errors() - other.of(shas).item_errors(), strict=True))
    assert np.all(np.diff([gain[sha] for sha in pair.better]) <= 0)


def test_the_command_prints_every_metric_and_the_paired_difference(workspace, dataset, capsys):
    first, second = evaluated(workspace, dataset, skill=0.3), evaluated(workspace, dataset, skill=5.0, seed=1)
    assert main(["compare", first.id, second.id]) == 0
    printed = capsys.readouterr().out
    for metric in find_task(dataset.info.task).metrics:
        assert metric.title in printed
    assert "the difference is significant" in printed
    assert main(["compare", first.id, second.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pairs"][0]["difference"]["low"]
