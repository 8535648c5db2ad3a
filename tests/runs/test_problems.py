"""Settings that do not fit are told with their field; those that fit make a run."""

from __future__ import annotations

import math
import shutil

import pytest

from tests.modalities.fake_modality import NUMBER
from tests.task_runs import make_dataset, relabel, write_pictures
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.data.import_plan import ImportChoices
from tlcore.data.intake import ingest
from tlcore.errors import ConfigError, RunError
from tlcore.modalities import find_modality
from tlcore.progress import drain
from tlcore.runs.config import Fractions, TrainingConfig, not_for
from tlcore.runs.create import create_run
from tlcore.runs.problems import problems
from tlcore.runs.run import list_runs
from tlcore.tasks.classification import CLASSIFICATION


def test_the_default_settings_have_no_problems(tiny_dataset):
    assert problems(TrainingConfig(dataset=tiny_dataset.id), tiny_dataset) == ()


@pytest.mark.parametrize("backbone", CATALOGUE.values(), ids=lambda backbone: backbone.key)
def test_every_backbone_can_be_cut_at_every_block_at_its_own_size(tiny_dataset, backbone):
    for blocks in range(1, len(backbone.blocks) + 1):
        config = TrainingConfig(
            dataset=tiny_dataset.id,
            backbone=backbone.key,
            mode="fine-tune",
            blocks=blocks,
            input={"size": backbone.native_size},
        )
        assert problems(config, tiny_dataset) == ()


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("backbone", {"backbone": "melt"}),
        ("epochs", {"epochs": 0}),
        ("epochs", {"epochs": 10**6}),
        ("blocks", {"mode": "fine-tune", "blocks": 0}),
        ("blocks", {"mode": "fine-tune", "blocks": 100}),
        ("input.size", {"input.size": 1}),
        ("input.size", {"input.size": 5000}),
        ("batch_size", {"batch_size": 0}),
        ("head_learning_rate", {"head_learning_rate": 0.0}),
        ("head_learning_rate", {"head_learning_rate": math.nan}),
        ("fine_tune_learning_rate", {"fine_tune_learning_rate": math.inf}),
        ("cutmix", {"cutmix": 1.0}),  # with a frozen backbone
        ("dropout", {"dropout": 1.0}),
        ("dropout", {"dropout": math.nan}),
        ("patience", {"patience": -1}),
        ("seed", {"seed": -1}),
        ("fractions", {"fractions": Fractions(train=0.5, val=0.5, test=0.0)}),
        ("fractions", {"fractions": Fractions(train=0.5, val=0.1, test=0.1)}),
        ("fractions", {"fractions": Fractions(train=math.nan, val=0.1, test=0.1)}),
    ],
    ids=str,
)
def test_each_fault_is_told_with_its_field(tiny_dataset, field, change):
    (problem,) = problems(TrainingConfig(dataset=tiny_dataset.id).changed(change), tiny_dataset)
    assert problem.field == field
    assert problem.message.endswith((".", "!"))
    assert "Received" in problem.message


def test_every_fault_is_told_at_once(workspace, tiny_dataset):
    config = TrainingConfig(dataset=tiny_dataset.id, backbone="melt", epochs=0, batch_size=0, dropout=2.0)
    with pytest.raises(ConfigError) as raised:
        create_run(workspace, tiny_dataset, config)
    assert [problem.field for problem in raised.value.problems] == ["backbone", "epochs", "batch_size", "dropout"]
    assert list_runs(workspace) == []


def test_blocks_do_not_matter_when_freezing(tiny_dataset):
    assert problems(TrainingConfig(dataset=tiny_dataset.id, blocks=99), tiny_dataset) == ()


def test_without_a_dataset_that_is_the_problem():
    assert [problem.field for problem in problems(TrainingConfig(dataset=""), None)] == ["dataset"]


def test_a_run_keeps_what_was_asked_and_what_was_drawn(workspace, tiny_dataset):
    config = TrainingConfig(dataset=tiny_dataset.id, seed=3, fractions=Fractions(train=0.5, val=0.25, test=0.25))
    run = create_run(workspace, tiny_dataset, config)
    assert list_runs(workspace) == [run]
    assert run.config == config
    assert run.state().state == "created"
    assert run.dataset.classes == ("circle", "square", "triangle")
    split = run.split()
    assert dict(split.groupby("split").size()) == {"train": 18, "val": 9, "test": 9}
    assert set(split["sha256"]) == set(tiny_dataset.items()["sha256"])
    tiny_dataset.delete()
    assert run.dataset.fingerprint
    assert run.split().equals(split)


