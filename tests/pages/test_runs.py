"""The runs page: the list and one run, in every state that a run folder can be in."""

from __future__ import annotations

import pytest

from tests.pages.made_runs import beginning, epoch_ended, failed, finished, made
from tests.pages.opening import button, open_page, words
from tlcore.files import write_json
from tlcore.jobs.events import Waiting
from tlcore.jobs.progress import Progress
from tlcore.runs.recorder import Recorder
from tlcore.runs.run import list_runs


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def test_an_empty_workspace_says_what_a_run_is(workspace):
    assert "No runs yet" in words(open_page("runs"))


def test_the_list_shows_every_state_and_what_cannot_be_read(workspace, tiny_dataset):
    made(workspace, tiny_dataset)
    failed(workspace, tiny_dataset, "It broke.")
    finished(workspace, tiny_dataset)
    finished(workspace, tiny_dataset, state="stopped")
    (workspace.runs / "half-written").mkdir()
    with Recorder(made(workspace, tiny_dataset)) as recorder:
        for event in beginning():
            recorder.record(event)
        text = words(open_page("runs"))
    for state in ("not started", "failed", "finished", "stopped early", "running"):
        assert state in text
    assert "half-written" in text


def test_a_running_run_shows_how_far_it_is(workspace, tiny_dataset):
    run = made(workspace, tiny_dataset, epochs=5)
    with Recorder(run) as recorder:
        for event in beginning(2):
            recorder.record(event)
        recorder.progress(
            Progress(
                phase="head",
                title="Training the head",
                done=3,
                total=8,
                unit="batches",
                epoch=3,
                epochs=5,
                items_per_second=123.4,
                seconds_left=75,
            )
        )
        app = open_page("runs", run=run.id)
        shown = metrics(app)
        assert shown["Epoch"] == "3 of 5"
        assert shown["Pictures per second"] == "123"
        assert shown["Time left, about"].split() == ["1", "min", "15", "s"]
        assert len(app.get("plotly_chart")) == 2
        button(app, "Stop").click().run()
        assert run.asked() == "stopped"
        assert "Stopping" in app.get("progress")[0].text
        assert button(app, "Stop").disabled


def test_the_page_turns_to_the_outcome_when_the_run_ends(workspace, tiny_dataset):
    run = made(workspace, tiny_dataset)
    with Recorder(run) as recorder:
        for event in beginning(2):
            recorder.record(event)
        app = open_page("runs", run=run.id)
        assert "Stop" in [element.label for element in app.button]
    app.run()
    assert not app.exception
    assert "Stop" not in [element.label for element in app.button]
    assert "The run failed" in words(app)


def test_a_run_in_line_says_so(workspace, tiny_dataset):
    run = made(workspace, tiny_dataset)
    with Recorder(run) as recorder:
        recorder.record(Waiting(behind=2))
        app = open_page("runs", run=run.id)
        assert "2 runs are ahead of this one" in app.get("progress")[0].text


def test_a_failed_run_shows_the_cause_and_the_way_on(workspace, tiny_dataset):
    run = failed(workspace, tiny_dataset, "The machine ran out of memory. Take a smaller batch.", epochs=9)
    app = open_page("runs", run=run.id)
    assert "ran out of memory. Take a smaller batch." in words(app)
    button(app, "Repeat with changes").click().run()
    assert not app.exception
    assert app.number_input(key="train-epochs").value == 9


def test_a_finished_run_leads_to_its_evaluation(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    app = open_page("runs", run=run.id)
    assert metrics(app)["Test accuracy"].startswith(f"{100 * run.state().test.value:.1f}")
    button(app, "Evaluate it").click().run()
    assert not app.exception
    assert app.title[0].value == "Evaluate"
    assert app.query_params["run"] == run.id


def test_a_turned_validation_loss_is_told_in_words(workspace, tiny_dataset):
    run = made(workspace, tiny_dataset)
    with Recorder(run) as recorder:
        for event in beginning(2):
            recorder.record(event)
        for epoch in (3, 4, 5, 6):
            recorder.record(epoch_ended(epoch, loss=0.3 / epoch, val_loss=0.3 * epoch, best=False))
        assert "Since epoch 2 the validation loss rises" in words(open_page("runs", run=run.id))


def test_a_run_that_was_never_started_can_be(workspace, tiny_dataset, monkeypatch):
    started = []
    monkeypatch.setattr("pages.components.shell.run_view.launch", started.append)
    run = made(workspace, tiny_dataset)
    button(open_page("runs", run=run.id), "Start it now").click().run()
    assert started == [run]


def test_a_link_to_no_run_is_told_in_a_sentence(workspace):
    assert "'gone'" in words(open_page("runs", run="gone"))


@pytest.mark.parametrize("torn", [b'{"kind": "epoch_en', b"\xff\xfe\n", b"not json\n"])
def test_a_half_written_log_shows_what_is_whole(workspace, tiny_dataset, torn):
    run = finished(workspace, tiny_dataset)
    with (run.path / "events.jsonl").open("ab") as stream:
        stream.write(torn)
    assert "finished" in words(open_page("runs", run=run.id))


def test_a_run_outlives_its_dataset(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    tiny_dataset.delete()
    assert "shapes" in words(open_page("runs", run=run.id))
    assert "shapes" in words(open_page("runs"))


def test_ticked_runs_are_laid_over_each_other_with_what_differs(workspace, tiny_dataset):
    runs = [finished(workspace, tiny_dataset, epochs=epochs) for epochs in (3, 4)]
    app = open_page("runs")
    assert not app.get("plotly_chart")
    for run in runs:
        app.checkbox(key=f"compare-{run.id}").check()
    app.run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 2
    (table,) = app.dataframe
    assert "epochs" in table.value.index
    assert "seed" not in table.value.index


def test_renaming_a_run(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    app = open_page("runs")
    app.text_input(key=f"name-{run.id}").input("The *good* one").run()
    app.button(key=f"rename-{run.id}").click().run()
    assert run.name == "The *good* one"
    assert not app.exception


def test_deleting_a_run_is_asked_twice(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    app = open_page("runs")
    app.button(key=f"delete-{run.id}").click().run()
    assert list_runs(workspace) == [run]
    app.button(key=f"keep-{run.id}").click().run()
    app.button(key=f"delete-{run.id}").click().run()
    app.button(key=f"really-{run.id}").click().run()
    assert not app.exception
    assert list_runs(workspace) == []
    assert "No runs yet" in words(app)


def test_a_name_that_is_given_is_shown_as_it_is(workspace, tiny_dataset):
    run = finished(workspace, tiny_dataset)
    write_json(run.path / "name.json", {"name": "<b>:red[x]</b> $1$"})
    assert r"\<b\>\:red\[x\]\</b\> \$1\$" in words(open_page("runs", run=run.id))
