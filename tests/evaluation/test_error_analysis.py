"""A run is looked at from every side by a worker; what it leaves can be read, and how it ended is told."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.graphs import make_answerable_run
from tlcore.__main__ import main
from tlcore.data.metadata import take_columns
from tlcore.errors import RunError
from tlcore.evaluation.class_names import rename_class
from tlcore.evaluation.error_analysis import run as understanding_steps
from tlcore.evaluation.error_analysis.files import Outcome, Understanding
from tlcore.evaluation.error_analysis.job import work
from tlcore.evaluation.files import read_predictions
from tlcore.evaluation.run import evaluate_run
from tlcore.evaluation.slices import slice_items
from tlcore.files import write_json
from tlcore.jobs.launch import launch
from tlcore.modalities.image.explain import analysis
from tlcore.modalities.image.explain.corruptions import CORRUPTIONS
from tlcore.modalities.image.explain.explanations import explain_items
from tlcore.progress import drain
from tlcore.runs.events import Ended
from tlcore.runs.recorder import Recorder


@pytest.fixture
def run(workspace, tiny_dataset, monkeypatch):
    """A judged run, and looks that are short."""
    monkeypatch.setattr(understanding_steps, "CORRUPTED", 6)
    monkeypatch.setattr(analysis, "ANALYSIS", replace(analysis.ANALYSIS, corruptions=CORRUPTIONS[:2]))
    run = make_answerable_run(workspace, tiny_dataset)
    evaluate_run(run, lambda step: None)
    return run


def test_the_worker_leaves_what_the_page_shows(run, workspace, tiny_dataset):
    sources = tiny_dataset.items()["source"]
    table = "file,day\n" + "".join(f"{source},{'mon' if n % 2 else 'tue'}\n" for n, source in enumerate(sources))
    take_columns(tiny_dataset, "days.csv", table.encode())
    understanding = Understanding(run)
    assert understanding.state().state == "created"
    assert understanding.slices() is understanding.map() is understanding.heats() is understanding.robustness() is None
    assert work(run.path) == 0
    assert understanding.state().state == "finished"
    predictions, split = read_predictions(run.path), run.split()

    slices, traits = understanding.slices(), understanding.traits()
    assert slices.n == len(predictions)
    assert {"size", "brightness", "blur", "folder", "column day"} <= set(traits.columns)
    assert {each.value for each in slices.slices if each.trait == "column day"} == {"mon", "tue"}
    assert not any(each.trait == "folder" for each in slices.slices), "folders are the classes here"
    for each in slices.slices:
        here = predictions[predictions["sha256"].isin(slice_items(traits, each))]
        assert (len(here), int(here["correct"].sum())) == (each.n, each.right)

    drawn = understanding.map()
    assert set(drawn["sha256"]) == set(split["sha256"])
    assert Image.open(BytesIO(understanding.atlas())).size == (6 * 48, 6 * 48)
    assert list(drawn.columns) == ["sha256", "split", "label", "x", "y", "pca_x", "pca_y"]
    heats = understanding.heats()
    assert list(heats.rows["sha256"]) == list(predictions["sha256"])
    assert heats.maps.shape == (len(predictions), 32, 32)
    assert understanding.attention().trust is not None
    robustness = understanding.robustness()
    assert robustness.n == 6
    assert [curve.key for curve in robustness.curves] == [kind.key for kind in CORRUPTIONS[:2]]
    outcome = understanding.outcome()
    assert outcome.seconds > 0
    assert outcome.notes == ()
    assert not understanding.progress_file.exists()


def test_more_pictures_than_fit_the_map_are_looked_at_all_the_same(run, monkeypatch):
    monkeypatch.setattr(understanding_steps, "choose", partial(understanding_steps.choose, most=9))
    assert work(run.path) == 0
    understanding = Understanding(run)
    assert len(understanding.map()) == 9
    assert understanding.slices().n == len(read_predictions(run.path))
    assert understanding.robustness().n == 6
    assert len(understanding.heats().rows) == (understanding.map()["split"] == "test").sum()


def test_pictures_that_belong_together_are_dealt_out_together(run, monkeypatch):
    seen = []
    real = understanding_steps.find_slices
    monkeypatch.setattr(
        understanding_steps,
        "find_slices",
        lambda *given, groups, **more: seen.append(groups) or real(*given, groups=groups, **more),
    )
    assert work(run.path) == 0
    assert seen[0] is None
    split = run.split()
    test = split.index[split["split"] == "test"]
    split.loc[test[:3], "group"] = "one burst"
    split.to_parquet(run.path / "split.parquet")
    assert work(run.path) == 0
    places = [list(read_predictions(run.path)["sha256"]).index(sha) for sha in split.loc[test[:3], "sha256"]]
    assert len(set(seen[1][places])) == 1
    assert len(set(seen[1])) == len(seen[1]) - 2


def test_of_a_modality_that_has_nothing_of_its_own_the_rest_is_analyzed(run, monkeypatch):
    monkeypatch.setattr(analysis, "ANALYSIS", analysis.Analysis())
    assert work(run.path) == 0
    understanding = Understanding(run)
    assert set(understanding.traits().columns) & {"size", "brightness", "blur"} == set()
    assert understanding.slices().n == len(read_predictions(run.path))
    assert len(understanding.map()) == len(run.split())
    assert understanding.atlas() is understanding.attention() is understanding.heats() is None
    assert understanding.robustness() is None
    assert understanding.outcome().notes == ()


def test_a_run_that_was_not_judged_fails_in_a_sentence(run):
    run.predictions.unlink()
    with pytest.raises(RunError, match="Evaluate it first"):
        launch(Understanding(run))
    assert work(run.path) == 1
    state = Understanding(run).state()
    assert state.state == "failed"
    assert "Evaluate the run again" in state.error


def test_a_fault_that_nobody_expected_is_told_and_logged(run, monkeypatch, capsys):
    monkeypatch.setattr(understanding_steps, "draw_map", lambda features: 1 / 0)
    assert work(run.path) == 1
    assert "ZeroDivisionError" in Understanding(run).state().error
    assert "Traceback" in capsys.readouterr().err
    assert Understanding(run).slices() is not None, "what was done before stays"


def test_it_is_stopped_between_two_steps(run, monkeypatch):
    monkeypatch.setattr(Understanding, "asked", lambda self: "stopped")
    assert work(run.path) == 0
    assert Understanding(run).state().state == "stopped"
    assert Understanding(run).outcome() is None


@pytest.mark.parametrize(("state", "error"), [("finished", ""), ("stopped", ""), ("failed", "The pictures are gone.")])
def test_an_analysis_from_before_there_was_a_log_is_read(run, state, error):
    understanding = Understanding(run)
    understanding.path.mkdir()
    content = {"schema_version": 1, "at": "2026-11-01T10:00:00Z", "state": state, "error": error, "seconds": 3.5}
    write_json(understanding.outcome_file, {**content, "notes": ["A note."]})
    assert (understanding.state().state, understanding.state().error) == (state, error)
    assert (understanding.outcome().seconds, understanding.outcome().notes) == (3.5, ("A note.",))


def test_a_run_without_test_pictures_has_a_map_alone(run, workspace):
    split = run.split()
    split.loc[split["split"] == "test", "split"] = "train"
    split.to_parquet(run.path / "split.parquet")
    evaluate_run(run, lambda step: None)
    assert work(run.path) == 0
    understanding = Understanding(run)
    assert "no test pictures" in understanding.outcome().notes[0]
    assert len(understanding.map()) == len(split)
    assert understanding.robustness() is None


def test_a_renamed_class_takes_away_what_has_the_old_name(run):
    understanding = Understanding(run)
    understanding.path.mkdir()
    write_json(understanding.outcome_file, Outcome(state="finished"))
    with Recorder(run) as recorder:
        recorder.record(Ended(state="finished"))
    rename_class(run, "circle", "disc")
    assert understanding.state().state == "created"


def test_explain_draws_two_maps_of_each_picture(run, tiny_folder, tmp_path, capsys):
    with Recorder(run) as recorder:
        recorder.record(Ended(state="finished"))
    items = [tiny_folder / label / f"{label}-00.png" for label in ("circle", "square")]
    (tmp_path / "torn.jpg").write_bytes(b"no picture")
    out = tmp_path / "maps"
    given = [str(path) for path in (*items, tmp_path / "torn.jpg")]
    assert main(["explain", run.id, *given, "--out", str(out), "--json"]) == 1
    said = capsys.readouterr()
    content = json.loads(said.out.splitlines()[-1])
    assert "torn.jpg" in said.err
    assert [each["path"] for each in content["failed"]] == [str(tmp_path / "torn.jpg")]
    assert [each["predicted"] for each in content["pictures"]] == ["circle", "square"]
    for each in content["pictures"]:
        for name in (each["grad_cam"], each["occlusion"]):
            with Image.open(out / name) as drawn:
                assert drawn.size == (448, 448)
        assert each["label"] == each["predicted"]
    assert json.loads((out / "explanations.json").read_text())["pictures"] == content["pictures"]


def test_explain_can_be_asked_about_another_class(run, tiny_folder, tmp_path):
    item = tiny_folder / "circle" / "circle-00.png"
    found = drain(explain_items(run.path, [item], tmp_path, label="square"), lambda step: None)
    assert (found.items[0].predicted, found.items[0].label) == ("circle", "square")
    other = drain(explain_items(run.path, [item], tmp_path / "own"), lambda step: None)
    maps = [np.asarray(Image.open(folder / "001-circle-00-grad-cam.png")) for folder in (tmp_path, tmp_path / "own")]
    assert not np.array_equal(*maps)
    assert other.items[0].probability > found.items[0].probability
    with pytest.raises(RunError, match="There is: 'circle', 'square', 'triangle'"):
        drain(explain_items(run.path, [item], tmp_path, label="star"), lambda step: None)


@pytest.mark.slow
def test_understand_starts_a_worker_and_says_what_it_found(workspace, tiny_dataset, capsys):
    run = make_answerable_run(workspace, tiny_dataset)
    evaluate_run(run, lambda step: None)
    assert main(["understand", run.id, "--json"]) == 0
    content = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert content["run"] == run.id
    assert Path(content["path"], "understanding.json").exists()
    assert len(content["robustness"]["curves"]) == len(CORRUPTIONS)