def test_a_run_can_live_elsewhere(workspace, tiny_dataset, tmp_path):
    out = tmp_path / "deep" / "out"
    run = create_run(workspace, tiny_dataset, TrainingConfig(dataset=tiny_dataset.id), out)
    assert run.path.resolve() == out
    assert (out / "config.json").exists()
    assert list_runs(workspace) == [run]
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    with pytest.raises(RunError, match="new or an empty folder"):
        create_run(workspace, tiny_dataset, TrainingConfig(dataset=tiny_dataset.id), out)


def test_a_run_is_not_made_without_pictures_to_judge_it_with(workspace, tiny_dataset):
    config = TrainingConfig(dataset=tiny_dataset.id, fractions=Fractions(train=0.999998, val=0.000001, test=0.000001))
    run = create_run(workspace, tiny_dataset, config)
    assert set(run.split()["split"]) == {"train", "val", "test"}


def test_a_given_split_must_leave_two_classes_to_learn(workspace, tiny_dataset, tiny_folder, tmp_path):
    for part, label in (("train", "circle"), ("test", "circle"), ("test", "square")):
        shutil.copytree(tiny_folder / label, tmp_path / "given" / part / label)
    for number in range(12):  # equal bytes in two parts would be one picture
        (tmp_path / "given" / ("train" if number < 6 else "test") / "circle" / f"circle-{number:02d}.png").unlink()
    # The import asks about it; somebody may answer that it is meant.
    steps = ingest(workspace, tmp_path / "given", choices=ImportChoices(confirmed=True))
    dataset = drain(steps, lambda progress: None).dataset
    with pytest.raises(ConfigError, match="only 'circle'"):
        create_run(workspace, dataset, TrainingConfig(dataset=dataset.id))


@pytest.mark.parametrize(
    ("task", "change", "said"),
    [
        ("multilabel", {"target_metric": "accuracy"}, "Multi-label classification is measured by loss, mean_average"),
        ("multilabel", {"balancing": "weights"}, "only where each picture has one"),
        ("multilabel", {"cutmix": 1.0, "mode": "fine-tune"}, "need not show what the picture is labelled with"),
        ("multilabel", {"loss": "squared"}, "for regression only"),
        ("regression", {"target_metric": "macro_f1"}, "Regression is measured by loss, mae, rmse"),
        ("regression", {"balancing": "sampling"}, "only where each picture has one"),
        ("regression", {"label_smoothing": 0.1}, "a number has none"),
        ("regression", {"mixup": 0.2}, "mean of two numbers"),
        ("classification", {"target_metric": "mae"}, "Classification is measured by loss, accuracy"),
        ("classification", {"loss": "absolute"}, "for regression only"),
    ],
)
def test_a_setting_that_is_not_for_the_task_is_told(workspace, tmp_path, task, change, said, request):
    dataset = request.getfixturevalue("tiny_dataset")
    if task != "classification":
        dataset = make_dataset(workspace, tmp_path / task, task)
    (problem,) = problems(TrainingConfig(dataset=dataset.id).model_copy(update=change), dataset)
    assert problem.field == next(iter(change))
    assert said in problem.message
    assert "Received" in problem.message


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_the_default_settings_fit_every_task(workspace, tmp_path, task):
    dataset = make_dataset(workspace, tmp_path / task, task)
    assert problems(TrainingConfig(dataset=dataset.id), dataset) == ()


@pytest.mark.parametrize(("task", "label"), [("multilabel", "circle"), ("regression", "2.0")])
def test_labels_that_are_all_the_same_teach_nothing(workspace, tmp_path, task, label):
    labels = write_pictures(tmp_path / "pictures" / task, task)
    dataset = drain(ingest(workspace, tmp_path / "pictures"), lambda progress: None).dataset
    relabel(dataset, task, dict.fromkeys(labels, label))
    (problem,) = problems(TrainingConfig(dataset=dataset.id), dataset)
    assert problem.message.startswith("Pictures with different labels are needed.")


def test_items_are_mixed_only_where_their_modality_says_that_it_makes_sense():
    assert {"mixup", "cutmix"} <= set(not_for(CLASSIFICATION, NUMBER))
    assert not {"mixup", "cutmix"} & set(not_for(CLASSIFICATION, find_modality("image")))
    assert "two number files" in not_for(CLASSIFICATION, NUMBER)["mixup"]
