"""Runs side by side: on the pictures that both were asked about, with a warning where those are not all."""

from __future__ import annotations

import json

import pytest

from tests.graphs import make_answerable_run
from tests.pages.made_runs import epoch_ended, finished, made
from tlcore.__main__ import main
from tlcore.data.split.locked import draw_parts
from tlcore.errors import RunError
from tlcore.evaluation.compare import compare
from tlcore.evaluation.files import read_curves, read_evaluation, read_predictions, read_validation
from tlcore.evaluation.run import evaluate_run
from tlcore.runs.events import Ended, Started
from tlcore.runs.recorder import Recorder
from tlcore.tasks.paired import mcnemar

SHARES = {"fractions": {"train": 0.2, "val": 0.2, "test": 0.6}}


@pytest.fixture
def pair(workspace, tiny_dataset):
    """Two runs on one split: the second has about half of the test pictures more."""
    return [finished(workspace, tiny_dataset, right=right, **SHARES) for right in (0.5, 1.0)]


def test_two_runs_are_compared_picture_by_picture(pair):
    found = compare(pair)
    (one,) = found.pairs
    before, after = (read_predictions(run.path) for run in pair)
    gained = int((~before["correct"] & after["correct"]).sum())
    assert (one.first, one.second) == (pair[0].id, pair[1].id)
    assert (one.n, one.right.only_first, one.right.only_second) == (len(before), 0, gained)
    assert one.right.both_right + one.right.only_second + one.right.both_wrong == one.n
    assert one.difference.value == pytest.approx(after["correct"].mean() - before["correct"].mean())
    assert one.difference.low < one.difference.value <= one.difference.high
    assert one.right.p_value == pytest.approx(mcnemar(0, gained))
    assert not one.grouped
    assert set(one.better) == set(before.loc[~before["correct"], "sha256"])
    assert one.worse == found.warnings == ()
    assert sum(each.only_second for each in one.right.per_class) == gained
    steps = [abs(each.second - each.first) for each in one.right.per_class]
    assert steps == sorted(steps, reverse=True)
    assert [each.figures["accuracy"].value for each in found.runs] == [
        before["correct"].mean(),
        after["correct"].mean(),
    ]
    assert found.runs[0].bytes == pair[0].model_onnx.stat().st_size


def test_pictures_of_one_group_are_one_opinion(pair):
    alone = compare(pair).pairs[0]
    split = pair[0].split()
    split["group"] = ["g" if part == "test" and row % 2 else "" for row, part in enumerate(split["split"])]
    split.to_parquet(pair[0].path / "split.parquet")
    grouped = compare(pair).pairs[0]
    assert grouped.grouped
    assert grouped.right.p_value > alone.right.p_value
    assert grouped.difference.value == alone.difference.value


def test_other_test_parts_are_not_compared_without_a_warning(workspace, tiny_dataset, pair):
    draw_parts(tiny_dataset, seed=5)
    other = finished(workspace, tiny_dataset, **SHARES)
    found = compare([pair[0], other])
    mine, theirs = (set(read_predictions(run.path)["sha256"]) for run in (pair[0], other))
    assert mine != theirs
    assert found.pairs[0].n == len(mine & theirs)
    assert "different test sets" in found.warnings[0]
    table = read_predictions(other.path)
    table[~table["sha256"].isin(mine)].to_parquet(other.predictions)
    apart = compare([pair[0], other])
    assert "cannot be compared" in apart.warnings[0]
    assert (apart.pairs[0].n, apart.pairs[0].right) == (0, None)


def test_pictures_that_were_relabelled_in_between_are_left_out(pair):
    table = read_predictions(pair[1].path)
    table.loc[0, "label"] = next(label for label in pair[0].dataset.classes if label != table.loc[0, "label"])
    table.to_parquet(pair[1].predictions)
    found = compare(pair)
    assert found.pairs[0].n == len(table) - 1
    assert "1 pictures were relabelled" in found.warnings[0]


