"""Answers for every picture of a zip or a folder, and what each of them is worth."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import CLASSES
from tests.contracts import image_contract
from tests.graphs import write_colour_model
from tlcore.data.archive import Limits
from tlcore.errors import ArchiveError, DataError
from tlcore.inference.batch import answer_all, contents, counts
from tlcore.inference.predictions_csv import AnswerTable, said
from tlcore.inference.predictor import Answer, Predictor
from tlcore.progress import drain
from tlcore.spreadsheet import as_file


@pytest.fixture
def model(tmp_path) -> Predictor:
    labels = image_contract(classes=tuple(CLASSES), size=32, resize="crop")
    return Predictor(write_colour_model(tmp_path / "model.onnx"), labels, threads=2)


@pytest.fixture
def folder(tmp_path):
    """A hundred plain pictures, more than are asked about at a time, one that is none, and what is beside the point."""
    folder = tmp_path / "belt"
    for number in range(99):
        label = list(CLASSES)[number % 3]
        (folder / label).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40), CLASSES[label]).save(folder / label / f"{number:03d}.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff cut short")
    (folder / "notes.txt").write_text("on Tuesday")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


def answered(model, source, **options):
    return drain(answer_all(model, source, **options), lambda step: None)


def test_every_picture_has_its_own_answer_in_a_folder_and_in_a_zip(model, folder, tmp_path):
    archive = tmp_path / "belt.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(folder.rglob("*.*")):
            packed.write(path, path.relative_to(folder))
    for source in (folder, archive):
        found = answered(model, source)
        assert len(found.names) == 100
        assert found.ignored == 2
        for name, answer, error in zip(found.names, found.replies, found.errors, strict=True):
            if name == "broken.jpg":
                assert "not a picture" in error
            else:
                assert answer.label == name.split("/")[0]


def test_the_answers_are_those_of_the_model_asked_alone(model, folder):
    found = answered(model, folder)
    row = found.names.index("square/001.png")
    alone = model.predict([model.decode(folder / "square" / "001.png")])[0]
    assert np.array_equal(found.outputs[row], alone)
    assert np.isnan(found.unfamiliarity).all(), "this model does not say"


def test_what_an_answer_is_worth():
    assert said(0.9, None, 0.5) == "sure"
    assert said(0.9, 1.0, 0.5) == "sure"
    assert said(0.5, 0.2, 0.5) == "sure"
    assert said(0.49, 0.2, 0.5) == "not sure"
    assert said(0.99, 1.01, 0.5) == "none of these", "however sure"


def test_the_csv_has_a_row_for_each_and_says_what_it_is_worth(model, folder):
    found = answered(model, folder)
    limit = float(np.median(found.confidence))
    rows = list(csv.DictReader(io.StringIO(found.csv(limit))))
    assert list(rows[0])[:5] == ["path", "label", "confidence", "says", "unfamiliarity"]
    assert [row["path"] for row in rows] == list(found.names)
    worth = counts(found.said(limit))
    assert worth["cannot be read"] == 1
    assert sum(worth.values()) == 100
    for row, each in zip(rows, found.said(limit), strict=True):
        assert row["says"] == each
        if row["error"]:
            assert row["label"] == ""
            continue
        shares = [float(row[f"p_{label}"]) for label in CLASSES]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        assert max(shares) == float(row["confidence"])


def test_the_page_and_the_command_line_write_the_same_table(model, folder, tmp_path):
    found = answered(model, folder)
    with AnswerTable(tmp_path / "answers.csv", found.contract, sure_from=0.9) as table:
        rows = zip(found.names, found.outputs, found.unfamiliarity, found.errors, strict=True)
        for name, probabilities, strange, error in rows:
            table.write(Answer(Path(name), None if error else probabilities, error, unfamiliarity=float(strange)))
    assert (tmp_path / "answers.csv").read_bytes() == as_file(found.csv(0.9))


def test_without_pictures_or_with_too_much_there_is_a_sentence(model, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has none"):
        answered(model, tmp_path / "empty")
    with pytest.raises(ArchiveError, match="more than 10 files"):
        answered(model, folder, limits=Limits(files=10))


def test_pictures_can_be_had_once_more_as_long_as_they_are_there(folder):
    (content, nothing) = contents(folder, ["circle/000.png", "broken.jpg"], limits=Limits(file_bytes=1000))
    assert content == (folder / "circle" / "000.png").read_bytes()
    assert nothing == b"\xff\xd8\xff cut short"
    assert contents(folder, ["circle/000.png"], limits=Limits(file_bytes=4)) == [b""]
    with pytest.raises(DataError, match="no longer there"):
        contents(folder, ["circle/gone.png"])
