"""The weights that a run begins with: what is taken, what is refused, and which pictures they have met."""

from __future__ import annotations

import json
import zipfile

import pandas as pd
import pytest

from tests.task_runs import make_dataset
from tlcore.__main__ import main
from tlcore.commands.settings import start_of
from tlcore.data.dataset import Dataset
from tlcore.data.edits import operations
from tlcore.data.edits.types import Exclude, Relabel, RenameClass, Restore
from tlcore.data.split.locked import draw_parts
from tlcore.errors import ConfigError, RunError
from tlcore.files import write_json
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.initial_weights import find_start, read_start
from tlcore.runs.problems import problems
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


def described(*, outputs=3, size=224, backbone="efficientnet_lite0", layer=None):
    """The description of a model as Keras writes it, in short."""
    layers = [
        {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "name": "pixels",
            "config": {"batch_shape": [None, size, size, 3]},
        },
        layer or {"module": "keras.layers", "class_name": "ReLU", "name": "activation", "config": {}},
        {"module": "keras.layers", "class_name": "Dense", "name": "head_logits", "config": {"units": outputs}},
    ]
    config = {"name": f"graft_{backbone}", "layers": layers}
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config}


def write_model(path, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(described(**changes)))
        archive.writestr("model.weights.h5", b"weights")
    return path


def with_model(workspace: Workspace, dataset: Dataset, **settings) -> Run:
    run = create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, **settings))
    write_model(run.model_keras)
    return run


def again(run: Run, **changes) -> TrainingConfig:
    return run.config.changed({"start": run.id, **changes})


def sides(run: Run) -> dict[str, str]:
    split = run.split()
    return dict(zip(split["sha256"], split["split"], strict=True))


def test_a_run_keeps_a_copy_of_what_it_begins_with(workspace, tiny_dataset):
    first = with_model(workspace, tiny_dataset)
    second = create_run(workspace, tiny_dataset, again(first))
    first.delete()
    about = read_start(second)
    assert about is not None
    assert about.classes == tiny_dataset.info.classes
    with zipfile.ZipFile(second.path / "start" / "model.keras") as archive:
        assert archive.read("model.weights.h5") == b"weights"
    assert any("begins with the weights of" in note for note in second.dataset.notes)


def test_another_range_of_values_than_that_of_the_start_is_told(workspace, tiny_dataset):
    first = with_model(workspace, tiny_dataset)
    assert "range of values" not in " ".join(create_run(workspace, tiny_dataset, again(first)).dataset.notes)
    write_json(
        tiny_dataset.path / "dataset.json", tiny_dataset.info.model_copy(update={"reading": {"value_range": (0, 9)}})
    )
    second = create_run(workspace, tiny_dataset, again(first))
    assert "was trained with another range of values" in " ".join(second.dataset.notes)


def test_a_class_that_is_new_is_named(workspace, tiny_dataset):
    first = with_model(workspace, tiny_dataset)
    some = tiny_dataset.items()["sha256"].iloc[0]
    operations.apply(tiny_dataset, Relabel(labels={some: "star"}))
    (said, *_) = create_run(workspace, tiny_dataset, again(first)).dataset.notes
    assert said.endswith("with its head; new in it are 'star'.")


def test_pictures_stay_on_the_side_on_which_the_start_has_met_them(workspace, tiny_dataset):
    first = with_model(workspace, tiny_dataset, seed=0)
    dealt_anew = create_run(workspace, tiny_dataset, first.config.model_copy(update={"seed": 1}))
    assert sides(dealt_anew) != sides(first)
    second = create_run(workspace, tiny_dataset, again(first, seed=1))
    assert sides(second) == sides(first)
    assert any("pictures stay in the part" in note for note in second.dataset.notes)


def test_what_an_earlier_start_has_met_is_not_forgotten(workspace, tiny_dataset):
    first = with_model(workspace, tiny_dataset)
    shas = [sha for sha, part in sides(first).items() if part == "train"][:4]
    operations.apply(tiny_dataset, Exclude(shas=tuple(shas)))
    second = create_run(workspace, tiny_dataset, again(first))
    write_model(second.model_keras)
    assert not set(shas) & set(sides(second))
    operations.apply(tiny_dataset, Restore(shas=tuple(shas)))
    third = create_run(workspace, tiny_dataset, again(second, seed=7))
    assert {sides(third)[sha] for sha in shas} == {"train"}


def test_a_start_that_has_met_test_pictures_is_refused(workspace, tiny_dataset):
    first = with_model(workspace, tiny_dataset)
    draw_parts(tiny_dataset, seed=5)
    with pytest.raises(ConfigError, match="must not have been trained on the test set") as raised:
        create_run(workspace, tiny_dataset, again(first))
    assert [problem.field for problem in raised.value.problems] == ["start"]


def test_a_head_that_knows_the_validation_pictures_is_not_taken_over(workspace, tiny_dataset):
    first = with_model(workspace, tiny_dataset, head="logistic")
    second = create_run(workspace, tiny_dataset, again(first, head="trained"))
    about = read_start(second)
    assert about is not None
    assert about.classes == ()
    assert any("was also fitted on the validation set" in note for note in second.dataset.notes)


@pytest.mark.parametrize(
    "change",
    [{"backbone": "mobilenet_v2"}, {"input.size": 128}, {"input.resize": "stretch"}, {"start": "nothing"}],
    ids=str,
)
def test_what_does_not_fit_is_told_beside_the_setting(workspace, tiny_dataset, change):
    first = with_model(workspace, tiny_dataset)
    (problem,) = problems(again(first, **change), tiny_dataset)
    assert problem.field == "start"