def test_what_cannot_be_compared_is_a_sentence(workspace, tiny_dataset, pair):
    with pytest.raises(RunError, match="Two runs or more"):
        compare([pair[0], pair[0]])
    with pytest.raises(RunError, match="was not"):
        compare([pair[0], made(workspace, tiny_dataset)])


def test_the_command_says_who_is_better_in_words_and_as_json(pair, capsys):
    assert main(["compare", pair[0].id, pair[1].id]) == 0
    said = capsys.readouterr().out
    assert "McNemar's exact test" in said
    assert "went from wrong to right, 0 from right to wrong" in said
    assert main(["compare", pair[0].id, pair[1].id, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert set(content) == {"task", "metric", "unit", "runs", "pairs", "warnings"}
    assert set(content["runs"][0]["accuracy"]) == {"value", "low", "high"}
    assert content["pairs"][0]["only_second"] == len(content["pairs"][0]["to_right"])
    assert main(["compare", pair[0].id]) == 1
    assert "Two runs or more" in capsys.readouterr().err


# === `evaluate`, whose figures these are ===


@pytest.fixture
def judged(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset)
    with Recorder(run) as recorder:
        recorder.record(Started(pid=1))
        for epoch, val_loss in enumerate((1.0, 0.7, 0.8, 0.9, 1.2), start=1):
            recorder.record(epoch_ended(epoch, loss=1 / epoch, val_loss=val_loss))
        evaluate_run(run, lambda step: None)
        recorder.record(Ended(state="finished"))
    return run


def test_evaluate_gives_every_figure_with_its_interval(judged, capsys):
    assert main(["evaluate", judged.id, "--json"]) == 0
    content = json.loads(capsys.readouterr().out.splitlines()[-1])
    whole = {"accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier"}
    assert whole | {"run", "looks", "calibration", "baselines", "per_class", "ood", "top_k", "notes"} <= set(content)
    for name in whole:
        assert content[name]["low"] <= content[name]["value"] <= content[name]["high"]
    assert content["accuracy"]["value"] == read_evaluation(judged.path).headline.value
    assert content["baselines"]["largest_class"]["label"] in judged.dataset.classes
    assert content["baselines"]["linear_probe"] is None
    first = content["per_class"][0]
    assert set(first) == {"label", "precision", "recall", "f1", "support", "answered", "auc", "average_precision"}
    assert first["f1"]["low"] <= first["f1"]["value"] <= first["f1"]["high"]
    (reading,) = content["readings"]
    assert reading["kind"] == "overfitting"
    assert {"field": "dropout", "value": 0.4, "reason": reading["changes"][-1]["reason"]} in reading["changes"]
    assert main(["evaluate", judged.id]) == 0
    said = capsys.readouterr().out
    assert "Always" in said
    assert "After epoch 2 the validation loss rose from 0.70 to 1.20" in said


def test_the_validation_pictures_are_answered_too_and_kept_apart(judged):
    split, validated = judged.split(), read_validation(judged.path)
    assert list(validated["sha256"]) == list(split.loc[split["split"] == "val", "sha256"])
    assert list(validated) == list(read_predictions(judged.path))
    assert not set(validated["sha256"]) & set(read_predictions(judged.path)["sha256"])
    assert set(read_curves(judged.path)["kind"]) == {"roc", "pr"}
    (judged.path / "validation.parquet").unlink()
    assert read_validation(judged.path) is None


def test_a_run_whose_split_has_groups_is_judged_by_them(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset)
    split = run.split()
    split["group"] = split["label"]
    split.to_parquet(run.path / "split.parquet")
    found = evaluate_run(run, lambda step: None)
    assert (found.groups, found.grouped) == (3, True)
    split.drop(columns="group").to_parquet(run.path / "split.parquet")  # as in runs of long ago
    alone = evaluate_run(run, lambda step: None)
    assert not alone.grouped
    assert alone.headline.high - alone.headline.low < found.headline.high - found.headline.low
