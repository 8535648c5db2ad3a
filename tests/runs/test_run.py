"""A run folder tells everything, however damaged it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runs.logs import epoch, logs
from tlcore.errors import RunError
from tlcore.files import read_json, write_json
from tlcore.jobs.events import Waiting, parse
from tlcore.jobs.progress import Progress
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.environment import look_around
from tlcore.runs.events import EVENTS, Ended, Started
from tlcore.runs.metadata import RunDataset
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import Run, broken_runs, list_runs, open_run


@given(logs())
def test_every_event_reads_back_as_it_was_written(events):
    assert [parse(event.model_dump_json(), EVENTS) for event in events] == events


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.builds(
        TrainingConfig,
        dataset=st.text(min_size=1),
        epochs=st.integers(),
        dropout=st.floats(allow_nan=False, allow_infinity=False),
        augment=st.lists(st.sampled_from(["rotate", "zoom"])).map(tuple),
        fractions=st.builds(Fractions, train=st.floats(0, 1)),
    )
)
def test_settings_read_back_as_they_were_written(tmp_path, config):
    write_json(tmp_path / "config.json", config)
    assert read_json(tmp_path / "config.json", TrainingConfig) == config


@pytest.mark.parametrize(
    "content",
    [
        Progress(phase="head", title="Head", done=3, total=10, seconds_left=1.5),
        RunDataset(id="a", name="Ä", classes=("x", "猫"), version=1, fingerprint="f", notes=("A note.",)),
        look_around(device="CPU", seed=3),
    ],
    ids=lambda content: type(content).__name__,
)
def test_the_other_files_read_back_as_they_were_written(tmp_path, content):
    write_json(tmp_path / "file.json", content)
    assert read_json(tmp_path / "file.json", type(content)) == content


def test_every_torn_log_has_a_state(run):
    with Recorder(run) as writer:
        for event in (Waiting(behind=1), Started(pid=1), epoch(1), Ended(state="finished")):
            writer.record(event)
    log = run.path / "events.jsonl"
    whole = log.read_bytes()
    for length in range(0, len(whole), 7):
        log.write_bytes(whole[:length])
        assert run.state().state == "failed"
    log.write_bytes(whole)
    assert run.state().state == "finished"


def test_broken_folders_do_not_hide_the_others(workspace, run):
    (workspace.runs / "empty").mkdir()
    (workspace.runs / "torn").mkdir()
    (workspace.runs / "torn" / "config.json").write_text('{"dataset": "sha')
    (workspace.runs / "unknown").mkdir()
    (workspace.runs / "unknown" / "config.json").write_text('{"dataset": "shapes", "warp": 9}')
    (workspace.runs / "a file").write_text("")
    (workspace.runs / ".making-x").mkdir()
    (workspace.runs / "gone").symlink_to(workspace.root / "nowhere")
    assert list_runs(workspace) == [run]
    broken = dict(broken_runs(workspace))
    assert sorted(broken) == ["empty", "gone", "torn", "unknown"]
    assert "config.json" in broken["empty"]


def test_a_run_is_found_by_id_name_and_folder(workspace, make_run):
    first, second = make_run("20261121-101500-a-0001"), make_run("20261121-101501-a-0002")
    second.rename("  The good one ")
    assert second.name == "The good one"
    assert open_run(workspace, first.id) == first
    assert open_run(workspace, "The good one") == second
    assert open_run(workspace, second.path) == second
    with pytest.raises(RunError, match="Received 'third'"):
        open_run(workspace, "third")
    first.rename("The good one")
    with pytest.raises(RunError, match="several"):
        open_run(workspace, "The good one")
    with pytest.raises(RunError, match="needs a name"):
        first.rename("  ")


def test_a_run_that_lives_elsewhere_is_deleted_there(workspace, run, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.move(run.path, elsewhere)
    run.path.symlink_to(elsewhere)
    assert list_runs(workspace) == [run]
    run.delete()
    assert list_runs(workspace) == []
    assert not elsewhere.exists()
    assert not run.path.is_symlink()


def test_deleting_leaves_nothing(workspace, run):
    run.delete()
    assert list(workspace.runs.iterdir()) == []


def test_a_run_is_a_path(tmp_path: Path):
    run = Run(tmp_path / "nothing")
    assert (run.id, run.name, run.events(), run.log(), run.environment()) == ("nothing", "nothing", (), "", None)
    with pytest.raises(RunError, match=r"config\.json"):
        _ = run.config
    with pytest.raises(RunError, match=r"split\.parquet"):
        run.split()
