"""`predict` answers for any number of pictures, goes on where it ended and mixes no two models' answers."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import CLASSES
from tests.contracts import image_contract
from tests.graphs import make_answerable_run, write_colour_model
from tlcore.__main__ import main
from tlcore.commands.paths import files_in, items_in
from tlcore.inference.predictions_csv import AnswerTable
from tlcore.inference.predictor import Answer, Predictor
from tlcore.runs.run import Run

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def run(workspace, tiny_dataset) -> Run:
    return make_answerable_run(workspace, tiny_dataset)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def said(capsys) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_table_that_was_cut_short_anywhere_is_completed_as_if_nothing_had_happened(
    run, tiny_folder, tmp_path, capsys
):
    whole, cut = tmp_path / "whole.csv", tmp_path / "cut.csv"
    assert main(["predict", run.id, str(tiny_folder), "--csv", str(whole), "--json"]) == 0
    expected = said(capsys)
    content = whole.read_bytes()
    lengths = [0, 5, content.index(b"\n") + 1, len(content) // 2, len(content) - 1, len(content)]
    for length in lengths:
        cut.write_bytes(content[:length])
        assert main(["predict", run.id, str(tiny_folder), "--csv", str(cut), "--resume", "--json"]) == 0
        assert said(capsys) == expected
        assert cut.read_bytes() == content


def test_what_was_answered_is_not_asked_again(run, tiny_folder, tmp_path, monkeypatch):
    table, asked = tmp_path / "answers.csv", []
    assert main(["predict", run.id, str(tiny_folder / "circle"), "--csv", str(table)]) == 0
    read = Predictor.decode
    monkeypatch.setattr(Predictor, "decode", lambda self, source: asked.append(source) or read(self, source))
    assert main(["predict", run.id, str(tiny_folder), "--csv", str(table), "--resume"]) == 0
    circles = [path for path in asked if path.parent.name == "circle"]
    assert len(circles) == 1  # to see whether it is the same model
    assert len(asked) == 1 + 24
    assert len(rows(table)) == 36


@pytest.mark.slow
def test_what_was_answered_outlives_a_kill(run, tiny_folder, tmp_path):
    folder, table = tmp_path / "many", tmp_path / "answers.csv"
    folder.mkdir()
    source = next((tiny_folder / "circle").iterdir())
    for number in range(3000):
        os.link(source, folder / f"{number:04d}.png")
    command = [sys.executable, "-m", "tlcore", "predict", run.id, str(folder), "--csv", str(table)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while not table.exists() or table.stat().st_size < 1000:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = len(rows(table))
    assert 0 < before < 3000
    assert main([*command[3:], "--resume"]) == 0
    assert [Path(row["path"]).name for row in rows(table)] == [f"{number:04d}.png" for number in range(3000)]


def test_a_table_of_an_earlier_version_is_gone_on_with_in_its_own_columns(run, tiny_folder, tmp_path):
    table = tmp_path / "answers.csv"
    ask = ["predict", run.id, str(tiny_folder), "--csv", str(table)]
    assert main(ask) == 0
    kept = rows(table)
    names = list(kept[0])
    before = [*names[:3], *(name for name in names if name.startswith("p_")), "unfamiliarity", "error"]
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, before, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(kept[:5])
    assert main([*ask, "--resume"]) == 0
    assert [list(row) for row in rows(table)] == [before] * 36
    assert rows(table) == [{name: row[name] for name in before} for row in kept]


def test_another_models_table_is_not_gone_on_with(run, tiny_folder, tmp_path, capsys):
    table = tmp_path / "answers.csv"
    ask = ["predict", run.id, str(tiny_folder), "--csv", str(table)]
    assert main(ask) == 0
    content = table.read_bytes()
    colours = [CLASSES[label] for label in run.dataset.classes]
    write_colour_model(run.model_onnx, (colours[1], colours[2], colours[0]))
    assert main([*ask, "--resume"]) == 1
    assert "says something else" in capsys.readouterr().err
    table.write_text("path,label,confidence,says,unfamiliarity,p_cat,error\r\n")
    assert main([*ask, "--resume"]) == 1
    assert "p_cat" in capsys.readouterr().err
    assert main(["predict", run.id, str(tiny_folder), "--resume"]) == 1
    assert "--csv FILE" in capsys.readouterr().err
    assert main(ask) == 0  # without --resume it is written anew
    assert len(rows(table)) == 36
    assert table.read_bytes() != content


def test_a_picture_that_cannot_be_read_has_a_row_and_fails_the_command_each_time(run, tiny_folder, tmp_path, capsys):
    folder, table = tmp_path / "mixed", tmp_path / "answers.csv"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "torn.jpg").write_bytes(b"no picture")
    (folder / "a.png").write_bytes(next((tiny_folder / "circle").iterdir()).read_bytes())
    (folder / "notes.txt").write_text("no picture's name")
    (folder / ".hidden.png").write_text("hidden")
    ask = ["predict", run.id, str(folder), "--csv", str(table), "--json"]
    for options in ([], ["--resume"]):
        assert main([*ask, *options]) == 1
        printed = capsys.readouterr()
        assert "torn.jpg: This is not a picture" in printed.err
        content = json.loads(printed.out.splitlines()[-1])
        assert [entry["path"] for entry in content["predictions"]] == [str(folder / "a.png")]
        assert [entry["path"] for entry in content["failed"]] == [str(folder / "b" / "torn.jpg")]
        assert content["ignored"] == [str(folder / "notes.txt")]
    assert [bool(row["error"]) for row in rows(table)] == [False, True]


def test_of_very_many_answers_the_terminal_shows_some_and_counts_all(run, tiny_folder, tmp_path, capsys):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(150):
        os.link(tiny_folder / "circle" / "circle-00.png", folder / f"{number}.png")
    assert main(["predict", run.id, str(folder)]) == 0
    printed = capsys.readouterr().out
    assert printed.count(".png") == 100
    assert "50 more. Of all: circle 150." in printed


def test_folders_are_walked_in_the_order_of_their_names_wherever_they_begin(tiny_folder):
    assert list(items_in([tiny_folder])) == sorted(tiny_folder.rglob("*.png"))
    one = tiny_folder / "square" / "square-00.png"
    assert next(files_in([one, tiny_folder])) == (one, True)


def test_what_is_named_twice_or_lies_in_another_folder_that_is_named_comes_once(tiny_folder, tmp_path, monkeypatch):
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "shapes"))
    everything = sorted(folder.rglob("*.png"))
    circles, one = folder / "circle", folder / "square" / "square-00.png"
    hidden = folder / ".hidden.png"
    hidden.write_bytes(one.read_bytes())
    monkeypatch.chdir(circles)
    for paths in (
        [folder, folder],
        [folder, circles, one],
        [one, circles, folder],
        [".", folder],
    ):
        found = [path.resolve() for path in items_in([Path(path) for path in paths])]
        assert sorted(found) == everything
    assert len(list(items_in([folder, hidden, hidden]))) == len(everything) + 1  # only by its own name
    notes = circles / "notes.txt"
    notes.write_text("no picture's name")
    assert list(items_in([circles, notes]))[-1] == notes


def test_a_file_that_is_no_table_of_answers_is_left_as_it_is(run, tiny_folder, tmp_path, capsys):
    photo, damaged = tmp_path / "photo.png", tmp_path / "answers.csv"
    content = (tiny_folder / "circle" / "circle-00.png").read_bytes()
    photo.write_bytes(content)
    for options in ([], ["--resume"]):
        assert main(["predict", run.id, str(tiny_folder), "--csv", str(photo), *options]) == 1
        assert "left as it is" in capsys.readouterr().err
        assert photo.read_bytes() == content
    with AnswerTable(damaged, image_contract(tuple(CLASSES), 32)) as table:
        table.write(Answer(tiny_folder / "circle", np.array([0.2, 0.2, 0.6], np.float32), unfamiliarity=0.5))
    damaged.write_text(damaged.read_text().replace("0.6", "most"))
    assert main(["predict", run.id, str(tiny_folder), "--csv", str(damaged), "--resume"]) == 1
    assert "is damaged" in capsys.readouterr().err


def test_nothing_grows_with_the_number_of_pictures(run, tiny_folder, tmp_path):
    predictor = Predictor.from_run(run.path, threads=2)
    item = next((tiny_folder / "circle").iterdir())

    def peak(number: int) -> int:
        tracemalloc.start()
        with AnswerTable(tmp_path / "answers.csv", predictor.labels) as table:
            for answer in predictor.predict_files(item for _ in range(number)):
                table.write(answer)
            assert sum(1 for _ in table.rows()) == number
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(64)
    assert peak(512) < 1.3 * peak(128)


def test_names_that_are_no_text_and_lines_within_names_come_back(tmp_path):
    strange = ["a\nb.png", 'say "hi".png', os.fsdecode(b"\xff.png"), "é,ü.png"]
    with AnswerTable(tmp_path / "answers.csv", image_contract(["x", "y"], 32)) as table:
        for name in strange:
            table.write(Answer(Path(name), np.array([0.25, 0.75], np.float32), unfamiliarity=1.5))
        table.write(Answer(Path("torn.png"), None, "It is damaged."))
        found = list(table.rows())
    assert [row.path for row in found] == [*strange, "torn.png"]
    assert (found[0].reply.label, found[0].outputs, found[0].unfamiliarity) == ("y", (0.25, 0.75), 1.5)
    assert (found[-1].error, found[-1].outputs) == ("It is damaged.", ())
