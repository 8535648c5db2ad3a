"""One contract lies beside every model; the files of before are read as one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts import image_contract
from tlcore.contract import Contract, contract_path, read_contract, write_contract
from tlcore.errors import RunError
from tlcore.tasks import TASKS, Decision

LABELS = {
    "schema_version": 1,
    "labels": ["a", "b"],
    "image_size": 224,
    "resize": "letterbox",
    "backbone": "resnet50",
    "dataset": "cloth",
    "temperature": 1.25,
    "value_range": [0.0, 4095.0],
}
GRAFT = {
    **LABELS,
    "run": "20260101-000000-resnet50-abcd",
    "input": {"name": "pixels", "layout": "NHWC", "channels": "RGB", "type": "float32", "range": [0, 255]},
    "outputs": ["probabilities", "unfamiliarity"],
    "unfamiliar_above": 1.0,
    "thresholds": [{"label": "a", "ratio": 10.0, "threshold": 0.2}],
    "sets": [{"method": "lac", "wanted": 0.9, "threshold": 0.3}],
}


@pytest.mark.parametrize("before", [LABELS, GRAFT], ids=["labels.json", "graft.json"])
def test_the_files_of_before_say_the_same_as_a_contract(tmp_path, before):
    (tmp_path / "labels.json").write_text(json.dumps(before))
    assert contract_path(tmp_path).name == "labels.json"
    found = read_contract(tmp_path)
    assert (found.task, found.classes) == ("classification", ("a", "b"))
    assert (found.input.size, found.input.resize, found.input.value_range) == (224, "letterbox", (0.0, 4095.0))
    assert (found.temperature, found.backbone, found.dataset) == (1.25, "resnet50", "cloth")
    assert found.tensors.pooled == "", "graphs of before are walked"
    if before is GRAFT:
        assert found.thresholds[0].threshold == 0.2
        assert (found.unfamiliar_above, found.sets[0].method) == (1.0, "lac")


def test_what_is_written_takes_the_place_of_the_file_of_before(tmp_path):
    (tmp_path / "labels.json").write_text(json.dumps(LABELS))
    write_contract(tmp_path, read_contract(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["contract.json"]
    assert read_contract(tmp_path).classes == ("a", "b")


@pytest.mark.parametrize("task", TASKS)
def test_a_contract_names_what_a_model_takes_and_gives(task):
    classes = () if task == "regression" else ("a", "b", "c")
    found = image_contract(classes, 96, task=task)
    assert [(each.name, each.shape) for each in found.inputs] == [("pixels", (96, 96, 3))]
    output = "values" if task == "regression" else "probabilities"
    width = TASKS[task].width(len(classes))
    assert [(each.name, each.shape) for each in found.outputs] == [(output, (width,)), ("unfamiliarity", ())]


@given(
    classes=st.lists(st.text(min_size=1), unique=True, max_size=5),
    thresholds=st.lists(st.floats(0, 1), max_size=5),
    margin=st.none() | st.floats(0, 1e9),
    unit=st.text(max_size=5),
)
def test_a_contract_comes_back_from_its_file(classes, thresholds, margin, unit):
    decision = Decision(thresholds=tuple(thresholds), margin=margin)
    contract = image_contract(classes, 32, task="multilabel", decision=decision, unit=unit)
    assert Contract.model_validate_json(contract.model_dump_json()) == contract


def test_a_missing_or_damaged_contract_is_a_sentence(tmp_path):
    with pytest.raises(RunError, match=r"contract\.json is needed"):
        read_contract(tmp_path)
    (tmp_path / "contract.json").write_text('{"classes": 3}')
    with pytest.raises(RunError, match="should follow the schema Contract"):
        read_contract(tmp_path)
