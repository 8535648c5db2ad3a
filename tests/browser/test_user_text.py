"""Names that are markup in a real browser: shown to the letter, and no address in them is ever asked for."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, Route

from tests.browser.conftest import Server
from tests.browser.test_journey import settled
from tests.pages.hostile import ELSEWHERE, NAMES, WORDS, Hostile, hostile_workspace
from tlcore.markup import one_line
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow

# All text of the page but that of styles and scripts, with what stands in fields; and what has come of an address.
SEEN = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement.closest("style, script, noscript") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  let text = "";
  while (walker.nextNode()) text += walker.currentNode.data;
  for (const field of document.querySelectorAll("input, textarea")) text += "\\n" + field.value;
  const made = [...document.querySelectorAll("a[href], img[src], .katex, iframe[src]")]
    .map((each) => each.getAttribute("href") || each.getAttribute("src") || "formula")
    .filter((each) => !each.startsWith("data:"));
  return [text, made];
}"""


@pytest.fixture(scope="module")
def hostile(server: Server, tiny_folder, tmp_path_factory) -> Hostile:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFT_HOME", str(server.home / "workspace"))
        patch.setenv("GRAFT_QUEUE", str(server.home / "queue"))
        return hostile_workspace(Workspace.default(), tiny_folder, tmp_path_factory.mktemp("hostile"))


def a_few(hostile: Hostile) -> list[tuple[str, dict[str, str]]]:
    """Views of every kind of element, for a browser takes seconds for each; `tests/pages` opens all of them."""
    skipped = {"label", "storage"}  # the one computes features first, the other has no names
    first: dict[str, tuple[str, dict[str, str]]] = {}
    for file, query in hostile.views():
        looked_at = query.get("view", "") or query.get("way", "")
        if file not in skipped and looked_at not in {"Many", "Pictures", "map", "robustness", "report"}:
            first.setdefault(f"{file} {looked_at} {'run' in query}", (file, query))
    return list(first.values())


def cut_or_changed(text: str) -> list[str]:
    """The places where the last word of a name stands without all of the name before it."""
    return [
        f"{word}: … {text[max(0, place - 100) : place]}"
        for word, name in WORDS.items()
        for found in re.finditer(word, text)
        if not text[: (place := found.end())].endswith(one_line(name))
    ]


def test_every_page_shows_names_to_the_letter_and_asks_for_nothing_elsewhere(
    server: Server, page: Page, hostile: Hostile
):
    asked: list[str] = []

    def pass_on(route: Route) -> None:
        if route.request.url.startswith((server.url, "data:", "blob:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    page.context.route("**/*", pass_on)
    seen: set[str] = set()
    page.set_default_timeout(90_000)
    for file, query in a_few(hostile):
        page.goto(f"{server.url}/{'' if file == 'data' else file}?{urlencode(query)}")
        settled(page)
        page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
        page.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach((each) => each.click())")
        settled(page)
        text, made = page.evaluate(SEEN)
        text = text.replace("\u00a0", " ")
        where = f"{file} {query}"
        assert cut_or_changed(text) == [], where
        assert [each for each in made if ELSEWHERE in each or "leak" in each or each == "formula"] == [], where
        assert page.locator("[data-testid=stException]").count() == 0, where
        seen |= {word for word in WORDS if word in text}
    page.goto(f"{server.url}/?dataset={hostile.dataset.id}")
    page.get_by_role("option").first.dblclick()
    details = page.get_by_role("dialog")
    details.get_by_text("qfile").wait_for()
    text = (details.text_content() or "").replace("\u00a0", " ")
    assert cut_or_changed(text) == []
    seen |= {word for word in WORDS if word in text}
    assert asked == []
    assert seen == set(WORDS)


def test_a_name_beside_the_mouse_is_shown_to_the_letter(server: Server, page: Page, hostile: Hostile):
    page.goto(f"{server.url}/?dataset={hostile.dataset.id}")
    bar = page.locator(".js-plotly-plot .bars .point path").first
    bar.wait_for()
    settled(page)
    bar.hover(force=True)
    page.locator(".hoverlayer .hovertext").first.wait_for()
    text = page.locator(".hoverlayer").first.text_content() or ""
    assert any(one_line(name) in text for name in NAMES.values()), text
