"""Text of a person as Markdown, as Plotly reads it, and in one line."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tlcore.markup import chart_text, markdown, one_line

LETTERS = "ab1 *_`~$[](){}<>!|#:;&/\\-+=.\"'@%^\n"
PIECES = [
    "www.a.b",
    "http://a.b",
    "![x](y)",
    "**b**",
    "&lt;",
    ":smile:",
    "<b>",
    "1. ",
    "- ",
    "--",
    "->",
    "a@b.co",
    "\u2028",
]
TEXT = st.lists(st.sampled_from([*LETTERS, *PIECES]) | st.characters(exclude_categories=("Cs",)), max_size=12).map(
    "".join
)


class Seen(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags = "", set()
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)


def read(source: str) -> Seen:
    return Seen(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source))


def spaces(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@given(TEXT)
def test_markdown_of_any_text_is_that_text_and_nothing_else(text):
    seen = read(markdown(text))
    assert seen.tags <= {"p"}
    assert spaces(seen.text).strip() == spaces(one_line(text)).strip()


@given(TEXT)
def test_in_the_middle_of_a_sentence_it_is_that_text_too(text):
    seen = read(f"Moved **3** pictures to '{markdown(text)}' at once.")
    assert seen.tags == {"p", "strong"}
    assert spaces(seen.text).strip() == spaces(f"Moved 3 pictures to '{one_line(text)}' at once.")


@given(TEXT)
def test_one_line_is_one_line_that_can_be_sent(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    line.encode()


def test_what_cannot_be_shown_is_replaced():
    assert one_line("a\r\nb\tc\x00\x1b[31m\udcff\u202ed") == "a b c\ufffd\ufffd[31m\ufffd\ufffdd"
    assert one_line("קפה 🐱‍👤 ünï") == "קפה 🐱‍👤 ünï"


@pytest.mark.parametrize("sentence", ["Received 3.5 (of 4), it's image_size: no.", "The disk is full.", "a → b; 100 %"])
def test_a_sentence_stays_a_sentence(sentence):
    assert markdown(sentence) == sentence


@given(TEXT)
def test_plotly_finds_no_tag_no_formula_and_no_template(text):
    shown = chart_text(text)
    assert not set("<>$") & set(shown)
    assert "%{" not in shown
