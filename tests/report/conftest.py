"""A run that was judged, made once for all tests of reports: they only read it."""

from __future__ import annotations

import pytest

from tests.graphs import make_answerable_run, write_knowing_model
from tests.pages.made_runs import beginning
from tlcore.data.intake import ingest
from tlcore.evaluation.run import evaluate_run, headline
from tlcore.progress import drain
from tlcore.report.facts import read_facts
from tlcore.runs.events import Ended, PhaseEnded
from tlcore.runs.recorder import Recorder
from tlcore.workspace import Workspace


@pytest.fixture(scope="session")
def judged_run(tmp_path_factory, tiny_folder):
    home = tmp_path_factory.mktemp("reports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFT_HOME", str(home / "workspace"))
        workspace = Workspace.default()
        dataset = drain(ingest(workspace, tiny_folder), lambda progress: None).dataset
        run = make_answerable_run(workspace, dataset)
        write_knowing_model(run, workspace, temperature=0.8)
        judged = evaluate_run(run, lambda step: None)
        with Recorder(run) as recorder:
            for event in beginning():
                recorder.record(event)
            recorder.record(PhaseEnded(phase="head", seconds=3.0, images_per_second=100.0))
            recorder.record(headline(judged))
            recorder.record(Ended(state="finished"))
        yield run


@pytest.fixture
def facts(judged_run, monkeypatch):
    monkeypatch.setenv("GRAFT_HOME", str(judged_run.path.parent.parent))
    return read_facts(judged_run)
