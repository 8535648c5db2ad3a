"""A model that says how unfamiliar a picture is: what is stored of it, and who it is tried on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from tests.graphs import make_answerable_run, write_knowing_model
from tlcore.data.intake import ingest
from tlcore.evaluation.files import read_calibration, read_ood, read_predictions, read_validation
from tlcore.evaluation.ood_evaluation import auroc
from tlcore.evaluation.run import evaluate_run, write_validation
from tlcore.inference.predictor import Predictor
from tlcore.progress import drain
from tlcore.tasks import Decision


@pytest.fixture
def strange_folder(tmp_path):
    """Pictures of a colour that no shape has, on no ground that one has."""
    for label in ("dark", "darker"):
        (tmp_path / "strange" / label).mkdir(parents=True)
        for number in range(4):
            colour = (9 * number, 0, 40 + 9 * number if label == "dark" else 20 + number)
            Image.new("RGB", (40, 40), colour).save(tmp_path / "strange" / label / f"{number}.png")
    return tmp_path / "strange"


def test_what_a_model_says_of_pictures_is_stored_and_other_datasets_are_told_apart(
    workspace, tiny_dataset, strange_folder
):
    drain(ingest(workspace, strange_folder), lambda step: None)
    drain(ingest(workspace, strange_folder, name="the same strangers"), lambda step: None)
    run = make_answerable_run(workspace, tiny_dataset)
    write_knowing_model(run, workspace, temperature=0.5)
    evaluate_run(run, lambda step: None)
    predictor = Predictor.from_run(run.path)
    assert predictor.tells_unfamiliar
    table = read_predictions(run.path)
    answers = list(predictor.predict_files([tiny_dataset.image_path(file) for file in table["file"]]))
    assert table["unfamiliarity"].tolist() == pytest.approx([answer.unfamiliarity for answer in answers])
    found = read_calibration(run.path)
    assert (found.temperature, found.in_model) == (0.5, True)
    assert (found.validation, found.test) == (len(read_validation(run.path)), len(table))
    assert read_ood(run.path).test.value == (table["unfamiliarity"] > 1).mean()
    (strangers,) = read_ood(run.path).strangers
    assert (strangers.name, strangers.n, strangers.recognised) == ("the same strangers", 8, 1.0)
    assert strangers.auroc.value == 1.0
    assert strangers.auroc.low < 0.8  # eight pictures say no more


def test_a_picture_of_the_run_is_no_stranger_wherever_it_lies(workspace, tiny_dataset, tiny_folder, tmp_path):
    run = make_answerable_run(workspace, tiny_dataset)
    write_knowing_model(run, workspace, temperature=1.0)
    drain(ingest(workspace, tiny_folder, name="the same again"), lambda step: None)
    evaluate_run(run, lambda step: None)
    assert read_ood(run.path).strangers == ()


def test_a_model_without_a_second_output_is_calibrated_all_the_same(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset)
    evaluate_run(run, lambda step: None)
    found = read_calibration(run.path)
    assert not found.in_model
    assert read_ood(run.path) is None
    assert "unfamiliarity" not in read_predictions(run.path)


def test_a_calibration_of_before_still_says_what_was_unfamiliar(tmp_path):
    share = {"value": 0.05, "low": 0.01, "high": 0.1}
    (tmp_path / "calibration.json").write_text(
        json.dumps({"temperature": 1.0, "unfamiliarity": {"validation": 0.04, "test": share, "strangers": []}})
    )
    found = read_ood(tmp_path)
    assert (found.validation, found.test.value, found.strangers) == (0.04, 0.05, ())


def test_nothing_is_chosen_by_validation_pictures_that_the_model_has_met(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset, head="logistic")
    write_knowing_model(run, workspace, temperature=1.0)
    evaluate_run(run, lambda step: None)
    assert read_validation(run.path) is None
    assert read_calibration(run.path) is None
    # Training knows a head that had not met them.
    n = int((run.split()["split"] == "val").sum())
    chances = np.full((n, 3), 1 / 3, np.float32)
    write_validation(run, chances, np.ones(n, np.float32), Decision())
    evaluate_run(run, lambda step: None)
    assert read_validation(run.path)["confidence"].tolist() == pytest.approx([1 / 3] * n)
    assert read_calibration(run.path).validation == n


def test_the_auroc_is_scikit_learns_and_its_interval_holds_the_true_one():
    rng, held = np.random.default_rng(0), []
    truth = 0.7602  # of two normal distributions one deviation apart: Φ(1/√2)
    for _ in range(100):
        own, other = rng.normal(size=40), rng.normal(size=25) + 1
        found = auroc(own, other)
        held.append(found.low <= truth <= found.high)
    assert found.value == roc_auc_score([0] * 40 + [1] * 25, [*own, *other])
    assert np.mean(held) >= 0.95
    assert auroc(np.zeros(5), np.zeros(7)).value == 0.5
