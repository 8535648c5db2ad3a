"""The sweep page: choices with their faults, a start that makes a sweep, trials beside each other, a way on."""

from __future__ import annotations

import pytest

from tests.pages.made_runs import finished
from tests.pages.opening import button, open_page, words
from tlcore.backbones import catalogue
from tlcore.backbones.catalogue import CATALOGUE
from tlcore.jobs.writer import JobWriter
from tlcore.runs.run import list_runs
from tlcore.sweeps.config import SweepConfig
from tlcore.sweeps.events import SweepEnded, SweepStarted, TrialEnded, TrialStarted
from tlcore.sweeps.sweep import create_sweep, list_sweeps

LITE = "efficientnet_lite0"


@pytest.fixture
def started(monkeypatch):
    """The sweeps whose worker would have been started."""
    sweeps = []
    for place in ("tlcore.jobs.launch", "pages.components.sweep.sweep_view"):
        monkeypatch.setattr(f"{place}.launch", sweeps.append)
    return sweeps


def swept(workspace, dataset, *ends, state="finished", error=""):
    """A sweep whose trials came to these ends, each with the share of right answers."""
    config = SweepConfig(dataset=dataset.id, depths=(0,), rates=(0.01, 0.02, 0.03), trials=3, epochs=5)
    sweep = create_sweep(workspace, dataset, config)
    with JobWriter(sweep) as recorder:
        recorder.record(SweepStarted(pid=1))
        for number, (end, right) in enumerate(ends, 1):
            run = finished(workspace, dataset, right=right) if right is not None else None
            key = run.id if run else ""
            recorder.record(TrialStarted(number=number, run=key, backbone=LITE, blocks=0, rate=number / 100))
            recorder.record(TrialEnded(number=number, state=end, error="" if run else "There are no weights."))
        if state:
            recorder.record(SweepEnded(state=state, error=error))
    return sweep


def test_without_pictures_the_page_says_where_to_get_some(workspace):
    app = open_page("sweep")
    assert "First, pictures" in words(app)
    assert button(app, "Add pictures")


def test_a_beginner_only_presses_start(workspace, tiny_dataset, started):
    app = open_page("sweep")
    assert "9 trials: the 3 combinations at the recommended rates, then 6" in words(app)
    button(app, "Start").click().run()
    (sweep,) = list_sweeps(workspace)
    assert started == [sweep]
    chosen = SweepConfig(dataset=tiny_dataset.id, target_metric="accuracy")
    assert sweep.config.model_copy(update={"settings": {}}) == chosen
    assert app.query_params["sweep"] == sweep.id
    assert "never started" in words(app)


def test_only_backbones_that_suit_the_dataset_are_offered(workspace, tiny_dataset, monkeypatch):
    of_numbers = CATALOGUE[LITE].model_copy(
        update={"key": "of_numbers", "title": "Of numbers", "tasks": ("regression",)}
    )
    monkeypatch.setattr(catalogue, "CATALOGUE", {**CATALOGUE, "of_numbers": of_numbers})
    offered = open_page("sweep").multiselect(key="sweep-backbones").options
    assert len(offered) == len(CATALOGUE)
    assert not [title for title in offered if "Of numbers" in title]


def test_choices_and_their_faults_stand_on_the_page(workspace, tiny_dataset, started):
    app = open_page("sweep")
    app.multiselect(key="sweep-backbones").set_value([])
    app.number_input(key="sweep-trials").set_value(0).run()
    text = words(app)
    assert "at least one backbone" in text
    assert "Trials must be 1 to" in text
    assert button(app, "Start").disabled
    app.multiselect(key="sweep-backbones").set_value(["mobilenet_v2", LITE])
    app.button_group(key="sweep-depths").set_value([0, "all"])
    app.button_group(key="sweep-rates").set_value([0.001, 0.01])
    app.number_input(key="sweep-trials").set_value(20).run()
    assert "8 trials: every combination once." in words(app)
    button(app, "Start").click().run()
    config = list_sweeps(workspace)[0].config
    assert config.backbones == ("mobilenet_v2", LITE)
    assert (config.depths, config.rates, config.trials) == ((0, "all"), (0.001, 0.01), 20)


def test_earlier_runs_say_how_long_it_takes(workspace, tiny_dataset):
    finished(workspace, tiny_dataset)
    app = open_page("sweep")
    assert "never trained on this machine" in words(app)
    app.button_group(key="sweep-depths").set_value([0]).run()
    assert "At most about" in words(app)


def test_a_finished_sweep_shows_its_trials_and_who_won_on_validation(workspace, tiny_dataset):
    sweep = swept(workspace, tiny_dataset, ("finished", 0.9), ("pruned", 0.4), ("failed", None))
    app = open_page("sweep", sweep=sweep.id)
    text = words(app)
    assert "is the best" in text
    assert "It was chosen on the validation set" in text
    assert "Failed, trial 3: There are no weights" in text
    (table,) = app.dataframe
    assert list(table.value["State"]) == ["finished", "pruned", "failed"]
    assert list(table.value["Trial"]) == ["1 ★", "2", "3"]
    assert table.value["Run"][0].startswith("runs?run=")
    (chart,) = app.get("plotly_chart")
    assert "best on validation" in chart.proto.spec
    button(app, "Open its run").click().run()
    assert app.query_params["run"] == sweep.state().trials[0].run


def test_a_failed_sweep_says_why_and_goes_on_when_asked(workspace, tiny_dataset, started):
    sweep = swept(workspace, tiny_dataset, ("failed", None), state="failed", error="All failed.")
    app = open_page("sweep", sweep=sweep.id)
    assert "**The sweep failed.** All failed." in words(app)
    button(app, "Continue the sweep").click().run()
    assert started == [sweep]


def test_stop_asks_the_sweep_to_stop(workspace, tiny_dataset):
    sweep = swept(workspace, tiny_dataset, ("finished", 0.9), state="")
    with JobWriter(sweep):
        app = open_page("sweep", sweep=sweep.id)
        assert "Choosing the next trial" in app.get("progress")[0].proto.text
        button(app, "Stop").click().run()
        assert sweep.asked() == "stopped"
        assert button(app, "Stopping …").disabled


def test_earlier_sweeps_are_listed_broken_ones_too_and_deleting_one_keeps_its_runs(workspace, tiny_dataset):
    sweep = swept(workspace, tiny_dataset, ("finished", 0.9))
    (workspace.sweeps / "broken").mkdir()
    app = open_page("sweep")
    assert "Earlier sweeps" in words(app)
    assert "**broken** cannot be read" in words(app)
    app.button(key=f"delete-{sweep.id}").click().run()
    assert list_sweeps(workspace) == []
    assert len(list_runs(workspace)) == 1
    assert "Earlier sweeps" not in words(app)


def test_a_link_to_a_sweep_that_is_gone_is_told(workspace):
    assert "'gone'" in words(open_page("sweep", sweep="gone"))
