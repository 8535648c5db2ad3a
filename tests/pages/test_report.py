"""The report is one view of the Evaluate page: each form is a download, made when it is asked for."""

from __future__ import annotations

from tests.pages.made_runs import finished
from tests.pages.opening import open_page, words
from tlcore.files import write_json
from tlcore.report.commands import command_line
from tlcore.report.formats import FORMS


def test_every_form_is_a_download_and_the_command_is_there(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    app = open_page("evaluate", run=run.id, view="report")
    assert not app.exception
    assert [button.label for button in app.get("download_button")] == [
        f"Download {form.file}" for form in FORMS.values()
    ]
    assert app.code[0].value == command_line(run.config)


def test_a_run_that_began_with_another_says_why_it_has_no_script(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    write_json(run.path / "config.json", run.config.model_copy(update={"start": "20261121-101500-shapes-0001"}))
    app = open_page("evaluate", run=run.id, view="report")
    assert "Download train.py" not in [button.label for button in app.get("download_button")]
    assert "published weights" in words(app) + " ".join(info.value for info in app.info)