@pytest.mark.parametrize("file", ["model.keras", "exports/keras/model.keras"])
def test_the_file_of_a_run_is_known_to_be_its(workspace, tiny_dataset, file):
    run = with_model(workspace, tiny_dataset)
    path = write_model(run.path / file)
    found = find_start(workspace, str(path))
    assert (found.about.run, found.about.classes) == (run.id, tiny_dataset.info.classes)
    assert found.met


def test_a_file_is_taken_with_the_classes_that_lie_beside_it(workspace, tiny_dataset, tmp_path):
    path = write_model(tmp_path / "given" / "model.keras")
    assert find_start(workspace, str(path)).about.classes == ()
    labels = {"labels": ["a", "b", "c"], "resize": "letterbox", "image_size": 224}
    (path.parent / "labels.json").write_text(json.dumps(labels))
    about = find_start(workspace, str(path)).about
    assert (about.classes, about.input, about.outputs) == (("a", "b", "c"), {"size": 224, "resize": "letterbox"}, 3)
    fractions = Fractions(train=0.5, val=0.25, test=0.25)
    config = TrainingConfig(
        dataset=tiny_dataset.id, input={"resize": "letterbox"}, start=str(path), fractions=fractions
    )
    run = create_run(workspace, tiny_dataset, config)
    assert any("was trained on are not known" in note for note in run.dataset.notes)
    assert pd.read_parquet(run.path / "start" / "met.parquet").empty


def test_a_file_tells_its_classes_itself_whatever_lies_beside_it(workspace, tmp_path):
    path = write_model(tmp_path / "model.keras")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("graft.json", json.dumps({"labels": ["x", "y", "z"], "resize": "stretch"}))
    (path.parent / "labels.json").write_text(json.dumps({"labels": ["a", "b", "c"], "resize": "letterbox"}))
    about = find_start(workspace, str(path)).about
    assert (about.classes, about.input["resize"]) == (("x", "y", "z"), "stretch")
    hostile = write_model(tmp_path / "hostile.keras")
    with zipfile.ZipFile(hostile, "a") as archive:
        archive.writestr("graft.json", '{"labels": {"a": 1}}')
    with pytest.raises(RunError, match="what it says of its classes is damaged"):
        find_start(workspace, str(hostile))


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "keras.layers", "class_name": "Lambda", "name": "code", "config": {}},
        {"module": "os", "class_name": "system", "name": "code", "config": {}},
        {"module": None, "class_name": "Mine", "name": "code", "config": {}},
        {
            "module": "keras.layers",
            "class_name": "Activation",
            "name": "code",
            "config": {"activation": {"module": "builtins", "class_name": "function", "config": "eval"}},
        },
    ],
    ids=["lambda", "module", "unknown", "nested"],
)
def test_code_in_a_file_is_refused_by_its_name(workspace, tmp_path, layer):
    path = write_model(tmp_path / "hostile.keras", layer=layer)
    with pytest.raises(RunError, match="code that comes with a file is never run"):
        find_start(workspace, str(path))


def test_the_command_line_takes_over_what_the_start_was_made_for(workspace, tiny_dataset, tmp_path, capsys):
    run = with_model(workspace, tiny_dataset, input={"resize": "letterbox"})
    found = start_of(workspace, run.id)
    assert found == {
        "start": run.id,
        "backbone": "efficientnet_lite0",
        "input.size": 224,
        "input.resize": "letterbox",
    }
    moved = run.path.rename(tmp_path / "elsewhere")
    assert start_of(workspace, str(moved))["start"] == str(moved), "its pictures are known, as they are not of a file"
    path = write_model(tmp_path / "mine.keras")
    assert start_of(workspace, str(path))["start"] == str(path)
    assert main(["train", tiny_dataset.id, "--from", run.id]) == 1
    assert f"'{run.id}'" in capsys.readouterr().err


def test_what_is_no_model_of_ours_is_refused(workspace, tmp_path):
    path = tmp_path / "other.keras"
    with pytest.raises(RunError, match="There is none"):
        find_start(workspace, str(path))
    for content in (b"", b"PK\x05\x06" + bytes(18), b"[" * 10**5):
        path.write_bytes(content)
        with pytest.raises(RunError, match="damaged"):
            find_start(workspace, str(path))
    for wrong in ([], {"config": {"layers": []}}, {"config": {"name": "graft_x", "layers": [{}]}}):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", json.dumps(wrong))
            archive.writestr("model.weights.h5", b"")
        with pytest.raises(RunError, match="another kind of model"):
            find_start(workspace, str(path))


def test_a_class_that_was_renamed_keeps_its_place_in_the_head(workspace, tiny_dataset):
    first = with_model(workspace, tiny_dataset)
    operations.apply(tiny_dataset, RenameClass(old="square", new="box"))
    about = read_start(create_run(workspace, tiny_dataset, again(first)))
    assert about is not None
    assert about.classes == ("circle", "box", "triangle")


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_weights_of_another_task_are_refused(workspace, tiny_dataset, tmp_path, task):
    first = with_model(workspace, tiny_dataset)
    dataset = make_dataset(workspace, tmp_path / task, task)
    with pytest.raises(ConfigError, match="need the same task as the run"):
        create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, start=first.id))


@pytest.mark.parametrize(("head", "whose"), [("trained", "its"), ("logistic", "a new")])
def test_the_head_of_a_number_is_kept_unless_it_knows_the_validation_pictures(workspace, tmp_path, head, whose):
    dataset = make_dataset(workspace, tmp_path / "regression", "regression")
    first = with_model(workspace, dataset, head=head)
    second = create_run(workspace, dataset, again(first))
    assert any(note.endswith(f"with {whose} head.") for note in second.dataset.notes)
    assert read_start(second).keeps_head == (head == "trained")
