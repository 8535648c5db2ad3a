"""A run without downloads gets them on the Export page, with a button."""

from __future__ import annotations

import time

import pytest

from tests.graphs import make_answerable_run
from tests.pages.opening import button, open_page, words
from tlcore.evaluation.run import evaluate_run
from tlcore.runs.events import Ended
from tlcore.runs.manifest import read_manifests
from tlcore.runs.recorder import Recorder


@pytest.mark.slow
def test_a_stopped_run_has_its_files_made_on_the_page(workspace, tiny_dataset):
    run = make_answerable_run(workspace, tiny_dataset)
    run.model_keras.write_bytes(b"stands in for an archive, which is refused")
    evaluate_run(run, lambda step: None)
    with Recorder(run) as recorder:
        recorder.record(Ended(state="stopped"))
    app = open_page("export", run=run.id)
    app = button(app, "Make the downloads").click().run(timeout=180)
    assert not app.exception
    until = time.monotonic() + 180
    while len(read_manifests(run.path)) < 3 and time.monotonic() < until:
        time.sleep(0.2)
    assert {manifest.format for manifest in read_manifests(run.path)} == {"bundle", "keras", "onnx"}
    said = words(open_page("export", run=run.id))
    assert said.count("agrees with the app") >= 2
    assert "It is not offered" in said
