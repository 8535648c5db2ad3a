"""A report says what is stored, in forms that open anywhere."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from huggingface_hub import ModelCard

from tests.judging import evaluate
from tlcore.__main__ import main
from tlcore.errors import ConfigError, RunError
from tlcore.evaluation.predictions import predictions_table
from tlcore.report import charts, sections
from tlcore.report.card import card, model_card
from tlcore.report.document import Column, Figure, Table, flat, said
from tlcore.report.drawing import as_svg
from tlcore.report.facts import read_facts
from tlcore.report.formats import FORMS, make_report
from tlcore.report.page import as_page
from tlcore.report.pdf import as_pdf
from tlcore.report.sections import document, training
from tlcore.report.tables import as_zip
from tlcore.tasks.evaluation import Figure as Interval

# What a name can do to a page, a card, a table and a PDF.
NASTY = '<script>alert("x")</script>'


class Tags(HTMLParser):
    """Every tag with its attributes, and whether each that opens is closed."""

    def __init__(self):
        super().__init__()
        self.seen, self.open = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def renamed(facts, names):
    """The same run with classes of other names."""
    new = dict(zip(facts.dataset.classes, names, strict=True))
    predictions, split = facts.predictions.copy(), facts.split.copy()
    for table, columns in ((predictions, ("label", "predicted")), (split, ("label",))):
        for column in columns:
            table[column] = table[column].map(new)
    judged = evaluate(predictions, names, split["label"].value_counts().to_dict())
    dataset = facts.dataset.model_copy(update={"classes": tuple(names)})
    return replace(facts, dataset=dataset, predictions=predictions, split=split, judged=judged)


def with_classes(facts, number):
    """The same run with many classes and 20 pictures of each."""
    names = [f"class {index:03d}" for index in range(number)]
    rng = np.random.default_rng(0)
    true = np.repeat(np.arange(number), 20)
    chances = rng.random((len(true), number)) + 1.5 * (rng.random((len(true), number)) > 1 - 3 / number)
    chances[np.arange(len(true)), true] += 1.0
    chances = (chances / chances.sum(axis=1, keepdims=True)).astype(np.float32)
    rows = pd.DataFrame({"sha256": [f"{n:064x}" for n in range(len(true))], "label": [names[code] for code in true]})
    table = predictions_table(rows.assign(file=rows["sha256"]), chances, names)
    judged = evaluate(table, names, dict.fromkeys(names, 20))
    split = rows.assign(split="test", file=rows["sha256"])
    dataset = facts.dataset.model_copy(update={"classes": tuple(names)})
    return replace(facts, judged=judged, predictions=table, dataset=dataset, split=split, class_curves=None)


def test_the_page_needs_nothing_but_itself(facts):
    page = as_page(document(facts))
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert "script" not in {tag for tag, _ in tags.seen}
    for _, attributes in tags.seen:
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/jpeg;base64,"))
    assert "url(" not in page
    assert "@import" not in page
    assert "@media print" in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_says_what_is_stored_with_its_interval(facts):
    page, judged = as_page(document(facts)), facts.judged
    found = judged.headline
    assert f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})" in page
    assert f"between {100 * found.low:.0f} and {100 * found.high:.0f} right" in page
    assert f"temperature of {facts.calibration.temperature:.2f}" in page
    for recall in (each.figures["recall"] for each in judged.per_label):
        assert f"{100 * recall.value:.1f} % ({100 * recall.low:.1f} to {100 * recall.high:.1f})" in page


def test_names_cannot_become_markup(facts):
    nasty = renamed(facts, (NASTY, "a | b *c*", "平織 αβγ"))
    page = as_page(document(nasty))
    assert NASTY not in page
    assert "&lt;script&gt;" in page
    assert NASTY not in card(nasty)
    assert r"a \| b \*c\*" in card(nasty)
    assert ModelCard(card(nasty)).data.eval_results


def test_a_pdf_is_the_same_twice_and_knows_other_scripts(facts):
    first = as_pdf(document(renamed(facts, ("平織", "сукно", "한국"))))
    assert first.startswith(b"%PDF")
    assert first == as_pdf(document(renamed(facts, ("平織", "сукно", "한국"))))
    for font in (b"STSong-Light", b"HeiseiKakuGo-W5", b"HYSMyeongJo-Medium"):
        assert font in first
    assert b"STSong-Light" not in as_pdf(document(facts, items=False))


@pytest.mark.slow
def test_two_hundred_classes_are_told_as_well(facts):
    many = with_classes(facts, 200)
    whole = document(many, items=False)
    page = as_page(whole)
    assert len(page) < 3_000_000
    assert "class 199" in page
    assert as_pdf(whole).startswith(b"%PDF")
    filled = int((np.array(many.judged.confusion) > 0).sum())
    (cells,) = charts.confusion(many.judged).figure.axes[0].collections
    assert len(cells.get_paths()) == filled


def test_without_a_closer_look_nothing_is_made_up(facts):
    bare = replace(facts, calibration=None, class_curves=None, environment=None, items=None, looks=None)
    page = as_page(document(bare))
    assert "was not measured" in page
    assert "There is no error analysis yet" in page
    assert "Reliability:" not in page
    assert "The dataset has been deleted since." in page
    assert "Energy was not measured." in card(bare)
    assert "was not measured" in card(bare)


def test_without_test_pictures_no_figure_is_given(facts):
    judged = evaluate(facts.predictions.head(0), facts.dataset.classes, {})
    empty = replace(facts, judged=judged, predictions=facts.predictions.head(0), class_curves=None, calibration=None)
    page, text = as_page(document(empty)), card(empty)
    assert "no test pictures" in page
    assert "right answers" not in page.partition("Metrics and confidence intervals")[0].partition("<h1>")[2]
    assert ModelCard(text).data.to_dict()["model-index"][0]["results"] == []
    assert as_pdf(document(empty)).startswith(b"%PDF")


def test_the_card_is_one_that_the_hub_reads(facts, judged_run):
    data = ModelCard(model_card(judged_run)).data
    assert (data.library_name, data.pipeline_tag, data.license) == ("keras", "image-classification", "unknown")
    results = {result.metric_type: result for result in data.eval_results}
    assert results["accuracy"].metric_value == pytest.approx(facts.judged.headline.value, abs=1e-6)
    assert results["f1"].metric_value == pytest.approx(facts.judged.figures["macro_f1"].value, abs=1e-6)
    assert results["accuracy"].dataset_split == "test"
    assert f"{facts.judged.headline.low:.3f} to {facts.judged.headline.high:.3f}" in results["accuracy"].metric_name


def test_the_card_counts_the_pictures_and_names_the_weights_licence(facts):
    text = card(facts)
    assert f"licence of those weights: {facts.backbone.licence}" in text.replace("\\", "")
    for label in facts.dataset.classes:
        of_class = facts.split[facts.split["label"] == label]["split"].value_counts()
        assert f"| {label} | {of_class['train']} | {of_class['val']} | {of_class['test']} |" in text
    assert all(f"- {limit}" in text.replace("\\", "") for limit in sections.limits(facts))


def test_every_table_and_figure_is_a_csv(facts):
    with zipfile.ZipFile(io.BytesIO(as_zip(document(facts), facts.predictions))) as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(found) == {f"{table.name}.csv" for table in document(facts).tables()} | {"predictions.csv"}
    (accuracy, *_) = csv.DictReader(io.StringIO(found["metrics.csv"]))
    judged = facts.judged
    assert [float(accuracy[name]) for name in ("value", "value low", "value high")] == pytest.approx(
        [judged.headline.value, judged.headline.low, judged.headline.high]
    )
    assert len(pd.read_csv(io.StringIO(found["predictions.csv"]))) == judged.n
    confusion = pd.read_csv(io.StringIO(found["confusion.csv"]), index_col=0)
    for true, label in enumerate(judged.labels):
        for answer, said_label in enumerate(judged.labels):
            assert confusion.loc[label, said_label] == judged.confusion[true][answer]


def test_every_figure_is_drawn_from_its_own_numbers(facts):
    figures = [block for section in document(facts).sections for block in section.blocks if isinstance(block, Figure)]
    assert len(figures) > 6
    for figure in figures:
        assert figure.data.rows
        assert figure.drawing.says
        assert as_svg(figure.drawing) == as_svg(figure.drawing)


def test_charts_turn_dark_with_their_page_and_names_are_shown_as_they_are(facts):
    names = ["$a_b$", NASTY, "x" * 60]
    drawn = charts.intervals([(name, Interval(value=0.5, low=0.25, high=0.75)) for name in names], "What it shows.")
    svg = as_svg(drawn)
    assert "var(--ink)" in svg
    assert "#1f2328" not in svg
    assert "$a_b$" in svg
    assert "<script" not in svg
    assert "x" * 23 + "…" in svg


def test_an_interval_takes_three_columns():
    columns = (Column("class"), Column("recall", "percent"))
    rows = (("a", Interval(value=0.5, low=0.25, high=0.75)), ("b", None), ("c", 1.0))
    lines = list(flat(columns, rows))
    assert lines[0] == ("class", "recall", "recall low", "recall high")
    assert lines[1:] == [("a", 0.5, 0.25, 0.75), ("b", "", "", ""), ("c", 1.0, "", "")]
    assert said(rows[0][1], "percent") == "50.0 % (25.0 to 75.0)"


def test_rows_that_are_not_printed_are_counted(facts):
    table = Table("t", (Column("n", "count"),), tuple((number,) for number in range(70)))
    page = as_page(replace(document(facts), sections=(sections.Section("S", (table,)),)))
    assert "10 rows more" in page
    assert '<td class="number">59</td>' in page
    assert '<td class="number">60</td>' not in page


def test_every_setting_is_told(facts):
    (settings,) = (block for block in training.making(facts) if isinstance(block, Table) and block.name == "settings")
    told = {row[0] for row in settings.rows}
    assert told == set(facts.config.values()) - {"schema_version"}


def test_a_run_that_was_not_judged_has_no_report(judged_run, tmp_path, monkeypatch):
    import shutil

    copy = tmp_path / "workspace" / "runs" / judged_run.id
    shutil.copytree(judged_run.path, copy)
    (copy / "evaluation.json").unlink()
    with pytest.raises(RunError, match="judged"):
        read_facts(type(judged_run)(copy))


def test_an_unknown_form_is_refused(judged_run):
    with pytest.raises(ConfigError, match="html, pdf, card, csv, script"):
        make_report(judged_run, "docx")


@pytest.mark.parametrize("form", FORMS)
def test_the_command_writes_each_form(facts, judged_run, form, tmp_path, capsys):
    path = tmp_path / FORMS[form].file
    assert main(["report", judged_run.id, "--format", form, "--out", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told == {"run": judged_run.id, "format": form, "path": str(path.resolve()), "bytes": path.stat().st_size}


def test_no_figure_has_a_colour_that_the_dark_page_would_swallow(facts):
    drawn = re.findall(r"(?:fill|stroke): ([^;\"]+)", as_page(document(facts)))
    assert {"#000000", "#1f2328", "black"}.isdisjoint(drawn)
    assert "var(--ink)" in drawn
