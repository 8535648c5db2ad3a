"""The forms in which a report is handed out, each made from the facts of a run.

It knows the forms and what they are called. It does not know how they are made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tlcore.errors import ConfigError, Problem
from tlcore.export.training_script import training_script
from tlcore.report.card import card
from tlcore.report.facts import Facts, read_facts
from tlcore.report.page import as_page
from tlcore.report.pdf import as_pdf
from tlcore.report.sections import document
from tlcore.report.tables import as_zip
from tlcore.runs.run import Run


@dataclass(frozen=True)
class Form:
    """A form of a report.

    Attributes:
        title, description: For a person to choose by.
        file: What it is called when it is downloaded.
        make: Gives its bytes.
    """

    title: str
    description: str
    file: str
    mime: str
    make: Callable[[Facts], bytes]


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "html": Form(
            "Web page",
            "Everything on one page: opens offline in any browser, prints well, can be mailed.",
            "report.html",
            "text/html",
            lambda facts: as_page(document(facts)).encode(),
        ),
        "pdf": Form(
            "PDF",
            "The same on A4, its charts as vectors: to file, to print, to hand in.",
            "report.pdf",
            "application/pdf",
            lambda facts: as_pdf(document(facts)),
        ),
        "card": Form(
            "Model card",
            "The README of the model for the Hugging Face Hub, filled with what is known and nothing else.",
            "README.md",
            "text/markdown",
            lambda facts: card(facts).encode(),
        ),
        "csv": Form(
            "Numbers",
            "The data of every table and figure, and every answer about a test example, as CSV files in a zip.",
            "figures.zip",
            "application/zip",
            lambda facts: as_zip(document(facts, items=False), facts.named_predictions),
        ),
        "script": Form(
            "Training script",
            "A plain Keras script that trains the model again without Graft.",
            "train.py",
            "text/x-python",
            lambda facts: training_script(facts.run).encode(),
        ),
    }
)


def make_report(run: Run, form: str) -> bytes:
    """A run's report in one of the forms.

    Raises:
        ConfigError: There is no such form.
        RunError: The run was not judged.
        ExportError: The form is `script`, and the run cannot be told as one.
    """
    if form not in FORMS:
        sentence = f"A report is one of {', '.join(FORMS)}. Received: {form!r}. Choose one of them."
        raise ConfigError([Problem("format", sentence)])
    return FORMS[form].make(read_facts(run))
