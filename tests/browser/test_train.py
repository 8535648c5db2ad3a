"""The Train page in a real browser, used faster than it is drawn."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Wire
from tests.browser.test_journey import settled
from tlcore.data.dataset import Dataset
from tlcore.data.intake import ingest
from tlcore.progress import drain
from tlcore.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def dataset(server: Server, tiny_folder) -> Dataset:
    """The shapes of the other tests, in the server's workspace."""
    return drain(ingest(Workspace(server.home / "workspace"), tiny_folder), lambda progress: None).dataset


def draw_the_cut_down(page: Page) -> None:
    page.get_by_role("slider").first.press("End")


def freeze(page: Page) -> None:
    page.get_by_role("radio", name="Freeze").click()


@pytest.mark.parametrize("change", [draw_the_cut_down, freeze])
def test_a_number_that_is_being_typed_stays_while_the_page_is_drawn_anew(
    server: Server, page: Page, dataset, change: Callable[[Page], None]
):
    wire = Wire(page)
    page.goto(f"{server.url}/train?dataset={dataset.id}")
    page.get_by_role("radio", name="Fine-tune").click()
    expect(page.get_by_role("slider").first).to_be_visible()
    settled(page)

    wire.hold()
    change(page)
    epochs = page.get_by_label("Epochs", exact=True)
    epochs.fill("4")
    page.wait_for_timeout(2000)
    assert wire.late, "the page is being drawn anew"
    wire.let_go()
    settled(page)
    epochs.press("Enter")
    expect(page.get_by_role("button", name=re.compile(r"^Back to \d+$"))).to_be_visible()
    expect(epochs).to_have_value("4")
