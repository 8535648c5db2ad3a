"""The export page: what agrees is offered, what disagrees is refused."""

from __future__ import annotations

import pytest

from tests.pages.made_runs import made
from tests.pages.opening import button, open_page, words
from tests.pages.small_models import answering, exported
from tlcore.data.dataset import list_datasets


def downloads(app) -> list[str]:
    return [element.label for element in app.get("download_button")]


def test_what_agrees_can_be_downloaded(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    for key, file in (("keras", "model.keras"), ("onnx", "model.onnx"), ("bundle", "bundle.zip")):
        exported(run, key, file)
    app = open_page("6_export", run=run.id)
    assert downloads(app) == ["Download bundle.zip", "Download model.onnx", "Download model.keras"]
    drawn = "\n".join(element.body for element in app.get("html"))
    assert "40 of 40" in drawn
    assert "2 × 10⁻⁷" in drawn


def test_what_disagrees_is_refused_with_the_reason(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    exported(run, "onnx", "model.onnx")
    exported(run, "keras", "model.keras", agrees=False, reason="Half of the answers are others.")
    app = open_page("6_export", run=run.id)
    assert downloads(app) == ["Download model.onnx"]
    assert "Half of the answers are others." in app.error[0].value


def test_a_file_that_was_changed_after_the_proof_is_refused(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    exported(run, "onnx", "model.onnx")
    (run.exports / "onnx" / "model.onnx").write_bytes(b"something else entirely")
    app = open_page("6_export", run=run.id)
    assert downloads(app) == []
    assert "changed since" in app.error[0].value


def test_a_run_without_artefacts_offers_to_make_them(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    app = open_page("6_export", run=run.id)
    assert downloads(app) == []
    assert button(app, "Make the files")


@pytest.mark.parametrize("page", ["5_try", "6_export"])
def test_without_pictures_the_page_leads_to_the_data_page(workspace, page):
    assert "Bring some" in words(open_page(page))


@pytest.mark.parametrize("page", ["1_data", "5_try", "6_export"])
def test_a_half_written_workspace_shows_no_trace(workspace, tiny_dataset, page):
    (workspace.runs / "20260101-000000-torn-0000").mkdir()
    (workspace.runs / "20260101-000000-torn-0001").mkdir()
    (workspace.runs / "20260101-000000-torn-0001" / "config.json").write_text("{")
    (workspace.datasets / "20260101-000000-torn-0002").mkdir()
    run = made(workspace, tiny_dataset)
    (run.path / "events.jsonl").write_text('{"kind": "started", "pid": 1}\n{"kind": "epo')
    open_page(page)
    run.labels_json.write_text("{")
    run.model_onnx.write_bytes(b"half")
    open_page(page)
    assert len(list_datasets(workspace)) == 1
