"""What is understood of a run is shown: hard kinds, heat maps, the map, what the model does not stand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from pages.components.evaluate import embedding_map, robustness_chart
from pages.components.shell.plotly_chart import literal
from tests.graphs import make_answerable_run
from tests.pages.opening import PATIENCE, words
from tlcore.data.intake import ingest
from tlcore.evaluation.embedding_map import draw_map
from tlcore.evaluation.error_analysis.files import Outcome, Understanding
from tlcore.evaluation.error_analysis.run import Basis, _open
from tlcore.evaluation.files import read_predictions
from tlcore.evaluation.robustness import Curve, Robustness
from tlcore.evaluation.run import evaluate_run
from tlcore.evaluation.slices import Trait, find_slices, traits_table
from tlcore.files import write_json
from tlcore.jobs import locks
from tlcore.jobs.progress import Progress
from tlcore.progress import drain
from tlcore.runs.run import Run
from tlcore.tasks.evaluation import Figure
from tlcore.workspace import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_folder):
    """A workspace for the whole module: a dataset and a judged run, wrong on its first pictures."""
    home = tmp_path_factory.mktemp("understood")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFT_HOME", str(home / "workspace"))
        patch.setenv("GRAFT_QUEUE", str(home / "queue"))
        workspace = Workspace.default()
        dataset = drain(ingest(workspace, tiny_folder), lambda step: None).dataset
        run = make_answerable_run(workspace, dataset)
        evaluate_run(run, lambda step: None)
        table = read_predictions(run.path)
        wrong = np.arange(len(table)) < len(table) // 2
        table["predicted"] = np.where(wrong, "square", table["label"])
        table.loc[wrong & (table["label"] == "square"), "predicted"] = "circle"
        table["correct"] = table["predicted"] == table["label"]
        table.to_parquet(run.predictions)
        _leave_results(run, workspace)
        yield run, dataset


@pytest.fixture
def run(made):
    return made[0]


@pytest.fixture
def dataset(made):
    return made[1]


@pytest.fixture
def understanding(run):
    return Understanding(run)


@pytest.fixture
def fresh(run, tmp_path):
    """The same run before anybody looked closer."""
    return Run(Path(shutil.copytree(run.path, tmp_path / run.id, ignore=shutil.ignore_patterns("understanding"))))


def _leave_results(run, workspace):
    """What a worker would have left, without its minutes."""
    found = Understanding(run)
    found.path.mkdir()
    basis: Basis = drain(_open(run, workspace), lambda step: None)
    basis.saliency.write(found.path, basis.decoded.rows)
    predictions = read_predictions(run.path)
    dark = np.where(predictions["correct"], "bright", "dark").astype(object)
    traits = [Trait("brightness", dark, "that are {value}")]
    traits_table(predictions, traits).to_parquet(found.path / "traits.parquet")
    write_json(found.path / "slices.json", find_slices(predictions, traits))
    table = pd.concat([basis.items[["sha256", "split", "label"]], draw_map(basis.features[:, :2])], axis=1)
    table.to_parquet(found.path / "map.parquet")
    (found.path / "map.jpg").write_bytes(b"stands for a picture")
    write_json(found.path / "robustness.json", robustness())
    write_json(found.outcome_file, Outcome(state="finished", seconds=1.0))


def share(value):
    return Figure(value=value, low=max(0.0, value - 0.1), high=min(1.0, value + 0.1))


def robustness():
    falling = tuple(share(0.9 - 0.1 * step) for step in range(5))
    curve = Curve(key="blur", title="Blur", unit="%", strengths=(1, 2, 3, 4, 5), model=falling, baseline=falling)
    return Robustness(
        n=40,
        model=share(0.95),
        baseline=share(0.8),
        baseline_says="The nearest class.",
        curves=(curve,),
        says=("Blur!",),
    )


def page(what):
    """A page of its own: the components before there is a page that calls them."""

    def script(path, dataset_id, what):
        from pathlib import Path

        from pages.components.evaluate import embedding_map, error_analysis, errors, heat_maps, robustness_chart
        from tlcore.data.dataset import open_dataset
        from tlcore.evaluation.error_analysis.files import Understanding
        from tlcore.evaluation.files import read_predictions
        from tlcore.runs.run import Run
        from tlcore.workspace import Workspace

        run = Run(Path(path))
        dataset, found = open_dataset(Workspace.default(), dataset_id), Understanding(run)
        predictions = read_predictions(run.path)
        match what:
            case "worker":
                error_analysis.show(run)
            case "slices":

                def gallery(shas, key, title):
                    errors.gallery(dataset, predictions, shas, key=key, title=title)

                errors.slices(found, predictions, gallery)
            case "mistakes":
                errors.confident_mistakes(dataset, predictions, key="test")
                errors.unsure_hits(dataset, predictions, key="test")
            case "heat":
                heat_maps.show(found, dataset)
            case "map":
                embedding_map.show(found, dataset, predictions, {"another run": predictions})
            case "robustness":
                robustness_chart.show(found.robustness())

    return script, what


def shown(run, dataset, what, **query):
    script, which = page(what)
    app = AppTest.from_function(script, args=(str(run.path), dataset.id, which), default_timeout=PATIENCE)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def on_the_tables(app):
    return [json.loads(table.proto.json) for table in app.get("bidi_component")]


def test_before_anybody_asked_there_is_a_way_to_look_closer(fresh, dataset):
    app = shown(fresh, dataset, "worker")
    assert [button.label for button in app.button] == ["Start error analysis"]
    for what in ("slices", "heat", "map", "robustness"):
        assert "yet" in words(shown(fresh, dataset, what))


def test_a_worker_is_watched_and_can_be_stopped(fresh, dataset):
    found = Understanding(fresh)
    found.path.mkdir()
    held = locks.take(found.lock, timeout=1)
    write_json(found.progress_file, Progress(phase="understand", title="Distorting", done=3, total=6, seconds_left=9))
    app = shown(fresh, dataset, "worker")
    assert "Error analysis running" in words(app)
    app.button[0].click().run()
    assert found.asked() == "stopped"
    held.release()


def test_a_failure_says_why_and_offers_another_try(fresh, dataset):
    found = Understanding(fresh)
    found.path.mkdir()
    write_json(found.outcome_file, Outcome(state="failed", error="The pictures are gone."))
    app = shown(fresh, dataset, "worker")
    assert "The pictures are gone." in words(app)
    assert [button.label for button in app.button] == ["Analyse again"]


def test_a_hard_kind_opens_its_pictures_the_wrong_ones_first(run, dataset, understanding):
    app = shown(run, dataset, "slices")
    assert "0 of the" in words(app)
    assert not on_the_tables(app)
    (see,) = (button for button in app.button if button.label == "See them")
    see.click().run()
    assert app.query_params["slice"] == "0"
    (table,) = on_the_tables(app)
    predictions = read_predictions(run.path)
    wrong = set(predictions.loc[~predictions["correct"], "sha256"])
    assert {tile["id"] for tile in table["tiles"]} == wrong
    assert all(tile["badge"].startswith("→ ") for tile in table["tiles"])
    assert [action["do"] for action in table["actions"]][:2] == ["move", "exclude"]


def test_mistakes_and_unsure_hits_lie_on_light_tables(run, dataset):
    wrong, right = on_the_tables(shown(run, dataset, "mistakes"))
    predictions = read_predictions(run.path)
    assert {tile["id"] for tile in wrong["tiles"]} == set(predictions.loc[~predictions["correct"], "sha256"])
    hits = predictions[predictions["correct"]].sort_values("confidence", kind="stable")
    assert [tile["id"] for tile in right["tiles"]] == list(hits["sha256"])


def test_heat_maps_of_a_class_and_of_one_picture(run, dataset, understanding):
    app = shown(run, dataset, "heat")
    assert "maps show what was learned" in words(app) or "rather than what was learned" in words(app)
    assert "data:image/jpeg;base64," in app.get("html")[0].proto.body
    assert "The two maps" in words(app)
    label = app.selectbox[2]
    label.select_index(1).run()
    assert not app.exception
    assert f"“{label.value}”" in words(app)


def test_the_map_is_coloured_by_what_is_chosen(run, dataset, understanding):
    app = shown(run, dataset, "map")
    assert "Nothing selected yet" in words(app)
    (hover,) = on_the_tables(app)
    assert hover["across"] == 6
    assert hover["url"].endswith(".jpg")
    for choice in ("part", "right or wrong", "another run"):
        app.selectbox[0].select(choice).run()
        assert not app.exception


def test_every_picture_is_one_point_of_its_kind(run, dataset, understanding):
    table, predictions = understanding.map(), read_predictions(run.path)
    other = predictions.assign(correct=True)
    hover = embedding_map.names(table, dataset, predictions)
    for by in ("class", "part", "right or wrong", "other"):
        kinds, colours = embedding_map.kinds_of(table, by, predictions, {"other": other}, run.dataset.classes)
        chart = embedding_map.figure(table, kinds, colours, ("x", "y"), hover)
        assert sorted(row for trace in chart.data for row in trace.customdata) == list(range(len(table)))
        assert {trace.name for trace in chart.data} <= set(colours)
    wrong = int((~predictions["correct"]).sum())
    assert {trace.name: len(trace.x) for trace in chart.data} == {
        "right only in other": wrong,
        "same in both": len(predictions) - wrong,
        "not in both test sets": len(table) - len(predictions),
    }


def test_so_many_classes_that_a_legend_would_hide_the_map_are_one_trace(understanding):
    table = understanding.map()
    kinds = pd.Series([f"class {row % 20}" for row in range(len(table))])
    chart = embedding_map.figure(table, kinds, {"class 0": "#123456"}, ("pca_x", "pca_y"), [""] * len(table))
    (trace,) = chart.data
    assert list(trace.customdata) == list(range(len(table)))
    assert list(trace.marker.color[:2]) == ["#123456", embedding_map.QUIET]
    assert not chart.layout.showlegend


def test_a_name_with_a_tag_in_it_is_no_tag(run, dataset, understanding):
    table = understanding.map().assign(label="<b>bold</b>")
    hover = embedding_map.names(table, None, read_predictions(run.path))
    kinds, colours = embedding_map.kinds_of(table, "class", read_predictions(run.path), {}, ["<b>bold</b>"])
    (trace,) = literal(embedding_map.figure(table, kinds, colours, ("x", "y"), hover)).data
    assert trace.text[0].startswith("&lt;b&gt;bold")
    assert trace.name.startswith("&lt;b&gt;bold")


def test_what_is_caught_is_named_in_the_order_of_the_map(understanding):
    class State:
        class selection:  # noqa: N801 - as Streamlit has it
            points = ({"customdata": [4]}, {"customdata": 1}, {"customdata": [4]}, {"x": 1}, {"customdata": [999]})

    table = understanding.map()
    assert embedding_map.caught(State, table) == [table["sha256"][1], table["sha256"][4]]


def test_the_chart_of_a_distortion_begins_with_the_pictures_as_they_are(run, dataset, understanding):
    found = robustness()
    _, baseline, model = robustness_chart.figure(found, found.curves[0]).data
    assert list(model.y) == pytest.approx([0.95, 0.9, 0.8, 0.7, 0.6, 0.5])
    assert baseline.y[0] == 0.8
    assert "Blur!" in words(shown(run, dataset, "robustness"))
