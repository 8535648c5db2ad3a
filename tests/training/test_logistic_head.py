"""The exact head: scikit-learn's solution, its strength by cross-validation, and what rare and absent classes get."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from tests.heads import head as head_of
from tlcore.runs.items import PARTS, Items, units
from tlcore.tasks import find_task
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.tasks.classification.logistic_head import solve
from tlcore.tasks.folds import folds_of
from tlcore.training.cross_validation import Plan, cross_validate, plan_folds
from tlcore.training.logistic_training import judge_few


def judged(x, y, *, task="classification", classes=3, **more):
    """Cross-validate the exact head of a task."""
    head = head_of(classes, y, task)
    return cross_validate(x, y, head, find_task(task), **{"seed": 0, **more})


def nothing(*said):
    """Takes what is said and forgets it."""


def drawn(*, items: int, features: int, classes: int = 3, apart: float = 1.0, seed: int = 0):
    """Pooled features: above zero, of very different sizes, the classes some way apart."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(items) % classes)
    middles = rng.normal(size=(classes, features)) * apart
    size = np.geomspace(0.01, 3, features)
    return (np.maximum(0, rng.normal(size=(items, features)) + middles[labels]) * size + 5).astype(np.float16), labels


@pytest.mark.parametrize("features", [12, 90], ids=["more pictures than features", "fewer pictures than features"])
def test_the_solution_is_that_of_scikit_learn(features):
    x, y = drawn(items=60, features=features)
    weights = np.where(y == 0, 2.0, 0.5)
    head = solve(x, y, classes=3, seed=0, weights=weights, strengths=[0.3])
    wide = x.astype(np.float64)
    scale = np.sqrt(wide.var(axis=0).mean())
    theirs = LogisticRegression(C=0.3, tol=1e-9, max_iter=5000).fit((wide - wide.mean(axis=0)) / scale, y, weights)
    ours = wide @ head.kernel + head.bias
    expected = theirs.decision_function((wide - wide.mean(axis=0)) / scale)
    assert ours - ours.mean(axis=1, keepdims=True) == pytest.approx(
        expected - expected.mean(axis=1, keepdims=True), abs=0.01
    )


def test_two_classes_are_a_softmax_too():
    x, y = drawn(items=40, features=10, classes=2)
    head = solve(x, y, classes=2, seed=0, strengths=[0.1])
    wide = x.astype(np.float64)
    # With a kernel for each class the penalty is half that of scikit-learn's single difference.
    scaled = (wide - wide.mean(axis=0)) / np.sqrt(wide.var(axis=0).mean())
    expected = LogisticRegression(C=0.2, tol=1e-9, max_iter=5000).fit(scaled, y).decision_function(scaled)
    logits = wide @ head.kernel + head.bias
    assert logits[:, 1] - logits[:, 0] == pytest.approx(expected, abs=0.01)


def test_noise_is_given_less_trust_than_a_clear_difference():
    clear = solve(*drawn(items=90, features=40, apart=1.0), classes=3, seed=0)
    noise = solve(*drawn(items=90, features=40, apart=0.0), classes=3, seed=0)
    assert noise.strength < clear.strength
    assert clear.accuracy > 0.9
    assert noise.accuracy < 0.6


def test_a_class_without_pictures_is_never_the_answer():
    x, y = drawn(items=60, features=20)
    head = solve(x, np.array([0, 2, 3])[y], classes=5, seed=0)
    assert head.kernel.shape == (20, 5)
    assert set(head.answer(x)) <= {0, 2, 3}
    chances = softmax(x @ head.kernel + head.bias, axis=1)
    assert chances[:, [1, 4]].max() < 1e-6


def test_classes_of_one_picture_still_get_a_head():
    x, _ = drawn(items=3, features=20)
    head = solve(x, np.arange(3), classes=3, seed=0)
    assert head.accuracy is None
    assert head.answer(x).tolist() == [0, 1, 2]
    many, y = drawn(items=30, features=20, classes=2)
    mixed = solve(np.concatenate([many, x[:1]]), np.append(y, 2), classes=3, seed=0)
    assert mixed.accuracy is not None
    only = solve(x, np.zeros(3, int), classes=2, seed=0)
    assert set(only.answer(x)) == {0}


def test_equal_seeds_give_equal_heads():
    x, y = drawn(items=50, features=70)
    first, second = solve(x, y, classes=3, seed=4), solve(x, y, classes=3, seed=4)
    assert np.array_equal(first.kernel, second.kernel)
    assert first.strength == second.strength


def test_views_of_a_picture_stay_on_one_side():
    labels, items = np.repeat([0, 1, 0, 1, 0, 1], 4), np.repeat(np.arange(6), 4)
    dealt = folds_of(labels, seed=0, groups=items)
    assert len(dealt) == 5
    for learn, judge in dealt:
        assert not set(items[learn]) & set(items[judge])


