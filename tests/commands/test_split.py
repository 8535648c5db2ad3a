"""The split of a dataset from the command line."""

from __future__ import annotations

import json

import pytest

from tests.data.conftest import write_classes
from tests.data.edited import make_dataset
from tlcore.__main__ import main
from tlcore.data.dataset import list_datasets
from tlcore.data.split.locked import parts_for_run
from tlcore.runs.config import TrainingConfig
from tlcore.runs.create import create_run
from tlcore.runs.run import list_runs


@pytest.fixture
def dataset(workspace):
    return make_dataset(workspace, 60)


@pytest.fixture
def split(dataset, capsys):
    """Ask for the split and give the object that it prints, or what it complains of."""

    def ask(*arguments: str) -> dict | str:
        code = main(["data", "split", dataset.id, *arguments, "--json"])
        printed = capsys.readouterr()
        return json.loads(printed.out.splitlines()[-1]) if code == 0 else printed.err

    return ask


@pytest.mark.slow
def test_the_split_is_drawn_once_and_then_shown(split, dataset):
    drawn = split("--seed", "3", "--shares", "0.6,0.2,0.2")
    assert drawn["classes"] == {label: {"train": 12, "val": 4, "test": 4} for label in "abc"}
    assert (drawn["draw"], drawn["seed"], drawn["looks"], drawn["group_by"]) == (1, 3, 0, ["near-duplicates"])
    assert split() == drawn
    assert split("--seed", "3") == drawn
    complaint = split("--seed", "4")
    assert "with seed 3 and shares 60/20/20, and are kept" in complaint
    assert "cannot be compared with those of later runs" in complaint
    parts = parts_for_run(dataset, train=0.6, val=0.2, test=0.2, seed=3)
    assert parts.counts("abc") == drawn["classes"]


def test_a_new_draw_is_asked_for_and_takes_another_seed(split, monkeypatch):
    split("--seed", "3")
    monkeypatch.setattr("typer.confirm", lambda text, **options: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main(["data", "split", "made", "--anew"]) != 0
    assert split()["draw"] == 1
    anew = split("--anew", "--yes")
    assert (anew["draw"], anew["seed"], anew["shares"]["test"]) == (2, 4, 0.15)


def test_a_folder_by_its_path_is_taken_in_with_words_as_by_data_add(workspace, tmp_path, capsys):
    folder = write_classes(tmp_path / "given", "train/a", "train/b", "val/a", "val/b", count=12)
    assert main(["data", "split", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "The validation set is used as the test set" in said
    assert "48 kept, 0 left out." in said
    assert main(["data", "split", str(folder)]) == 0
    again = capsys.readouterr().out
    (dataset,) = list_datasets(workspace)
    assert dataset.id in again, "it is the one of before"


@pytest.mark.slow
def test_groups_come_from_a_table_a_folder_or_a_pattern(split, dataset, tmp_path):
    table = tmp_path / "patients.csv"
    rows = [f"{row.source},{number // 5}" for number, row in enumerate(dataset.items().itertuples())]
    table.write_text("\n".join(["file,patient", *rows]))
    by_table = split("--csv", str(table), "--group-by", "column:patient", "--group-by", r"pattern:(^$)x?|([0])")
    assert "none of the 60 pictures" in by_table
    by_table = split("--group-by", "column:patient")
    assert (by_table["groups"], by_table["group_by"]) == (12, ["near-duplicates", "column:patient"])
    assert "would be in another part" in split("--group-by", "folder:1")
    assert split()["group_by"] == ["near-duplicates", "column:patient"]
    assert split("--group-by", "column:patient", "--no-near-duplicates")["group_by"] == ["column:patient"]
    assert "in 3 groups" in split("--group-by", "folder:1", "--anew", "--yes")
    assert "There is no 'ward'" in split("--group-by", "column:ward")
    assert "have not been searched for" in split("--group-by", "near-duplicates")
    assert "cannot be read" in split("--csv", str(tmp_path / "none.csv"))


def test_a_run_keeps_what_stays_together_and_says_what_is_not_known(workspace, dataset, split):
    split("--group-by", r"pattern:(\d)\.png")
    run = create_run(workspace, dataset, TrainingConfig(dataset=dataset.id, seed=8))
    assert list_runs(workspace) == [run]
    table = run.split()
    assert table["group"].nunique() == 10
    assert (table.groupby("group")["split"].nunique() == 1).all()
    assert any("Near-duplicates have not been searched for" in note for note in run.dataset.notes)
    assert run.dataset.draw == 1
