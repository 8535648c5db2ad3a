"""The recommended settings: what fits few and many pictures, even and uneven classes, small and large backbones."""

from __future__ import annotations

import pytest

from tests.task_runs import make_dataset
from tlcore.backbones.catalogue import CATALOGUE, find
from tlcore.commands.settings import budget_of, resolved
from tlcore.commands.terminal import Terminal
from tlcore.runs.config import TrainingConfig, settings
from tlcore.runs.problems import problems
from tlcore.runs.recommend import Facts, advise, recommend
from tlcore.tasks import TASKS, find_task

SMALL = find("efficientnet_lite0")


def values(counts, backbone=SMALL, **more):
    return advise(Facts(counts, backbone, size=250, **more)).values


def test_auto_is_recommended_whatever_there_is_and_every_block_where_blocks_are_trained():
    for count in (3, 50, 3000):
        found = values({"a": count, "b": count})
        assert (found["mode"], found["budget"], found["blocks"]) == ("auto", "balanced", len(SMALL.blocks))


def test_rare_classes_are_heard():
    assert values({"a": 500, "b": 490})["balancing"] == "none"
    assert values({"a": 500, "b": 100})["target_metric"] == "macro_f1"
    rare = values({"a": 500, "b": 20})
    assert (rare["target_metric"], rare["balancing"]) == ("balanced_accuracy", "weights")


def test_few_pictures_are_looked_at_more_often():
    assert values({"a": 120, "b": 120})["epochs"] > values({"a": 900, "b": 900})["epochs"]


@pytest.mark.parametrize("backbone", CATALOGUE.values(), ids=lambda backbone: backbone.key)
@pytest.mark.parametrize("count", [1, 12, 60, 3000])
def test_every_recipe_can_be_carried_out_and_says_why(backbone, count):
    recipe = advise(Facts({"a": count, "b": 2 * count, "c": 12 * count}, backbone, size=100))
    config = recipe.config("some", backbone=backbone.key)
    assert not [fault for fault in problems(config, None) if fault.field != "dataset"]
    assert len(recipe.values) == len(recipe.advice)
    for each in recipe.advice:
        assert each.field in settings()
        assert each.reason[0].isupper() or each.reason[0].isdigit()
        assert each.reason.endswith(".")


@pytest.mark.parametrize("backbone", [SMALL, find("vgg16")], ids=lambda backbone: backbone.key)
@pytest.mark.parametrize("count", [4, 12, 60, 3000])
@pytest.mark.parametrize("key", TASKS)
def test_a_recipe_has_only_settings_of_its_task(key, count, backbone):
    task = find_task(key)
    counts = {"a": count, "b": 2 * count, "c": 12 * count} if task.few else {}
    found = advise(Facts(counts, backbone, size=100, task=task, number=15 * count)).values
    assert {name for name in ("label_smoothing", "loss", "mixup", "cutmix") if name in found} <= set(task.options)
    assert found.get("balancing", "none") in task.balancing
    assert found.get("target_metric", "loss") in {"loss", *(metric.key for metric in task.metrics)}


def test_the_head_of_a_number_learns_in_smaller_steps(workspace, tmp_path):
    dataset = make_dataset(workspace, tmp_path / "regression", "regression")
    terminal = Terminal(as_json=True)
    assert resolved(dataset, {"mode": "freeze"}, terminal).head_learning_rate == 1e-3
    assert resolved(dataset, {"mode": "freeze", "head_learning_rate": 0.5}, terminal).head_learning_rate == 0.5


def test_few_and_many_values_are_told_apart_as_few_and_many_pictures_of_a_class():
    few, many = (
        advise(Facts({}, SMALL, size=100, task=find_task("regression"), number=number)).values for number in (200, 2000)
    )
    assert (few["layer_decay"], many["layer_decay"]) == (0.8, 1.0)
    assert (many["head_learning_rate"], many["target_metric"], many["loss"]) == (1e-3, "mae", "huber")


def test_pictures_with_several_labels_count_once_each_and_for_every_label():
    counts = {"a": 300, "b": 300}
    assert values(counts, task=find_task("multilabel"), number=300)["layer_decay"] == 1.0
    assert values({"a": 100, "b": 100}, task=find_task("multilabel"), number=300)["layer_decay"] == 0.8


def test_given_test_pictures_do_not_count(workspace, tiny_dataset):
    before = recommend(tiny_dataset, SMALL).values["epochs"], len(tiny_dataset.items())
    table = tiny_dataset.items()
    table.loc[table.groupby("label").cumcount() > 3, "split"] = "test"
    table.to_parquet(tiny_dataset.path / "items.parquet")
    why = next(each.reason for each in recommend(tiny_dataset, SMALL).advice if each.field == "epochs")
    assert f"with {(table['split'] != 'test').sum()} pictures" in why
    assert before[1] != (table["split"] != "test").sum()


def test_auto_on_the_command_line_fills_what_was_not_given_and_says_why(workspace, tiny_dataset, capsys):
    given = {"mode": "auto", "epochs": 3, "seed": 7}
    config = resolved(tiny_dataset, given, Terminal(as_json=False))
    said = capsys.readouterr().out
    expected = recommend(tiny_dataset, SMALL)
    assert config == expected.config(tiny_dataset.id, epochs=3, seed=7)
    for each in expected.advice:
        assert (each.reason in said) == (each.field not in given)


def test_fine_tuning_trains_every_block_where_nobody_says_how_many(workspace, tiny_dataset):
    terminal = Terminal(as_json=True)
    assert resolved(tiny_dataset, {"mode": "fine-tune"}, terminal).blocks == len(SMALL.blocks)
    assert resolved(tiny_dataset, {"mode": "fine-tune", "blocks": 2}, terminal).blocks == 2


@pytest.mark.parametrize(
    ("text", "seconds"), [("quick", 60), ("balanced", 300), ("best", float("inf")), ("2.5", 150), ("12", 720)]
)
def test_a_budget_is_a_word_or_a_number_of_minutes(text, seconds):
    assert TrainingConfig(dataset="d", mode="auto", **budget_of(text)).seconds == seconds
