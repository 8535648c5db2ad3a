"""The check of datasets whose pictures have several labels or a number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.health.conftest import put_features
from tests.task_datasets import relabelled
from tlcore.data.edits.operations import apply
from tlcore.data.edits.types import Relabel, SetLabels
from tlcore.data.info import DatasetInfo
from tlcore.data.intake import ingest
from tlcore.health.check import Check
from tlcore.health.clusters import cluster_findings
from tlcore.health.labels import label_findings
from tlcore.health.shortcuts import shortcut_findings
from tlcore.health.work import work
from tlcore.modalities.checks import Trait
from tlcore.modalities.image import IMAGE
from tlcore.progress import drain
from tlcore.tasks import TASKS


def info(task: str, *classes: str, unit: str = "") -> DatasetInfo:
    return DatasetInfo(id="x", name="x", classes=classes, fingerprint="", task=task, unit=unit)


def items(labels: list[str]) -> pd.DataFrame:
    names = [str(number) for number in range(len(labels))]
    return pd.DataFrame({"sha256": names, "source": [f"{name}.png" for name in names], "label": labels})


def test_a_label_that_is_missing_and_one_that_is_too_much_are_found():
    rng = np.random.default_rng(0)
    true = rng.random((200, 2)) < 0.5
    chances = np.where(true, 0.95, 0.05).astype(np.float32)
    given = true.astype(np.float32)
    given[3] = 1 - given[3]
    labels = ["|".join(np.array(["a", "b"])[row > 0]) for row in given]
    about, task = info("multilabel", "a", "b"), TASKS["multilabel"]
    (found,) = label_findings(items(labels), task.doubts(chances, given, about.classes), about)
    assert found.items == ("3",)
    assert found.suggested == {"3": "|".join(np.array(["a", "b"])[true[3]])}
    assert "but a probe that has not seen it gives 'a' " in found.says
    assert task.doubts(chances[:8], given[:8], about.classes).found == []


def test_a_number_that_is_far_off_is_found_where_the_probe_knows_something():
    rng = np.random.default_rng(0)
    true = rng.uniform(0, 100, 100)
    predicted, values = true + rng.normal(0, 2, 100), true.copy()
    values[7] += 40
    about, task = info("regression", unit="kg"), TASKS["regression"]
    doubts = task.doubts(predicted[:, None], values[:, None], (), "kg")
    (found,) = label_findings(items([repr(float(one)) for one in values]), doubts, about)
    assert (found.items, found.suggested) == (("7",), None)
    assert " kg, but a probe that has not seen it predicts " in found.says
    values[8] += 4000  # so far off that no R² is left
    assert [doubt.row for doubt in task.doubts(predicted[:, None], values[:, None], (), "kg").found] == [7, 8]
    unskilled = task.doubts(rng.permutation(predicted)[:, None], values[:, None], (), "kg")
    assert unskilled.found == ()
    assert "predicts the values too poorly" in unskilled.note


def test_copies_with_different_labels_or_far_numbers_contradict_each_other():
    clusters = pd.DataFrame({"sha256": ["0", "1", "2", "3"], "cluster": ["p", "p", "q", "q"]})
    first, second = cluster_findings(clusters, items(["a|b", "a", "", ""]), info("multilabel", "a", "b"))
    assert "among them are the labels 'a' and 'b' and the label 'a': at least one is wrong" in first.says
    assert second.says == "2 pictures with no label are copies of one another and count as 2."
    first, second = cluster_findings(clusters, items(["1.0", "9.0", "5.0", "5.1"]), info("regression", unit="kg"))
    assert "among them are the value 1 kg and the value 9 kg: at least one is wrong" in first.says
    assert second.says == "2 pictures with the value 5 kg are copies of one another and count as 2."
    assert first.score > second.score


def test_a_label_that_a_border_gives_away_is_told():
    table = items(["x"] * 40)
    has = {"a": np.arange(20), "b": np.arange(0, 40, 2)}
    borders = Trait(pd.Series(["black"] * 20 + [""] * 20), "have a border ({value})", "have no border")
    (found,) = shortcut_findings(table, {"border": borders}, has, IMAGE.noun)
    assert "100% of the pictures of 'a' have a border (black)" in found.says
    assert len(found.items) == 20


@pytest.fixture
def scenery(workspace, scenes, tmp_path):
    """Forty scenes whose colour says a number, and two labels: which are red, which are blue."""
    red = np.random.default_rng(1).random(40) < 0.5
    blue = np.random.default_rng(2).random(40) < 0.5
    for number, scene in enumerate(scenes):
        tinted = scene.copy()
        tinted[..., 0] = 220 if red[number] else 30
        tinted[..., 2] = 220 if blue[number] else 30
        (tmp_path / "scenes" / "all").mkdir(parents=True, exist_ok=True)
        Image.fromarray(tinted).save(tmp_path / "scenes" / "all" / f"{number:02d}.png")
    from tlcore.data.import_plan import ImportChoices

    steps = ingest(workspace, tmp_path / "scenes", choices=ImportChoices(confirmed=True, label="all"))
    dataset = drain(steps, lambda step: None).dataset
    places = [int(source.split("/")[-1][:2]) for source in dataset.items()["source"]]
    return put_features(workspace, dataset), red[places], blue[places]


def test_a_check_of_several_labels_finds_a_wrong_one_and_says_what_it_left_out(scenery):
    dataset, red, blue = scenery
    labels = ["|".join(name for name, has in (("blue", b), ("red", r)) if has) for r, b in zip(red, blue, strict=True)]
    wrong = labels.index("red")
    labels[wrong] = "blue|red"
    relabelled(dataset, "multilabel", labels)
    sha = dataset.items()["sha256"][wrong]
    assert work(dataset.path) == 0
    check = Check(dataset)
    suspects = [finding for finding in check.findings() if finding.kind == "label_suspect"]
    assert {sha: "red"} in [finding.suggested for finding in suspects]
    assert not {"confusable_classes", "split_class"} & {finding.kind for finding in check.findings()}
    assert "only where each picture has one class" in " ".join(check.info().notes)
    score = check.info().score
    assert 0.8 < score.low <= score.value <= score.high <= 1
    assert "mean average precision (mAP)" in check.curve().whole.says
    assert set(check.curve().classes) == {"blue", "red"}
    assert list(check.probabilities().columns) == ["blue", "red"]
    assert isinstance(apply(dataset, Relabel(labels={sha: "red"})).change, SetLabels)
    assert check.stale()


def test_a_check_of_numbers_finds_one_that_is_far_off(scenery):
    dataset, red, blue = scenery
    numbers = 10.0 * red + 5.0 * blue + np.random.default_rng(0).normal(0, 0.2, len(red))
    wrong = int(np.flatnonzero(red)[0])
    numbers[wrong] -= 9
    relabelled(dataset, "regression", [repr(float(one)) for one in numbers], value_name="weight", unit="kg")
    assert work(dataset.path) == 0
    check = Check(dataset)
    suspects = [finding.items for finding in check.findings() if finding.kind == "label_suspect"]
    assert (dataset.items()["sha256"][wrong],) in suspects
    assert not {"shortcut", "imbalance", "split_class"} & {finding.kind for finding in check.findings()}
    assert check.info().score.low < check.info().score.value < 5  # kg
    assert " kg (" in check.curve().whole.says
    assert check.probabilities() is None


@pytest.mark.parametrize("labels", [[""], ["a"], ["a", "a|b"]])
def test_a_check_of_labels_that_say_nothing_ends_well(workspace, tiny_dataset, labels):
    given = [labels[place % len(labels)] for place in range(36)]
    dataset = put_features(workspace, relabelled(tiny_dataset, "multilabel", given))
    assert work(dataset.path) == 0


def test_a_check_of_one_number_for_all_ends_well(workspace, tiny_dataset):
    dataset = put_features(workspace, relabelled(tiny_dataset, "regression", ["3.0"] * 36))
    assert work(dataset.path) == 0
    assert "The values could not be checked" in " ".join(Check(dataset).info().notes)
