"""Text of a person stays text: the law that makes it so, and every page with names that are markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.internal.containers import RepeatedCompositeFieldContainer as RepeatedCompositeContainer
from google.protobuf.internal.containers import RepeatedScalarFieldContainer as RepeatedScalarContainer
from google.protobuf.message import Message
from markdown_it import MarkdownIt

from pages.components.shell.formats import plain
from tests.pages.hostile import DATASET, ELSEWHERE, NAMES, RUN, WORDS, hostile_workspace
from tests.pages.markdown_law import Pages
from tests.pages.opening import open_page
from tlcore.contract import read_contract
from tlcore.export import bundle, server
from tlcore.export.code import notebook
from tlcore.export.facts import shipped_contract
from tlcore.files import write_json
from tlcore.markup import one_line
from tlcore.report.formats import make_report
from tlcore.sweeps.config import SweepConfig
from tlcore.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
# Numbers that stand without a format, and words of the app's own that reach a page by an attribute.
NUMBERS = {
    *("contract.input.size", "predictor.labels.input.size", "entry.native_size", "entry.minimum_size", "draw.seed"),
    *("most_trials(config)", "info.version", "entry.version", "last.right", "last.n", "found.repeats", "found.folds"),
    *(
        "progress.epoch",
        "state.epochs[-1].epoch",
        "state.planned_epochs",
        "last.first_epoch",
        "last.epochs",
        "epoch.epoch",
        "config.epochs",
    ),
    *("bands(state, config)[-1].last", "state.best_epoch", "place.position", "trial.number", "row.trial.number"),
    "row.trial.blocks",
}
OWN_WORDS = {
    *(
        "entry.recommendation",
        "entry.published_kind",
        "entry.published_source",
        "config.backbone",
    ),  # catalogue
    *("about.label", "about.icon", "about.advice", "way.title(found)", "way.help", "group"),  # of tables of the app
    *("counts(worth, task)", "metric.replace('_', ' ')", "cells.hover", "pd.DataFrame(rows)"),
    *("class_colours(classes)", "class_colours(classes, dataset.info.colours)"),  # `#rrggbb`
    "st.get_option(f'theme.{side}.backgroundColor')",
    *("about.title", "about.description"),  # of a setting's field
    *("noun.one", "noun.many", "summary.noun.many", "checks.copies", "checks.faults", "checks.traits"),  # of a modality
    *("known.icon", "known.advice", "about(kind, find_modality(dataset.info.modality)).icon"),
    *("task_words.noun(info).one", "task_words.noun(dataset.info).many"),
    *(
        "robustness.of.title",
        "metric.explains",
        "metric.name",
        "metric.short",
        "find_task(chosen).title",
        "task.explains",
    ),  # of a task
    "made_for(usual)",  # names of settings
    *(f"_about('{name}').{said}" for name in SweepConfig.model_fields for said in ("title", "description")),
}


def test_nothing_is_read_as_markdown_but_what_the_app_says_itself():
    findings = Pages(ROOT, frozenset(NUMBERS | OWN_WORDS)).findings()
    assert [f"{found.where}: {found.code} has not gone through formats.plain" for found in findings] == []


def test_every_chart_goes_by_the_one_way():
    direct = [
        path.name
        for path in sorted((ROOT / "pages").rglob("*.py"))
        if path.name != "plotly_chart.py"
        and re.search(r"\.plotly_chart\(|st\.(vega|altair|pyplot|bar_|line_)", path.read_text())
    ]
    assert direct == []


# === Every page ===


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, tiny_folder):
    home = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFT_HOME", str(home / "workspace"))
        patch.setenv("GRAFT_QUEUE", str(home / "queue"))
        yield hostile_workspace(Workspace.default(), tiny_folder, home)


# What the browser shows as it is: options of these are no Markdown there, nor is what is typed, coded or drawn.
AS_IT_IS = {"Text", "Code", "TextInput.value", "TextInput.default", "TextInput.placeholder", "Selectbox.options"}
AS_IT_IS |= {"MultiSelect.options", "Selectbox.raw_value", "PlotlyChart", "Arrow", "Json", "BidiComponent"}
IDENTITIES = re.compile(r"(^|_)(id|key|hash|url|url_path|name|form|page|spec|alt|query_string)$|_id$|^id")


def told(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text that Streamlit sends to the browser to be read as Markdown or HTML, and where it stands."""
    kind = message.DESCRIPTOR.name
    for field, value in message.ListFields():
        where = f"{kind}.{field.name}"
        if kind in AS_IT_IS or where in AS_IT_IS or IDENTITIES.search(field.name):
            continue
        values = list(value) if isinstance(value, RepeatedScalarContainer | RepeatedCompositeContainer) else [value]
        for each in values:
            if isinstance(each, Message):
                yield from told(each, where)
            elif isinstance(each, str):
                yield where, each


def elements(block: Any) -> Iterator[Message]:
    for child in block.children.values():
        if getattr(child, "proto", None) is not None:
            yield child.proto
        if hasattr(child, "children"):
            yield from elements(child)


@pytest.mark.slow
def test_no_page_hands_a_name_to_the_browser_as_markup(hostile):
    written: set[str] = set()
    for page, query in hostile.views():
        app = open_page(page, **query)
        for proto in elements(app._tree):
            for where, text in told(proto):
                for word, name in WORDS.items():
                    safe = html.escape(one_line(name)) if where.startswith("Html") else plain(name)
                    found = text.count(word)
                    written |= {word} if found else set()
                    assert found == text.count(safe), f"{page} {query}, {where}: {text}"
    assert written >= set(WORDS) - {"qfile"}  # a file is named where nothing reads markup; the browser sees it


# === What is taken along ===


class Seen(HTMLParser):
    """The text of a page, its tags, and every address in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags, self.addresses = "", set(), []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in {"src", "href", "srcset"} and value]


@pytest.mark.slow
def test_reports_and_cards_show_names_to_the_letter(hostile):
    page = Seen(make_report(hostile.run, "html").decode())
    assert all(name in page.text for name in (*NAMES.values(), RUN))
    assert [each for each in page.addresses if not each.startswith(("data:image/", "#"))] == []
    assert page.tags & {"script", "iframe", "link", "object"} == set()
    assert make_report(hostile.run, "pdf").startswith(b"%PDF")
    card = make_report(hostile.run, "card").decode()
    shown = MarkdownIt("gfm-like", {"linkify": False}).render(card.partition("\n---\n")[2])
    seen = Seen(shown)
    assert all(name in seen.text for name in NAMES.values())
    assert seen.addresses == []
    compile(make_report(hostile.run, "script"), "train.py", "exec")


@pytest.mark.slow
def test_readmes_and_notebooks_show_names_to_the_letter(hostile):
    run = hostile.run
    write_json(run.contract_json, read_contract(run.path).model_copy(update={"dataset": DATASET + "\n# %%\nimport os"}))
    said = shipped_contract(run)
    plain = said.model_copy(update={"classes": ("a", "b"), "dataset": "plain"})
    cells, usual = notebook(said)["cells"], notebook(plain)["cells"]
    assert [cell["cell_type"] for cell in cells] == [cell["cell_type"] for cell in usual]
    for text in ("".join(cells[0]["source"]), bundle._readme(said), server._texts(said)["README.md"]):
        seen = Seen(MarkdownIt("gfm-like", {"linkify": False}).render(text))
        assert all(name in seen.text for name in NAMES.values()), text
        assert [each for each in seen.addresses if ELSEWHERE in each] == []
