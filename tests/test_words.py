"""The words a user reads: titles and labels are the field's terms, and phrases that nobody searches for stay away.

Pages, the report, the notes of runs, the help of the command line, README and docs are held to the same phrases.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tlcore.__main__ import app
from tlcore.data.split.grouping import BEFORE_0_2

ROOT = Path(__file__).resolve().parents[1]
# A form shows the titles and descriptions of the settings.
SETTINGS = [ROOT / "tlcore" / "runs" / "config.py", ROOT / "tlcore" / "sweeps" / "config.py"]
PAGES = [*sorted((ROOT / "pages").rglob("*.py")), *SETTINGS]
REPORT = sorted((ROOT / "tlcore" / "report").rglob("*.py"))
# What they say comes to the pages and to the command line as sentences: notes, warnings, advice.
NOTES = [
    path
    for room in ("commands", "data", "evaluation", "runs", "sweeps", "training")
    for path in sorted((ROOT / "tlcore" / room).rglob("*.py"))
]
# Decisions are a log: what was decided stays as it was written.
DOCS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name != "decisions"),
]
# The files outside the modality of images that name its noun; the list may only become shorter.
SAY_PICTURE = Path(__file__).with_name("say_picture.txt")
LONGEST_LABEL = 60
TERMS = (
    *("confusion matrix", "calibration", "ROC", "precision", "recall", "p-value", "confidence interval"),
    *("robustness", "out-of-distribution", "decision threshold", "near-duplicates", "test set", "split"),
    *("early stopping", "learning rate", "learning curve", "error analysis", "embedding map", "prediction sets"),
    *("misclassification costs", "Pareto front", "batch size", "weight decay", "augmentation", "import report"),
)
REPORT_TERMS = ("confusion matrix", "confidence interval", "calibration", "error analysis", "precision", "recall")
GONE = (
    *("what is taken for what", "what it stands", "does not stand", "as right as", "more or less certainty"),
    *("families of look-alikes", "not equally bad", "not sure” as an answer", "no chance"),
    *("learnt", "test part", "near-copies", "hopeless", "come to a model", "became of each file", "closer look"),
    *("as if nothing happened", "told apart", "so many are answered"),
)
GONE_FROM_PROSE = (
    "whoever",
    "judgement",
    "look-alikes",
    "what stays together, too",
    "by heart",
    "take up again",
)


def texts(paths: list[Path]) -> Iterator[str]:
    """Every string of the code but docstrings; what is filled in later is left out."""
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        quiet = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in quiet:
                yield node.value


def helps(command: Any) -> Iterator[str]:
    """What a command and its options say of themselves, and those below it."""
    yield command.help or ""
    for parameter in command.params:
        yield getattr(parameter, "help", None) or ""
    for below in getattr(command, "commands", {}).values():
        yield from helps(below)


@pytest.mark.parametrize("term", TERMS)
def test_a_term_of_the_field_is_a_title_or_a_label_of_the_pages(term):
    assert any(term.casefold() in text.casefold() for text in texts(PAGES) if len(text) <= LONGEST_LABEL)


@pytest.mark.parametrize("term", REPORT_TERMS)
def test_a_term_of_the_field_is_a_title_of_the_report(term):
    assert any(term.casefold() in text.casefold() for text in texts(REPORT) if len(text) <= LONGEST_LABEL)


@pytest.mark.parametrize("phrase", GONE)
def test_a_phrase_that_is_gone_stays_away_from_the_pages(phrase):
    assert [text for text in texts(PAGES) if phrase in text.casefold()] == []


@pytest.mark.parametrize("phrase", GONE)
def test_a_phrase_that_is_gone_stays_away_from_the_report_and_the_notes(phrase):
    # Text without a space is a name in a file or in the code.
    said = [text for text in texts([*REPORT, *NOTES]) if " " in text.strip() and text != BEFORE_0_2]
    assert [text for text in said if phrase in text.casefold()] == []


@pytest.mark.parametrize("phrase", [*GONE, *GONE_FROM_PROSE])
def test_a_phrase_that_is_gone_stays_away_from_the_help_of_every_command(phrase):
    root: Any = typer.main.get_command(app)
    assert [text for text in helps(root) if phrase in text.casefold()] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_a_phrase_that_is_gone_stays_away_from_readme_and_docs(page):
    prose = page.read_text(encoding="utf-8").replace("`learnt_from`", "").replace('"learnt_from"', "").casefold()
    joined = " ".join(prose.split())  # a phrase may be broken over two lines
    assert [phrase for phrase in (*GONE, *GONE_FROM_PROSE) if phrase in joined] == []


def test_only_what_shows_a_picture_says_picture():
    image = ROOT / "tlcore" / "modalities" / "image"
    files = [path for path in (ROOT / "tlcore").rglob("*.*") if path.suffix != ".pyc" and path.is_file()]
    elsewhere = [path for path in files if not path.is_relative_to(image)]
    say_it = {
        path.relative_to(ROOT).as_posix()
        for path in elsewhere
        if "picture" in path.read_text(encoding="utf-8", errors="ignore").casefold()
    }
    allowed = set(SAY_PICTURE.read_text(encoding="utf-8").split())
    assert sorted(say_it - allowed) == [], "say item or file here, or take the noun from the modality"
