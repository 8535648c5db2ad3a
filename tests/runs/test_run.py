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
from tlcore.runs import pen
from tlcore.runs.about import RunDataset
from tlcore.runs.config import Fractions, TrainingConfig
from tlcore.runs.environment import Environment, likely_cause, look_around
from tlcore.runs.events import Ended, Event, Progress, Started, Waiting, parse
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import Run, broken_runs, list_runs, open_run


@given(logs())
def test_every_event_reads_back_as_it_was_written(events):
    assert [parse(event.model_dump_json()) for event in events] == events


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


def test_a_torn_last_line_is_ignored_and_the_next_event_stands_on_its_own(run):
    with Recorder(run) as writer:
        writer.record(Started(pid=1))
    log = run.path / "events.jsonl"
    log.write_bytes(log.read_bytes() + epoch(1).model_dump_json().encode()[:40])
    assert [event.kind for event in run.events()] == ["started"]
    with Recorder(run) as writer:
        writer.record(Started(pid=2))
    assert [event.kind for event in run.events()] == ["started", "started"]


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


def test_events_of_a_newer_version_are_left_out(run):
    log = '{"kind":"dreamt","of":"sheep"}\n{"kind":"started","pid":1,"mood":"good","at":"2026-11-21T10:00:00Z"}\n'
    (run.path / "events.jsonl").write_text(log)
    assert [event.kind for event in run.events()] == ["started"]


def test_a_run_has_one_worker(run, monkeypatch):
    monkeypatch.setattr(pen, "LOCK_SECONDS", 0.1)
    with Recorder(run), pytest.raises(RunError, match="one worker"), Recorder(run):
        pass


def test_the_lock_says_who_lives(run):
    assert not run.alive()
    with Recorder(run) as writer:
        assert run.alive()
        assert run.state().state == "waiting"
        writer.record(Started(pid=1))
        assert run.state().state == "running"
        run.stop()
        assert run.state().state == "stopping"
        with pytest.raises(RunError, match="Stop it first"):
            run.delete()
    assert not run.alive()


def record_and_fail(run: Run, event: Event, fault: str) -> None:
    with Recorder(run) as writer:
        writer.record(event)
        raise ValueError(fault)


def test_a_fault_of_the_worker_becomes_the_end_of_the_run(run):
    with pytest.raises(ValueError, match="odd"):
        record_and_fail(run, Started(pid=1), "odd number of wings")
    state = run.state()
    assert state.state == "failed"
    assert "odd number of wings" in state.error


def test_an_end_is_written_once(run):
    with pytest.raises(ValueError, match="late"):
        record_and_fail(run, Ended(state="finished"), "late")
    assert [event.kind for event in run.events()] == ["ended"]
    assert run.state().state == "finished"


def test_progress_is_written_at_most_twice_a_second(run):
    with Recorder(run) as writer:
        for done in range(1000):
            writer.progress(Progress(phase="head", title="Head", done=done, total=1000))
    written = run.progress()
    assert written is not None
    assert written.done < 999


def test_a_damaged_progress_is_no_progress(run):
    assert run.progress() is None
    (run.path / "progress.json").write_text('{"phase": "he')
    assert run.progress() is None


def test_a_stop_of_a_run_that_is_over_changes_nothing(run):
    with Recorder(run) as writer:
        writer.record(Ended(state="finished"))
    run.stop()
    assert not run.stop_asked()


def test_the_end_of_a_long_log_is_read(run):
    run.worker_log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    assert run.log(last_lines=2) == "line 99998\nline 99999"


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


NOW = look_around()


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (None, "while it was starting"),
        (NOW, "killed, or it crashed"),
        (NOW.model_copy(update={"boot_time": NOW.boot_time - 3600}), "machine was restarted"),
        (NOW.model_copy(update={"oom_kills": None}), "killed, or it crashed"),
    ],
)
def test_the_likely_cause_of_a_death(then: Environment | None, words: str):
    assert words in likely_cause(then)


@pytest.mark.skipif(NOW.oom_kills is None, reason="this kernel does not count processes killed for want of memory")
def test_a_worker_that_vanished_while_the_kernel_killed_for_memory_ran_out_of_it():
    then = NOW.model_copy(update={"oom_kills": (NOW.oom_kills or 0) - 1})
    assert "out of memory" in likely_cause(then)


def test_a_run_is_a_path(tmp_path: Path):
    run = Run(tmp_path / "nothing")
    assert (run.id, run.name, run.events(), run.log(), run.environment()) == ("nothing", "nothing", (), "", None)
    with pytest.raises(RunError, match=r"config\.json"):
        _ = run.config
    with pytest.raises(RunError, match=r"split\.parquet"):
        run.split()


def test_a_worker_that_died_before_it_had_its_lock_is_missed(run):
    run.worker_log.touch()
    assert run.state().state == "created"
    run.worker_log.write_text("ImportError: no such thing\n")
    state = run.state()
    assert state.state == "failed"
    assert "while it was starting" in state.error
