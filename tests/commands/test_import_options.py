"""On the command line sure imports go through; what is not sure is asked, with the option that chooses each reading."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import draw_shape
from tests.data.zips import unmarked_zip
from tlcore.__main__ import main
from tlcore.data.dataset import list_datasets

NAMES = ("кошки", "собаки", "птицы")
COMMANDS = (["train"], ["sweep"], ["lr-find"], ["data", "check"], ["data", "split"])


def items(root: Path, *names: str, each: int = 8) -> Path:
    """Draw pictures into folders; every picture is another one."""
    rng = np.random.default_rng(0)
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            draw_shape("circle", rng, 24).save(root / name / f"{number}.png")
    return root


@pytest.fixture
def sites(tmp_path) -> Path:
    """Two levels that could both be the classes."""
    return items(tmp_path / "sites", "north/cat", "north/dog", "south/cat", "south/dog")


@pytest.fixture
def table(tmp_path) -> Path:
    """One folder of pictures beside a table with two columns that repeat."""
    root = items(tmp_path / "given", "images", each=16)
    rows = [
        f"{n}.png;{('cat', 'dog')[n % 2]};{('left', 'right')[n // 8]};{('train', 'test')[n % 4 == 3]}"
        for n in range(16)
    ]
    (root / "labels.csv").write_text("\n".join(["file;label;side;split", *rows]))
    return root


@pytest.fixture
def several(tmp_path) -> Path:
    """Several labels in one cell."""
    root = items(tmp_path / "several", "images", each=16)
    rows = [f"{n}.png,{('a', 'b', 'a|b', 'b|c')[n % 4]}" for n in range(16)]
    (root / "labels.csv").write_text("\n".join(["file,findings", *rows]))
    return root


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(["data", "add", *arguments])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


def last_object(out: str) -> dict:
    return json.loads(out.splitlines()[-1])


def counts(workspace) -> dict[str, int]:
    (dataset,) = list_datasets(workspace)
    return dataset.counts()


def test_a_sure_import_goes_through(workspace, capsys, tiny_folder):
    code, out, _ = run(capsys, str(tiny_folder))
    assert code == 0
    assert "36 kept" in out


def test_what_is_not_sure_is_asked_and_makes_nothing(workspace, capsys, sites):
    code, out, err = run(capsys, str(sites))
    assert code == 2
    assert out == ""
    for word in ("--class-level 1", "--class-level 2", "north", "cat", "--yes"):
        assert word in err
    assert list_datasets(workspace) == []


def test_every_reading_is_chosen_by_the_option_that_is_told(workspace, capsys, sites):
    code, out, _ = run(capsys, str(sites), "--json")
    assert code == 2
    ((question),) = last_object(out)["questions"]
    assert question["sentence"]
    for reading in question["readings"]:
        assert run(capsys, str(sites), *shlex.split(reading["options"]))[0] == 0
        made = list_datasets(workspace)[0]
        assert made.counts() == reading["classes"]
        made.delete()


def test_yes_takes_the_first_reading(workspace, capsys, sites):
    first = last_object(run(capsys, str(sites), "--json")[1])["questions"][0]["readings"][0]
    assert run(capsys, str(sites), "--yes")[0] == 0
    assert counts(workspace) == first["classes"]


def test_a_smell_is_told_and_confirmed(workspace, capsys, tmp_path):
    days = items(tmp_path / "days", "2023-05-01", "2023-05-02")
    code, _, err = run(capsys, str(days))
    assert code == 2
    assert "dates" in err
    assert "--yes" in err
    assert run(capsys, str(days), "--yes")[0] == 0
    assert counts(workspace) == {"2023-05-01": 8, "2023-05-02": 8}


def test_a_refusal_is_a_sentence(workspace, capsys, several):
    (several / "labels.csv").write_text('file,bbox\n0.png,"[{""points"": [1, 2]}]"\n')
    for arguments in ([], ["--yes"], ["--dry-run"]):
        code, _, err = run(capsys, str(several), *arguments)
        assert code == 1
        assert "boxes or outlines" in err
    assert list_datasets(workspace) == []


def test_a_column_is_chosen_by_its_title_or_its_number(workspace, capsys, table):
    assert run(capsys, str(table), "--label-column", "side", "--split-column", "none")[0] == 0
    assert counts(workspace) == {"left": 8, "right": 8}
    (dataset,) = list_datasets(workspace)
    assert set(dataset.items()["split"]) == {""}
    dataset.delete()
    assert run(capsys, str(table), "--label-column", "2")[0] == 0
    assert counts(workspace) == {"cat": 8, "dog": 8}
    assert set(list_datasets(workspace)[0].items()["split"]) == {"train", "test"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--label-column", "nothing"], ("nothing", "label", "side")),
        (["--table", "no.csv"], ("no.csv", "labels.csv")),
        (["--class-level", "9"], ("9", "1")),
        (["--encoding", "klingon"], ("klingon", "cp932")),
    ],
)
def test_an_option_that_does_not_fit_is_told_what_there_is(workspace, capsys, table, options, words):
    code, _, err = run(capsys, str(table), *options)
    assert code == 1
    assert [word for word in words if word not in err] == []
    assert list_datasets(workspace) == []


def test_a_dry_run_tells_all_and_makes_nothing(workspace, capsys, table):
    (table / "images" / "Thumbs.db").write_bytes(b"\0")
    code, out, _ = run(capsys, str(table), "--dry-run")
    assert code == 0
    for words in ("cat 8, dog 8", "labels.csv", "class: label", "train 12, test 4", "Left out: 1"):
        assert words in out
    code, out, _ = run(capsys, str(table), "--dry-run", "--json")
    told = last_object(out)
    assert code == 0
    assert told["classes"] == {"cat": 8, "dog": 8}
    assert told["split"] == {"train": 12, "test": 4}
    (seen,) = told["tables"]
    assert seen["used"]
    assert {column["role"]: column["name"] for column in seen["columns"] if column["role"]} == {
        "file": "file", "class": "label", "split": "split",
    }  # fmt: skip
    assert seen["delimiter"] == ";"
    assert [left["source"] for left in told["left_out"]] == ["images/Thumbs.db"]
    assert told["questions"] == []
    assert told["sure"]
    assert list_datasets(workspace) == []


def test_a_dry_run_ends_as_the_import_would(workspace, capsys, sites, tmp_path):
    assert run(capsys, str(sites), "--dry-run")[0] == 2
    assert run(capsys, str(sites), "--dry-run", "--yes")[0] == 0
    assert run(capsys, str(sites), "--dry-run", "--class-level", "2")[0] == 0
    loose = items(tmp_path / "images", ".")
    code, out, _ = run(capsys, str(loose), "--dry-run")
    assert code == 2
    assert "--label" in out
    assert run(capsys, str(loose), "--dry-run", "--label", "cat")[0] == 0


def test_names_are_read_in_the_encoding_that_is_chosen(workspace, capsys, tmp_path):
    files = [(f"{label}/{number}.png".encode("cp866"), bytes([number])) for label in NAMES for number in range(3)]
    path = unmarked_zip(tmp_path / "names.zip", files)
    told = last_object(run(capsys, str(path), "--dry-run", "--json")[1])
    assert (told["encoding"]["codec"], told["encoding"]["guessed"]) == ("cp866", True)
    assert told["encoding"]["alternatives"]
    assert set(told["classes"]) == set(NAMES)
    told = last_object(run(capsys, str(path), "--dry-run", "--json", "--encoding", "cp850")[1])
    assert set(told["classes"]) == {label.encode("cp866").decode("cp850") for label in NAMES}


def test_an_addition_is_asked_about_too(workspace, capsys, tiny_folder, sites):
    assert run(capsys, str(tiny_folder), "--name", "Shapes")[0] == 0
    assert run(capsys, str(sites), "--into", "Shapes")[0] == 2
    assert counts(workspace) == {"circle": 12, "square": 12, "triangle": 12}
    assert run(capsys, str(sites), "--into", "Shapes", "--class-level", "2")[0] == 0
    assert counts(workspace) == {"circle": 12, "square": 12, "triangle": 12, "cat": 16, "dog": 16}


@pytest.mark.parametrize(
    "command", [["train"], ["sweep"], ["lr-find"], ["data", "check"], ["data", "split"]], ids=" ".join
)
def test_what_takes_a_path_in_asks_as_well(workspace, capsys, sites, command):
    assert main([*command, str(sites), "--json"]) == 2
    said = capsys.readouterr()
    assert "--class-level 2" in said.err
    assert last_object(said.out)["questions"]
    assert list_datasets(workspace) == []


def test_what_takes_a_path_in_has_the_options(workspace, capsys, sites):
    assert main(["data", "split", str(sites), "--class-level", "2"]) == 0
    assert counts(workspace) == {"cat": 16, "dog": 16}


# === Tasks ===


def test_several_labels_are_imported_and_counted(workspace, capsys, several):
    code, out, _ = run(capsys, str(several), "--json")
    assert code == 0
    made = last_object(out)
    assert (made["task"], made["classes"]) == ("multilabel", {"a": 8, "b": 12, "c": 4})
    assert made["labels"] == {"mean": 1.5, "none": 0.0}
    (dataset,) = list_datasets(workspace)
    assert dataset.info.task == "multilabel"


def test_the_preview_says_the_task_and_why(workspace, capsys, several):
    code, out, _ = run(capsys, str(several), "--dry-run")
    assert code == 0
    assert "Task: Multi-label classification: column 'findings' gives 8 of 16 pictures several labels" in out
    assert "Labels (3): b 12, a 8, c 4" in out
    assert last_object(run(capsys, str(several), "--dry-run", "--json")[1])["task"] == "multilabel"


def test_the_preview_offers_one_class_where_each_row_has_one_yes(workspace, capsys, several):
    (several / "labels.csv").write_text("file,cat,dog\n" + "".join(f"{n}.png,{n % 2},{1 - n % 2}\n" for n in range(16)))
    code, out, _ = run(capsys, str(several), "--dry-run")
    assert code == 0
    assert "Could also be: --task classification  One class for each picture" in out
    (other,) = last_object(run(capsys, str(several), "--dry-run", "--json")[1])["other_readings"]
    assert other["classes"] == {"cat": 8, "dog": 8}
    assert run(capsys, str(several), *other["options"].split())[0] == 0
    assert counts(workspace) == {"cat": 8, "dog": 8}


def test_a_number_gets_a_name_and_a_unit(workspace, capsys, several):
    (several / "labels.csv").write_text("file;Weight (g)\n" + "".join(f"{n}.png;{n},5\n" for n in range(16)))
    code, out, _ = run(capsys, str(several), "--value-name", "mass", "--json")
    assert code == 0
    made = last_object(out)
    assert (made["task"], made["value"], made["unit"]) == ("regression", "mass", "g")
    assert made["labels"] == {"min": 0.5, "median": 8.0, "max": 15.5}


@pytest.mark.parametrize(
    ("table", "options"),
    [
        ("file,cells\n" + "".join(f"{n}.png,{n % 3}\n" for n in range(16)),
         {"--label-column cells --task classification": "classification",
          "--label-column cells --task regression": "regression"}),
        ("file,tags\n" + "".join(f"{n}.png,{('a', 'a|b', 'b', '')[n % 4]}\n" for n in range(16)),
         {"--blank unlabeled": "multilabel", "--blank none": "multilabel"}),
        ("file,mass\n" + "".join(f'{n}.png,"{n + 1},250"\n' for n in range(16)),
         {"--decimal point": "regression", "--decimal comma": "regression"}),
    ],
)  # fmt: skip
def test_what_the_labels_are_is_asked_with_an_option_for_every_answer(workspace, capsys, several, table, options):
    (several / "labels.csv").write_text(table)
    code, out, err = run(capsys, str(several), "--json")
    assert code == 2
    asked = [reading["options"] for reading in last_object(out)["questions"][0]["readings"]]
    assert asked == list(options)
    for option, task in options.items():
        assert option in err
        assert run(capsys, str(several), *shlex.split(option))[0] == 0
        (dataset,) = list_datasets(workspace)
        assert dataset.info.task == task
        dataset.delete()


@pytest.mark.parametrize(
    ("option", "word"), [("--task", "regression"), ("--decimal", "comma"), ("--blank", "unlabeled")]
)
def test_a_word_that_an_option_does_not_know_is_told_those_that_it_does(workspace, capsys, several, option, word):
    code, _, err = run(capsys, str(several), option, "nothing")
    assert code == 1
    assert word in err


def test_training_on_a_path_for_another_task_makes_another_dataset(workspace, capsys, tiny_folder):
    for task in ("classification", "multilabel"):
        assert main(["data", "split", str(tiny_folder), "--task", task, "--json"]) == 0
    assert {dataset.info.task for dataset in list_datasets(workspace)} == {"classification", "multilabel"}
    capsys.readouterr()
