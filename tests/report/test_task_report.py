"""Reports of runs that give several labels or a number."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from huggingface_hub import ModelCard

from tests.evaluation.task_runs import evaluated, multilabel_dataset, regression_dataset
from tests.report.test_report import NASTY, Tags
from tlcore.__main__ import main
from tlcore.report.card import model_card
from tlcore.report.facts import read_facts
from tlcore.report.formats import FORMS, make_report
from tlcore.report.sections import document
from tlcore.tasks import find_task

MAKERS = {"multilabel": multilabel_dataset, "regression": regression_dataset}


@pytest.fixture(params=MAKERS)
def run(request, workspace, tiny_dataset):
    return evaluated(workspace, MAKERS[request.param](tiny_dataset))


@pytest.fixture
def value_run(workspace, tiny_dataset):
    return evaluated(workspace, regression_dataset(tiny_dataset))


def test_the_page_has_every_metric_and_its_tags_are_closed(run):
    page = make_report(run, "html").decode()
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    for metric in find_task(run.dataset.task).metrics:
        assert metric.title in page
    assert "accuracy" not in page.casefold().replace("calibration", "")
    assert "<svg" in page
    assert "data:image/jpeg" in page


def test_sections_are_those_of_the_task(run):
    titles = [section.title for section in document(read_facts(run)).sections]
    own = {"multilabel": "Co-occurrence and error matrix", "regression": "Predicted against true values"}
    assert own[run.dataset.task] in titles
    assert not any("Confusion" in title for title in titles)


def test_the_pdf_is_one(run):
    assert make_report(run, "pdf").startswith(b"%PDF")


def test_the_card_is_read_by_the_hub_with_every_metric(run):
    card = ModelCard(model_card(run))
    (result, *_) = card.data.eval_results
    assert len(card.data.eval_results) == len(find_task(run.dataset.task).metrics)
    assert result.dataset_name == run.dataset.name
    assert "Always answering" not in card.text


def test_the_tables_hold_every_label_and_every_value(run):
    with zipfile.ZipFile(io.BytesIO(make_report(run, "csv"))) as archive:
        texts = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    tables = {name: list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}
    rows = tables["predictions.csv"]
    facts = read_facts(run)
    assert len(rows) == facts.judged.n
    if run.dataset.task == "multilabel":
        assert [row["label"] for row in tables["per-label.csv"]] == list(run.dataset.classes)
        assert {f"p_{label}" for label in run.dataset.classes} <= set(rows[0])
    else:
        inside = [float(row["low"]) <= float(row["label"]) <= float(row["high"]) for row in rows]
        assert sum(inside) / len(inside) == pytest.approx(facts.judged.coverage.value)


def test_an_error_of_a_value_is_told_in_its_unit(value_run):
    facts = read_facts(value_run)
    page = make_report(value_run, "html").decode()
    assert f"{facts.judged.headline.value:.3g} kg" in page
    assert "split-conformal" in page
    assert "each picture with its weight in kg" in page


def test_names_that_are_markup_stay_text(workspace, tiny_dataset):
    run = evaluated(workspace, multilabel_dataset(tiny_dataset, (NASTY, "a|b", "# c")))
    page = make_report(run, "html").decode()
    assert NASTY not in page
    assert NASTY not in model_card(run)
    make_report(run, "pdf")
    make_report(run, "csv")


def test_the_command_writes_it(run, tmp_path):
    for form in FORMS:
        if form != "script":
            assert main(["report", run.id, "--format", form, "--out", str(tmp_path / form)]) == 0
            assert (tmp_path / form).stat().st_size
