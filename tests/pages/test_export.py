"""The export page: what agrees is offered, what disagrees is refused."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from pages.components.export import usage_snippets
from tests.pages.made_runs import made
from tests.pages.opening import button, open_page, words
from tests.pages.small_models import answering, exported
from tlcore.contract import read_contract, write_contract
from tlcore.data.dataset import list_datasets
from tlcore.files import write_json
from tlcore.items import Field
from tlcore.jobs.events import Started, Waiting
from tlcore.jobs.writer import JobWriter
from tlcore.progress import Progress
from tlcore.runs.exporting import DOWNLOADS, Making
from tlcore.runs.formats import FORMATS
from tlcore.runs.manifest import Accuracy, Awkward


def downloads_offered(app) -> list[str]:
    return [element.label for element in app.get("download_button")]


def test_what_agrees_can_be_downloaded(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    for key, file in (("keras", "model.keras"), ("onnx", "model.onnx"), ("bundle", "bundle.zip")):
        exported(run, key, file)
    app = open_page("export", run=run.id)
    assert downloads_offered(app) == ["Download bundle.zip", "Download model.onnx", "Download model.keras"]
    drawn = "\n".join(element.body for element in app.get("html"))
    assert "40 of 40" in drawn
    assert "2 × 10⁻⁷" in drawn


def test_what_disagrees_is_handed_out_only_to_whoever_takes_it_as_it_is(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    exported(run, "onnx", "model.onnx")
    exported(run, "keras", "model.keras", agrees=False, reason="Half of the answers are others.")
    app = open_page("export", run=run.id)
    (run.exports / "keras" / "model.keras").write_bytes(b"an artefact")
    assert downloads_offered(app) == ["Download model.onnx"]
    assert "Half of the answers are others." in app.warning[0].value
    app.checkbox(key="anyway-keras").check().run()
    assert downloads_offered(app) == ["Download model.onnx", "Download model.keras"]


def test_what_nobody_here_could_ask_is_said_to_be_unproven_not_to_differ(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    page = exported(run, "web", "web.zip", agrees=False, reason="web.zip is not proven here.")
    write_json(run.exports / "web" / "manifest.json", page.model_copy(update={"n": 0}))
    (run.exports / "web" / "web.zip").write_bytes(b"an artefact")
    app = open_page("export", run=run.id)
    assert "differ" not in app.warning[0].value
    assert "not proven here" in words(app)
    assert downloads_offered(app) == []
    app.checkbox(key="anyway-web").check().run()
    assert downloads_offered(app) == ["Download web.zip"]


def test_a_file_that_gave_no_answers_is_not_handed_out_at_all(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    made = exported(run, "onnx", "model.onnx", agrees=False, reason="It could not be loaded.")
    write_json(run.exports / "onnx" / "manifest.json", made.model_copy(update={"bytes": 0}))
    app = open_page("export", run=run.id)
    assert downloads_offered(app) == []
    assert not app.checkbox
    assert "It could not be loaded." in app.error[0].value


def test_formats_that_are_not_made_yet_are_offered_in_the_making_or_greyed_with_the_reason(
    workspace, tiny_dataset, monkeypatch
):
    run = answering(workspace, tiny_dataset)
    exported(run, "onnx", "model.onnx")
    absent = replace(FORMATS["coreml"], needs=("no_such_package",), system="")
    monkeypatch.setattr("pages.components.export.more_formats.FORMATS", {**FORMATS, "coreml": absent})
    with suppress(KeyError), JobWriter(Making(run, "litert")):
        raise KeyError("a converter's own fault")
    with JobWriter(Making(run, "onnx-int8")) as writer:
        writer.record(Started.here())
        app = open_page("export", run=run.id)
        drawn = words(app)
        labels = {element.key: element.disabled for element in app.button if element.label == "Make"}
    assert "make-onnx" not in labels
    assert "make-onnx-int8" not in labels
    assert labels["make-coreml"]
    assert "needs no_such_package, not installed here" in drawn
    assert not labels["make-savedmodel"]
    assert "a converter's own fault" in app.error[0].value


def test_one_waits_for_the_other_and_either_can_be_stopped(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    exported(run, "onnx", "model.onnx")
    waiting = Making(run, "server")
    with JobWriter(Making(run, "web")) as writer, JobWriter(waiting) as other:
        writer.record(Started.here())
        other.record(Waiting(behind=1))
        writer.show(Progress(0, 40, note="Asking it again about 40 test pictures"), phase="export", title="")
        app = open_page("export", run=run.id)
        assert "Asking it again about 40 test pictures" in words(app)
        assert "Waiting for its turn: 1 before it" in words(app)
        app.button(key="stop-web").click().run()
        assert app.button(key="stop-web").disabled
        assert "Stopping …" in words(app)
        writer.end("stopped")
        other.end("stopped")
    app.run()
    assert app.button(key="make-web").label == "Make"


def test_downloads_in_the_making_are_awaited_and_can_be_made_again_when_their_worker_died(
    workspace, tiny_dataset, monkeypatch
):
    run = answering(workspace, tiny_dataset)
    exported(run, "onnx", "model.onnx")
    downloads = Making(run, DOWNLOADS)
    with JobWriter(downloads) as writer:
        writer.record(Started.here())
        writer.show(Progress(1, 3, note="Asking it again about 40 test pictures"), phase="export", title="")
        app = open_page("export", run=run.id)
        (bar,) = app.get("progress")
        assert "Asking it again about 40 test pictures · 1 of 3" in bar.proto.text
        assert downloads_offered(app) == ["Download model.onnx"], "what is proven is there at once"
        assert "make-bundle" not in {element.key for element in app.button}
        assert "The downloads are being made and checked" in words(open_page("runs", run=run.id))
        writer.end("failed", "The disk is full.")
    begun = []
    launched = "pages.components.export.artefacts.launch"
    monkeypatch.setattr(launched, lambda making, workspace: begun.append(making))
    app = open_page("export", run=run.id)
    assert "The disk is full." in app.error[0].value
    button(app, "Make the downloads").click().run()
    assert begun == [downloads]


def test_a_file_that_was_checked_on_a_sample_can_be_checked_on_all(workspace, tiny_dataset, monkeypatch):
    run = answering(workspace, tiny_dataset)
    sampled = exported(run, "onnx", "model.onnx")
    write_json(run.exports / "onnx" / "manifest.json", sampled.model_copy(update={"of": 2000, "seed": 0}))
    begun = []
    launched = "pages.components.export.artefacts.launch"
    monkeypatch.setattr(launched, lambda making, workspace: begun.append(making))
    app = open_page("export", run=run.id)
    assert "Checked on 40 of 2" in words(app)
    app.button(key="all-onnx").click().run()
    assert begun == [Making(run, "onnx", check="all")]
    write_json(run.exports / "onnx" / "manifest.json", sampled)  # of before: of all
    assert "all-onnx" not in {element.key for element in open_page("export", run=run.id).button}


def test_a_format_that_is_there_can_be_made_again(workspace, tiny_dataset, monkeypatch):
    run = answering(workspace, tiny_dataset)
    for key in ("onnx", "keras"):
        exported(run, key, f"model.{key}")
    (run.exports / "keras" / "model.keras").write_bytes(b"something else entirely")
    begun = []
    launched = "pages.components.export.artefacts.launch"
    monkeypatch.setattr(launched, lambda making, workspace: begun.append(making.key))
    app = open_page("export", run=run.id)
    assert "changed since" in app.error[0].value
    app.button(key="again-keras").click().run()
    app.button(key="again-onnx").click().run()
    assert begun == ["keras", "onnx"]


def test_every_format_says_how_it_is_used():
    assert set(FORMATS) == set(usage_snippets.USES) | {key for key, form in FORMATS.items() if form.use}


def test_the_use_of_a_model_names_the_inputs_of_its_contract(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    exported(run, "onnx", "model.onnx")
    inputs = (Field("waves", (9,)), Field("mask", (9,), "bool"))
    write_contract(run.path, read_contract(run.path).model_copy(update={"inputs": inputs}))
    shown = "\n".join(code.value for code in open_page("export", run=run.id).code)
    assert 'model.run(None, {"waves": waves, "mask": mask})' in shown
    assert "RGB, 0 to 255, float32, bool" in shown


def test_figures_explain_themselves(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    made = exported(run, "onnx", "model.onnx")
    accuracy = Accuracy(value=0.75, low=0.6, high=0.86)
    write_json(
        run.exports / "onnx" / "manifest.json",
        made.model_copy(update={"accuracy": accuracy, "milliseconds_p95": 4.56}),
    )
    app = open_page("export", run=run.id)
    drawn = "\n".join(element.body for element in app.get("html")).replace("\u202f", " ")
    assert "75.0 % (60.0 % to 86.0 %)" in drawn
    assert "3.21 ms, 95 % within 4.56 ms" in drawn
    assert 'title="Test pictures for which this file and the app predict the same class."' in drawn


def test_what_was_seen_in_awkward_files_is_shown(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    made = exported(run, "web", "web.zip")
    awkward = Awkward(files=158, same=139, unread=("TIFF (17)", "HEIC (2)"), largest=8, mean=0.75)
    write_json(run.exports / "web" / "manifest.json", made.model_copy(update={"awkward": awkward}))
    app = open_page("export", run=run.id)
    assert "139 of 158" in "\n".join(element.body for element in app.get("html"))
    assert any("does not read TIFF (17), HEIC (2)" in element.value for element in app.caption)


def test_a_file_that_was_changed_after_the_proof_is_refused(workspace, tiny_dataset):
    run = answering(workspace, tiny_dataset)
    exported(run, "onnx", "model.onnx")
    (run.exports / "onnx" / "model.onnx").write_bytes(b"something else entirely")
    app = open_page("export", run=run.id)
    assert downloads_offered(app) == []
    assert "changed since" in app.error[0].value


def test_a_run_without_artefacts_offers_to_make_them(workspace, tiny_dataset, monkeypatch):
    run = answering(workspace, tiny_dataset)
    begun = []
    launched = "pages.components.export.artefacts.launch"
    monkeypatch.setattr(launched, lambda making, workspace: begun.append(making.formats))
    app = open_page("export", run=run.id)
    assert downloads_offered(app) == []
    button(app, "Make the downloads").click().run()
    assert begun == [("bundle", "onnx", "keras")]


@pytest.mark.parametrize("page", ["try", "export"])
def test_without_pictures_the_page_leads_to_the_data_page(workspace, page):
    assert "Import some" in words(open_page(page))


@pytest.mark.parametrize("page", ["data", "try", "export"])
def test_a_half_written_workspace_shows_no_trace(workspace, tiny_dataset, page):
    (workspace.runs / "20260101-000000-torn-0000").mkdir()
    (workspace.runs / "20260101-000000-torn-0001").mkdir()
    (workspace.runs / "20260101-000000-torn-0001" / "config.json").write_text("{")
    (workspace.datasets / "20260101-000000-torn-0002").mkdir()
    run = made(workspace, tiny_dataset)
    (run.path / "events.jsonl").write_text('{"kind": "started", "pid": 1}\n{"kind": "epo')
    open_page(page)
    run.contract_json.write_text("{")
    run.model_onnx.write_bytes(b"half")
    open_page(page)
    assert len(list_datasets(workspace)) == 1
