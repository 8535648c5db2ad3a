"""Editing a dataset from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.data.edited import make_dataset, sha_of
from tlcore.__main__ import main


@pytest.fixture
def dataset(workspace):
    return make_dataset(workspace)


@pytest.fixture
def told(capsys):
    """Run a command that succeeds; give the object that it prints."""

    def run(*words):
        capsys.readouterr()
        code = main(["data", *words, "--json"])
        out = capsys.readouterr().out.splitlines()
        assert code == 0
        return json.loads(out[-1])

    return run


def test_each_edit_says_what_it_did_and_what_the_dataset_is_now(dataset, told):
    steps = [
        (["relabel", "made", "a/0.png", "1.png", "--to", "new"], {"a": 1, "b": 1, "c": 2, "new": 2}),
        (["exclude", "made", sha_of("3")[:10]], {"b": 1, "c": 2, "new": 2}),
        (["restore", "made", "a/3.png"], {"b": 1, "c": 2, "new": 2, "a": 1}),
        (["delete-items", "made", "a/3.png"], {"b": 1, "c": 2, "new": 2}),
        (["rename-class", "made", "new", "newer"], {"b": 1, "c": 2, "newer": 2}),
        (["merge-classes", "made", "b", "c"], {"b": 3, "newer": 2}),
        (["merge-classes", "made", "b", "newer", "--into", "all"], {"all": 5}),
        (["colour", "made", "all", "#00ff00"], {"all": 5}),
        (["undo", "made"], {"all": 5}),
        (["undo", "made"], {"b": 3, "newer": 2}),
        (["redo", "made"], {"all": 5}),
    ]
    for version, (words, classes) in enumerate(steps, start=2):
        content = told(*words)
        assert (content["classes"], content["version"], content["dataset"]) == (classes, version, "made")
        assert content["says"].endswith(".")
    kinds = [entry["kind"] for entry in told("history", "made")["history"]]
    assert kinds == [
        "made", "relabel", "exclude", "restore", "delete", "rename-class", "merge-classes", "merge-classes", "colour",
        "undo", "undo", "redo",
    ]  # fmt: skip


def test_the_old_name_of_a_command_still_works_and_is_not_offered(dataset, told, capsys):
    assert told("delete-pictures", "made", "a/3.png")["classes"] == {"a": 1, "b": 2, "c": 2}
    main(["data", "--help"])
    assert "delete-items" in (said := capsys.readouterr().out)
    assert "delete-pictures" not in said


def test_labels_go_in_and_out_as_csv(dataset, told, tmp_path):
    (tmp_path / "in.csv").write_text("picture,label\na/0.png,b\n4.png,d\n")
    assert told("relabel", "made", "--csv", str(tmp_path / "in.csv"))["classes"] == {"a": 1, "b": 2, "c": 2, "d": 1}
    content = told("history", "made", "--csv", str(tmp_path / "out.csv"))
    assert content["changes"] == 2
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig") == "picture,label,was\na/0.png,b,a\nb/4.png,d,b\n"


def test_versions_are_named_and_compared(dataset, told):
    told("exclude", "made", "0.png")
    told("name-version", "made", "1", "before cleaning")
    assert [entry["name"] for entry in told("history", "made")["history"]] == ["before cleaning", ""]
    assert told("compare", "made", "1", "2")["differences"] == [
        {"item": "a/0.png", "picture": "a/0.png", "what": "state", "was": "in use", "is": "excluded"}
    ]


def test_the_history_is_told_to_a_person(dataset, capsys):
    main(["data", "exclude", "made", "0.png"])
    main(["data", "undo", "made"])
    capsys.readouterr()
    assert main(["data", "history", "made"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split()[3:] == ["undone", "Excluded", "1", "picture."]
    assert lines[3].endswith("Undid: Excluded 1 picture.")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["exclude", "nothing", "0.png"], "'nothing' is not one"),
        (["exclude", "made", "9.png"], "'9.png' is none of them"),
        (["exclude", "made", "png"], "is none of them"),
        (["relabel", "made", "0.png"], "Pictures and --to CLASS are needed, or --csv FILE"),
        (["relabel", "made", "0.png", "--csv", "x.csv"], "Pictures and --to CLASS are needed, or --csv FILE"),
        (["relabel", "made", "--to", "b"], "Pictures and --to CLASS are needed, or --csv FILE"),
        (["undo", "made"], "There is none"),
        (["redo", "made"], "There is none"),
        (["rename-class", "made", "a", "b"], "merge the two"),
        (["name-version", "made", "7", "x"], "1 to 1"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_no_success(dataset, capsys, words, sentence):
    assert main(["data", *words]) == 1
    assert sentence in capsys.readouterr().err
    assert dataset.info.version == 1


def test_the_range_of_values_is_shown_set_found_and_undone(workspace, told, tmp_path, capsys):
    for label, top in (("dim", 900), ("bright", 3000)):
        (tmp_path / "scans" / label).mkdir(parents=True)
        for seed in range(3):
            values = np.random.default_rng([top, seed]).integers(200, top, (20, 20)).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / "scans" / label / f"{seed}.png")
    assert main(["data", "add", str(tmp_path / "scans")]) == 0
    assert "have more than 8 bits: values from 20" in capsys.readouterr().out
    first = told("range", "scans")
    assert (first["version"], first["pictures"]) == (1, 6)
    assert 200 <= first["low"] < 205
    assert 2950 < first["high"] < 3000
    found = told("range", "scans", "--high", "4095")
    assert (found["version"], found["low"], found["high"]) == (2, first["low"], 4095)
    found = told("range", "scans", "--low", "0", "--high", "2000.5")
    assert (found["version"], found["low"], found["high"]) == (3, 0, 2000.5)
    assert told("history", "scans")["history"][-1]["kind"] == "reading"
    found = told("range", "scans", "--auto")
    assert (found["low"], found["high"]) == (first["low"], first["high"])
    assert told("range", "scans", "--auto")["version"] == found["version"]  # it is that already
    told("undo", "scans")
    assert told("range", "scans")["high"] == 2000.5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--auto", "--low", "3"], "Received both"),
        (["--low", "3"], "the dataset has no range yet"),
        (["--low", "3", "--high", "9"], "has none of them"),
        (["--auto"], "has none of them"),
    ],
)
def test_a_range_that_cannot_be_is_refused_in_a_sentence(dataset, capsys, options, said):
    assert main(["data", "range", "made", *options]) != 0
    assert said in capsys.readouterr().err
    assert main(["data", "range", "made"]) == 0
    assert "0 pictures have more than 8 bits: there is no range." in capsys.readouterr().out