def test_folds_of_noise_do_not_flatter():
    x, y = drawn(items=45, features=200, apart=0.0)
    found = judged(x, y)
    assert (found.metric, found.unit) == ("accuracy", "")
    assert found.value == pytest.approx(1 / 3, abs=0.13)
    assert (found.folds, found.repeats, found.n) == (5, 5, 45)
    assert found.deviation > 0.02


def test_copies_of_a_picture_do_not_flatter_where_they_are_named():
    x, y = drawn(items=24, features=200, apart=0.0)
    twice, labels = np.tile(x, (2, 1)), np.tile(y, 2)
    copies = np.tile(np.arange(24), 2)
    assert judged(twice, labels, groups=copies, repeats=2).value < 0.6
    assert judged(twice, labels, repeats=2).value > 0.6


@pytest.mark.slow
def test_few_pictures_are_judged_with_their_groups_whole():
    x, y = drawn(items=24, features=200, apart=0.0)
    shas = {part: tuple(f"{part} {row}" for row in range(24)) for part in PARTS}  # other bytes, the same thing
    names = tuple(f"burst {row}" for row in range(24))

    def accuracy(groups: tuple[str, ...]) -> float:
        items = {part: Items(None, y, shas[part], None, groups) for part in PARTS}
        return judge_few(dict.fromkeys(PARTS, x), items, head_of(3, y), CLASSIFICATION, 0, nothing, nothing).value

    assert accuracy(names) < 0.6 < accuracy(())
    assert units(Items(None, y, shas["val"], None, ("",) * 24)) is None


def test_every_fold_learns_from_a_rare_class():
    x, y = drawn(items=20, features=30, classes=2)
    rare = np.concatenate([y, [2, 2, 2]])
    assert [int((rare[learn] == 2).sum()) for learn, _ in folds_of(rare, seed=0)].count(2) == 3
    assert judged(np.concatenate([x, x[:3] + np.float16(9)]), rare, repeats=2).value > 0.9
    assert judged(x[:3], np.arange(3)) is None


def test_several_labels_are_judged_by_mean_average_precision():
    x, y = drawn(items=45, features=60)
    labels = np.stack([y == 0, y > 0, np.arange(45) % 2 == 0], axis=1).astype(np.float32)
    found = judged(x, labels, task="multilabel", repeats=2)
    assert (found.metric, found.folds, found.n) == ("mean_average_precision", 5, 45)
    of_noise = judged(x, labels[np.random.default_rng(0).permutation(45)], task="multilabel", repeats=2)
    assert of_noise.value + 0.15 < found.value <= 1


def test_numbers_are_judged_by_their_mean_absolute_error_in_their_unit():
    x, _ = drawn(items=60, features=30, apart=0.0)
    numbers = (1000 * x[:, -5:].astype(np.float32).sum(axis=1) + 7).reshape(-1, 1)
    found = judged(x, numbers, task="regression", classes=0, repeats=2)
    assert (found.metric, found.folds) == ("mae", 5)
    always_the_mean = float(np.abs(numbers - numbers.mean()).mean())
    assert 0 < found.value < 0.5 * always_the_mean
    assert found.deviation > 0


def test_each_fold_is_told_and_a_person_may_stop_in_between():
    x, y = drawn(items=30, features=20)
    told = []
    judged(x, y, repeats=2, on_fold=lambda done, total: told.append((done, total)))
    assert told == [(done, 10) for done in range(10)]


@pytest.mark.parametrize(
    ("seconds", "repeats", "said"),
    [
        (0.5, 5, ""),
        (10.0, 5, "5 times 5 folds take about 50 s on this machine"),
        (25.0, 2, "done twice instead of 5 times: 5 times 5 folds take about 2 min 5 s, more than the 1 min"),
        (70.0, 0, "is left out: 5 times 5 folds take about 5 min 50 s"),
    ],
)
def test_folds_are_repeated_as_often_as_there_is_time_and_it_is_said_before(seconds, repeats, said):
    x, y = drawn(items=30, features=20)
    head = replace(head_of(3, y), estimate=lambda features, targets: seconds / 5)
    planned = plan_folds(x, y, head, seed=0)
    assert planned == Plan(5, pytest.approx(seconds), repeats)
    assert said in planned.note
    assert bool(planned.note) is bool(said)
    notes = []
    items = {part: Items(None, y, tuple(f"{part} {row}" for row in range(30)), None, ()) for part in PARTS}
    if repeats == 0:
        assert judge_few(dict.fromkeys(PARTS, x), items, head, CLASSIFICATION, 0, notes.append, nothing) is None
        assert notes == [planned.note]


def test_what_folds_take_is_measured():
    few, many = (drawn(items=4 * classes, features=100, classes=classes) for classes in (5, 100))
    first, second = (plan_folds(x, y, head_of(int(y.max()) + 1, y), seed=0) for x, y in (few, many))
    assert 0 < first.seconds < second.seconds
    assert plan_folds(few[0][:3], np.arange(3), head_of(3, np.arange(3)), seed=0) == Plan(0, 0.0, 0)
