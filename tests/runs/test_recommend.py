"""The recommended settings: what fits few and many pictures, even and uneven classes, small and large backbones."""

from __future__ import annotations

import pytest

from tests.task_runs import make_dataset
from tlcore.backbones.catalogue import CATALOGUE, find
from tlcore.commands.settings import resolved
from tlcore.commands.terminal import Terminal
from tlcore.data.dataset import open_dataset
from tlcore.runs.config import settings
from tlcore.runs.problems import problems
from tlcore.runs.recommend import Facts, advise, recommend
from tlcore.tasks import TASKS, find_task

SMALL = find("efficientnet_lite0")


def values(counts, backbone=SMALL, *, cores=4, **more):
    return advise(Facts(counts, backbone, size=250, cores=cores, **more)).values


def test_few_pictures_get_the_exact_head_and_many_the_whole_backbone():
    assert values({"a": 3, "b": 3})["mode"] == "freeze"
    assert values({"a": 3, "b": 3})["head"] == "logistic"
    assert values({"a": 50, "b": 50})["mode"] == "freeze"  # by benchmarks/accuracy.py
    assert "fractions" in values({"a": 3, "b": 3})
    assert "fractions" not in values({"a": 3, "b": 3}, given=True), "they came with a split, which is kept"
    many = values({"a": 500, "b": 500})
    assert (many["mode"], many["blocks"]) == ("fine-tune", len(SMALL.blocks))


def test_fine_tuning_goes_as_deep_as_there_is_time_for():
    large, counts = find("vgg16"), {"a": 2000, "b": 2000}
    assert values(counts, large, cores=1)["mode"] == "freeze"
    some = values(counts, large, cores=16)
    assert 0 < some["blocks"] < len(large.blocks)
    assert values(counts, large, accelerator=True)["blocks"] == len(large.blocks)


def test_pictures_are_mirrored_where_the_backbone_learns_from_them():
    counts, large = {"a": 2000, "b": 2000}, find("vgg16")
    assert values(counts)["augment"] == ("flip_left_right",)
    frozen = values(counts, large, cores=1)
    assert (frozen["mode"], frozen["augment"]) == ("freeze", ())


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
    recipe = advise(Facts({"a": count, "b": 2 * count, "c": 12 * count}, backbone, size=100, cores=2))
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
    found = advise(Facts(counts, backbone, size=100, cores=2, task=task, number=15 * count)).values
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
        advise(Facts({}, SMALL, size=100, cores=4, task=find_task("regression"), number=number))
        for number in (200, 2000)
    )
    assert (few.values["mode"], few.values["head"]) == ("freeze", "logistic")
    assert (many.values["mode"], many.values["head_learning_rate"]) == ("fine-tune", 1e-3)
    assert (many.values["target_metric"], many.values["loss"]) == ("mae", "huber")
    why = next(each.reason for each in few.advice if each.field == "mode")
    assert why.startswith("50 pictures per quarter of the values")
    assert "measured for classification" in why


def test_pictures_with_several_labels_count_once_each_and_for_every_label(multilabel_run, workspace):
    dataset = open_dataset(workspace, multilabel_run.config.dataset)
    labelled = dataset.items()["label"].map(lambda label: len(find_task("multilabel").names(label))).sum()
    why = next(each.reason for each in recommend(dataset, SMALL).advice if each.field == "mode")
    assert why.startswith(f"{labelled / 3:.0f} pictures per label")


def test_given_test_pictures_do_not_count(workspace, tiny_dataset):
    table = tiny_dataset.items()
    table.loc[table.groupby("label").cumcount() > 3, "split"] = "test"
    table.to_parquet(tiny_dataset.path / "items.parquet")
    why = next(each.reason for each in recommend(tiny_dataset, SMALL).advice if each.field == "mode")
    assert why.startswith("4 pictures per class")


def test_auto_on_the_command_line_fills_what_was_not_given_and_says_why(workspace, tiny_dataset, capsys):
    given = {"mode": "auto", "epochs": 3, "seed": 7}
    config = resolved(tiny_dataset, given, Terminal(as_json=False))
    said = capsys.readouterr().out
    expected = recommend(tiny_dataset, SMALL)
    assert config == expected.config(tiny_dataset.id, epochs=3, seed=7)
    for each in expected.advice:
        assert each.reason in said


def test_that_many_classes_take_time_is_said_before():
    few, many = (
        advise(Facts({f"class {label}": 3 for label in range(classes)}, SMALL, size=250, cores=4))
        for classes in (10, 1000)
    )

    def reason(recipe):
        return next(each.reason for each in recipe.advice if each.field == "head")

    assert "1,000 classes" in reason(many)
    assert "classes" not in reason(few)
