"""Packed runs and datasets on the pages: a button to take one along, a place to drop one."""

from __future__ import annotations

import shutil

from tests.pages.made_runs import finished
from tests.pages.opening import open_page, words
from tlcore.data.dataset import list_datasets
from tlcore.data.packing import pack_dataset
from tlcore.progress import drain
from tlcore.runs.packing import pack_run
from tlcore.runs.run import list_runs


def packed(steps) -> bytes:
    return drain(steps, lambda step: None).path.read_bytes()


def uploader(app, label):
    (found,) = [one for one in app.file_uploader if one.label == label]
    return found


def test_a_packed_dataset_is_dropped_where_pictures_are(workspace, tiny_dataset, tmp_path):
    content = packed(pack_dataset(tiny_dataset, tmp_path / "shapes.zip"))
    before = tiny_dataset.info
    tiny_dataset.delete()
    app = open_page("data")
    uploader(app, "Zip archive").set_value([("shapes.zip", content, "application/zip")])
    app.run()
    assert not app.exception
    (there,) = list_datasets(workspace)
    assert there.info == before, "the same one, not a new one of the same pictures"
    assert app.query_params["dataset"] == there.id
    assert not list((workspace.root / "staging").iterdir())


def test_one_that_is_here_already_is_told(workspace, tiny_dataset, tmp_path):
    content = packed(pack_dataset(tiny_dataset, tmp_path / "shapes.zip"))
    app = open_page("data", new="1")
    uploader(app, "Zip archive").set_value([("shapes.zip", content, "application/zip")])
    app.run()
    assert "is here already" in words(app)
    assert len(list_datasets(workspace)) == 1


def test_a_packed_run_is_dropped_below_the_runs(workspace, tiny_dataset, tmp_path):
    run = finished(workspace, tiny_dataset)
    content = packed(pack_run(run, tmp_path / "run.zip"))
    shutil.rmtree(run.path)
    app = open_page("runs")
    uploader(app, "Zip archive").set_value([("run.zip", content, "application/zip")])
    app.run()
    assert not app.exception
    assert [found.id for found in list_runs(workspace)] == [run.id]
    assert app.query_params["run"] == run.id


def test_a_zip_that_is_no_run_is_told(workspace, tiny_zip):
    app = open_page("runs")
    uploader(app, "Zip archive").set_value([("shapes.zip", tiny_zip.read_bytes(), "application/zip")])
    app.run()
    assert "graft.json" in words(app)


def test_a_run_and_a_dataset_can_be_taken_along(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    for page, key in (("runs", run.id), ("data", tiny_dataset.id)):
        app = open_page(page)
        (button,) = [one for one in app.get("download_button") if one.proto.id.endswith(f"pack-{key}")]
        assert button.proto.label == "Pack"
