"""A run is judged on its test pictures only, by its own graph, and what was found is stored."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.graphs import make_answerable_run
from tlcore.data.split.locked import draw_parts
from tlcore.data.test_usage import read_looks
from tlcore.errors import DataError, RunError
from tlcore.evaluation.files import read_evaluation, read_predictions
from tlcore.evaluation.predictions import probabilities
from tlcore.evaluation.run import evaluate_run
from tlcore.inference.predictor import Predictor
from tlcore.tasks.classification import LARGEST_CLASS


@pytest.fixture
def run(workspace, tiny_dataset):
    return make_answerable_run(workspace, tiny_dataset)


def test_the_test_pictures_and_no_others_are_judged(run, tiny_dataset):
    steps = []
    found = evaluate_run(run, steps.append)
    split, predictions = run.split(), read_predictions(run.path)
    expected = split[split["split"] == "test"]
    assert list(predictions["sha256"]) == list(expected["sha256"])
    assert found.n == len(expected)
    assert read_evaluation(run.path) == found
    assert found.headline.value > found.baseline(LARGEST_CLASS).value
    assert steps[-1].done == steps[-1].total == found.n
    predictor = Predictor.from_run(run.path)
    answers = [predictor.predict([predictor.decode(tiny_dataset.image_path(file))])[0] for file in expected["file"]]
    assert np.array_equal(probabilities(predictions, 3), np.stack(answers))


def test_each_judgement_is_a_look_at_the_test_part(run, tiny_dataset):
    for _ in range(2):
        evaluate_run(run, lambda step: None)
    assert [(look.run, look.draw) for look in read_looks(tiny_dataset)] == [(run.id, 1)] * 2
    draw_parts(tiny_dataset, seed=1)
    evaluate_run(run, lambda step: None)  # on the part that it was made with
    assert [look.draw for look in read_looks(tiny_dataset)] == [1, 1, 1]


def test_the_baseline_counts_the_training_pictures(run):
    split = run.split()
    # One class has most of the training pictures; the test pictures stay as they are.
    largest = run.dataset.classes[1]
    split.loc[(split["split"] == "train") & (split.index % 2 == 0), "label"] = largest
    split.to_parquet(run.path / "split.parquet")
    found = evaluate_run(run, lambda step: None)
    assert found.largest_class == largest
    assert found.baseline(LARGEST_CLASS).value == pytest.approx(
        (split[split["split"] == "test"]["label"] == largest).mean()
    )


def test_a_run_without_test_pictures_is_judged_in_a_sentence(run):
    split = run.split()
    split.loc[split["split"] == "test", "split"] = "train"
    split.to_parquet(run.path / "split.parquet")
    found = evaluate_run(run, lambda step: None)
    assert found.n == 0
    assert "no test pictures" in found.notes[0]
    assert read_predictions(run.path).empty


def test_a_run_without_a_model_says_so(run):
    run.model_onnx.unlink()
    with pytest.raises(RunError, match="A model is needed"):
        evaluate_run(run, lambda step: None)
    assert read_evaluation(run.path) is None


def test_a_run_whose_dataset_is_gone_says_so(run, tiny_dataset):
    tiny_dataset.delete()
    with pytest.raises(DataError, match=tiny_dataset.id):
        evaluate_run(run, lambda step: None)


@pytest.mark.slow
def test_judging_loads_no_backend(run):
    program = (
        "import sys, json, pathlib\n"
        "from tlcore.evaluation.run import evaluate_run\n"
        "from tlcore.runs.run import Run\n"
        f"evaluate_run(Run(pathlib.Path({str(run.path)!r})), lambda step: None)\n"
        "print(json.dumps(sorted(set(sys.modules) & {'keras', 'tensorflow', 'jax', 'torch'})))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_the_table_has_what_the_page_shows(run):
    evaluate_run(run, lambda step: None)
    table = pd.read_parquet(run.predictions)
    assert list(table.columns) == ["sha256", "file", "label", "predicted", "confidence", "correct", "p_0", "p_1", "p_2"]
