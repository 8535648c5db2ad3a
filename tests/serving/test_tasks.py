"""A server answers in the way of its model's task, says so in its description, and counts what it answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from jsonschema import validate

from tests.conftest import CLASSES
from tests.contracts import image_contract
from tests.graphs import write_task_model
from tests.serving.conftest import picture
from tlcore.contract import read_contract, write_contract
from tlcore.inference.predictor import Predictor
from tlcore.serving.api import create_app
from tlcore.tasks import Decision

CONTRACTS = {
    "multilabel": image_contract(
        tuple(CLASSES), 32, task="multilabel", unfamiliarity=False, decision=Decision(thresholds=(0.9, 0.9, 0.6))
    ),
    "regression": image_contract(
        (), 32, task="regression", unfamiliarity=False, decision=Decision(margin=1.5), value_name="redness", unit="mm"
    ),
}


@pytest.fixture(params=list(CONTRACTS))
def client(request: pytest.FixtureRequest, tmp_path) -> Iterator[TestClient]:
    contract = CONTRACTS[request.param]
    write_task_model(tmp_path / "model.onnx", contract.task, max(1, len(contract.classes)))
    write_contract(tmp_path, contract)
    app = create_app(Predictor.from_run(tmp_path, threads=1), model="a-run", sha256="0" * 64)
    with TestClient(app) as client:
        client.task = contract.task
        yield client


def test_an_answer_has_the_labels_above_their_thresholds_or_the_value_with_its_interval(client):
    said = client.post("/predict", files=[("items", ("one.png", picture("circle")))]).json()["predictions"][0]
    if client.task == "multilabel":
        assert list(said) == ["name", "labels", "probabilities", "unfamiliarity"]
        assert said["labels"] == ["triangle"]
        assert set(said["probabilities"]) == set(CLASSES)
        assert said["probabilities"]["square"] > 0.1, "labels that are not given have their probabilities, too"
    else:
        assert said == {
            "name": "one.png",
            "value": pytest.approx(200),
            "low": pytest.approx(198.5),
            "high": pytest.approx(201.5),
            "coverage": 0.9,
            "value_name": "redness",
            "unit": "mm",
            "unfamiliarity": None,
        }


def test_the_description_is_that_of_the_task(client):
    described = client.get("/openapi.json").json()
    answer = described["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    name = "LabelsPredictions" if client.task == "multilabel" else "ValuePredictions"
    assert answer == {"$ref": f"#/components/schemas/{name}"}
    said = client.post("/predict", files=[("items", ("one.png", picture("circle")))]).json()
    validate(said, {**answer, "components": described["components"]})


def test_the_card_has_the_contract(client):
    card = client.get("/model").json()
    contract = CONTRACTS[client.task]
    assert card["contract"]["task"] == client.task
    assert card["contract"]["decision"] == contract.model_dump(mode="json")["decision"]
    assert card["labels"] == list(contract.classes)


def test_a_monitor_sees_labels_given_and_values(client):
    files = [("items", (name, picture(name))) for name in ("circle", "square")]
    assert client.post("/predict", files=files).status_code == 200
    figures = client.get("/metrics").text
    if client.task == "multilabel":
        assert 'graft_predictions_total{label="triangle"} 2.0' in figures
        assert 'graft_predictions_total{label="circle"} 0.0' in figures
    else:
        assert "graft_predicted_value_count 2.0" in figures
        assert "graft_predicted_value_sum 250.0" in figures


def test_a_folder_of_before_is_served(tmp_path):
    contract = CONTRACTS["multilabel"]
    write_task_model(tmp_path / "model.onnx", "multilabel", 3)
    before = {"labels": list(contract.classes), "image_size": 32, "resize": "crop", "task": "multilabel"}
    import json

    (tmp_path / "labels.json").write_text(json.dumps(before))
    assert read_contract(tmp_path).classes == contract.classes
    with TestClient(create_app(Predictor.from_run(tmp_path, threads=1), model="x", sha256="0" * 64)) as client:
        said = client.post("/predict", files=[("items", ("one.png", picture("circle")))]).json()
    assert said["predictions"][0]["labels"] == ["triangle"], "0.5 where there are no thresholds"
