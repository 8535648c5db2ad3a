"""The words a user reads: titles and labels are the field's terms, and phrases that nobody searches for stay away."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# A form shows the titles and descriptions of the settings.
SETTINGS = [ROOT / "tlcore" / "runs" / "config.py", ROOT / "tlcore" / "sweeps" / "config.py"]
PAGES = [*sorted((ROOT / "pages").rglob("*.py")), *SETTINGS]
REPORT = sorted((ROOT / "tlcore" / "report").rglob("*.py"))
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


@pytest.mark.parametrize("term", TERMS)
def test_a_term_of_the_field_is_a_title_or_a_label_of_the_pages(term):
    assert any(term.casefold() in text.casefold() for text in texts(PAGES) if len(text) <= LONGEST_LABEL)


@pytest.mark.parametrize("term", REPORT_TERMS)
def test_a_term_of_the_field_is_a_title_of_the_report(term):
    assert any(term.casefold() in text.casefold() for text in texts(REPORT) if len(text) <= LONGEST_LABEL)


@pytest.mark.parametrize("phrase", GONE)
def test_a_phrase_that_is_gone_stays_away_from_the_pages(phrase):
    assert [text for text in texts(PAGES) if phrase in text.casefold()] == []
