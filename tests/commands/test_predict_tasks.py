"""`predict` of models of several labels and of numbers: the table, JSON, what is printed, and going on."""

from __future__ import annotations

import csv
import json

import pytest

from tests.contracts import image_contract
from tests.graphs import make_answerable_run, write_task_model
from tlcore.__main__ import main
from tlcore.contract import write_contract
from tlcore.tasks import Decision

CONTRACTS = {
    "multilabel": image_contract(
        ("blue", "a|b", "red"),
        32,
        task="multilabel",
        unfamiliarity=False,
        decision=Decision(thresholds=(0.7, 0.2, 0.9)),
    ),
    "regression": image_contract(
        (), 32, task="regression", unfamiliarity=False, decision=Decision(margin=1.5), value_name="redness", unit="kg"
    ),
}


@pytest.fixture(params=list(CONTRACTS))
def run(request, workspace, tiny_dataset):
    """A run that has come as far as a model of the task."""
    made, contract = make_answerable_run(workspace, tiny_dataset), CONTRACTS[request.param]
    write_task_model(made.model_onnx, contract.task, max(1, len(contract.classes)))
    write_contract(made.path, contract)
    return made, contract.task


def rows(path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def said(capsys) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_the_table_and_json_have_the_columns_of_the_task(run, tiny_folder, tmp_path, capsys):
    made, task = run
    table = tmp_path / "answers.csv"
    assert main(["predict", made.id, str(tiny_folder), "--csv", str(table), "--json"]) == 0
    first, row = said(capsys)["predictions"][0], rows(table)[0]
    if task == "multilabel":
        assert list(row) == [
            *("path", "labels", "confidence", "says", "unfamiliarity"),
            *("p_blue", "p_a|b", "p_red", "error"),
        ]
        assert row["labels"] == "a\\|b|red", "sorted, a bar in a name with a backslash before it"
        assert first["labels"] == ["red", "a|b"], "the likeliest first"
        assert float(row["confidence"]) == pytest.approx(first["confidence"], abs=1e-6)
        assert set(first["probabilities"]) == {"blue", "a|b", "red"}
    else:
        assert list(row) == ["path", "value", "low", "high", "unit", "says", "unfamiliarity", "error"]
        assert (row["unit"], row["says"]) == ("kg", "predicted")
        assert float(row["low"]) == pytest.approx(float(row["value"]) - 1.5, rel=1e-4)
        assert [first[name] for name in ("unit", "value_name")] == ["kg", "redness"]
        assert first["value"] == pytest.approx(float(row["value"]))


def test_a_table_is_gone_on_with_and_another_tasks_is_not(run, tiny_folder, tmp_path, capsys):
    made, task = run
    table = tmp_path / "answers.csv"
    ask = ["predict", made.id, str(tiny_folder), "--csv", str(table)]
    assert main(ask) == 0
    content = table.read_bytes()
    table.write_bytes(content[: len(content) // 2])
    assert main([*ask, "--resume"]) == 0
    assert table.read_bytes() == content
    capsys.readouterr()
    other = "regression" if task == "multilabel" else "multilabel"
    write_contract(made.path, CONTRACTS[other])
    write_task_model(made.model_onnx, other, max(1, len(CONTRACTS[other].classes)))
    assert main([*ask, "--resume"]) == 1
    assert "this run's columns" in capsys.readouterr().err


def test_what_is_printed_names_labels_or_values_with_their_unit(run, tiny_folder, capsys):
    made, task = run
    assert main(["predict", made.id, str(tiny_folder / "circle")]) == 0
    printed = capsys.readouterr().out
    if task == "multilabel":
        assert "labels" in printed.splitlines()[0]
        assert "red, a|b" in printed
    else:
        assert "prediction interval" in printed.splitlines()[0]
        assert " kg" in printed
        assert " to " in printed


def test_many_are_summed_up(run, tiny_folder, capsys, monkeypatch):
    made, task = run
    monkeypatch.setattr("tlcore.commands.predict.MOST_SHOWN", 2)
    assert main(["predict", made.id, str(tiny_folder)]) == 0
    printed = capsys.readouterr().out
    assert "… and 34 more. Of all: " in printed
    assert ("red 36" if task == "multilabel" else "median") in printed
